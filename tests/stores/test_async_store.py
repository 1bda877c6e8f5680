"""What is the async colour's own: cancelled tasks, event loops, and who may use the store."""

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from authmux.stores.record import Record
from authmux.stores.sql import AsyncSQLStore, SQLStore
from tests.postgres import PostgreSQL, wait_for_one_who_waits
from tests.stores.driven import running_loop
from tests.stores.sample_records import NOW, PEPPER, make_record

KINDS: Final = ("aiosqlite", "psycopg", "asyncpg")
WRITERS: Final = 8


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, path: Path) -> str:
    """Give the URL of an empty database for each driver."""
    if request.param == "aiosqlite":
        return f"sqlite+aiosqlite:///{path}"
    server: PostgreSQL = request.getfixturevalue("postgres")
    return server.url(request.param, server.make_room())


@asynccontextmanager
async def application_engine(url: str) -> AsyncIterator[AsyncEngine]:
    """Give an engine as an application makes it."""
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()


async def add(store: AsyncSQLStore, record: Record) -> Record:
    """Keep a record, and return it."""
    await store.add(record, pepper=PEPPER, max_live=100, now=NOW)
    return record


class CancelsAt:
    """Cancels the task that runs a statement, just before its n-th; before that it only counts."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.statements: list[str] = []
        self.at = 0
        event.listen(engine.sync_engine, "before_cursor_execute", self._look)

    def begin(self, at: int = 0) -> None:
        """Count anew, and cancel at that statement."""
        self.statements, self.at = [], at

    def _look(self, connection: Any, cursor: Any, statement: str, *_: object) -> None:
        self.statements.append(statement)
        task = asyncio.current_task()
        if len(self.statements) == self.at and task is not None:
            task.cancel()


def test_a_task_cancelled_at_any_statement(url: str) -> None:
    """Wherever a change is cancelled nothing of it is kept, and the connection goes back as it was lent (K-22)."""

    async def main() -> None:
        async with application_engine(url) as engine:
            store = AsyncSQLStore(engine)
            await store.create_schema()
            cancels = CancelsAt(engine)
            await add(store, make_record())
            count = len(cancels.statements)
            assert cancels.statements[-1].endswith(("COMMIT", "PRAGMA synchronous = 1"))
            commit = cancels.statements.index("COMMIT") + 1
            for number in range(1, commit):
                record = make_record()
                cancels.begin(number)
                with pytest.raises(asyncio.CancelledError):
                    await add(store, record)
                cancels.begin()
                assert (await store.find(record.id)).record is None
                assert (await add(store, record)).id
                assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # this kind of pool counts
            assert count >= commit > 5
            await store.close()

    asyncio.run(main())


def test_a_reading_that_is_cancelled(url: str) -> None:
    """A request that goes away while its record is read leaves the store as it was (K-22)."""

    async def main() -> None:
        async with application_engine(url) as engine:
            store = AsyncSQLStore(engine)
            await store.create_schema()
            record = await add(store, make_record())
            cancels = CancelsAt(engine)
            for _ in range(20):  # more than the pool has connections
                cancels.begin(1)
                with pytest.raises(asyncio.CancelledError):
                    await store.find(record.id)
            cancels.begin()
            assert (await store.find(record.id)).record == record
            await store.close()

    asyncio.run(main())


def test_a_task_cancelled_while_it_waits_for_a_lock(postgres: PostgreSQL) -> None:
    """A change that is cancelled while it waits for somebody's lock lets go of its own (K-22)."""
    room = postgres.make_room()

    async def main(driver: str) -> None:
        store = AsyncSQLStore(postgres.url(driver, room))
        await store.create_schema()
        record = await add(store, make_record())
        with postgres.connect(room) as psql:
            with psql.transaction():
                psql.execute("SELECT 1 FROM authmux_credentials FOR UPDATE")
                change = asyncio.create_task(store.replace(replace(record, row_version=2), expected=1))
                await asyncio.to_thread(wait_for_one_who_waits, psql)
                change.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await change
            held = "SELECT 1 FROM pg_stat_activity WHERE usename = current_user AND state LIKE 'idle in transaction%'"
            assert psql.execute(held).fetchone() is None
        await store.replace(replace(record, row_version=2), expected=1)
        await store.close()

    for driver in ("psycopg", "asyncpg"):
        asyncio.run(asyncio.wait_for(main(driver), 30))


