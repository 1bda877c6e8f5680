"""The part of a store's port that keeps the audit log (K-71): append-only, chained, with a retention of its own."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

from authmux.stores.audit_event import Action, AuditEntry, Entries, Head


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries to read, oldest first: those that match everything that is given.

    Arguments:
        action: one of them, or several.
        since, until: seconds since the epoch; from the first on, and before the second.
        after: only positions behind this one, to read page after page.
        newest: read from the end: the last `limit` entries that match, oldest first all the same.
    """

    tenant: str | None = None
    target: str | None = None
    actor: str | None = None
    action: Action | tuple[Action, ...] | None = None
    since: float | None = None
    until: float | None = None
    after: int = 0
    limit: int = 100
    newest: bool = False

    @property
    def actions(self) -> tuple[Action, ...]:
        """Return the actions that are asked for; none stands for all."""
        if self.action is None:
            return ()
        return self.action if isinstance(self.action, tuple) else (self.action,)

    def matches(self, entry: AuditEntry) -> bool:
        """Return whether an entry is among those that are asked for."""
        event = entry.event
        return (
            entry.position > self.after
            and (self.tenant is None or event.tenant == self.tenant)
            and (self.target is None or event.target == self.target)
            and (self.actor is None or event.actor == self.actor)
            and (not self.actions or event.action in self.actions)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
        )


class AuditLog(Protocol):
    """A log that blocks. Every method may raise `StoreUnavailable`."""

    def audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """Return the entries that match, oldest first, at most `query.limit` of them."""
        ...

    def append_audit(self, entries: Entries) -> None:
        """Write down what was observed, and is no change of a record."""
        ...

    def extend_audit(self, entries: Sequence[AuditEntry], *, tip: Head) -> None:
        """Put entries back that another copy of this log had, sealed as they are.

        Arguments:
            entries: the next ones, checked by the caller.
            tip: behind which they belong.

        Raises:
            WriteRefused: `changed`, where the log has got to another tip meanwhile.
        """
        ...

    def purge_audit(self, entries: Entries, *, through: int) -> None:
        """Append entries, and remove all up to a position, in one transaction (K-71).

        Arguments:
            entries: the purge point, from which on the chain can be verified later.
            through: the last position to go.
        """
        ...


class AsyncAuditLog(Protocol):
    """The same log for callers that await."""

    def audit(self, query: AuditQuery) -> Awaitable[Sequence[AuditEntry]]:
        """See `AuditLog.audit`."""
        ...

    def append_audit(self, entries: Entries) -> Awaitable[None]:
        """See `AuditLog.append_audit`."""
        ...

    def extend_audit(self, entries: Sequence[AuditEntry], *, tip: Head) -> Awaitable[None]:
        """See `AuditLog.extend_audit`."""
        ...

    def purge_audit(self, entries: Entries, *, through: int) -> Awaitable[None]:
        """See `AuditLog.purge_audit`."""
        ...
