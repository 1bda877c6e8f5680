"""One turn of a migration: every row of the source is compared with the target's, and written where it is other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, ColumnElement, Table

from authmux.stores.sql import batches
from authmux.stores.sql.batches import Key, Row, key_of
from authmux.stores.sql.colours import blocking
from authmux.stores.sql.differences import Difference, Found, Kind, difference_of
from authmux.stores.sql.store import SQLStore
from authmux.stores.sql.tables import metadata, revision, schema_version

_count_rows = blocking(batches.count_rows)
_read_batch = blocking(batches.read_batch)
_read_rows = blocking(batches.read_rows)
_write_batch = blocking(batches.write_batch)
_delete_batch = blocking(batches.delete_batch)

COPIED: Final = tuple(table for table in metadata.sorted_tables if table not in (revision, schema_version))
"""All that is copied, in an order in which nothing refers to what comes later."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a migration has got.

    Arguments:
        turn: counted from 1; the second one compares what the first has copied.
        table: the one that is copied or compared now.
        done: rows of this turn, of all tables.
        total: how many there were when the turn began.
    """

    turn: int
    table: str
    done: int
    total: int


def walk(store: SQLStore, table: Table, *, batch: int, only: ColumnElement[bool] | None = None) -> Iterator[list[Row]]:
    """Read a table in batches, by key."""
    after: Key | None = None
    while rows := _read_batch(store, table, after=after, limit=batch, only=only):
        yield rows
        after = key_of(table, rows[-1])


class Copy:
    """The work of one migration.

    Arguments:
        source: where every row is read.
        target: where those are written that are missing or other.
        on_progress: called after every batch.
        batch: rows that are held in memory at once, of each of the two.
    """

    def __init__(
        self, source: SQLStore, target: SQLStore, *, on_progress: Callable[[Progress], object] | None, batch: int
    ) -> None:
        self._source = source
        self._target = target
        self._on_progress = on_progress
        self._batch = batch
        self.written = 0

    def take_turn(self, turn: int) -> Found:
        """Compare every row, write what is other, and return what was found to be."""
        found = Found()
        total = sum(_count_rows(self._source, table) for table in COPIED)
        done = 0
        for table in COPIED:
            for rows in self._put_table(table, found):
                done += len(rows)
                self._tell(Progress(turn, table.name, done, max(total, done)))
        for table in reversed(COPIED):
            if _count_rows(self._target, table) != _count_rows(self._source, table):
                self._take_away(table, found)
        return found

    def _tell(self, progress: Progress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)

    def _put_table(self, table: Table, found: Found) -> Iterator[list[Row]]:
        """Put all rows of a table, those that refer to others of it after those, and tell of each batch."""
        parent = _parent_in(table)
        for rows in walk(self._source, table, batch=self._batch, only=None if parent is None else parent.is_(None)):
            self._put(table, rows, found)
            yield rows
        if parent is None:
            return
        early = 0
        for rows in self._children(table, parent):
            early += self._put_children(table, rows, parent, found)
            yield rows
        before = 0
        while early not in (0, before):  # a child of a child may stand before its parent
            before = early
            early = sum(self._put_children(table, rows, parent, found) for rows in self._children(table, parent))
        for rows in self._children(table, parent) if early else ():  # so that what has no parent at all is told
            self._put(table, rows, found)

    def _children(self, table: Table, parent: Column[str]) -> Iterator[list[Row]]:
        return walk(self._source, table, batch=self._batch, only=parent.is_not(None))

    def _put_children(self, table: Table, rows: list[Row], parent: Column[str], found: Found) -> int:
        """Put those rows whose parents are there already, and return how many are not yet."""
        place = table.columns.keys().index(parent.key)
        there = _read_rows(self._target, table, {(row[place],) for row in rows})
        ready = [row for row in rows if (row[place],) in there]
        self._put(table, ready, found)
        return len(rows) - len(ready)

    def _put(self, table: Table, rows: list[Row], found: Found) -> None:
        there = _read_rows(self._target, table, [key_of(table, row) for row in rows])
        new = [row for row in rows if key_of(table, row) not in there]
        other = [row for row in rows if there.get(key_of(table, row), row) != row]
        if not (new or other):
            return
        refused = {key_of(table, row) for row in _write_batch(self._target, table, new, other)}
        self.written += len(new) + len(other) - len(refused)
        for row in (*new, *other):
            key = key_of(table, row)
            found.add(difference_of(table, row, there.get(key), is_refused=key in refused))

    def _take_away(self, table: Table, found: Found) -> None:
        """Delete what the source has no longer, since it was copied."""
        for rows in walk(self._target, table, batch=self._batch):
            keys = [key_of(table, row) for row in rows]
            there = _read_rows(self._source, table, keys)
            gone = [key for key in keys if key not in there]
            if gone:
                _delete_batch(self._target, table, gone)
                self.written += len(gone)
                for key in gone:
                    found.add(Difference(table.name, key, Kind.SURPLUS))


def _parent_in(table: Table) -> Column[str] | None:
    """Return the column that refers to another row of the same table."""
    return next((key.parent for key in table.foreign_keys if key.column.table is table), None)
