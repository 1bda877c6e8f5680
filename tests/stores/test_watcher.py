"""What the SQL stores know of PostgreSQL's revision without asking for each request: a watcher's word (K-22, K-24)."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, event, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from authmux.clock import SYSTEM_CLOCK
from authmux.errors import ConfigurationError
from authmux.stores.port import StoreUnavailable
from authmux.stores.record import Record
from authmux.stores.sql import AsyncSQLStore, SQLStore
from authmux.stores.sql.health import StoreHealth
from authmux.testing.manual_clock import ManualClock
from tests.postgres import PostgreSQL, Psql
from tests.standby import standby_of
from tests.stores.driven import AnySQLStore, Driven, driven
from tests.stores.processes import watch_in_parent_and_child
from tests.stores.proxy import proxy
from tests.stores.sample_records import add, make_record
from tests.stores.started import answer_of, started

PATIENCE: Final = 15.0  # seconds
DRIVERS: Final = {"psycopg": "psycopg", "async-psycopg": "psycopg", "asyncpg": "asyncpg"}


@contextmanager
def opened(kind: str, url: str, **options: Any) -> Iterator[AnySQLStore]:
    """Open a store for a driver."""
    if kind == "psycopg":
        with closing(SQLStore(url, **options)) as store:
            yield store
    else:
        with driven(AsyncSQLStore(url, **options)) as driver:
            yield driver


def wait_for(condition: Callable[[], object]) -> None:
    """Return as soon as something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.002)


def is_at(store: AnySQLStore, revision: str | None) -> bool:
    """Return whether a store is known to be at a revision."""
    return store.freshness() == revision


def begin(store: AnySQLStore) -> None:
    """Ask for something, and return when the revision is known."""
    store.find("0" * 16)
    wait_for(store.freshness)


def health_of(store: AnySQLStore) -> StoreHealth:
    """Return how things stand with a store of either colour."""
    return (store.awaiting if isinstance(store, Driven) else store).health()


def change(store: AnySQLStore, record: Record) -> Record:
    """Change a record, and return it as it is now."""
    changed = replace(record, row_version=record.row_version + 1)
    store.replace(changed, expected=record.row_version)
    return changed


@pytest.fixture
def room(postgres: PostgreSQL) -> str:
    """Give an empty schema and its user, who have one name."""
    return postgres.make_room()


@pytest.fixture
def other(postgres: PostgreSQL, room: str) -> Iterator[SQLStore]:
    """Give a store by which somebody else makes changes: it watches nothing."""
    with closing(SQLStore(postgres.url("psycopg", room), max_staleness=0)) as store:
        store.create_schema()
        yield store


@pytest.fixture
def record(other: SQLStore) -> Record:
    """Give a record that is kept."""
    return add(other, make_record())


@pytest.fixture(params=DRIVERS)
def kind(request: pytest.FixtureRequest) -> str:
    """Give each way to speak to the server."""
    return str(request.param)


@pytest.fixture
def url(postgres: PostgreSQL, room: str, kind: str) -> str:
    """Give the place for that way."""
    return postgres.url(DRIVERS[kind], room)


@pytest.fixture
def store(kind: str, url: str, record: Record) -> Iterator[AnySQLStore]:
    """Give a store whose revision is known."""
    with opened(kind, url) as store:
        begin(store)
        yield store


@pytest.fixture
def psql(postgres: PostgreSQL, room: str) -> Iterator[Psql]:
    """Give a connection as psql has it."""
    with postgres.connect(room) as connection:
        yield connection


def test_the_first_request_begins_it(kind: str, url: str, record: Record) -> None:
    """The first request learns nothing and reads; soon after, what it has read is known to be true (K-22)."""
    with opened(kind, url) as store:
        assert store.freshness() is None
        assert health_of(store) == StoreHealth()
        reading = store.find(record.id)
        wait_for(lambda: store.freshness() == reading.revision)
        health = health_of(store)
        assert (health.is_watched, health.is_fresh, health.is_told) == (True, True, True)
        assert (health.failures, health.is_away, health.on_grace) == (0, False, 0)


def test_changes_of_others_are_noticed(store: AnySQLStore, other: SQLStore, record: Record) -> None:
    """Every change that somebody else makes leads to the revision that he left (K-22)."""
    for _ in range(5):
        record = change(other, record)
        now = other.find(record.id).revision
        wait_for(partial(is_at, store, now))


def test_changes_of_ones_own_are_noticed_at_once(store: AnySQLStore, record: Record) -> None:
    """Who has changed something believes no older revision from the moment on that the change returned (K-25)."""
    for _ in range(20):
        before = store.freshness()
        record = change(store, record)
        assert store.freshness() != before or before is None
        wait_for(store.freshness)


