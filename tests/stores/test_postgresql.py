"""The SQL stores on a real PostgreSQL: schema, revision, races, and what happens when the server is away."""

import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

import pytest
from sqlalchemy import create_engine, event, make_url

from authmux.credential import PresentedCredential
from authmux.errors import ConfigurationError, InvalidCredential
from authmux.flow import run
from authmux.issuing.actor import system
from authmux.issuing.token_service import TokenService
from authmux.stores.port import Query, StoreUnavailable
from authmux.stores.record import Record
from authmux.stores.sql import AsyncSQLStore, SQLStore, metadata
from authmux.verifying.opaque import APIKeyVerifier
from tests.postgres import PostgreSQL, Psql, wait_for_one_who_waits
from tests.stores.driven import AnySQLStore, driven
from tests.stores.processes import (
    CHANGES,
    TOKENS,
    change_in_parent_and_child,
    create_schemas,
    revoke_on_demand,
)
from tests.stores.sample_records import NOW, PEPPER, add, make_record, make_secret
from tests.stores.started import answer_of, started

ROOMS: Final = 5
REVOCATIONS: Final = 200
DRIVERS: Final = {"psycopg": "blocking", "async-psycopg": "awaiting", "asyncpg": "awaiting"}


@contextmanager
def opened(kind: str, url: str) -> Iterator[AnySQLStore]:
    """Open a store of one kind."""
    if DRIVERS[kind] == "blocking":
        with closing(SQLStore(url)) as store:
            yield store
    else:
        with driven(AsyncSQLStore(url)) as driver:
            yield driver


@pytest.fixture
def room(postgres: PostgreSQL) -> str:
    """Give an empty schema and its user, who have one name."""
    return postgres.make_room()


@pytest.fixture(params=DRIVERS)
def url(request: pytest.FixtureRequest, postgres: PostgreSQL, room: str) -> str:
    """Give the URL of an empty schema, for each driver."""
    return postgres.url(request.param.removeprefix("async-"), room)


@pytest.fixture
def store(request: pytest.FixtureRequest, url: str) -> Iterator[AnySQLStore]:
    """Give an empty store for each driver."""
    with opened(request.node.callspec.params["url"], url) as store:
        store.create_schema()
        yield store


@pytest.fixture
def psql(postgres: PostgreSQL, room: str) -> Iterator[Psql]:
    """Give a connection as psql has it, with no rights but the user's."""
    with postgres.connect(room) as connection:
        yield connection


def names_in(psql: Psql, query: str) -> set[str]:
    """Return the names that a query finds."""
    return {name for (name,) in psql.execute(query).fetchall()}


TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
TRIGGERS = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text NOT LIKE '%.%'"


def test_schema_is_whole(store: AnySQLStore, psql: Psql) -> None:
    """A user without any other right makes every table, and the triggers of those that matter (K-15)."""
    assert names_in(psql, TABLES) == set(metadata.tables)
    watched = ("credentials", "credential_secrets", "pepper_checks", "foreign_names", "denials")
    triggers = {f"authmux_{table}_{name}" for table in watched for name in ("revision", "truncate")}
    of_secrets = {f"authmux_credential_secrets_{name}" for name in ("rows", "changed")}
    assert names_in(psql, TRIGGERS) == triggers - {"authmux_credential_secrets_revision"} | of_secrets


def test_schema_twice(store: AnySQLStore) -> None:
    """Making the schema again changes nothing, the revision neither (K-15)."""
    record = add(store, make_record())
    before = store.find(record.id)
    store.create_schema()
    assert store.find(record.id) == before


def test_what_was_changed_without_triggers(store: AnySQLStore, psql: Psql) -> None:
    """What changed while a trigger was gone moved no revision: a schema made whole moves both (K-22)."""
    query = "SELECT id, token FROM authmux_revision ORDER BY id"
    before = psql.execute(query).fetchall()
    psql.execute("DROP TRIGGER authmux_denials_revision ON authmux_denials")
    store.create_schema()
    after = psql.execute(query).fetchall()
    assert [row in after for row in before] == [False, False]


