"""What a store keeps of a key or token: everything but the text (K-10, K-11). Times are seconds since the epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

from authmux.principal import AnonymousKey, Client, Principal, User
from authmux.token_format import Kind

KEPT_GENERATIONS: Final = 8  # the live ones and the latest retired, whose later use is to be noticed


class OwnerType(StrEnum):
    """To whom a credential belongs (K-11)."""

    USER = "user"
    CLIENT = "client"
    SERVICE = "service"
    ORG = "org"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Owner:
    """To whom a credential belongs: a type, and a name within an issuer; nobody has no id."""

    type: OwnerType
    issuer: str
    id: str = ""

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """Return the owner that a user or a client is.

        Raises:
            ValueError: the principal is neither.
        """
        match principal:
            case User():
                return cls(OwnerType.USER, principal.issuer, principal.id)
            case Client():
                return cls(OwnerType.CLIENT, principal.issuer, principal.id)
        raise ValueError(f"a credential belongs to a user or a client, not to {type(principal).__name__}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One generation of a credential's secret, as its digest (K-10).

    Arguments:
        generation: counted from 1.
        digest: HMAC of the whole text, under the pepper named here (K-12).
        hint: the last four characters of the text.
        retire_at: from when on it is refused, or None while it is the newest.
    """

    generation: int
    digest: bytes = field(repr=False)
    algorithm: str = "hmac-sha256"
    pepper_id: str
    hint: str
    created_at: float
    retire_at: float | None = None

    def is_live(self, now: float) -> bool:
        """Return whether it still proves anything."""
        return self.retire_at is None or now < self.retire_at


class State(StrEnum):
    """What a credential is good for; every state but ACTIVE is refused."""

    ACTIVE = "active"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    DISABLED = "disabled"
    REVOKED = "revoked"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A key or token as its store keeps it. It never holds the text, so it may be shown and logged.

    Arguments:
        id: public; it names the credential everywhere and proves nothing (K-04).
        secrets: the generations, oldest first; at most two of them live.
        owner: to whom it belongs.
        scopes: what it may do (K-50).
        meta: the application's own notes, a small JSON object.
        row_version: counts the changes; a change is made only to the version it was decided on.
    """

    id: str
    kind: Kind
    env: str | None = None
    tenant: str | None = None
    owner: Owner
    parent_id: str | None = None
    parent_generation: int | None = None
    created_by: str
    name: str
    description: str = ""
    scopes: frozenset[str]
    resources: tuple[str, ...] = ()
    audience: str | None = None
    allowed_cidrs: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    limit_policy: str | None = None
    created_at: float
    not_before: float | None = None
    expires_at: float | None = None
    rotate_by: float | None = None
    disabled_at: float | None = None
    disabled_by: str | None = None
    revoked_at: float | None = None
    revoked_by: str | None = None
    revoked_reason: str | None = None
    deleted_at: float | None = None
    meta: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    row_version: int = 1
    secrets: tuple[Secret, ...]

    @property
    def generation(self) -> int:
        """Return the newest generation."""
        return self.secrets[-1].generation

    def state(self, now: float) -> State:
        """Return what it is good for at this moment; the most final state first (K-34…K-37)."""
        if self.deleted_at is not None:
            return State.DELETED
        if self.revoked_at is not None:
            return State.REVOKED
        if self.expires_at is not None and now >= self.expires_at:
            return State.EXPIRED
        if self.disabled_at is not None:
            return State.DISABLED
        if self.not_before is not None and now < self.not_before:
            return State.NOT_YET
        return State.ACTIVE

    def is_live(self, now: float) -> bool:
        """Return whether it counts among its owner's live ones: usable now, or again, or later (K-30)."""
        return self.state(now) in (State.ACTIVE, State.NOT_YET, State.DISABLED)

    def principal_class(self) -> type[Principal]:
        """Return who comes with it: a PAT's user, a registered client, or nobody in particular."""
        if self.kind is Kind.PAT:
            return User
        return Client if self.owner.type is OwnerType.CLIENT else AnonymousKey