def test_reading_leaves_it_known(store: AnySQLStore, record: Record) -> None:
    """Reading, and a usage that is written down, make nobody ask anew (K-11)."""
    with pytest.raises(Exception, match="changed"):
        store.replace(record, expected=99)
    store.find(record.id)
    assert store.freshness() is not None


def test_it_never_waits(kind: str, url: str, record: Record) -> None:
    """A server that falls silent, or takes connections and says nothing, costs `freshness` no time (K-22)."""
    with proxy(make_url(url).port or 0) as between, opened(kind, at(url, between.port)) as store:
        begin(store)
        between.silence(also_new=True)
        longest = 0.0
        for _ in range(500):
            began = time.monotonic()
            store.freshness()
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.005)
        assert store.freshness() is None
        between.close()  # else the pool would wait for a farewell
        assert longest < 0.2


def at(url: str, port: int) -> str:
    """Return the URL with another port."""
    return make_url(url).set(port=port).render_as_string(hide_password=False)


@pytest.mark.parametrize("max_staleness", [0.5, 1.0, 20.0])
def test_nothing_is_believed_for_longer(
    kind: str, url: str, record: Record, postgres: PostgreSQL, max_staleness: float
) -> None:
    """What was not confirmed within `max_staleness` is not believed, and what was still is (K-22, K-24)."""
    clock = ManualClock()
    with opened(kind, url, clock=clock, max_staleness=max_staleness) as store:
        begin(store)
        postgres.stop()
        try:
            wait_for(lambda: health_of(store).failures)
            clock.advance(max_staleness)
            assert store.freshness() is not None
            clock.advance(0.001)
            assert store.freshness() is None
            clock.set_wall(0)
            assert store.freshness() is None
            assert health_of(store).is_away
        finally:
            postgres.start()
        wait_for(store.freshness)


@pytest.mark.parametrize("kind", ["psycopg", "asyncpg"], indirect=True)
def test_the_wall_clock_does_not_matter(kind: str, url: str, record: Record) -> None:
    """A wall clock that is set to another day makes nothing fresher or older (K-22)."""
    clock = ManualClock()
    with opened(kind, url, clock=clock) as store:
        begin(store)
        for now in (0.0, 1e11):
            clock.set_wall(now)
            assert store.freshness() is not None


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system's other clocks do that, or none")
def test_the_clock_goes_on_while_the_machine_sleeps() -> None:
    """What is held ages by the time that the machine was suspended, too (K-22)."""
    assert SYSTEM_CLOCK.monotonic() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=1)


def test_grace(kind: str, url: str, record: Record, postgres: PostgreSQL, caplog: pytest.LogCaptureFixture) -> None:
    """Where it is switched on, an old word is believed for longer in an outage; said once, and counted (K-24)."""
    clock = ManualClock()
    with opened(kind, url, clock=clock, outage_grace=30) as store:
        begin(store)
        before = store.freshness()
        postgres.stop()
        try:
            wait_for(lambda: health_of(store).is_away)
            clock.advance(1.5)
            assert [store.freshness() for _ in range(3)] == [before] * 3
            assert health_of(store).on_grace == 3
            assert caplog.text.count("for 30 s what it confirmed before is believed") == 1
            with pytest.raises(StoreUnavailable):
                store.find(record.id)
            clock.advance(28.5)
            assert store.freshness() == before
            clock.advance(0.01)
            assert store.freshness() is None
        finally:
            postgres.start()
        wait_for(store.freshness)
        assert health_of(store).on_grace == 4


