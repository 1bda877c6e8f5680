"""Async stores for tests that block: each is driven on one event loop, in a thread of its own."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.stores.denial import Denial, DenyList, Target
from authmux.stores.port import DenialsReading, PepperCheck, Query, Reading, Revision
from authmux.stores.record import Record
from authmux.stores.sql import AsyncSQLStore, SQLStore

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

    def add(self, record: Record, *, pepper: PepperCheck, max_live: int, now: float) -> None:
        """Add."""
        self.wait_for(self.awaiting.add(record, pepper=pepper, max_live=max_live, now=now))

    def replace(self, record: Record, *, expected: int, pepper: PepperCheck | None = None) -> None:
        """Replace."""
        self.wait_for(self.awaiting.replace(record, expected=expected, pepper=pepper))

    def deny(self, denial: Denial, *, limit: int, now: float) -> Denial:
        """Deny."""
        return self.wait_for(self.awaiting.deny(denial, limit=limit, now=now))

    def lift(self, target: Target) -> bool:
        """Lift."""
        return self.wait_for(self.awaiting.lift(target))

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
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
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