def test_adds_at_once_in_one_loop(url: str) -> None:
    """Of several tasks that take a name at once, one gets it (K-30)."""

    async def main() -> list[str]:
        store = AsyncSQLStore(url)
        await store.create_schema()
        adds = [add(store, make_record(name="nightly")) for _ in range(WRITERS)]
        outcomes = await asyncio.gather(*adds, return_exceptions=True)
        await store.close()
        return sorted(str(each) if isinstance(each, BaseException) else "kept" for each in outcomes)

    assert asyncio.run(main()) == ["kept"] + ["name_taken"] * (WRITERS - 1)


def found_in_loops(url: str, *, is_closed: bool) -> list[bool]:
    """Ask one store in three event loops, one after the other; return whether each has found the record."""
    store = AsyncSQLStore(url)
    record = make_record()

    async def find(*, is_first: bool) -> bool:
        if is_first:
            await store.create_schema()
            await add(store, record)
        found = (await store.find(record.id)).record
        if is_closed:
            await store.close()
        return found == record

    answers = [asyncio.run(find(is_first=number == 0)) for number in range(3)]
    asyncio.run(store.close())
    return answers


def test_one_loop_after_the_other(url: str) -> None:
    """A store that is closed at the end of each event loop, as tests have many, serves the next one (K-22)."""
    assert found_in_loops(url, is_closed=True) == [True] * 3


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_loop_after_the_other_without_closing(url: str) -> None:
    """A store that nobody closed when its event loop ended serves the next loop all the same (K-22)."""
    # asyncpg warns of what was left open: its connections cannot be closed once their loop has ended.
    assert found_in_loops(url, is_closed=False) == [True] * 3
    gc.collect()


def test_two_loops_at_once(url: str) -> None:
    """Two event loops in two threads may use one store at the same time (K-22)."""
    store = AsyncSQLStore(url)

    async def take_turns(records: list[Record]) -> list[Record | None]:
        for record in records:
            await add(store, record)
        return [(await store.find(record.id)).record for record in records]

    async def begin() -> None:
        await store.create_schema()
        await store.close()

    asyncio.run(begin())
    records = [make_record() for _ in range(20)]
    with running_loop() as first, running_loop() as second:
        halves = [
            asyncio.run_coroutine_threadsafe(take_turns(half), loop)
            for loop, half in ((first, records[:10]), (second, records[10:]))
        ]
        found = [record for half in halves for record in half.result(30)]
        asyncio.run_coroutine_threadsafe(store.close(), first).result(30)
    assert found == records


def test_methods_are_coroutine_functions() -> None:
    """Every method of the port is known to await before it is called; `freshness` never does (K-22)."""
    for name in ("find", "list", "add", "replace", "pepper_checks", "create_schema", "close"):
        assert inspect.iscoroutinefunction(getattr(AsyncSQLStore, name))
    assert not inspect.iscoroutinefunction(AsyncSQLStore.freshness)


@pytest.mark.parametrize("name", ["find", "list", "add", "replace", "pepper_checks"])
def test_both_colours_show_one_signature(name: str) -> None:
    """Both colours have the same arguments and say the same of them."""
    signatures = [inspect.signature(getattr(store, name)) for store in (AsyncSQLStore, SQLStore)]
    assert signatures[0] == signatures[1]
    assert next(iter(signatures[0].parameters)) == "self"
    assert getattr(AsyncSQLStore, name).__doc__ == getattr(SQLStore, name).__doc__ is not None


def test_an_application_keeps_its_engine(url: str) -> None:
    """Closing the store leaves open what it did not open: the application's own connections (K-22)."""

    async def main() -> None:
        async with application_engine(url) as engine:
            store = AsyncSQLStore(engine)
            await store.create_schema()
            await store.close()
            assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]  # this kind of pool counts

    asyncio.run(main())
