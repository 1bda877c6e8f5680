"""SQLStore makes its tables, finds its file, and says so when either is missing."""

import logging
import multiprocessing
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, StaticPool

from authmux.errors import ConfigurationError
from authmux.stores.port import Query, StoreUnavailable
from authmux.stores.sql import SQLStore, metadata
from tests.stores.driven import AnySQLStore
from tests.stores.processes import create_schemas
from tests.stores.sample_records import NOW, PEPPER, add, make_record

STARTERS = 4
FILES = 15  # a change to WAL that does not wait failed on about one of thirty


@pytest.fixture
def shell(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file as the sqlite3 shell does: no pragma, no transaction of its own."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as connection:
        yield connection


def tables_in(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the tables and triggers that there are."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'trigger')")}


def test_schema_is_whole(file_store: AnySQLStore, shell: sqlite3.Connection) -> None:
    """Every table of the metadata is made, and three triggers for each of those that matter (K-15, K-22)."""
    watched = ("credentials", "credential_secrets", "pepper_checks", "foreign_names", "denials")
    triggers = {f"authmux_{table}_{verb}" for table in watched for verb in ("insert", "update", "delete")}
    triggers = triggers - {"authmux_credential_secrets_update"} | {"authmux_credential_secrets_changed"}
    assert tables_in(shell) == set(metadata.tables) | triggers


def test_schema_twice(file_store: AnySQLStore) -> None:
    """Making the schema again changes nothing, the revision neither (K-15)."""
    record = add(file_store, make_record())
    before = file_store.freshness()
    file_store.create_schema()
    assert file_store.freshness() == before
    assert file_store.find(record.id).record == record


def test_schema_by_several_processes(tmp_path: Path) -> None:
    """Several processes may start at once on an empty database, and none of them fails (K-15)."""
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(STARTERS)
    arguments = ("blocking", [f"sqlite:///{tmp_path}/{number}.db" for number in range(FILES)], barrier)
    processes = [spawn.Process(target=create_schemas, args=arguments) for _ in range(STARTERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * STARTERS
    for number in range(FILES):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as connection:
            assert set(metadata.tables) <= tables_in(connection)


def test_schema_waits_for_who_writes(path: Path, shell: sqlite3.Connection) -> None:
    """A file that another process is just writing to is waited for (K-15)."""
    shell.execute("CREATE TABLE application (id INTEGER)")
    shell.execute("BEGIN IMMEDIATE")
    commit = Timer(0.2, lambda: shell.execute("COMMIT"))
    commit.start()
    try:
        with closing(SQLStore(f"sqlite:///{path}")) as store:
            store.create_schema()
            assert store.freshness()
    finally:
        commit.join()


def test_schema_of_a_newer_version(file_store: AnySQLStore, shell: sqlite3.Connection) -> None:
    """The tables of a newer authmux are refused with a sentence and left as they are (K-15)."""
    shell.execute("UPDATE authmux_schema SET version = 3")
    shell.execute("DROP TRIGGER authmux_credentials_update")
    before = tables_in(shell)
    with pytest.raises(ConfigurationError, match="version 3"):
        file_store.create_schema()
    assert tables_in(shell) == before


def test_wal_is_set(file_store: AnySQLStore, shell: sqlite3.Connection) -> None:
    """Making the schema puts the file into WAL mode, for every connection from then on (K-22)."""
    assert shell.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_wal_is_required(tmp_path: Path) -> None:
    """A database that will not change to WAL is refused with a sentence (K-22)."""
    path = tmp_path / "keys.db"
    engine = create_engine(f"sqlite:///file:{path}?vfs=unix-none&uri=true", poolclass=NullPool)
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA locking_mode = NORMAL").close())
    with pytest.raises(ConfigurationError, match="WAL"):
        SQLStore(engine).create_schema()
    engine.dispose()


WATCHED = [
    ("INSERT INTO authmux_credential_secrets SELECT credential_id, 2, digest, algorithm, pepper_id, hint, created_at,"
     " NULL FROM authmux_credential_secrets"),
    "UPDATE authmux_credential_secrets SET retire_at = 0",
    "DELETE FROM authmux_credential_secrets",
    ("INSERT INTO authmux_credentials (id, kind, owner_type, owner_issuer, owner_id, created_by, name, description,"
     " scopes, resources, allowed_cidrs, allowed_origins, created_at, meta, row_version)"
     " VALUES ('x', 'key', 'none', '', '', '', '', '', '', '[]', '[]', '[]', 0, '{}', 1)"),
    "UPDATE authmux_credentials SET revoked_at = 0",
    "DELETE FROM authmux_credentials",
    "INSERT INTO authmux_pepper_checks VALUES ('p2', x'00')",
    "UPDATE authmux_pepper_checks SET pepper_id = 'p2'",
    "DELETE FROM authmux_pepper_checks",
    "INSERT INTO authmux_foreign_names SELECT 'knox', 'abc', id FROM authmux_credentials",
]  # fmt: skip


@pytest.mark.parametrize("statement", WATCHED, ids=lambda statement: " ".join(statement.split()[:3]))
def test_a_change_by_the_shell_moves_the_revision(
    file_store: AnySQLStore, shell: sqlite3.Connection, statement: str
) -> None:
    """A change that is typed into the sqlite3 shell moves the revision like any other (K-22)."""
    add(file_store, make_record())
    before = file_store.freshness()
    shell.execute(statement)
    assert file_store.freshness() != before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO authmux_usage SELECT id, 0, 0, NULL, 1, 0, 0, 0 FROM authmux_credentials",
        "UPDATE authmux_credential_secrets SET digest = x'00', pepper_id = 'p2'",
        "CREATE TABLE application (id INTEGER)",
        "UPDATE authmux_credentials SET name = 'x' WHERE id = 'nobody'",
    ],
    ids=["usage", "moved-digest", "another-table", "no-row"],
)
def test_what_matters_to_no_verdict_leaves_the_revision(
    file_store: AnySQLStore, shell: sqlite3.Connection, statement: str
) -> None:
    """Writing down a use, or anything that is no credential's change, leaves the revision as it is (K-11, K-22)."""
    add(file_store, make_record())
    before = file_store.freshness()
    shell.execute(statement)
    assert file_store.freshness() == before


