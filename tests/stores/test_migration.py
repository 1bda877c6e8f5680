"""Everything that one SQL store keeps comes to another, exactly, whatever happens meanwhile."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import event

from authmux.errors import ConfigurationError
from authmux.stores.port import Query, StoreUnavailable
from authmux.stores.sql import Difference, MigrationRefused, Progress, SQLStore, migrate
from authmux.stores.sql.differences import Kind
from tests.postgres import PostgreSQL
from tests.stores.filled import everything_in, fill
from tests.stores.old_schema import Room, file_in, room_on
from tests.stores.processes import migrate_and_tell
from tests.stores.sample_records import NOW, add, make_record
from tests.stores.started import answer_of, started_to_be_killed

MANY: Final = 5_000
SOME: Final = 200
"""Enough for several batches of 50."""


@pytest.fixture(params=["sqlite-to-postgresql", "postgresql-to-sqlite", "sqlite-to-sqlite"])
def rooms(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Room, Room]:
    """Give two empty places, of which the first is to be copied to the second."""
    made = [
        file_in(tmp_path, place) if database == "sqlite" else room_on(request.getfixturevalue("postgres"))
        for place, database in zip(("source", "target"), request.param.split("-to-"), strict=True)
    ]
    return made[0], made[1]


@pytest.fixture
def stores(rooms: tuple[Room, Room]) -> Iterator[tuple[SQLStore, SQLStore]]:
    """Give a source with its tables, and a target without any."""
    with closing(SQLStore(rooms[0].url)) as source, closing(SQLStore(rooms[1].url)) as target:
        source.create_schema()
        yield source, target


@pytest.fixture
def files(tmp_path: Path) -> Iterator[tuple[SQLStore, SQLStore]]:
    """Give a source and a target for what does not depend on the database."""
    with ExitStack() as stack:
        source, target = (
            stack.enter_context(closing(SQLStore(file_in(tmp_path, name).url))) for name in ("source", "target")
        )
        source.create_schema()
        yield source, target


def test_everything_is_copied_exactly(stores: tuple[SQLStore, SQLStore]) -> None:
    """Five thousand credentials and every other row come over, to the last bit of every value."""
    source, target = stores
    fill(source, MANY)
    done = migrate(source, target)
    assert done.is_complete
    assert done.differences == ()
    assert (done.rows["authmux_credentials"], done.rows["authmux_credential_secrets"]) == (MANY, 2 * MANY)
    assert done.turns == 2
    assert everything_in(target) == everything_in(source)
    assert done.written == sum(done.rows.values())


def test_the_target_is_whole(stores: tuple[SQLStore, SQLStore]) -> None:
    """The target is made with its triggers, and a revocation there moves its revision (K-15, K-22)."""
    source, target = stores
    records = fill(source, SOME)
    migrate(source, target)
    assert target.schema_status().is_whole
    before = target.find(records[0].id)
    target.replace(replace(records[0], revoked_at=NOW, row_version=2), expected=1)
    assert target.find(records[0].id).revision != before.revision


def test_twice_is_right(stores: tuple[SQLStore, SQLStore]) -> None:
    """Done again, it writes nothing and compares everything."""
    source, target = stores
    fill(source, SOME)
    migrate(source, target)
    again = migrate(source, target)
    assert (again.is_complete, again.turns, again.written) == (True, 1, 0)


def test_nothing_to_copy(files: tuple[SQLStore, SQLStore]) -> None:
    """A source without a row is copied in one turn."""
    done = migrate(*files)
    assert (done.is_complete, done.turns, done.written) == (True, 1, 0)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_killed_and_done_again(rooms: tuple[Room, Room]) -> None:
    """A migration that is killed in the middle is finished by the next one, which writes only what is missing."""
    with closing(SQLStore(rooms[0].url)) as source, closing(SQLStore(rooms[1].url)) as target:
        source.create_schema()
        fill(source, MANY)
        with started_to_be_killed(migrate_and_tell, rooms[0].url, rooms[1].url) as (pipe, process):
            while answer_of(pipe) < MANY // 2:
                pass
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join(20)
        kept = sum(len(rows) for rows in everything_in(target).values())
        done = migrate(source, target)
        assert done.is_complete
        assert MANY // 2 <= kept < sum(done.rows.values())
        assert done.written == sum(done.rows.values()) - kept
        assert everything_in(target) == everything_in(source)


def test_a_revocation_behind_its_back_is_not_lost(stores: tuple[SQLStore, SQLStore]) -> None:
    """What is revoked, issued or removed at the source after it was copied comes over in another turn."""
    source, target = stores
    records = fill(source, SOME)
    first, *_, last = source.list(Query(limit=SOME))

    def change_once(progress: Progress) -> None:
        if progress.turn == 1 and progress.table == "authmux_credential_secrets" and not issued:
            issued.append(add(source, make_record(name="issued meanwhile")))
            source.replace(replace(first, revoked_at=NOW, row_version=2), expected=1)
            source.replace(replace(last, secrets=last.secrets[1:], row_version=2), expected=1)

    issued: list[object] = []
    done = migrate(source, target, on_progress=change_once, batch=50)
    assert len(issued) == 1
    assert done.is_complete
    assert done.turns == 3
    assert everything_in(target) == everything_in(source)
    revoked = target.find(first.id).record
    assert revoked is not None
    assert revoked.revoked_at == NOW
    assert done.rows["authmux_credentials"] == len(records) + 1


def test_revocations_all_the_while(stores: tuple[SQLStore, SQLStore]) -> None:
    """With another thread that revokes all the while, nothing is lost of what it did before the last turn."""
    source, target = stores
    records = fill(source, 1_000)
    revoked: list[str] = []
    ended = threading.Event()

    def revoke() -> None:
        for record in records[::5]:
            if ended.is_set():
                return
            source.replace(replace(record, revoked_at=NOW, row_version=2), expected=1)
            revoked.append(record.id)

    thread = threading.Thread(target=revoke)
    thread.start()
    try:
        done = migrate(source, target, batch=100, max_turns=100)
    finally:
        ended.set()
        thread.join(30)
    assert done.is_complete
    assert done.turns > 2
    last = migrate(source, target)
    assert last.is_complete
    assert everything_in(target) == everything_in(source)
    assert revoked


def test_a_source_that_never_rests(files: tuple[SQLStore, SQLStore]) -> None:
    """While the source goes on changing the copy is not complete, and says what was found last."""
    source, target = files
    record = fill(source, 10)[0]
    versions = iter(range(2, 100))

    def change(progress: Progress) -> None:
        if progress.table == "authmux_credential_secrets":
            version = next(versions)
            source.replace(replace(record, row_version=version), expected=version - 1)

    done = migrate(source, target, on_progress=change, max_turns=3)
    assert not done.is_complete
    assert done.turns == 3
    assert done.differences == (Difference("authmux_credentials", (record.id,), Kind.OTHER, ("row_version",)),)
    assert str(done.differences[0]) == f"authmux_credentials {record.id}: other in row_version"


FIRST: Final = "WHERE id = (SELECT min(id) FROM authmux_credentials)"
OTHERS: Final = {
    "a-pepper-of-its-own": ("INSERT INTO authmux_pepper_checks VALUES ('p9', x'00')", Kind.SURPLUS),
    "changed": (f"UPDATE authmux_credentials SET revoked_at = 1, row_version = 2 {FIRST}", Kind.OTHER),
    "changed-by-a-shell": (f"UPDATE authmux_credentials SET revoked_at = 1 {FIRST}", Kind.OTHER),
    "another-pepper": ("UPDATE authmux_pepper_checks SET \"check\" = x'00'", Kind.OTHER),
    "another-secret": ("UPDATE authmux_credential_secrets SET hint = 'othr'", Kind.OTHER),
    "used": ("UPDATE authmux_usage SET last_used_at = 1e309", Kind.OTHER),
    "another-chain": ("UPDATE authmux_audit SET mac = x'00'", Kind.OTHER),
}


@pytest.mark.parametrize(("statement", "kind"), OTHERS.values(), ids=OTHERS)
def test_a_target_in_use_is_refused(
    files: tuple[SQLStore, SQLStore], tmp_path: Path, statement: str, kind: Kind
) -> None:
    """A target that has rows of its own, or has gone its own way since, is refused, and nothing is written."""
    source, target = files
    records = fill(source, SOME)
    migrate(source, target)
    file_in(tmp_path, "target").run(statement)
    source.replace(replace(records[-1], name="changed since", row_version=2), expected=1)
    before = everything_in(target)
    with pytest.raises(MigrationRefused, match="no copy of the source") as caught:
        migrate(source, target)
    assert {difference.kind for difference in caught.value.differences} == {kind}
    assert everything_in(target) == before


def test_a_credential_of_the_targets_own(files: tuple[SQLStore, SQLStore]) -> None:
    """A target in which a key was issued is refused, and the key is named."""
    source, target = files
    target.create_schema()
    record = add(target, make_record())
    with pytest.raises(MigrationRefused, match=record.id):
        migrate(source, target)
    assert target.find(record.id).record == record


def test_a_revocation_between_two_runs(files: tuple[SQLStore, SQLStore]) -> None:
    """What was revoked, rolled or purged at the source between two runs comes over with the second."""
    source, target = files
    records = fill(source, SOME)
    gone = add(source, make_record(name="gone", deleted_at=NOW))
    migrate(source, target)
    source.replace(replace(records[0], revoked_at=NOW, secrets=records[0].secrets[1:], row_version=2), expected=1)
    with source._engine.connect() as connection:
        connection.exec_driver_sql(f"DELETE FROM authmux_credential_secrets WHERE credential_id = '{gone.id}'")
        connection.exec_driver_sql(f"DELETE FROM authmux_credentials WHERE id = '{gone.id}'")
    assert migrate(source, target).is_complete
    assert everything_in(target) == everything_in(source)


def test_what_the_target_cannot_hold_is_named(tmp_path: Path, postgres: PostgreSQL) -> None:
    """A value that the target's database refuses is named by its row, and all others come over."""
    rooms = file_in(tmp_path), room_on(postgres)  # SQLite itself holds whatever it is given
    with closing(SQLStore(rooms[0].url)) as source, closing(SQLStore(rooms[1].url)) as target:
        source.create_schema()
        record = fill(source, SOME)[0]
        rooms[0].run(f"UPDATE authmux_credentials SET name = '{'x' * 300}' WHERE id = '{record.id}'")
        done = migrate(source, target, batch=50)
    assert not done.is_complete
    assert done.rows["authmux_credentials"] >= SOME - 30
    assert Difference("authmux_credentials", (record.id,), Kind.REFUSED) in done.differences


