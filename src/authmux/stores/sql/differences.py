"""What two databases that ought to hold the same rows do not agree on: values that may be shown, for they show none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Table

from authmux.stores.sql.batches import Key, Row, key_of

_SHOWN: Final = 100


class Kind(StrEnum):
    """How a row of the target differs from the source's."""

    MISSING = "missing"
    OTHER = "other"
    SURPLUS = "surplus"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Difference:
    """One row.

    Arguments:
        key: of the row, in both.
        kind: `missing` from the target, `other` than the source's, `surplus` because the source has none, or `refused`
            by the target's database.
        columns: those in which it is other; never what is in them, for it may be a digest.
    """

    table: str
    key: Key
    kind: Kind
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        name = " ".join(map(str, self.key))
        return f"{self.table} {name}: {self.kind}" + (f" in {', '.join(self.columns)}" if self.columns else "")


@dataclass(slots=True)
class Found:
    """What one turn found: how much, and the first of it."""

    count: int = 0
    refused: int = 0
    first: list[Difference] = field(default_factory=list)

    def add(self, difference: Difference) -> None:
        """Note one."""
        self.count += 1
        self.refused += difference.kind is Kind.REFUSED
        if len(self.first) < _SHOWN:
            self.first.append(difference)

    @property
    def is_hopeless(self) -> bool:
        """Return whether nothing was left to do but what the target refuses."""
        return 0 < self.count == self.refused


def difference_of(table: Table, wanted: Row, held: Row | None, *, is_refused: bool) -> Difference:
    """Return how a row that the target holds, or does not hold, differs from the source's."""
    key = key_of(table, wanted)
    columns = () if held is None else tuple(_other_columns(table, wanted, held))
    if is_refused:
        return Difference(table.name, key, Kind.REFUSED, columns)
    return Difference(table.name, key, Kind.MISSING if held is None else Kind.OTHER, columns)


def _other_columns(table: Table, wanted: Sequence[Any], held: Sequence[Any]) -> list[str]:
    return [name for name, one, two in zip(table.columns.keys(), wanted, held, strict=True) if one != two]
