"""Rows of a table in batches, as they are: how a migration reads them, and writes them elsewhere."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Table, bindparam, func, insert, literal, select, tuple_, update
from sqlalchemy.exc import DataError, IntegrityError

from authmux.stores.sql.tables import EVERYTHING, revision
from authmux.stores.sql.transaction import changing, reading

Row: TypeAlias = tuple[Any, ...]
Key: TypeAlias = tuple[Any, ...]

_REFUSALS: Final = (IntegrityError, DataError)


@reading
def read_revision(connection: Connection) -> str | None:
    """Return the revision as it is now."""
    return connection.execute(select(revision.c.token).where(revision.c.id == EVERYTHING)).scalar_one_or_none()


@reading
def count_rows(connection: Connection, table: Table) -> int:
    """Return how many rows a table has."""
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@reading
def read_batch(
    connection: Connection, table: Table, *, after: Key | None, limit: int, only: ColumnElement[bool] | None = None
) -> list[Row]:
    """Return the rows behind a key, in the database's own order of keys."""
    key = list(table.primary_key)
    statement = select(table).order_by(*key).limit(limit)
    if only is not None:
        statement = statement.where(only)
    if after is not None:
        behind = tuple_(*(literal(value, column.type) for column, value in zip(key, after, strict=True)))
        statement = statement.where(tuple_(*key) > behind)
    return [tuple(row) for row in connection.execute(statement)]


@reading
def read_rows(connection: Connection, table: Table, keys: Iterable[Key]) -> dict[Key, Row]:
    """Return those of the rows that are there."""
    wanted = set(keys)
    # Each column by itself is what both databases look up fast; what is found too much is left out here.
    parts = [column.in_({key[place] for key in wanted}) for place, column in enumerate(table.primary_key)]
    found = ((key_of(table, row), tuple(row)) for row in connection.execute(select(table).where(*parts)))
    return {key: row for key, row in found if key in wanted}


def write_batch(connection: Connection, table: Table, new: Sequence[Row], other: Sequence[Row]) -> list[Row]:
    """Insert new rows and put others in the place of those with their keys; return which the database refused.

    It refuses a row whose credential is not there yet, and a value that it cannot hold.
    """
    try:
        _write(connection, table, new, other)
    except _REFUSALS:
        return [row for row in new if not _is_written(connection, table, new=[row])] + [
            row for row in other if not _is_written(connection, table, other=[row])
        ]
    return []


def delete_batch(connection: Connection, table: Table, keys: Sequence[Key]) -> None:
    """Delete rows, but those that others still refer to."""
    for part in (keys, *([key] for key in keys)):
        try:
            _delete(connection, table, part)
        except _REFUSALS:
            continue
        if part is keys:
            return


def key_of(table: Table, row: Sequence[Any]) -> Key:
    """Return a row's key."""
    return tuple(row[table.columns.keys().index(column.key)] for column in table.primary_key)


def _is_written(connection: Connection, table: Table, new: Sequence[Row] = (), other: Sequence[Row] = ()) -> bool:
    try:
        _write(connection, table, new, other)
    except _REFUSALS:
        return False
    return True


@changing
def _write(connection: Connection, table: Table, new: Sequence[Row], other: Sequence[Row]) -> None:
    names = table.columns.keys()
    if new:
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in new])
    if other:
        values = [{f"new_{name}": value for name, value in zip(names, row, strict=True)} for row in other]
        put: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        connection.execute(update(table).where(*_is_its_key(table)).values(put), values)


@changing
def _delete(connection: Connection, table: Table, keys: Sequence[Key]) -> None:
    names = [f"new_{column.key}" for column in table.primary_key]
    values = [dict(zip(names, key, strict=True)) for key in keys]
    connection.execute(table.delete().where(*_is_its_key(table)), values)


def _is_its_key(table: Table) -> list[ColumnElement[bool]]:
    return [column == bindparam(f"new_{column.key}") for column in table.primary_key]