def test_schema_by_several_processes(postgres: PostgreSQL) -> None:
    """Several processes, whatever their drivers, may start at once on an empty database, and none fails (K-15)."""
    rooms = [postgres.make_room() for _ in range(ROOMS)]
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(len(DRIVERS) + 1)
    processes = []
    for kind in (*DRIVERS, "psycopg"):
        urls = [postgres.url(kind.removeprefix("async-"), room) for room in rooms]
        processes.append(spawn.Process(target=create_schemas, args=(DRIVERS[kind], urls, barrier)))
        processes[-1].start()
    for process in processes:
        process.join(40)
    assert [process.exitcode for process in processes] == [0] * len(processes)
    for room in rooms:
        with postgres.connect(room) as psql:
            assert names_in(psql, TABLES) == set(metadata.tables)


def test_schema_beside_who_writes(store: AnySQLStore, psql: Psql) -> None:
    """Making the schema again waits for nobody who writes meanwhile: every start does it (K-15)."""
    record = add(store, make_record())
    with psql.transaction():
        psql.execute("UPDATE authmux_credentials SET revoked_at = 0 WHERE id = %s", [record.id])
        store.create_schema()


def test_schema_of_a_newer_version(store: AnySQLStore, psql: Psql) -> None:
    """The tables of a newer authmux are refused with a sentence and left as they are (K-15)."""
    psql.execute("UPDATE authmux_schema SET version = 3")
    psql.execute("DROP TRIGGER authmux_credentials_revision ON authmux_credentials")
    before = names_in(psql, TRIGGERS)
    with pytest.raises(ConfigurationError, match="version 3"):
        store.create_schema()
    assert names_in(psql, TRIGGERS) == before


def test_missing_tables(url: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> None:
    """A database without our tables is unavailable, and the log says what to do (K-24)."""
    with opened(request.node.callspec.params["url"], url) as store:
        for call in each_call(store):
            caplog.clear()
            with pytest.raises(StoreUnavailable):
                call()
            assert "call store.create_schema() once" in caplog.text


def each_call(store: AnySQLStore) -> list[Callable[[], object]]:
    """Return each way to ask a store."""
    return [
        lambda: store.find("0" * 16),
        lambda: store.list(Query()),
        store.pepper_checks,
        lambda: store.add(make_record(), pepper=PEPPER, max_live=1, now=NOW),
        lambda: store.replace(make_record(), expected=1),
    ]


def test_a_reading_carries_its_revision(store: AnySQLStore) -> None:
    """A record, and that there is none, carry the revision that they were read under (K-22)."""
    record = add(store, make_record())
    assert store.find(record.id).revision == store.find("0" * 16).revision is not None


WATCHED: list[Any] = [
    pytest.param(
        "INSERT INTO authmux_credential_secrets SELECT credential_id, 2, digest, algorithm, pepper_id, hint,"
        " created_at, NULL FROM authmux_credential_secrets",
        id="insert-secrets",
    ),
    pytest.param("UPDATE authmux_credential_secrets SET retire_at = 0", id="update-secrets"),
    pytest.param("DELETE FROM authmux_credential_secrets", id="delete-secrets"),
    pytest.param(
        "INSERT INTO authmux_credentials (id, kind, owner_type, owner_issuer, owner_id, created_by, name,"
        " description, scopes, resources, allowed_cidrs, allowed_origins, created_at, meta, row_version)"
        " VALUES ('x', 'key', 'none', '', '', '', '', '', '', '[]', '[]', '[]', 0, '{}', 1)",
        id="insert-credentials",
    ),
    pytest.param("UPDATE authmux_credentials SET revoked_at = 0", id="update-credentials"),
    pytest.param("DELETE FROM authmux_credentials WHERE name = 'childless'", id="delete-credentials"),
    pytest.param("TRUNCATE authmux_credentials CASCADE", id="truncate"),
    pytest.param("INSERT INTO authmux_pepper_checks VALUES ('p2', '\\x00')", id="insert-pepper"),
    pytest.param("DELETE FROM authmux_pepper_checks", id="delete-pepper"),
    pytest.param(
        "INSERT INTO authmux_foreign_names SELECT 'knox', name, id FROM authmux_credentials", id="insert-foreign-name"
    ),
]


@pytest.fixture
def shelf(postgres: PostgreSQL, room: str) -> Iterator[SQLStore]:
    """Give a blocking store with two records: one with a secret, and one without."""
    with closing(SQLStore(postgres.url("psycopg", room))) as store:
        store.create_schema()
        add(store, make_record())
        add(store, make_record(name="childless"))
        with postgres.connect(room) as shell:
            shell.execute(
                "DELETE FROM authmux_credential_secrets USING authmux_credentials"
                " WHERE credential_id = id AND name = 'childless'"
            )
        yield store


def revision_of(store: AnySQLStore) -> str | None:
    """Return the revision that a reading carries."""
    return store.find("0" * 16).revision


@pytest.mark.parametrize("statement", WATCHED)
def test_a_change_by_psql_moves_the_revision(shelf: SQLStore, psql: Psql, statement: str) -> None:
    """A change that is typed into psql moves the revision like any other (K-22)."""
    before = revision_of(shelf)
    psql.execute(statement)
    assert revision_of(shelf) not in (None, before)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO authmux_usage SELECT id, 0, 0, NULL, 1, 0, 0, 0 FROM authmux_credentials",
        "UPDATE authmux_credential_secrets SET digest = '\\x00', pepper_id = 'p2'",
        "CREATE TABLE application (id INTEGER)",
        "UPDATE authmux_credentials SET name = 'x' WHERE id = 'nobody'",
    ],
    ids=["usage", "moved-digest", "another-table", "no-row"],
)
def test_what_matters_to_no_verdict_leaves_the_revision(shelf: SQLStore, psql: Psql, statement: str) -> None:
    """Writing down a use, or anything that is no credential's change, leaves the revision as it is (K-11, K-22)."""
    before = revision_of(shelf)
    psql.execute(statement)
    assert revision_of(shelf) == before


