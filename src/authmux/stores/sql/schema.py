"""How the schema is made, brought up to date, and looked at (K-15); what a version brings is in `upgrades`."""

import secrets as random_source
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Connection, Index, Table, inspect, select, update
from sqlalchemy.schema import CreateColumn

from authmux.errors import ConfigurationError
from authmux.stores.sql.dialect import DIALECTS, dialect_of
from authmux.stores.sql.tables import DENIALS, EVERYTHING, SCHEMA_VERSION, metadata, revision, schema_version
from authmux.stores.sql.transaction import changing, reading
from authmux.stores.sql.upgrades import UPGRADES, Upgrade

_FIRST_ROWS: Final = (
    *(
        f"INSERT INTO authmux_revision (id, token) VALUES ({row}, '{{token}}') ON CONFLICT (id) DO NOTHING"
        for row in (EVERYTHING, DENIALS)
    ),
    f"INSERT INTO authmux_schema (id, version) VALUES (1, {SCHEMA_VERSION}) ON CONFLICT (id) DO NOTHING",
    f"UPDATE authmux_schema SET version = {SCHEMA_VERSION}",
    "UPDATE authmux_revision SET token = '{token}'",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """What of the schema is there.

    Arguments:
        version: of the tables; None where there are none, or a migration left the row out that says it.
        wanted: the version that this authmux works with.
        missing_tables: those without which nothing works.
        missing_columns: of tables that are there, as "table.column".
        missing_indexes: of tables that are there, as "table.index"; without them it is slow.
        missing_triggers: without them nobody learns of a revocation (K-22).
        has_revision: whether the rows are there that they write.
        journal_mode: SQLite's; only in "wal" records may be held in memory. None on PostgreSQL.
    """

    version: int | None
    wanted: int
    missing_tables: tuple[str, ...]
    missing_columns: tuple[str, ...]
    missing_indexes: tuple[str, ...]
    missing_triggers: tuple[str, ...]
    has_revision: bool
    journal_mode: str | None

    @property
    def is_whole(self) -> bool:
        """Return whether everything is there, in the wanted version."""
        missing = (self.missing_tables, self.missing_columns, self.missing_indexes, self.missing_triggers)
        return self.version == self.wanted and self.has_revision and not any(missing)


def create_schema(connection: Connection) -> None:
    """Make the tables, or bring older ones up to date; safe to run twice, and by several processes at once (K-15)."""
    _prepare(connection)
    with dialect_of(connection).patience(connection):
        _bring_up_to_date(connection)


@reading
def schema_status(connection: Connection) -> SchemaStatus:
    """Return what of the schema is there, and change nothing."""
    there = set(inspect(connection).get_table_names()) & set(metadata.tables)
    tables = [each for each in metadata.sorted_tables if each.name in there]
    dialect = dialect_of(connection)
    has_revision = revision.name in there and len(connection.execute(select(revision.c.id)).all()) >= DENIALS
    return SchemaStatus(
        version=_version(connection) if schema_version.name in there else None,
        wanted=SCHEMA_VERSION,
        missing_tables=tuple(sorted(set(metadata.tables) - there)),
        missing_columns=tuple(
            f"{table.name}.{each.name}" for table in tables for each in _new_columns(connection, table)
        ),
        missing_indexes=tuple(
            f"{table.name}.{each.name}" for table in tables for each in _new_indexes(connection, table)
        ),
        missing_triggers=tuple(dialect.missing_triggers(connection)),
        has_revision=has_revision,
        journal_mode=dialect.journal_mode(connection),
    )


def statements_after_tables(dialect: str) -> tuple[str, ...]:
    """Return what a migration of the application's own has to execute after the tables: triggers and first rows.

    They may be executed twice, and again after a migration that has made a table anew.

    Arguments:
        dialect: "sqlite" or "postgresql".

    Raises:
        ConfigurationError: it is another.
    """
    if dialect not in DIALECTS:
        raise ConfigurationError(f"authmux knows the triggers of sqlite and postgresql, not of {dialect}")
    rows = (row.format(token=random_source.token_hex(16)) for row in _FIRST_ROWS)
    return (*DIALECTS[dialect].trigger_statements(), *rows)


@reading
def _prepare(connection: Connection) -> None:
    dialect_of(connection).prepare(connection)


@changing
def _bring_up_to_date(connection: Connection) -> None:
    dialect = dialect_of(connection)
    dialect.lock_schema(connection)
    has_version = inspect(connection).has_table(schema_version.name)
    version = _version(connection) if has_version else None
    if version is not None and version > SCHEMA_VERSION:
        raise ConfigurationError(f"the tables are of version {version}, and this authmux knows {SCHEMA_VERSION}")
    metadata.create_all(connection)
    for each in sorted(UPGRADES):
        if version is None or each > version:  # tables without a version may be a migration's, of whichever
            _upgrade(connection, UPGRADES[each])
    unwatched = dialect.missing_triggers(connection)
    dialect.add_triggers(connection)
    for row in (EVERYTHING, DENIALS):
        connection.execute(dialect.insert_new(revision, {"id": row, "token": random_source.token_hex(16)}))
    connection.execute(dialect.insert_new(schema_version, {"id": 1, "version": SCHEMA_VERSION}))
    if version is not None and version < SCHEMA_VERSION:
        connection.execute(update(schema_version).values(version=SCHEMA_VERSION))
    if unwatched or version != SCHEMA_VERSION:  # what is held lacks what is new, and what was changed without triggers
        connection.execute(update(revision).values(token=random_source.token_hex(16)))


def _upgrade(connection: Connection, upgrade: Upgrade) -> None:
    for table, name in (each.split(".") for each in upgrade.columns):
        for column in _new_columns(connection, metadata.tables[table]):
            if column.name == name:
                _add_column(connection, column)
    for table, name in (each.split(".") for each in upgrade.indexes):
        for index in _new_indexes(connection, metadata.tables[table]):
            if index.name == name:
                index.create(connection)
    for each in upgrade.given_up:
        _drop_if_empty(connection, each)


def _add_column(connection: Connection, column: Column[object]) -> None:
    definition = CreateColumn(column).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD COLUMN {definition}")


def _drop_if_empty(connection: Connection, name: str) -> None:
    """Drop what nobody uses any more; should somebody have put rows of his own into it, it is left to him."""
    if inspect(connection).has_table(name):
        rows = connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
        if rows == 0:
            connection.exec_driver_sql(f"DROP TABLE {name}")


def _new_columns(connection: Connection, table: Table) -> list[Column[object]]:
    there = {each["name"] for each in inspect(connection).get_columns(table.name)}
    return [column for column in table.columns if column.name not in there]


def _new_indexes(connection: Connection, table: Table) -> list[Index]:
    there = {each["name"] for each in inspect(connection).get_indexes(table.name)}
    return sorted((index for index in table.indexes if index.name not in there), key=lambda index: str(index.name))


def _version(connection: Connection) -> int | None:
    return connection.execute(select(schema_version.c.version)).scalar_one_or_none()
