"""Stores that are asked through a window: what was asked is counted, held up, or refused; the answers are real."""

import asyncio
import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from authmux.stores.audit_event import AuditEntry, Entries, Head
from authmux.stores.audit_log import AuditQuery
from authmux.stores.port import PepperCheck, Query, Reading, Revision, TokenStore
from authmux.stores.record import Record
from authmux.stores.usage import Usage


class CountingStore:
    """A blocking store that counts its reads, and can be slow or away.

    Arguments:
        kept: the store that keeps the records.

    Attributes:
        reads: the ids that were looked up, in their order.
        threads: in which thread each look-up was made.
        looks: how often the revision was asked for.
        checks: how often the peppers were asked for.
        away: what is raised instead of any answer.
        interrupts: what is raised by the next look-ups, one by each.
        gate: a look-up that has read waits here before it answers.
    """

    def __init__(self, kept: TokenStore) -> None:
        self.kept = kept
        self.reads: list[str] = []
        self.threads: list[int] = []
        self.looks = 0
        self.checks = 0
        self.away: Exception | None = None
        self.interrupts: list[BaseException] = []
        self.gate = threading.Event()
        self.gate.set()

    def freshness(self) -> Revision | None:
        """Count, and return the revision."""
        self.looks += 1
        self._be_away()
        return self.kept.freshness()

    def find(self, credential_id: str) -> Reading:
        """Read, wait at the gate, and answer with what was read before."""
        reading = self.kept.find(credential_id)
        self.threads.append(threading.get_ident())
        self.reads.append(credential_id)
        assert self.gate.wait(10)
        self._be_away()
        if self.interrupts:
            raise self.interrupts.pop(0)
        return reading

    def list(self, query: Query) -> Sequence[Record]:
        """List."""
        return self.kept.list(query)

    def add(self, record: Record, *, pepper: PepperCheck, max_live: int, now: float) -> None:
        """Add."""
        self.kept.add(record, pepper=pepper, max_live=max_live, now=now)

    def replace(self, record: Record, **how: object) -> None:
        """Replace."""
        self.kept.replace(record, **how)  # type: ignore[arg-type]  # handed on as it came

    def revoke_all(self, query: Query, **how: Any) -> int:
        """Revoke many."""
        return self.kept.revoke_all(query, **how)

    def purge(self, ids: Sequence[str], **how: Any) -> None:
        """Purge."""
        self.kept.purge(ids, **how)

    def audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """Read the audit log."""
        return self.kept.audit(query)

    def append_audit(self, entries: Entries) -> None:
        """Append to the audit log."""
        self.kept.append_audit(entries)

    def extend_audit(self, entries: Sequence[AuditEntry], *, tip: Head) -> None:
        """Put entries back."""
        self.kept.extend_audit(entries, tip=tip)

    def purge_audit(self, entries: Entries, *, through: int) -> None:
        """Purge the audit log."""
        self.kept.purge_audit(entries, through=through)

    def add_usage(self, uses: Mapping[str, Usage]) -> None:
        """Add uses."""
        self.kept.add_usage(uses)

    def usage(self, credential_ids: Collection[str]) -> Mapping[str, Usage]:
        """Return uses."""
        return self.kept.usage(credential_ids)

    def pepper_checks(self) -> Sequence[PepperCheck]:
        """Count, and return the checks."""
        self.checks += 1
        self._be_away()
        return self.kept.pepper_checks()

    def _be_away(self) -> None:
        if self.away is not None:
            raise self.away


class AwaitingStore:
    """The same for callers that await.

    Arguments:
        kept: the store that keeps the records.

    Attributes:
        reads: the ids that were looked up, in their order.
        gate: a look-up that has read waits here before it answers.
    """

    def __init__(self, kept: TokenStore) -> None:
        self.kept = kept
        self.reads: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def freshness(self) -> Revision | None:
        """Return the revision."""
        return self.kept.freshness()

    async def find(self, credential_id: str) -> Reading:
        """Read, wait at the gate, and answer with what was read before."""
        reading = self.kept.find(credential_id)
        self.reads.append(credential_id)
        await asyncio.sleep(0)
        await self.gate.wait()
        return reading

    async def list(self, query: Query) -> Sequence[Record]:
        """List."""
        return self.kept.list(query)

    async def add(self, record: Record, *, pepper: PepperCheck, max_live: int, now: float) -> None:
        """Add."""
        self.kept.add(record, pepper=pepper, max_live=max_live, now=now)

    async def replace(self, record: Record, **how: object) -> None:
        """Replace."""
        self.kept.replace(record, **how)  # type: ignore[arg-type]  # handed on as it came

    async def revoke_all(self, query: Query, **how: Any) -> int:
        """Revoke many."""
        return self.kept.revoke_all(query, **how)

    async def purge(self, ids: Sequence[str], **how: Any) -> None:
        """Purge."""
        self.kept.purge(ids, **how)

    async def audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """Read the audit log."""
        return self.kept.audit(query)

    async def append_audit(self, entries: Entries) -> None:
        """Append to the audit log."""
        self.kept.append_audit(entries)

    async def extend_audit(self, entries: Sequence[AuditEntry], *, tip: Head) -> None:
        """Put entries back."""
        self.kept.extend_audit(entries, tip=tip)

    async def purge_audit(self, entries: Entries, *, through: int) -> None:
        """Purge the audit log."""
        self.kept.purge_audit(entries, through=through)

    async def add_usage(self, uses: Mapping[str, Usage]) -> None:
        """Add uses."""
        self.kept.add_usage(uses)

    async def usage(self, credential_ids: Collection[str]) -> Mapping[str, Usage]:
        """Return uses."""
        return self.kept.usage(credential_ids)

    async def pepper_checks(self) -> Sequence[PepperCheck]:
        """Return the checks."""
        return self.kept.pepper_checks()