def test_the_revision_is_written_last(shelf: SQLStore, psql: Psql) -> None:
    """The revision moves with the commit, and nobody has to wait for it before (K-22)."""
    before = revision_of(shelf)
    token = "SELECT token FROM authmux_revision WHERE id = 1"
    with psql.transaction():
        psql.execute("UPDATE authmux_credentials SET revoked_at = 0")
        assert psql.execute(token).fetchone() == (before,)
        add(shelf, make_record())  # it commits meanwhile, and so has written the revision
        theirs = revision_of(shelf)
    assert len({before, theirs, revision_of(shelf)}) == 3


def test_a_rollback_leaves_the_revision(shelf: SQLStore, psql: Psql) -> None:
    """What is rolled back, if only to a savepoint, has moved nothing; what follows moves the revision still (K-22)."""
    before = revision_of(shelf)
    with psql.transaction():
        psql.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with psql.transaction(force_rollback=True):
            psql.execute("UPDATE authmux_credentials SET revoked_at = 0")
    assert revision_of(shelf) == before
    with psql.transaction():
        psql.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with psql.transaction(force_rollback=True):
            psql.execute("UPDATE authmux_credentials SET revoked_at = 0")
        psql.execute("UPDATE authmux_credentials SET revoked_at = 0")
    assert revision_of(shelf) != before


def test_a_change_from_another_search_path(shelf: SQLStore, postgres: PostgreSQL, room: str) -> None:
    """An administrator who names the schema moves the revision in it, whatever his own search path is (K-22)."""
    before = revision_of(shelf)
    with postgres.connect() as administrator:
        administrator.execute(f"UPDATE {room}.authmux_credentials SET revoked_at = 0")
    assert revision_of(shelf) != before


def test_changes_in_opposite_orders(shelf: SQLStore, postgres: PostgreSQL, room: str) -> None:
    """Two who have each changed a record wait for nobody when they commit, for the revision is locked last (K-22)."""
    ids = [add(shelf, make_record()).id for _ in range(2)]
    barrier = threading.Barrier(2)

    def revoke(credential_id: str) -> None:
        with postgres.connect(room) as shell, shell.transaction():
            shell.execute("UPDATE authmux_credentials SET revoked_at = 0 WHERE id = %s", [credential_id])
            barrier.wait(10)  # written at once, the revision would have one of the two wait here
            shell.execute(
                "UPDATE authmux_credential_secrets SET retire_at = 0 WHERE credential_id = %s", [credential_id]
            )

    with ThreadPoolExecutor(2) as threads:
        for _ in threads.map(revoke, ids):
            pass
    assert [record.revoked_at for record in shelf.list(Query()) if record.id in ids] == [0, 0]


