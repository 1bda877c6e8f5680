"""A door that takes the JWTs of a scripted issuer, and says who came in or why not."""

from collections.abc import Collection, Iterable
from typing import Any, Protocol, TypeAlias

from authmux import Authenticator, InvalidCredential, PresentedCredential, Principal
from authmux.clock import Clock
from authmux.flow import Flow, run
from authmux.jose.compact import CompactToken
from authmux.testing.manual_clock import ManualClock
from authmux.testing.signing_key import SigningKey
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.verdict import Verdict
from authmux.verifying.verifier import IssuerVerifier
from tests.jose.token_maker import AUDIENCE, ISSUER, get_key
from tests.verifying.scripted_fetch import ScriptedFetch, keys_of

JWKS_URI = "https://idp.example/keys"


class CountingVerifier:
    """Hands everything on to a verifier of an issuer, and counts how often it was asked to judge."""

    def __init__(self, verifier: IssuerVerifier) -> None:
        self._verifier = verifier
        self.judged = 0

    @property
    def issuers(self) -> Collection[str]:
        return self._verifier.issuers

    def judge(self, token: CompactToken, *, now: float) -> Flow[Verdict]:
        self.judged += 1
        return self._verifier.judge(token, now=now)

    def still_holds(self, verdict: Verdict) -> bool:
        return self._verifier.still_holds(verdict)

    def preload(self) -> None:
        self._verifier.preload()


class Verifying(Protocol):
    """An authenticator, or a part of one."""

    def verify(self, credential: PresentedCredential) -> Flow[Principal]: ...


Outcome: TypeAlias = tuple[str, str]


def admit(verifier: Verifying, text: str) -> Principal:
    """Return whom a token stands for."""
    return run(verifier.verify(PresentedCredential(text)))


def refusal(verifier: Verifying, text: str) -> InvalidCredential:
    """Return how a token is refused; every other end fails the test, and so does a refusal that shows the token."""
    try:
        principal = admit(verifier, text)
    except InvalidCredential as error:
        refused = error
    else:
        raise AssertionError(f"{principal} was let in")
    assert len(text) < 20 or text not in f"{refused} {refused!r} {refused.__cause__}"
    return refused


class Door:
    """An authenticator for one issuer with these keys; the keys are fetched at once.

    Arguments:
        keys: what the issuer publishes.
        clock: for everything; one that stands, unless it is said.
        options: for the `JWTVerifier`.
    """

    def __init__(
        self, keys: Iterable[SigningKey | dict[str, object]], *, clock: Clock | None = None, **options: Any
    ) -> None:
        self.clock = clock or ManualClock()
        self.fetch = ScriptedFetch(keys_of(*keys))
        options = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_uri": JWKS_URI, **options}
        self.verifier = JWTVerifier(fetch=self.fetch, clock=self.clock, **options)
        self.authenticator = Authenticator(self.verifier, clock=self.clock)

    def admit(self, text: str) -> Principal:
        return admit(self.authenticator, text)

    def refusal(self, text: str) -> InvalidCredential:
        return refusal(self.authenticator, text)

    @property
    def fetched(self) -> int:
        """Return how often anything was fetched."""
        return len(self.fetch.requests)


def es256_door(**options: Any) -> Door:
    """Return a door for ES256, whose keys and signatures are quick."""
    return Door([get_key("ES256")], **options)
