"""Async stores for tests that block: each is driven on one event loop, in a thread of its own."""

import asyncio
import threading
from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.stores.audit_event import AuditEntry, Entries, Head
from authmux.stores.audit_log import AuditQuery
from authmux.stores.denial import Denial, DenyList, Target
from authmux.stores.denial_store import DenialsReading
from authmux.stores.digest_upgrade import DigestUpgrade
from authmux.stores.foreign import ForeignName
from authmux.stores.port import PepperCheck, Query, Reading, Revision
from authmux.stores.record import Record
from authmux.stores.sql import AsyncSQLStore, SQLStore
from authmux.stores.usage import Usage

T = TypeVar("T")


class Driven:
    """An async store whose methods block until the event loop has done them.

    Arguments:
        store: the async one.
        loop: where it is awaited; one that runs in another thread, or that does not run.
    """

    def __init__(self, store: AsyncSQLStore, loop: asyncio.AbstractEventLoop) -> None:
        self.awaiting = store
        self._loop = loop

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something awaited on the loop, and return its result."""
        if self._loop.is_running():
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)
        return self._loop.run_until_complete(work)

    def create_schema(self) -> None:
        """Make the schema."""
        self.wait_for(self.awaiting.create_schema())

    def close(self) -> None:
        """Close the store."""
        self.wait_for(self.awaiting.close())

    def freshness(self) -> Revision | None:
        """Return the revision."""
        return self.awaiting.freshness()

    def find(self, credential_id: str) -> Reading:
        """Find."""
        return self.wait_for(self.awaiting.find(credential_id))

    def list(self, query: Query) -> Sequence[Record]:
        """List."""
        return self.wait_for(self.awaiting.list(query))

    def add(self, record: Record, **how: Any) -> None:
        """Add."""
        self.wait_for(self.awaiting.add(record, **how))

    def replace(self, record: Record, *, expected: int, **how: Any) -> None:
        """Replace."""
        self.wait_for(self.awaiting.replace(record, expected=expected, **how))

    def revoke_all(self, query: Query, **how: Any) -> int:
        """Revoke many."""
        return self.wait_for(self.awaiting.revoke_all(query, **how))

    def purge(self, ids: Sequence[str], **how: Any) -> None:
        """Purge."""
        self.wait_for(self.awaiting.purge(ids, **how))

    def audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """Read the audit log."""
        return self.wait_for(self.awaiting.audit(query))

    def append_audit(self, entries: Entries) -> None:
        """Append to the audit log."""
        self.wait_for(self.awaiting.append_audit(entries))

    def extend_audit(self, entries: Sequence[AuditEntry], *, tip: Head) -> None:
        """Put entries back into the audit log."""
        self.wait_for(self.awaiting.extend_audit(entries, tip=tip))

    def purge_audit(self, entries: Entries, *, through: int) -> None:
        """Purge the audit log."""
        self.wait_for(self.awaiting.purge_audit(entries, through=through))

    def add_usage(self, uses: Mapping[str, Usage]) -> None:
        """Add uses."""
        self.wait_for(self.awaiting.add_usage(uses))

    def usage(self, credential_ids: Collection[str]) -> Mapping[str, Usage]:
        """Return uses."""
        return self.wait_for(self.awaiting.usage(credential_ids))

    def upgrade_digests(self, batch: Sequence[DigestUpgrade], *, pepper: PepperCheck) -> int:
        """Move digests."""
        return self.wait_for(self.awaiting.upgrade_digests(batch, pepper=pepper))

    def pepper_counts(self, *, now: float) -> Mapping[str, int]:
        """Count."""
        return self.wait_for(self.awaiting.pepper_counts(now=now))

    def forget_pepper(self, pepper_id: str, *, now: float, although_used: bool = False) -> None:
        """Forget a pepper."""
        self.wait_for(self.awaiting.forget_pepper(pepper_id, now=now, although_used=although_used))

    def find_foreign(self, name: ForeignName) -> Reading:
        """Find by a foreign name."""
        return self.wait_for(self.awaiting.find_foreign(name))

    def add_foreign(
        self, batch: Sequence[tuple[Record, ForeignName]], *, audit: Entries | None = None
    ) -> Sequence[bool]:
        """Import."""
        return self.wait_for(self.awaiting.add_foreign(batch, audit=audit))

    def deny(self, denial: Denial, **how: Any) -> Denial:
        """Deny."""
        return self.wait_for(self.awaiting.deny(denial, **how))

    def lift(self, target: Target, **how: Any) -> bool:
        """Lift."""
        return self.wait_for(self.awaiting.lift(target, **how))

    def denials_version(self) -> DenialsReading:
        """Read which denials there are."""
        return self.wait_for(self.awaiting.denials_version())

    def denials(self) -> DenyList:
        """Read the denials."""
        return self.wait_for(self.awaiting.denials())

    def list_denials(self) -> Sequence[Denial]:
        """List the denials."""
        return self.wait_for(self.awaiting.list_denials())

    def pepper_checks(self) -> Sequence[PepperCheck]:
        """Return the checks."""
        return self.wait_for(self.awaiting.pepper_checks())


AnySQLStore: TypeAlias = SQLStore | Driven
"""A store in SQL of either colour, for tests that block."""


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread."""
    loop, is_running = asyncio.new_event_loop(), threading.Event()
    loop.call_soon(is_running.set)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    is_running.wait(10)  # until then it would look like one that does not run
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def on_file(path: Path, *, colour: str, clock: Clock = SYSTEM_CLOCK) -> Iterator[AnySQLStore]:
    """Give a store of one colour on a file, and close it in the end."""
    if colour == "blocking":
        with closing(SQLStore(f"sqlite:///{path}", clock=clock)) as store:
            yield store
    else:
        with driven(AsyncSQLStore(f"sqlite+aiosqlite:///{path}", clock=clock)) as driver:
            yield driver


@contextmanager
def driven(store: AsyncSQLStore) -> Iterator[Driven]:
    """Drive a store on a loop of its own, and close it in the end."""
    with running_loop() as loop:
        it = Driven(store, loop)
        try:
            yield it
        finally:
            it.close()