@pytest.mark.parametrize("url", ["asyncpg"], indirect=True)
def test_a_change_waits_for_a_lock_but_not_for_ever(store: AnySQLStore, psql: Psql) -> None:
    """A record that somebody keeps locked is unavailable after two seconds, and reading it goes on (K-22, K-24)."""
    record = add(store, make_record())
    with psql.transaction():
        psql.execute("SELECT 1 FROM authmux_credentials FOR UPDATE")
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            store.replace(replace(record, row_version=2), expected=1)
        assert 1.5 < time.monotonic() - began < 5
        assert store.find(record.id).record == record
    store.replace(replace(record, row_version=2), expected=1)


@pytest.mark.parametrize("url", ["asyncpg"], indirect=True)
def test_a_deadlock_is_tried_again(store: AnySQLStore, postgres: PostgreSQL, room: str) -> None:
    """Of two who wait for each other one is given up by PostgreSQL; if it is ours, it begins again (K-22)."""
    record = add(store, make_record())
    with postgres.connect() as rival, ThreadPoolExecutor(1) as threads:
        rival.execute(f"SET search_path = {room}")
        rival.execute("SET deadlock_timeout = '1min'")  # so that it is ours that looks first, and is given up
        rival.execute(f"ALTER ROLE {room} SET deadlock_timeout = '1500ms'")
        store.close()
        with rival.transaction():
            rival.execute("UPDATE authmux_credential_secrets SET hint = 'rivl'")
            ours = threads.submit(store.replace, replace(record, description="ours", row_version=2), expected=1)
            wait_for_one_who_waits(rival)
            rival.execute("UPDATE authmux_credentials SET description = 'theirs'")
        ours.result(20)
    kept = store.find(record.id).record
    assert kept is not None
    assert kept.description == "ours"


