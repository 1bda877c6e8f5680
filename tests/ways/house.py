"""Who may come in the matrix: one authenticator that can give every outcome, and counts what it verifies."""

from dataclasses import dataclass, field

from authmux import APIKeyVerifier, Authenticator, MemoryStore, Peppers, TokenFormat
from authmux.token_format import Kind, new_id
from tests.faces.callers import Headers
from tests.faces.site import ClosedStore
from tests.faces.verifiers import UserVerifier

READ, WRITE = "reports:read", "reports:write"
_PEPPERS = Peppers({"p1": b"\x01" * 32})
_KNOWN, _DOWN = (TokenFormat(prefix=prefix, peppers=_PEPPERS) for prefix in ("acme", "down"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request brings, to the door that asks for `scope`, and the status that comes of it."""

    name: str
    headers: Headers
    status: int
    scope: str = READ

    @property
    def is_accepted(self) -> bool:
        """Return whether the caller is let in."""
        return self.status == 200


def bearer(text: str) -> Headers:
    """Return the headers of a request with a credential."""
    return (("Authorization", b"Bearer " + text.encode()),)


ANN = bearer("user_ann")
ACCEPTED = Outcome("accepted", ANN, 200)
REFUSED = (
    Outcome("no credential", (), 401),
    Outcome("malformed", (("Authorization", b"Bearer"),), 400),
    Outcome("unknown key", bearer(_KNOWN.make(Kind.KEY, new_id())), 401),
    Outcome("wrong scope", ANN, 403, WRITE),
    Outcome("store down", bearer(_DOWN.make(Kind.KEY, new_id())), 503),
)
OUTCOMES = (*REFUSED, ACCEPTED)


@dataclass(frozen=True, slots=True)
class House:
    """An authenticator that believes `user_…`, knows no key, and cannot reach the store of keys that begin `down`."""

    verifier: UserVerifier = field(default_factory=UserVerifier)

    def authenticator(self) -> Authenticator:
        """Return a new one; those of one house count together."""
        keys = (APIKeyVerifier(MemoryStore(), _KNOWN), APIKeyVerifier(ClosedStore(), _DOWN))
        return Authenticator(self.verifier, *keys)