def test_no_grace_while_it_answers(
    kind: str, url: str, record: Record, psql: Psql, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that answers, if only with a refusal, is not away: the grace is for outages alone (K-24)."""
    clock = ManualClock()
    with opened(kind, url, clock=clock, outage_grace=30) as store:
        begin(store)
        psql.execute("ALTER TABLE authmux_revision RENAME TO elsewhere")
        wait_for(lambda: health_of(store).failures)
        clock.advance(1.5)
        assert store.freshness() is None
        assert "cannot be watched" in caplog.text


def test_grace_ends_with_the_first_answer(kind: str, url: str, record: Record, postgres: PostgreSQL) -> None:
    """As soon as any request was answered by the database there is no outage, whoever still tries to watch (K-24)."""
    clock = ManualClock()
    with opened(kind, url, clock=clock, outage_grace=300) as store:
        begin(store)
        postgres.stop()
        try:
            wait_for(lambda: health_of(store).is_away)
        finally:
            postgres.start()
        clock.advance(2)
        store.find(record.id)
        assert not health_of(store).is_away
        wait_for(store.freshness)


def test_no_grace_where_nobody_looked(kind: str, url: str, record: Record, postgres: PostgreSQL) -> None:
    """Whoever comes after idle time is granted nothing for an outage that may be over for long (K-24)."""
    clock = ManualClock()
    with opened(kind, url, clock=clock, outage_grace=300) as store:
        begin(store)
        postgres.stop()
        try:
            wait_for(lambda: health_of(store).is_away)
            clock.advance(61)
            wait_for(lambda: not health_of(store).is_watched)
        finally:
            postgres.start()
        assert store.freshness() is None
        wait_for(store.freshness)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE authmux_credentials DISABLE TRIGGER USER",
        "DROP TRIGGER authmux_credentials_revision ON authmux_credentials",
        "DELETE FROM authmux_revision",
    ],
    ids=["switched-off", "dropped", "no-revision"],
)
def test_a_revision_that_nothing_moves(store: AnySQLStore, psql: Psql, statement: str) -> None:
    """Where a migration has left no trigger that would move the revision, nothing is held until it is back (K-22)."""
    psql.execute(statement)
    wait_for(lambda: store.freshness() is None)
    if "DISABLE" in statement:
        psql.execute("ALTER TABLE authmux_credentials ENABLE TRIGGER USER")
    else:
        store.create_schema()
    wait_for(store.freshness)


def test_a_query_that_has_to_wait(store: AnySQLStore, postgres: PostgreSQL, room: str) -> None:
    """A table that somebody locks is not waited for: the question ends, nothing piles up, and is asked again (K-22)."""
    with postgres.connect(room) as psql:
        with psql.transaction():
            psql.execute("LOCK TABLE authmux_revision IN ACCESS EXCLUSIVE MODE")
            wait_for(lambda: store.freshness() is None)
            wait_for(lambda: health_of(store).failures > 2)
            waiting = psql.execute(
                "SELECT count(*) FROM pg_locks WHERE relation = 'authmux_revision'::regclass AND NOT granted"
            ).fetchone()[0]
            assert waiting <= 1
        wait_for(store.freshness)


def test_a_server_that_falls_silent(kind: str, url: str, record: Record) -> None:
    """A connection whose other end is gone without a word is given up, and another one is made (K-22)."""
    with proxy(make_url(url).port or 0) as between, opened(kind, at(url, between.port)) as store:
        begin(store)
        between.silence()
        wait_for(lambda: store.freshness() is None)
        wait_for(store.freshness)
        between.close()  # else the pool would wait for a farewell


def test_behind_a_pooler(kind: str, url: str, other: SQLStore, record: Record) -> None:
    """Where a pooler stands between, nobody listens on its sessions: changes are asked for, and noticed (K-22)."""
    with proxy(make_url(url).port or 0, hides_process=True) as pooler, opened(kind, at(url, pooler.port)) as store:
        begin(store)
        assert not health_of(store).is_told
        change(other, record)
        now = other.find(record.id).revision
        wait_for(lambda: store.freshness() == now)


@pytest.mark.parametrize("kind", DRIVERS)
def test_a_standby_is_refused(
    postgres: PostgreSQL, kind: str, room: str, record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    """A standby, which learns of a revocation late, is believed in nothing, and the log says what to do (K-22)."""
    with standby_of(postgres) as standby, opened(kind, standby.url(DRIVERS[kind], room)) as store:
        assert store.freshness() is None
        for credential_id in (record.id, "0" * 16):
            with pytest.raises(StoreUnavailable, match="standby"):
                store.find(credential_id)
        with pytest.raises(StoreUnavailable, match="standby"):
            store.denials()
        wait_for(lambda: store.freshness() is None and health_of(store).failures)
        assert not health_of(store).is_away
    assert "give the store the primary's address" in caplog.text


def test_an_engine_with_a_creator(postgres: PostgreSQL, room: str, record: Record) -> None:
    """The watcher's connection is made as the application makes its own: by its creator, and its listeners (K-22)."""
    made: list[Psql] = []
    seen: list[object] = []

    def create() -> Psql:
        made.append(postgres.connect(room))
        return made[-1]

    engine = create_engine("postgresql+psycopg://", creator=create)
    with closing(SQLStore(engine)) as store:
        event.listen(engine, "connect", lambda connection, _: seen.append(connection))
        assert store.freshness() is None
        assert made == []  # the application's engine makes its first connection by itself
        begin(store)
        assert len(made) == len(seen) == 2
        assert store.find(record.id).revision == store.freshness()
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # this kind of pool counts
    engine.dispose()
    assert all(each.closed for each in made)


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_an_async_engine_of_the_application(postgres: PostgreSQL, room: str, record: Record, driver: str) -> None:
    """An async engine is reached by its own way, on a loop of the watcher's, and its pool keeps all its room (K-22)."""
    engine = create_async_engine(postgres.url(driver, room), isolation_level="REPEATABLE READ", poolclass=NullPool)
    with driven(AsyncSQLStore(engine)) as store:
        begin(store)
        assert store.find(record.id).revision == store.freshness()


def test_a_connection_that_cannot_be_made(
    postgres: PostgreSQL, room: str, record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the watcher gets no connection every request reads its record, and the log says so once (K-22)."""
    made: list[Psql] = []

    def create() -> Psql:
        if made:
            raise psycopg.OperationalError("the password is tr0ub4dor")
        made.append(postgres.connect(room))
        return made[-1]

    engine = create_engine("postgresql+psycopg://", creator=create)
    with caplog.at_level(logging.DEBUG), closing(SQLStore(engine)) as store:
        store.find(record.id)
        wait_for(lambda: store.freshness() is None and store.health().failures > 2)
        assert store.find(record.id).record == record
    engine.dispose()
    assert caplog.text.count("the revision cannot be watched: OperationalError") == 1
    assert "tr0ub4dor" not in caplog.text


@pytest.mark.parametrize("kind", ["psycopg", "asyncpg"], indirect=True)
def test_closing_ends_it(kind: str, url: str, record: Record) -> None:
    """With the store its watcher ends, thread and connection; who asks again has it begin again (K-22)."""
    with ExitStack() as stack:
        before = set(threading.enumerate())
        store = stack.enter_context(opened(kind, url))
        begin(store)
        watchers = [each for each in set(threading.enumerate()) - before if each.name == "authmux-watcher"]
        assert len(watchers) == 1
        store.close()
        assert not watchers[0].is_alive()
        assert health_of(store) == StoreHealth()
        wait_for(store.freshness)


def test_idle_time(kind: str, url: str, other: SQLStore, record: Record) -> None:
    """After a minute without a request nobody watches; the next request learns nothing, and so reads (K-22)."""
    clock = ManualClock()
    with opened(kind, url, clock=clock) as store:
        begin(store)
        wait_for(lambda: health_of(store).age == 0)
        clock.advance(0.5)
        wait_for(lambda: health_of(store).age == 0)
        clock.advance(61)
        wait_for(lambda: not health_of(store).is_watched)
        change(other, record)
        assert store.freshness() is None
        wait_for(store.freshness)
        assert store.freshness() == other.find(record.id).revision


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_a_fork(kind: str, url: str, other: SQLStore, record: Record) -> None:
    """After a fork the child watches by itself, and leaves its parent's connection alone (K-22)."""
    colour = "blocking" if kind == "psycopg" else "awaiting"
    with started(watch_in_parent_and_child, colour, url) as pipe:
        assert answer_of(pipe) == "forked"
        change(other, record)
        now = other.find(record.id).revision
        pipe.send(now)
        assert {answer_of(pipe), answer_of(pipe)} == {("child", None), ("parent", 0)}


def test_nothing_may_be_held(kind: str, url: str, record: Record) -> None:
    """With `max_staleness=0` every request reads its record, and nobody watches (K-22)."""
    with opened(kind, url, max_staleness=0) as store:
        store.find(record.id)
        assert store.freshness() is None
        assert health_of(store) == StoreHealth()
    assert "authmux-watcher" not in {each.name for each in threading.enumerate()}


@pytest.mark.parametrize("store", [SQLStore, AsyncSQLStore])
@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"max_staleness": -1}, "max_staleness"),
        ({"max_staleness": 0.01}, "max_staleness"),
        ({"max_staleness": 61}, "max_staleness"),
        ({"max_staleness": float("nan")}, "max_staleness"),
        ({"outage_grace": -1}, "outage_grace"),
        ({"outage_grace": 301}, "outage_grace"),
        ({"outage_grace": float("nan")}, "outage_grace"),
        ({"outage_grace": 10, "max_staleness": 0}, "max_staleness=0"),
    ],
    ids=str,
)
def test_bounds(store: type[SQLStore] | type[AsyncSQLStore], options: dict[str, Any], match: str) -> None:
    """A number that makes no sense is refused with a sentence, before anything is connected."""
    with pytest.raises(ConfigurationError, match=match):
        store("postgresql://localhost/keys", **options)
