"""What is refused though it is genuine: one token, or everything of somebody up to a moment (B-64)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Self, TypeAlias

from authmux.stores.record import Owner, OwnerType

DenialsVersion: TypeAlias = str


class Denied(StrEnum):
    """What a denial is about."""

    TOKEN = "token"  # noqa: S105  # a word, and no password
    SUBJECT = "subject"
    CLIENT = "client"
    SERVICE = "service"
    ORG = "org"
    TENANT = "tenant"
    ISSUER = "issuer"
    KEY = "key"


OWNERS: Final = {
    OwnerType.USER: Denied.SUBJECT,
    OwnerType.CLIENT: Denied.CLIENT,
    OwnerType.SERVICE: Denied.SERVICE,
    OwnerType.ORG: Denied.ORG,
}
"""What an owner of credentials is called among denials: he is who a token's subject or client would be."""

FOR_EVER: Final = 253_402_300_799.0  # the end of the year 9999


class Target(NamedTuple):
    """What a denial names.

    Arguments:
        what: the kind of thing.
        issuer: whose name it is; empty for a tenant, which is the application's.
        value: a token's `jti`, a user's or a client's id, a tenant, a key's thumbprint (RFC 7638) or `kid`; empty
            for an issuer.
    """

    what: Denied
    issuer: str
    value: str

    @classmethod
    def of_owner(cls, owner: Owner) -> Self:
        """Return the name of an owner of keys and tokens, who may own JWTs too.

        Raises:
            ValueError: it is nobody.
        """
        if owner.type not in OWNERS:
            raise ValueError("what is nobody's has no owner to be denied")
        return cls(OWNERS[owner.type], owner.issuer, owner.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """One denial. Times are seconds since the epoch.

    Arguments:
        target: what is refused.
        before: only what was issued at this moment or earlier, or does not say when; None refuses all of it.
        until: from when on it stands no more, as when the token has expired anyway; None for no end.
        at, by, reason: who made it, when, and why.
    """

    target: Target
    before: float | None = None
    until: float | None = None
    at: float
    by: str
    reason: str

    def refuses(self, issued_at: float | None, now: float) -> bool:
        """Return whether it stands at this moment, for what was issued then."""
        if self.until is not None and now >= self.until:
            return False
        return self.before is None or issued_at is None or issued_at <= self.before

    @property
    def suspends_until(self) -> float | None:
        """Return until when keys and tokens of ours of such an owner or tenant are refused; None for not at all (K-40).

        A denial with `before` is about what an authorization server issued; of ours, one revokes what was made earlier.
        """
        return None if self.before is not None else FOR_EVER if self.until is None else self.until

    def is_at_least(self, other: "Denial") -> bool:
        """Return whether it refuses whatever another one on the same target does, for as long."""
        refuses_as_much = self.before is None or (other.before is not None and self.before >= other.before)
        return refuses_as_much and (self.until is None or (other.until is not None and self.until >= other.until))

    def joined_to(self, other: "Denial | None") -> "Denial":
        """Return what refuses all that this one and an older one do: to deny again never lets anything in."""
        if other is None or self.is_at_least(other):
            return self
        if other.is_at_least(self):
            return other
        befores, untils = (self.before, other.before), (self.until, other.until)
        return Denial(
            target=self.target,
            before=None if None in befores else max(each for each in befores if each is not None),
            until=None if None in untils else max(each for each in untils if each is not None),
            at=self.at,
            by=self.by,
            reason=self.reason,
        )


class DenyList:
    """All denials as they were at one moment: read-only, and asked without I/O.

    Arguments:
        version: names this state of them.
        denials: in any order, one for a target.
    """

    __slots__ = ("__weakref__", "_by_target", "version")

    def __init__(self, version: DenialsVersion, denials: Iterable[Denial] = ()) -> None:
        self.version = version
        self._by_target: Mapping[Target, Denial] = MappingProxyType({each.target: each for each in denials})

    def __len__(self) -> int:
        return len(self._by_target)

    def find(self, targets: Iterable[Target], *, issued_at: float | None, now: float) -> Denial | None:
        """Return the denial that refuses something with these names, which was issued then; None if none does."""
        for target in targets:
            denial = self._by_target.get(target)
            if denial is not None and denial.refuses(issued_at, now):
                return denial
        return None
