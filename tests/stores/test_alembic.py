"""The tables in the hands of a real Alembic, as an application has it that migrates all its tables that way (K-15)."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from authmux.errors import ConfigurationError
from authmux.stores.sql import SQLStore, metadata, statements_after_tables
from tests.stores.alembic_project import AlembicProject
from tests.stores.old_schema import Room, file_in, room_on
from tests.stores.sample_records import NOW, add, make_record


@pytest.fixture(params=["sqlite", "postgresql"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Room:
    """Give an empty place for each database."""
    return file_in(tmp_path) if request.param == "sqlite" else room_on(request.getfixturevalue("postgres"))


@pytest.fixture
def store(room: Room) -> Iterator[SQLStore]:
    """Give a store there."""
    with closing(SQLStore(room.url)) as store:
        yield store


def application_metadata() -> MetaData:
    """Return an application's tables, with ours copied among them."""
    theirs = MetaData()
    Table("reports", theirs, Column("id", Integer, primary_key=True))
    for table in metadata.tables.values():
        table.to_metadata(theirs)
    return theirs


@pytest.fixture(params=["handed-over", "copied"])
def tables(request: pytest.FixtureRequest) -> MetaData:
    """Give the two ways to tell Alembic of the tables."""
    return metadata if request.param == "handed-over" else application_metadata()


def test_a_database_from_nothing(room: Room, store: SQLStore, tables: MetaData, tmp_path: Path) -> None:
    """Alembic makes from nothing what `create_schema` makes, and finds no difference afterwards (K-15)."""
    project = AlembicProject(tmp_path / "migrations", room.url, tables)
    assert "authmux_credentials" in project.revise("keys")
    project.upgrade()
    project.check()
    status = store.schema_status()
    assert replace(status, journal_mode="wal").is_whole
    shape = room.shape()
    store.create_schema()
    assert room.shape() == shape


def test_a_database_of_version_1(room: Room, store: SQLStore, tmp_path: Path) -> None:
    """Alembic brings version 1 up to date, and every row stays as it is (K-15)."""
    room.make_version_1()
    before = room.kept()
    project = AlembicProject(tmp_path / "migrations", room.url, metadata)
    project.revise("version 2 of authmux")
    project.upgrade()
    project.check()
    assert store.schema_status().is_whole
    assert room.kept() == before


def test_a_schema_that_was_made_already(room: Room, store: SQLStore, tmp_path: Path) -> None:
    """Where `create_schema` has made the tables, Alembic finds no difference (K-15)."""
    store.create_schema()
    project = AlembicProject(tmp_path / "migrations", room.url, metadata)
    project.check()


def test_a_version_1_that_was_upgraded_already(room: Room, store: SQLStore, tmp_path: Path) -> None:
    """Where `create_schema` has brought version 1 up to date, Alembic finds no difference (K-15)."""
    room.make_version_1()
    store.create_schema()
    project = AlembicProject(tmp_path / "migrations", room.url, metadata)
    project.check()


def test_revoking_is_immediate_after_a_migration(room: Room, store: SQLStore, tmp_path: Path) -> None:
    """The triggers are there after Alembic's migration: a revocation in a shell moves the revision (K-22)."""
    project = AlembicProject(tmp_path / "migrations", room.url, metadata)
    project.revise("keys")
    project.upgrade()
    record = add(store, make_record())
    before = store.find(record.id).revision
    room.run(f"UPDATE authmux_credentials SET revoked_at = {NOW} WHERE id = '{record.id}'")
    after = store.find(record.id)
    assert after.revision not in (None, before)
    assert after.record is not None
    assert after.record.revoked_at == NOW


def test_freshness_after_a_migration(tmp_path: Path) -> None:
    """On a file that Alembic made, one call of `create_schema` sets WAL, so that records may be held (K-22)."""
    room = file_in(tmp_path)
    project = AlembicProject(tmp_path / "migrations", room.url, metadata)
    project.revise("keys")
    project.upgrade()
    with closing(SQLStore(room.url)) as store:
        store.create_schema()
        assert store.freshness() is not None
        assert store.freshness() == store.find("0" * 16).revision


def test_a_table_made_anew(tmp_path: Path) -> None:
    """After batch mode has made a table anew, without its triggers, the statements bring them back (K-22)."""
    room = file_in(tmp_path)
    with closing(SQLStore(room.url)) as store:
        store.create_schema()
        before = store.find("0" * 16).revision
        for statement in (
            "CREATE TABLE other AS SELECT * FROM authmux_credential_secrets",
            "DROP TABLE authmux_credential_secrets",
            "ALTER TABLE other RENAME TO authmux_credential_secrets",
        ):
            room.run(statement)
        assert store.schema_status().missing_triggers
        for statement in statements_after_tables("sqlite"):
            room.run(statement)
        assert store.schema_status().missing_triggers == ()
        assert store.find("0" * 16).revision != before  # what was changed without them counts from here on


def test_statements_for_another_database() -> None:
    """A database that authmux does not know is refused with a sentence."""
    with pytest.raises(ConfigurationError, match="mysql"):
        statements_after_tables("mysql")
