"""From one SQL store to another: everything is copied, compared row by row, and copied again where it has changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from authmux.errors import ConfigurationError
from authmux.stores.sql.batches import count_rows, read_revision
from authmux.stores.sql.colours import blocking
from authmux.stores.sql.copying import COPIED, Copy, Progress
from authmux.stores.sql.differences import Difference, Found
from authmux.stores.sql.former_copy import others_in
from authmux.stores.sql.store import SQLStore

_count_rows = blocking(count_rows)
_read_revision = blocking(read_revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What a migration came to.

    Arguments:
        rows: how many rows each table has now.
        turns: how often everything was compared.
        written: rows that were inserted, changed or deleted in the target.
        differences: what the last turn still found, the first hundred; it has been written too, where it could be.
        is_complete: whether the last turn found every row of both stores equal, while the source stayed as it was.
    """

    rows: Mapping[str, int]
    turns: int
    written: int
    differences: tuple[Difference, ...]
    is_complete: bool


class MigrationRefused(ConfigurationError):
    """The target holds what is not a copy of the source; nothing was written. `differences` are the first of them."""

    def __init__(self, differences: Sequence[Difference]) -> None:
        super().__init__(
            f"the target holds rows that are no copy of the source's ({differences[0]}): name an empty database, or"
            " empty this one's authmux tables"
        )
        self.differences = tuple(differences)


def migrate(
    source: SQLStore,
    target: SQLStore,
    *,
    on_progress: Callable[[Progress], object] | None = None,
    batch: int = 1_000,
    max_turns: int = 5,
) -> Migration:
    """Copy everything that a store keeps to another one, and compare every row.

    It may be interrupted at any time, and done again: what is there already is compared and not written twice. The
    source may be used meanwhile, and what changes there is copied in a further turn; the target may not be used before
    it is complete. What the source is told after that is lost, so stop who writes to it before the last run.

    Arguments:
        source: with tables of this version.
        target: where the schema is made if it is missing.
        on_progress: called after every batch.
        batch: rows that are held in memory at once, of each of the two.
        max_turns: how often to begin again while the source changes, or two rows are not equal.

    Raises:
        ConfigurationError: the source's tables are older, or both are the same database.
        MigrationRefused: the target holds other rows than copies of the source's.
        StoreUnavailable: one of the two does not answer. What was copied stays.
    """
    _require_two(source, target)
    others = others_in(target, source, batch=batch)
    if others:
        raise MigrationRefused(others)
    copy = Copy(source, target, on_progress=on_progress, batch=batch)
    turn, found, is_complete = 0, Found(), False
    while turn < max_turns and not is_complete:
        turn += 1
        before = _read_revision(source)
        found = copy.take_turn(turn)
        has_rested = _read_revision(source) == before
        is_complete = found.count == 0 and has_rested
        if found.is_hopeless and has_rested:
            break
    return Migration(
        rows={table.name: _count_rows(target, table) for table in COPIED},
        turns=turn,
        written=copy.written,
        differences=tuple(found.first),
        is_complete=is_complete,
    )


def _require_two(source: SQLStore, target: SQLStore) -> None:
    status = source.schema_status()
    if status.version != status.wanted or status.missing_tables or status.missing_columns:
        raise ConfigurationError("the source's tables are not of this version: call create_schema() on it first")
    target.create_schema()
    if _read_revision(source) == _read_revision(target):
        raise ConfigurationError("the source and the target are the same database")
