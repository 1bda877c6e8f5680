"""Verifiers of an application's own, as anybody may write them: one that counts, one that has a bug."""

from collections.abc import Iterable
from typing import NoReturn

from authmux import Authenticator, Flow, PresentedCredential, Principal, User, VerifiedCredential


class UserVerifier:
    """Believes `user_…`, whoever sends it, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def recognises(self, text: str) -> bool:
        return text.startswith("user_")

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        yield from ()
        self.asked += 1
        return User(
            id=credential.text.removeprefix("user_"),
            issuer="tests",
            scopes=frozenset({"reports:read", "files:*"}),
            credential=VerifiedCredential(kind="pat", id="c1"),
        )

    def start(self) -> Flow[None]:
        yield from ()

    def ports(self) -> Iterable[NoReturn]:
        return ()


class BrokenVerifier:
    """A verifier with a bug: it knows `bug_…` and fails in a way that nobody has thought of."""

    def recognises(self, text: str) -> bool:
        return text.startswith("bug_")

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        raise RuntimeError("a bug in a verifier")

    def start(self) -> Flow[None]:
        yield from ()

    def ports(self) -> Iterable[NoReturn]:
        return ()


def open_house() -> Authenticator:
    """Return an authenticator that believes `user_…`."""
    return Authenticator(UserVerifier(), BrokenVerifier())


ANN = (("Authorization", b"Bearer user_ann"),)
BOB = (("Authorization", b"Bearer user_bob"),)
NOBODY = ()
UNKNOWN = (("Authorization", b"Bearer nonsense"),)
BUG = (("Authorization", b"Bearer bug_1"),)