@pytest.mark.parametrize("name", ["a b", "a?b", "a#b", "a%20b", "a%b", "ü", "a&b=c", "a'b\"c", "a:b", "[a]"])
def test_odd_path(tmp_path: Path, name: str) -> None:
    """A file of any name is the same file for the records and for the revision (K-22)."""
    engine = create_engine(URL.create("sqlite", database=str(tmp_path / name)))
    store = SQLStore(engine)
    store.create_schema()
    record = add(store, make_record())
    assert (tmp_path / name).exists()
    assert store.find(record.id).revision == store.freshness()
    store.close()
    engine.dispose()


@pytest.mark.parametrize("name", ["a b", "a#b", "ü"])
def test_odd_path_in_a_url(tmp_path: Path, name: str) -> None:
    """A URL with a space or the like in its path names that file, for the records and for the revision (K-22)."""
    with closing(SQLStore(f"sqlite:///{tmp_path / name}")) as store:
        store.create_schema()
        record = add(store, make_record())
        assert (tmp_path / name).exists()
        assert store.find(record.id).revision == store.freshness()


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path stays the file that it was when the store was made, wherever the process goes (K-22)."""
    monkeypatch.chdir(tmp_path)
    with closing(SQLStore("sqlite:///keys.db")) as store:
        store.create_schema()
        monkeypatch.chdir("/")
        record = add(store, make_record())
        assert store.find(record.id).revision == store.freshness()


@pytest.mark.parametrize("journal_mode", ["wal", "delete"])
def test_missing_tables(
    path: Path, shell: sqlite3.Connection, caplog: pytest.LogCaptureFixture, journal_mode: str
) -> None:
    """A database without our tables is unavailable, and the log says what to do (K-24)."""
    shell.execute(f"PRAGMA journal_mode = {journal_mode}").close()
    shell.execute("CREATE TABLE application (id INTEGER)")
    with closing(SQLStore(f"sqlite:///{path}")) as store:
        for call in each_call(store)[0 if journal_mode == "wal" else 1 :]:
            caplog.clear()
            with pytest.raises(StoreUnavailable):
                call()
            assert "call store.create_schema() once" in caplog.text


def test_missing_revision(file_store: AnySQLStore, shell: sqlite3.Connection) -> None:
    """A database whose revision is gone is unavailable, and nothing that is read of it may be held (K-22, K-24)."""
    record = add(file_store, make_record())
    shell.execute("DELETE FROM authmux_revision")
    with pytest.raises(StoreUnavailable):
        file_store.freshness()
    assert file_store.find(record.id).revision is None
    assert file_store.find("0" * 16).revision is None


def test_no_database(tmp_path: Path) -> None:
    """A database that cannot be opened is unavailable (K-24)."""
    with closing(SQLStore(f"sqlite:///{tmp_path / 'nowhere' / 'keys.db'}")) as store:
        for call in (store.create_schema, *each_call(store)):
            with pytest.raises(StoreUnavailable):
                call()


def test_not_a_database(path: Path) -> None:
    """A file that is no database is unavailable (K-24)."""
    path.write_bytes(b"this is no database, and never was one" * 100)
    with closing(SQLStore(f"sqlite:///{path}")) as store:
        for call in (store.create_schema, *each_call(store)):
            with pytest.raises(StoreUnavailable):
                call()


def test_locked_for_writing(path: Path, shell: sqlite3.Connection) -> None:
    """While another process holds the write lock, a change is unavailable, and reading goes on (K-22, K-24)."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.05})
    store = SQLStore(engine)
    store.create_schema()
    record = add(store, make_record())
    shell.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        store.replace(record, expected=1)
    assert store.find(record.id).revision == store.freshness()
    shell.execute("ROLLBACK")
    store.close()
    engine.dispose()


