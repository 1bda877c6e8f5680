"""What is written down of a change, or of something that was observed (K-71, K-72): never a secret, never a digest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from authmux.seal import Seal

__all__ = ["Action", "AuditEntry", "AuditEvent", "Entries", "Head", "Seal"]


class Action(StrEnum):
    """What was done or seen (K-72)."""

    CREATED = "created"
    ROLLED = "rolled"
    GENERATION_RETIRED = "generation_retired"
    EDITED = "edited"
    SCOPES_WIDENED = "scopes_widened"
    DISABLED = "disabled"
    ENABLED = "enabled"
    REVOKED = "revoked"
    DELETED = "deleted"
    UNDELETED = "undeleted"
    PURGED = "purged"
    TRANSFERRED = "transferred"
    DERIVED = "derived"
    EXPIRED = "expired"
    IMPORTED = "imported"
    SUSPENDED = "suspended"
    REACTIVATED = "reactivated"
    DENIED = "denied"
    LIFTED = "lifted"
    LEAK_REPORTED = "leak_reported"
    EXPOSED_IN_URL = "exposed_in_url"
    RETIRED_SECRET_USED = "retired_secret_used"  # noqa: S105  # the name of an event
    FAILED = "failed"
    AUDIT_PURGED = "audit_purged"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One thing that happened.

    Arguments:
        at: when, in seconds since the epoch.
        tenant: within which it happened, or None.
        actor: who did it; with the id and generation of the credential that he came with, if he came with one.
        target: to what; the id of a credential, or what a denial names.
        difference: what is other than before, by field: the old value and the new one, as JSON knows them.
    """

    at: float
    action: Action
    outcome: str = "done"
    tenant: str | None = None
    actor: str
    actor_credential: str | None = None
    actor_generation: int | None = None
    target: str
    reason: str | None = None
    difference: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event as it stands in the chain.

    Arguments:
        position: counted from 1, without a gap.
        event: what happened.
        key_id: the pepper that the seal was derived from.
        mac: of this entry and of the one before it; what is at the head seals all.
    """

    position: int
    event: AuditEvent
    key_id: str
    mac: bytes = field(repr=False)

    @property
    def head(self) -> "Head":
        """Return what to keep elsewhere, to notice later that something is missing at the end."""
        return Head(self.position, self.mac.hex())


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain has got to: a position, and the MAC there, in hexadecimal; no secret."""

    position: int
    mac: str


@dataclass(frozen=True, slots=True)
class Entries:
    """Events to be written in the transaction of the change that they tell of, with what seals them.

    Arguments:
        written: where the store leaves them as they stand in the chain, once they are committed.
    """

    events: tuple[AuditEvent, ...]
    seal: Seal
    written: list[AuditEntry] = field(default_factory=list, compare=False, repr=False)
