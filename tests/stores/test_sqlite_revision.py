"""The revision of a SQLite file is read on every request, and follows the file through whatever is done to it."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event

from authmux.stores.port import StoreUnavailable
from authmux.stores.record import Record
from authmux.stores.sql import SQLStore
from authmux.testing.manual_clock import ManualClock
from tests.stores.driven import AnySQLStore, on_file
from tests.stores.processes import CHANGES, answer_from_a_child, change_in_parent_and_child
from tests.stores.sample_records import NOW, add, make_record
from tests.stores.started import answer_of, started

LOOK_EVERY = 0.5


@pytest.fixture
def clock() -> ManualClock:
    """Give the clock by which the file is looked at."""
    return ManualClock()


@pytest.fixture(params=["blocking", "awaiting"])
def store(request: pytest.FixtureRequest, path: Path, clock: ManualClock) -> Iterator[AnySQLStore]:
    """Give a store of each colour whose clock stands."""
    with on_file(path, colour=request.param, clock=clock) as store:
        store.create_schema()
        yield store


@pytest.fixture
def record(store: AnySQLStore) -> Record:
    """Give a record that the store keeps."""
    return add(store, make_record())


def revoked_copy(path: Path, record: Record) -> Path:
    """Return a whole copy of a database in which the record is revoked."""
    copy = path.with_name("copy.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    with closing(SQLStore(f"sqlite:///{copy}")) as store:
        store.create_schema()
        store.replace(replace(record, revoked_at=NOW, row_version=2), expected=1)
    return copy


def remove(path: Path) -> None:
    """Remove a database, with what SQLite keeps beside it."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def put_in_place(copy: Path, path: Path) -> None:
    """Put another database where one stands, as a restore does."""
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    os.replace(copy, path)


def test_a_change_shows_at_once(store: AnySQLStore, record: Record, path: Path) -> None:
    """What another connection has committed moves the revision at the next reading, though no time passes (K-22)."""
    before = store.freshness()
    with closing(SQLStore(f"sqlite:///{path}")) as other:
        other.replace(replace(record, revoked_at=NOW, row_version=2), expected=1)
    assert store.freshness() != before
    assert store.find(record.id).revision == store.freshness()


@pytest.mark.parametrize("is_there", [True, False], ids=["record", "absence"])
def test_a_change_while_it_reads(store: AnySQLStore, path: Path, is_there: bool) -> None:
    """What changes between the statements of a look-up makes its revision an old one, or is in its answer (K-22)."""
    first = make_record()
    second = replace(first, row_version=2, revoked_at=NOW)
    if is_there:
        add(store, first)
    engine = create_engine(f"sqlite:///{path}")
    rivals = [lambda: store.replace(second, expected=1) if is_there else add(store, first)]

    def be_overtaken(_: object, __: object, statement: str, *args: object) -> None:
        if rivals and "authmux_credentials" in statement:
            rivals.pop()()

    event.listen(engine, "after_cursor_execute", be_overtaken)
    reading = SQLStore(engine).find(first.id)
    engine.dispose()
    assert rivals == []
    assert reading.revision != store.freshness() or reading.record == (second if is_there else first)


def test_an_open_transaction_shows_nothing(store: AnySQLStore, record: Record, path: Path) -> None:
    """A change that is not committed has not happened yet (K-22)."""
    before = store.freshness()
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        shell.execute("UPDATE authmux_credentials SET revoked_at = 0")
        assert store.freshness() == before
        shell.execute("COMMIT")
    assert store.freshness() != before


def test_revision_holds_no_transaction_open(store: AnySQLStore, record: Record, path: Path) -> None:
    """Reading the revision leaves no transaction open, so that the WAL can be written back (K-22)."""
    assert store.freshness()
    store.replace(replace(record, row_version=2), expected=1)
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        assert shell.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


