"""Stores that are asked through a window: what was asked is counted, held up, or refused; the answers are real."""

import asyncio
import threading
from collections.abc import Sequence

from authmux.stores.port import PepperCheck, Query, Reading, Revision, TokenStore
from authmux.stores.record import Record


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

    async def pepper_checks(self) -> Sequence[PepperCheck]:
        """Return the checks."""
        return self.kept.pepper_checks()