def test_progress_is_told(files: tuple[SQLStore, SQLStore]) -> None:
    """Who waits is told of every batch: the turn, the table, how many rows and of how many."""
    source, target = files
    fill(source, SOME)
    told: list[Progress] = []
    done = migrate(source, target, on_progress=told.append, batch=50)
    assert {progress.turn for progress in told} == {1, 2}
    for turn in (1, 2):
        counts = [progress.done for progress in told if progress.turn == turn]
        assert counts == sorted(counts)
        assert counts[-1] == sum(done.rows.values())
    assert {progress.total for progress in told} == {sum(done.rows.values())}


def test_memory_is_bounded(files: tuple[SQLStore, SQLStore]) -> None:
    """No statement reads more rows than one batch of either side."""
    source, target = files
    fill(source, 500)
    sizes: list[int] = []

    def count(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "LIMIT" in statement:
            sizes.append(int(parameters[-2]))  # type: ignore[index]  # SQLite's LIMIT, then its OFFSET

    event.listen(source._engine, "before_cursor_execute", count)
    migrate(source, target, batch=50)
    assert set(sizes) == {50}


def test_one_database_is_not_copied_to_itself(files: tuple[SQLStore, SQLStore], tmp_path: Path) -> None:
    """A source and a target that are one database are refused, by whichever name."""
    source, _ = files
    with (
        closing(SQLStore(f"sqlite:///{tmp_path}/./source.db")) as same,
        pytest.raises(ConfigurationError, match="same"),
    ):
        migrate(source, same)


def test_an_old_source_is_refused(tmp_path: Path) -> None:
    """A source of an older version is refused with a sentence, and stays as it is (K-15)."""
    room = file_in(tmp_path, "source")
    room.make_version_1()
    before = room.shape()
    with (
        closing(SQLStore(room.url)) as source,
        closing(SQLStore(file_in(tmp_path, "target").url)) as target,
        pytest.raises(ConfigurationError, match="create_schema"),
    ):
        migrate(source, target)
    assert room.shape() == before


def test_a_source_that_goes_away(files: tuple[SQLStore, SQLStore], tmp_path: Path) -> None:
    """A database that does not answer ends the migration, and what was copied stays for the next run."""
    source, target = files
    fill(source, SOME)

    def take_away(progress: Progress) -> None:
        if progress.done >= 100 and (tmp_path / "source.db").exists():
            (tmp_path / "source.db").rename(tmp_path / "away.db")

    with pytest.raises(StoreUnavailable):
        migrate(source, target, on_progress=take_away, batch=50)
    (tmp_path / "away.db").rename(tmp_path / "source.db")
    assert migrate(source, target).is_complete