def test_a_replaced_file_is_noticed(
    store: AnySQLStore, record: Record, path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Another file in the place of ours is noticed within half a second, and nothing old is read of it (K-22)."""
    before = store.freshness()
    put_in_place(revoked_copy(path, record), path)
    clock.advance(LOOK_EVERY)
    assert store.freshness() not in (None, before)
    reading = store.find(record.id)
    assert reading.revision == store.freshness()
    assert reading.record is not None
    assert reading.record.revoked_at == NOW
    assert "replaced" in caplog.text


def test_an_unchanged_file_is_not_reopened(
    store: AnySQLStore, record: Record, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is still the same one is left open, and nothing is said (K-22)."""
    before = store.freshness()
    clock.advance(LOOK_EVERY * 10)
    assert store.freshness() == before
    assert caplog.records == []


def test_replaced_before_the_first_look(store: AnySQLStore, record: Record, path: Path) -> None:
    """A file that is replaced before its revision was ever read is read anew all the same (K-22)."""
    put_in_place(revoked_copy(path, record), path)
    assert store.freshness()
    assert store.find(record.id).revision == store.freshness()


def test_a_removed_file_is_unavailable(store: AnySQLStore, record: Record, path: Path, clock: ManualClock) -> None:
    """A removed file is unavailable within half a second, and stays so; no new one is made for it (K-22, K-24)."""
    assert store.freshness()
    remove(path)
    clock.advance(LOOK_EVERY)
    for _ in range(2):
        for call in (store.freshness, lambda: store.find(record.id), lambda: add(store, make_record())):
            with pytest.raises(StoreUnavailable):
                call()
    assert not path.exists()


def test_a_file_that_comes_back_is_read_anew(
    store: AnySQLStore, record: Record, path: Path, clock: ManualClock
) -> None:
    """A file that was away and came back as another one is read anew, by every connection (K-22)."""
    copy = revoked_copy(path, record)
    store.freshness()
    remove(path)
    clock.advance(LOOK_EVERY)
    with pytest.raises(StoreUnavailable):
        store.freshness()
    put_in_place(copy, path)
    clock.advance(LOOK_EVERY)
    assert store.freshness()
    reading = store.find(record.id)
    assert reading.revision == store.freshness()
    assert reading.record is not None
    assert reading.record.revoked_at == NOW


def test_nothing_is_written_to_a_file_that_was_replaced(store: AnySQLStore, record: Record, path: Path) -> None:
    """A store that only writes notices a replaced file too: a change is in the file that stands there (K-22, K-25)."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(path.with_name("copy.db"))) as target:
        source.backup(target)
    put_in_place(path.with_name("copy.db"), path)
    store.replace(replace(record, revoked_at=NOW, row_version=2), expected=1)
    with closing(SQLStore(f"sqlite:///{path}")) as other:
        kept = other.find(record.id).record
    assert kept is not None
    assert kept.revoked_at == NOW


def test_a_restored_file_may_be_made_anew(store: AnySQLStore, path: Path) -> None:
    """After the file was removed, making the schema begins a new one, in the file and nowhere else (K-15, K-22)."""
    remove(path)
    store.create_schema()
    record = add(store, make_record())
    with closing(SQLStore(f"sqlite:///{path}")) as other:
        assert other.find(record.id).record == record


def test_garbage_in_place_of_the_file(store: AnySQLStore, record: Record, path: Path, clock: ManualClock) -> None:
    """A file that is no database any more is unavailable, and says nothing of any credential (K-22, K-24)."""
    assert store.freshness()
    garbage = path.with_name("garbage")
    garbage.write_bytes(b"this is no database, and never was one" * 100)
    put_in_place(garbage, path)
    clock.advance(LOOK_EVERY)
    for call in (store.freshness, lambda: store.find(record.id)):
        with pytest.raises(StoreUnavailable):
            call()


def set_journal_mode(path: Path, mode: str) -> None:
    """Change the journal mode of a database that nobody has open."""
    with closing(sqlite3.connect(path)) as shell:
        assert shell.execute(f"PRAGMA journal_mode = {mode}").fetchone() == (mode,)


def test_without_wal_nothing_is_held(
    store: AnySQLStore, record: Record, path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a database that is not in WAL mode the revision is not known, and the log says so once (K-22)."""
    store.close()
    set_journal_mode(path, "delete")
    for _ in range(3):
        assert store.freshness() is None
        clock.advance(LOOK_EVERY)
    assert [each.getMessage().split(":")[0] for each in caplog.records] == [
        "the database is in journal mode delete, not WAL"
    ]
    assert store.find(record.id).record == record


def test_wal_that_is_set_later_is_noticed(store: AnySQLStore, record: Record, path: Path, clock: ManualClock) -> None:
    """Once the database is in WAL mode again, its revision is known again, without a restart (K-22)."""
    store.close()
    set_journal_mode(path, "delete")
    assert store.freshness() is None
    store.close()
    set_journal_mode(path, "wal")
    clock.advance(LOOK_EVERY)
    assert store.freshness() == store.find(record.id).revision


def test_closing_is_not_the_end(store: AnySQLStore, record: Record) -> None:
    """A store that was closed opens its connections again when it is asked (K-22)."""
    before = store.freshness()
    store.close()
    assert store.freshness() == before
    assert store.find(record.id).record == record


def test_locked_for_a_moment(store: AnySQLStore, record: Record, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A revision that cannot be read is unavailable, never the one before; afterwards it is read again (K-22, K-24)."""
    before = store.freshness()
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("PRAGMA locking_mode = EXCLUSIVE").close()
        shell.execute("BEGIN EXCLUSIVE")
        with caplog.at_level(logging.ERROR, "authmux.store"), pytest.raises(StoreUnavailable):
            store.freshness()
        shell.execute("COMMIT")
    assert [each.getMessage() for each in caplog.records] == ["the database does not answer: OperationalError"]
    assert store.freshness() == before


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")


@pytest.fixture
def place(request: pytest.FixtureRequest, path: Path) -> tuple[str, str]:
    """Return in which colour, and by which URL, another process opens the file."""
    colour: str = request.node.callspec.params["store"]
    return colour, f"sqlite{'' if colour == 'blocking' else '+aiosqlite'}:///{path}"


@needs_fork
def test_a_forked_child_sees_every_change(store: AnySQLStore, record: Record, place: tuple[str, str]) -> None:
    """A forked child sees what others change, also when its parent has let go of the database (K-22, K-25)."""
    store.close()
    with started(answer_from_a_child, *place, record.id) as pipe:
        assert answer_of(pipe) == "closed"
        answers = []
        for version in (2, 3, 4):
            pipe.send("and now?")
            answers.append(answer_of(pipe))
            # SQLite tidies the WAL away when the last one closes the file: the child must count as one who has it.
            store.replace(replace(record, row_version=version), expected=version - 1)
            store.close()
        pipe.send(None)
    assert answers == [(1, True), (2, True), (3, True)]


@needs_fork
def test_parent_and_child_both_write(store: AnySQLStore, record: Record, place: tuple[str, str]) -> None:
    """Parent and child may both change records after a fork: no change is lost, and each one is noticed (K-22)."""
    with started(change_in_parent_and_child, *place, record.id) as pipe:
        status, versions = answer_of(pipe)
    assert status == 0
    assert len(versions) == CHANGES
    kept = store.find(record.id).record
    assert kept is not None
    assert kept.row_version == 1 + 2 * CHANGES


def test_a_migration_that_takes_the_triggers_is_noticed(
    store: AnySQLStore, path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a change would not move the revision, nothing is believed, until the schema is made whole (K-22)."""
    assert store.freshness()
    with closing(sqlite3.connect(path)) as shell:
        shell.execute("DROP TRIGGER authmux_credentials_update")
        shell.commit()
    clock.advance(LOOK_EVERY)
    with pytest.raises(StoreUnavailable):
        store.freshness()
    assert "call store.create_schema()" in caplog.text
    store.create_schema()
    assert store.freshness()


@pytest.mark.parametrize(
    "trigger", ["authmux_credentials_update", "authmux_credential_secrets_changed", "authmux_denials_update"]
)
def test_what_was_changed_without_triggers(store: AnySQLStore, path: Path, trigger: str) -> None:
    """What changed while the triggers were gone moved no revision: a schema made whole moves both (K-22)."""
    before = store.freshness()
    with closing(sqlite3.connect(path)) as shell:
        seen = dict(shell.execute("SELECT id, token FROM authmux_revision"))
        shell.execute(f"DROP TRIGGER {trigger}")
        shell.commit()
        store.create_schema()
        now = dict(shell.execute("SELECT id, token FROM authmux_revision"))
    assert [seen[row] == now[row] for row in sorted(seen)] == [False, False]
    assert store.freshness() != before


@pytest.mark.parametrize("row", [("jti", None, None), ("subject", "2026-01-01", None), ("subject", None, "2026-01-01")])
def test_a_denial_that_nobody_understands(
    store: AnySQLStore, path: Path, row: tuple[str, str | None, str | None]
) -> None:
    """B-64: what was typed in wrongly refuses everybody as an outage does, and is no error of ours."""
    what, before, until = row
    with closing(sqlite3.connect(path)) as shell:
        shell.execute(
            "INSERT INTO authmux_denials VALUES (?, 'i', 'a', ?, ?, 1.0, 'x', 'other')", (what, before, until)
        )
        shell.commit()
    with pytest.raises(StoreUnavailable, match="nobody understands"):
        store.denials()
