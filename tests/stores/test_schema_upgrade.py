"""A schema of version 1 is brought up to date, whole or not at all, and keys that were issued under it go on (K-15)."""

import json
import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from authmux.credential import PresentedCredential
from authmux.errors import ConfigurationError
from authmux.flow import run
from authmux.peppers import Peppers
from authmux.stores.port import StoreUnavailable
from authmux.stores.record import State
from authmux.stores.sql import AsyncSQLStore, SQLStore, metadata, postgresql
from authmux.stores.sql.tables import SCHEMA_VERSION
from authmux.stores.sql.upgrades import UPGRADES
from authmux.token_format import TokenFormat
from authmux.verifying.opaque import APIKeyVerifier, PATVerifier
from tests.postgres import PostgreSQL, wait_for_one_who_waits
from tests.stores.old_schema import COLUMNS_OF_VERSION_1, VECTORS, Room, file_in, room_on
from tests.stores.processes import create_schema_and_die, create_schemas
from tests.stores.sample_records import add, make_record

GOLDEN: Final[dict[str, Any]] = json.loads((VECTORS.parent / "opaque_tokens.json").read_text(encoding="utf-8"))
NOW: Final = 1_800_000_000.0
STARTERS: Final = 8
PLACES: Final = 3
DEAD: Final = {"a" * 16: State.DISABLED, "b" * 16: State.REVOKED, "c" * 16: State.EXPIRED, "d" * 16: State.DELETED}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Room:
    """Give an empty place for each database."""
    return file_in(tmp_path) if request.param == "sqlite" else room_on(request.getfixturevalue("postgres"))


@pytest.fixture
def old(empty: Room) -> Room:
    """Give what the first release left, on each database."""
    empty.make_version_1()
    return empty


@pytest.fixture
def store(old: Room) -> Iterator[SQLStore]:
    """Give a store on what the first release left."""
    with closing(SQLStore(old.url)) as store:
        yield store


@pytest.fixture
def fresh(old: Room, tmp_path: Path, request: pytest.FixtureRequest) -> Room:
    """Give a place beside the old one in which the schema is made from nothing."""
    is_file = old.url.startswith("sqlite")
    room = file_in(tmp_path, "fresh") if is_file else room_on(request.getfixturevalue("postgres"))
    with closing(SQLStore(room.url)) as store:
        store.create_schema()
    return room


def test_every_version_has_its_upgrade() -> None:
    """The versions after the first are listed without a gap, and nothing is listed that is not in the tables (K-15)."""
    assert sorted(UPGRADES) == list(range(2, SCHEMA_VERSION + 1))
    for upgrade in UPGRADES.values():
        assert set(upgrade.tables) <= set(metadata.tables)
        assert not set(upgrade.given_up) & set(metadata.tables)


def test_the_list_is_complete() -> None:
    """What the tables have and version 1 had not is what the upgrades list, to the last column (K-15)."""
    listed = {name for upgrade in UPGRADES.values() for name in (*upgrade.tables, *upgrade.columns)}
    old_tables = {*COLUMNS_OF_VERSION_1, "authmux_revision", "authmux_schema"}
    columns = {
        f"{name}.{column.name}"
        for name, there in COLUMNS_OF_VERSION_1.items()
        for column in metadata.tables[name].columns
        if column.name not in there
    }
    assert listed == (set(metadata.tables) - old_tables) | columns


def test_an_upgraded_schema_is_the_schema(store: SQLStore, old: Room, fresh: Room) -> None:
    """Tables, columns, indexes, keys and triggers are the same, whether made or brought up to date (K-15)."""
    store.create_schema()
    assert store.schema_status().is_whole
    mine, made = old.shape(), fresh.shape()
    for name in made:
        assert mine[name] == made[name] or _without_room(mine[name]) == _without_room(made[name])
    assert set(mine) == set(made)


def _without_room(triggers: Any) -> list[tuple[str, str]]:
    """Return the triggers without the names of the schemas that they are in."""
    return [(name, " ".join(word.rpartition(".")[2] for word in text.split())) for name, text in triggers]


def test_rows_stay_as_they_are(store: SQLStore, old: Room) -> None:
    """Every value that version 1 kept is kept to the last bit (K-15)."""
    before = old.kept()
    store.create_schema()
    assert old.kept() == before
    assert len(before["authmux_credentials"]) == len(GOLDEN["tokens"]) + len(DEAD)


def test_keys_of_version_1_verify(store: SQLStore, tmp_path: Path) -> None:
    """A key that was issued under version 1 verifies afterwards, and what was dead stays dead (K-12, K-15)."""
    file = tmp_path / "pepper" / "peppers"
    file.parent.mkdir(mode=0o700)
    file.write_text(GOLDEN["pepper_file"], encoding="ascii")
    file.chmod(0o600)
    tokens = TokenFormat(
        prefix=GOLDEN["prefix"], former_prefixes=GOLDEN["former_prefixes"], peppers=Peppers.file(file.parent)
    )
    verifiers = {"key": APIKeyVerifier(store, tokens), "pat": PATVerifier(store, tokens)}
    store.create_schema()
    for golden in GOLDEN["tokens"]:
        verifier = verifiers[golden["kind"]]
        principal = run(verifier.verify(PresentedCredential(golden["text"])))
        assert principal.credential is not None
        assert principal.credential.id == golden["id"]
    for verifier in verifiers.values():
        verifier._moves.background.flush()  # what was just proved moves to the current pepper, and nothing later
    for credential_id, state in DEAD.items():
        record = store.find(credential_id).record
        assert record is not None
        assert record.state(NOW) is state


