"""Who is calling and what they may do: `User`, `Client`, `AnonymousKey`, and the plain `Principal` behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

NO_CLAIMS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCredential:
    """What a principal proved itself with, in words that are safe to log.

    Arguments:
        kind: `key`, `pat` or `jwt`.
        id: the log-safe reference: a key's public id, a JWT's `jti`; None where there is none.
        generation: which secret of a rolled key was used, counted from 1 (K-33); None for a JWT.
        expires_at: seconds since the epoch, or None for a credential without expiry.
    """

    kind: str
    id: str | None = None
    generation: int | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts for a principal, by token exchange (RFC 8693 §4.1); its id is a name that `issuer` knows.

    Arguments:
        id: who.
        issuer: who says so; None where that is the token's own issuer.
    """

    id: str
    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Principal:
    """A genuine caller; on its own, one of no proved class: it has its scopes, and no user's or client's privileges.

    Two principals are the same when `key` is: never compare a bare `id`, which a user of some issuers may choose
    to be another's client id (RFC 9700 §4.15).

    Arguments:
        id: who, among those that `issuer` names.
        issuer: who says so: a JWT's `iss`, or the name under which our own keys are issued.
        tenant: the customer or organisation it acts within, or None.
        scopes: what it may do; ask with `authmux.covers`, which knows `reports:*`.
        permissions, roles, groups: what its identity provider says besides; they are no scopes.
        client_id: the client that the token was issued to, also where a user stands behind it; None if unknown.
        actors: who acts for it, the one who acts now first.
        credential: what it proved itself with; None only for a principal made by hand, as in tests.
        name: what to show a person; `display_name` falls back to the id.
        claims: everything else that was said of it, read-only in depth.
    """

    type: ClassVar[str] = "principal"

    id: str
    issuer: str
    tenant: str | None = None
    scopes: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    client_id: str | None = None
    actors: tuple[Actor, ...] = ()
    credential: VerifiedCredential | None = None
    name: str | None = None
    claims: Mapping[str, Any] = field(default_factory=lambda: NO_CLAIMS, repr=False)

    @property
    def key(self) -> tuple[str, str | None, str, str]:
        """Return the identity: (issuer, tenant, type, id)."""
        return (self.issuer, self.tenant, self.type, self.id)

    @property
    def display_name(self) -> str:
        """Return what to show a person (Starlette's `BaseUser` asks for it)."""
        return self.name or self.id

    @property
    def identity(self) -> str:
        """Return the identity as one string: `issuer|tenant|type|id` (Starlette's `BaseUser` asks for it)."""
        return "|".join((part or "").replace("%", "%25").replace("|", "%7C") for part in self.key)

    @property
    def is_authenticated(self) -> bool:
        """Return True: whoever is here was verified (Starlette's `BaseUser` asks for it)."""
        return True

    def __eq__(self, other: object) -> bool:
        """Compare by identity, not by what was said on this occasion."""
        return self.key == other.key if isinstance(other, Principal) else NotImplemented

    def __hash__(self) -> int:
        """Hash by identity."""
        return hash(self.key)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnprovenClient(Principal):
    """One whose subject is its client's id, at an issuer where a user may choose such a subject (RFC 9700 §4.15).

    It may be that client or that user, and counts as neither: it has its scopes, and an identity of its own.
    """

    type: ClassVar[str] = "unproven-client"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class User(Principal):
    """A person, acting through a personal access token or a user's access token."""

    type: ClassVar[str] = "user"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Client(Principal):
    """A registered application or service, acting for itself."""

    type: ClassVar[str] = "client"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnonymousKey(Principal):
    """An API key that stands for nobody in particular: its id is the key's own."""

    type: ClassVar[str] = "anonymous"


def frozen(value: Any) -> Any:
    """Return a JSON value that cannot be changed, in depth: objects become read-only mappings, arrays tuples."""
    if isinstance(value, dict):  # most members are texts: they need no call of their own
        members = {name: member if type(member) is str else frozen(member) for name, member in value.items()}
        return MappingProxyType(members)
    if isinstance(value, list):
        return tuple(frozen(member) for member in value)
    return value