@pytest.mark.parametrize("isolation", ["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_adds_at_once_on_an_application_engine(postgres: PostgreSQL, room: str, isolation: str) -> None:
    """However the application isolates its own transactions, of several who take a name one gets it (K-30)."""
    engine = create_engine(postgres.url("psycopg", room), isolation_level=isolation, pool_size=8)
    store = SQLStore(engine)
    store.create_schema()
    barrier = threading.Barrier(8)

    def take(_: int) -> str:
        barrier.wait(10)
        try:
            add(store, make_record(name="nightly"))
        except Exception as error:
            return str(error)
        return "kept"

    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(take, range(8)))
    engine.dispose()
    assert outcomes == ["kept"] + ["name_taken"] * 7


@pytest.mark.parametrize("theirs", ["off", "local", "on"])
@pytest.mark.parametrize("made_by", ["store", "application"])
def test_changes_are_durable(postgres: PostgreSQL, room: str, made_by: str, theirs: str) -> None:
    """A change is on the disk when the verb returns, though the application turned that off for its own (K-22)."""
    with postgres.connect() as administrator:
        administrator.execute(f"ALTER ROLE {room} SET synchronous_commit = '{theirs}'")
    engine = create_engine(postgres.url("psycopg", room)) if made_by == "application" else None
    store = SQLStore(engine or postgres.url("psycopg", room))
    store.create_schema()
    seen: list[object] = []

    def before(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        if statement == "COMMIT":
            raw = connection.connection.driver_connection
            seen.extend(raw.execute("SHOW synchronous_commit").fetchone())

    event.listen(store._engine, "before_cursor_execute", before)
    add(store, make_record())
    assert seen == ["on" if theirs == "off" else theirs]
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == theirs
    store.close()
    store._engine.dispose()


def test_the_server_goes_and_comes_back(store: AnySQLStore, postgres: PostgreSQL) -> None:
    """While the server is away everything is unavailable; once it is back, nobody is refused any more (K-24)."""
    record = add(store, make_record())
    postgres.stop()
    try:
        for call in each_call(store):
            with pytest.raises(StoreUnavailable):
                call()
    finally:
        postgres.start()
    assert store.find(record.id).record == record
    store.replace(replace(record, row_version=2), expected=1)


def test_a_restart_that_nobody_noticed(store: AnySQLStore, postgres: PostgreSQL) -> None:
    """Connections that died while nobody used them cost no request and no verb its answer (K-24)."""
    record = add(store, make_record())
    for call in (lambda: store.find(record.id), lambda: store.replace(replace(record, row_version=2), expected=1)):
        postgres.stop()
        postgres.start()
        call()
    assert revision_of(store)


@pytest.mark.parametrize("kind", DRIVERS)
@pytest.mark.parametrize(
    "change", [{"port": 1}, {"password": "wrong"}, {"database": "nowhere"}], ids=["refused", "password", "database"]
)
def test_not_to_be_reached(
    postgres: PostgreSQL, room: str, kind: str, change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A server that cannot be reached, or lets nobody in, is unavailable; the log names no secret (K-24, K-92)."""
    url = make_url(postgres.url(kind.removeprefix("async-"), room))
    password = str(url.password)
    with opened(kind, url.set(**change).render_as_string(hide_password=False)) as store:
        for call in (store.create_schema, *each_call(store)):
            with caplog.at_level(logging.DEBUG, "authmux"), pytest.raises(StoreUnavailable):
                call()
    assert password not in caplog.text
    assert "does not answer" in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
@pytest.mark.parametrize("kind", DRIVERS)
def test_parent_and_child_both_write(postgres: PostgreSQL, room: str, kind: str) -> None:
    """Parent and child may both change records after a fork, each on connections of its own (K-22)."""
    url = postgres.url(kind.removeprefix("async-"), room)
    with opened(kind, url) as store:
        store.create_schema()
        record = add(store, make_record())
        with started(change_in_parent_and_child, DRIVERS[kind], url, record.id) as pipe:
            status, versions = answer_of(pipe)
        kept = store.find(record.id).record
    assert status == 0
    assert len(versions) == CHANGES
    assert kept is not None
    assert kept.row_version == 1 + 2 * CHANGES


@pytest.mark.parametrize("change", ["rename", "revoke"])
def test_a_reading_is_one_moment(shelf: SQLStore, psql: Psql, change: str) -> None:
    """A record and the revision that it carries are of one moment: a later change makes the revision an old one."""
    record = shelf.list(Query())[0]
    changed: dict[str, Any] = {"description": "renamed"} if change == "rename" else {"revoked_at": NOW}
    before = shelf.find(record.id)
    shelf.replace(replace(record, secrets=(make_secret(),), row_version=2, **changed), expected=1)
    after = shelf.find(record.id)
    assert before.revision != after.revision
    assert after.record != before.record
    assert isinstance(after.record, Record)


def test_revocations_by_other_processes(postgres: PostgreSQL, room: str) -> None:
    """Where nothing is held nothing passes that begins after `revoke` returned, whoever revoked it, and how (K-25)."""
    places = [(colour, postgres.url(kind.removeprefix("async-"), room)) for kind, colour in DRIVERS.items()]
    passed: list[str] = []
    with closing(SQLStore(places[0][1], max_staleness=0)) as store, ExitStack() as stack:
        store.create_schema()
        service, verifier = TokenService(store, TOKENS), APIKeyVerifier(store, TOKENS)
        revokers = [stack.enter_context(started(revoke_on_demand, *place)) for place in places]
        assert [answer_of(revoker) for revoker in revokers] == ["ready"] * len(places)
        for number in range(REVOCATIONS):
            issued = service.issue_key(name=str(number), scopes=["a:b"], by=system())
            credential = PresentedCredential(issued.text)
            assert run(verifier.verify(credential)).id == issued.record.id
            revokers[number % len(revokers)].send(issued.record.id)
            assert answer_of(revokers[number % len(revokers)]) == issued.record.id
            with suppress(InvalidCredential):
                passed.append(run(verifier.verify(credential)).id)
        for revoker in revokers:
            revoker.send(None)
    assert passed == []