def test_upgrading_moves_the_revision_once(store: SQLStore, old: Room) -> None:
    """What processes hold of the old version is dropped with the upgrade, and nothing more when it is done again."""
    before = old.rows("SELECT token FROM authmux_revision")[0][0]
    store.create_schema()
    upgraded = store.find("a" * 16)
    store.create_schema()
    assert upgraded.revision not in (None, before)
    assert store.find("a" * 16) == upgraded


def test_an_old_schema_is_said_to_be_one(store: SQLStore, caplog: pytest.LogCaptureFixture) -> None:
    """Before the upgrade a key is answered 503, never 401, and the log says what to do (K-15, K-24)."""
    with pytest.raises(StoreUnavailable, match="older_schema"):
        store.find("a" * 16)
    assert "of an older version: call store.create_schema() once" in caplog.text


def test_an_old_file_has_no_freshness(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Before the upgrade nothing is believed to be fresh, and the log says what to do (K-15, K-22)."""
    room = file_in(tmp_path)
    room.make_version_1()
    with closing(SQLStore(room.url)) as store:
        with pytest.raises(StoreUnavailable, match="older_schema"):
            store.freshness()
        assert "call store.create_schema() once" in caplog.text
        store.create_schema()
        assert store.freshness() == store.find("a" * 16).revision


def test_tables_without_a_version(store: SQLStore, old: Room, fresh: Room) -> None:
    """Old tables whose version a migration has left out are brought up to date like any others (K-15)."""
    old.run("DELETE FROM authmux_schema")
    assert store.schema_status().version is None
    store.create_schema()
    with closing(SQLStore(fresh.url)) as other:
        assert store.schema_status() == other.schema_status()


def test_what_was_given_up_stays_while_something_is_in_it(store: SQLStore, old: Room) -> None:
    """No table is dropped in which somebody has put rows (K-15)."""
    old.run("INSERT INTO authmux_credential_usage SELECT id, 1, NULL, NULL, NULL FROM authmux_credentials")
    store.create_schema()
    assert len(old.rows("SELECT * FROM authmux_credential_usage")) == len(GOLDEN["tokens"]) + len(DEAD)


@pytest.mark.parametrize("is_old", [True, False], ids=["version-1", "empty"])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_eight_processes_at_once(request: pytest.FixtureRequest, tmp_path: Path, database: str, is_old: bool) -> None:
    """Eight processes of both colours may start at once, on nothing or on version 1, and none of them fails (K-15)."""
    if database == "sqlite":
        rooms = [file_in(tmp_path, str(number)) for number in range(PLACES)]
    else:
        rooms = [room_on(request.getfixturevalue("postgres")) for _ in range(PLACES)]
    for room in rooms if is_old else []:
        room.make_version_1()
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(STARTERS)
    urls = {"blocking": [room.url for room in rooms], "awaiting": [room.async_url() for room in rooms]}
    colours = ["blocking", "awaiting"] * (STARTERS // 2)
    processes = [spawn.Process(target=create_schemas, args=(each, urls[each], barrier)) for each in colours]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * STARTERS
    for room in rooms:
        with closing(SQLStore(room.url)) as store:
            assert store.schema_status().is_whole


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_killed_in_the_middle(old: Room) -> None:
    """A process that is killed while it upgrades leaves version 1 whole, and the next one upgrades it (K-15)."""
    before, kept = old.shape(), old.kept()
    spawn = multiprocessing.get_context("spawn")
    kills = 0
    for at in range(2, 200, 4):
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=create_schema_and_die, args=(old.url, at, theirs))
        process.start()
        process.join(60)
        if process.exitcode == 0:
            assert ours.recv() == "whole"
            break
        assert process.exitcode == -signal.SIGKILL
        if old.rows("SELECT version FROM authmux_schema") == [(SCHEMA_VERSION,)]:
            break  # it came after the commit
        assert old.shape() == before
        kills += 1
    assert kills >= 5
    with closing(SQLStore(old.url)) as store:
        assert store.schema_status().is_whole
    assert old.kept() == kept


def test_an_upgrade_is_waited_for_on_a_file(tmp_path: Path) -> None:
    """Who starts while another process upgrades waits for it, for longer than for any other change (K-15)."""
    room = file_in(tmp_path)
    room.make_version_1()
    engine = room.engine()
    with engine.connect() as shell, closing(SQLStore(room.url + "?timeout=0.05")) as store:
        shell.exec_driver_sql("BEGIN IMMEDIATE")
        waiting = threading.Thread(target=store.create_schema)
        waiting.start()
        waiting.join(0.5)  # ten times what the application's own time-out allows
        assert waiting.is_alive()
        shell.exec_driver_sql("COMMIT")
        waiting.join(20)
        assert store.schema_status().is_whole
    engine.dispose()


def test_an_upgrade_is_waited_for_on_a_server(postgres: PostgreSQL) -> None:
    """Who starts while another process upgrades waits for it, for longer than for any other lock (K-15)."""
    room = room_on(postgres)
    room.make_version_1()
    with closing(SQLStore(room.url)) as first, closing(SQLStore(room.url)) as second:
        with first._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            postgresql.lock_schema(connection)
            waiting = threading.Thread(target=second.create_schema)
            waiting.start()
            with postgres.connect() as psql:
                wait_for_one_who_waits(psql)
            began = time.monotonic()
            waiting.join(2.5)  # two seconds are what a verb waits for a lock
            assert waiting.is_alive()
            assert time.monotonic() - began > 2
            connection.exec_driver_sql("COMMIT")
        waiting.join(20)
        assert second.schema_status().is_whole


def test_status_of_nothing(empty: Room) -> None:
    """Of an empty database the status is that everything is missing, and looking makes nothing (K-15)."""
    with closing(SQLStore(empty.url)) as store:
        status = store.schema_status()
    assert (status.version, status.wanted, status.has_revision) == (None, SCHEMA_VERSION, False)
    assert set(status.missing_tables) == set(metadata.tables)
    assert not status.is_whole
    assert empty.rows("SELECT 1") == [(1,)]
    assert empty.shape() == {"triggers": []}


def test_status_of_version_1(store: SQLStore) -> None:
    """Of version 1 the status names what the upgrade will bring, by name (K-15)."""
    status = store.schema_status()
    assert status.version == 1
    assert set(status.missing_tables) == {name for upgrade in UPGRADES.values() for name in upgrade.tables}
    assert set(status.missing_columns) == {name for upgrade in UPGRADES.values() for name in upgrade.columns}
    assert set(status.missing_indexes) == {name for upgrade in UPGRADES.values() for name in upgrade.indexes}
    assert status.journal_mode in ("wal", None)


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        (
            "DROP INDEX authmux_credentials_owner",
            {"missing_indexes": ("authmux_credentials.authmux_credentials_owner",)},
        ),
        (
            "ALTER TABLE authmux_credentials DROP COLUMN rotate_by",
            {"missing_columns": ("authmux_credentials.rotate_by",)},
        ),
        ("DROP TABLE authmux_usage", {"missing_tables": ("authmux_usage",)}),
        ("DELETE FROM authmux_revision", {"has_revision": False}),
    ],
    ids=["index", "column", "table", "revision"],
)
def test_status_names_what_is_missing(fresh: Room, statement: str, missing: dict[str, object]) -> None:
    """What somebody has taken away is named (K-15)."""
    fresh.run(statement)
    with closing(SQLStore(fresh.url)) as store:
        status = store.schema_status()
    assert {name: getattr(status, name) for name in missing} == missing
    assert not status.is_whole


def test_status_names_a_missing_trigger(fresh: Room) -> None:
    """A trigger that a migration took away is named (K-15, K-22)."""
    with closing(SQLStore(fresh.url)) as store:
        name, definition = fresh.shape()["triggers"][0]
        on = definition.split(" ON ")[1].split()[0]
        fresh.run(f"DROP TRIGGER {name}" + ("" if fresh.url.startswith("sqlite") else f" ON {on}"))
        assert store.schema_status().missing_triggers == (name,)
        store.create_schema()
        assert store.schema_status().is_whole


def test_a_map_of_schemas_is_refused() -> None:
    """An engine that translates schemas is refused with what to do instead, for triggers are beyond it (K-15)."""
    options: dict[str, Any] = {"execution_options": {"schema_translate_map": {None: "keys"}}}
    with pytest.raises(ConfigurationError, match="search_path"):
        SQLStore(create_engine("postgresql+psycopg://host/database", **options))
    with pytest.raises(ConfigurationError, match="search_path"):
        AsyncSQLStore(create_async_engine("postgresql+asyncpg://host/database", **options))


def test_a_schema_by_search_path(postgres: PostgreSQL) -> None:
    """Tables are where the search path leads, with their triggers and revision, and nowhere else (K-15)."""
    user = postgres.make_room()
    with postgres.connect() as psql:
        psql.execute(f"CREATE SCHEMA keys_of_{user} AUTHORIZATION {user}")
        url = postgres.url("psycopg", user) + f"?options=-csearch_path%3Dkeys_of_{user}"
        with closing(SQLStore(url)) as store, closing(SQLStore(postgres.url("psycopg", user))) as other:
            store.create_schema()
            record = add(store, make_record())
            before = store.find(record.id).revision
            psql.execute(f"UPDATE keys_of_{user}.authmux_credentials SET revoked_at = 0")
            assert store.find(record.id).revision not in (None, before)
            assert store.schema_status().is_whole
            assert other.schema_status().version is None