def test_locked_altogether(path: Path, shell: sqlite3.Connection) -> None:
    """While another process keeps the database to itself, it is unavailable, and available again afterwards (K-24)."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.05}, poolclass=NullPool)
    store = SQLStore(engine)
    store.create_schema()
    record = add(store, make_record())
    shell.execute("PRAGMA locking_mode = EXCLUSIVE").close()
    shell.execute("BEGIN EXCLUSIVE")
    for call in each_call(store):
        with pytest.raises(StoreUnavailable):
            call()
    shell.execute("COMMIT")
    shell.close()
    assert store.find(record.id).revision == store.freshness()
    store.close()


def each_call(store: SQLStore) -> list[Callable[[], object]]:
    """Return each way to ask a store, its freshness first."""
    return [
        store.freshness,
        lambda: store.find("0" * 16),
        lambda: store.list(Query()),
        store.pepper_checks,
        lambda: store.add(make_record(), pepper=PEPPER, max_live=1, now=NOW),
        lambda: store.replace(make_record(), expected=1),
    ]


def test_a_failure_shows_no_digest(file_store: AnySQLStore, shell: sqlite3.Connection) -> None:
    """The traceback of a database's failure shows no digest, for somebody will log it (K-12, K-92)."""
    record = make_record()
    shell.execute("DROP TABLE authmux_credential_secrets")
    with pytest.raises(StoreUnavailable) as caught:
        add(file_store, record)
    assert r"\x01\x01" not in "".join(traceback.format_exception(caught.value))


def test_memory_database_has_no_revision(caplog: pytest.LogCaptureFixture) -> None:
    """Of a database in memory nothing may be held, since no second connection can look at it (K-22)."""
    with closing(SQLStore("sqlite://")) as store:
        store.create_schema()
        add(store, make_record())
        assert store.freshness() is None


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_memory_database_is_one(url: str) -> None:
    """A database in memory is the same one in every thread, however many ask at once (K-20)."""
    with closing(SQLStore(url)) as store:
        store.create_schema()
        record = add(store, make_record())
        with ThreadPoolExecutor(4) as threads:
            found = [reading.record for reading in threads.map(store.find, [record.id] * 40)]
    assert found == [record] * 40


def application_engine(path: Path, **pragmas: object) -> Engine:
    """Return an engine as an application makes it that wants real transactions, by SQLAlchemy's own recipe."""
    engine = create_engine(f"sqlite:///{path}")

    def on_connect(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}").close()

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def test_engine_that_begins_transactions_itself(path: Path) -> None:
    """An engine that emits its own BEGIN, as SQLAlchemy's manual shows it for SQLite, serves all the same (K-22)."""
    engine = application_engine(path)
    store = SQLStore(engine)
    store.create_schema()
    record = add(store, make_record())
    assert store.find(record.id).record == record
    assert store.find(record.id).revision == store.freshness()
    store.close()
    engine.dispose()


def test_application_keeps_its_engine(tmp_path: Path) -> None:
    """Closing the store leaves open what it did not open: the application's own connections (K-22)."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    store = SQLStore(engine)
    store.create_schema()
    record = add(store, make_record())
    store.close()
    assert store.find(record.id).record == record
    engine.dispose()


@pytest.mark.parametrize("made_by", ["store", "application"])
def test_changes_are_durable(path: Path, made_by: str) -> None:
    """A change is on the disk when the verb returns, whatever the application set for its own (K-22)."""
    engine = application_engine(path, synchronous="OFF") if made_by == "application" else None
    store = SQLStore(engine or f"sqlite:///{path}")
    store.create_schema()
    synchronous: list[Any] = []

    def before(connection: Connection, _: object, statement: str, *args: object) -> None:
        if statement == "COMMIT":
            raw: Any = connection.connection.driver_connection
            synchronous.extend(raw.execute("PRAGMA synchronous").fetchone())

    event.listen(store._engine if engine is None else engine, "before_cursor_execute", before)
    add(store, make_record())
    assert synchronous == [2]
    store.close()
    if engine is not None:
        engine.dispose()


def test_failed_change_is_undone(file_store: AnySQLStore, shell: sqlite3.Connection) -> None:
    """A change that fails halfway leaves the record, its generations and the revision as they were (K-22, K-33)."""
    record = add(file_store, make_record())
    shell.execute(
        "CREATE TRIGGER full AFTER INSERT ON authmux_credential_secrets BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    before = file_store.find(record.id)
    with pytest.raises(StoreUnavailable):
        file_store.replace(make_record(id=record.id, row_version=2), expected=1)
    assert file_store.find(record.id) == before


def test_failure_is_logged_without_its_text(
    file_store: AnySQLStore, shell: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """What the log says of a database's failure names its class and holds no statement and no value (K-92)."""
    shell.execute("DROP INDEX authmux_credentials_owner")
    shell.execute("ALTER TABLE authmux_credentials RENAME COLUMN name TO title")
    with caplog.at_level(logging.ERROR, "authmux.store"), pytest.raises(StoreUnavailable):
        add(file_store, make_record(name="nightly"))
    assert [record.getMessage() for record in caplog.records] == ["the database does not answer: OperationalError"]
