"""Rows of other libraries' tables as lines of JSON: plain, or as Django's `dumpdata --format jsonl` writes them."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any, TypeAlias

from authmux.issuing.foreign_entry import ForeignEntry, RefusedEntry
from authmux.issuing.foreign_rows import Row

Entries: TypeAlias = Iterator[ForeignEntry | RefusedEntry]


class Origin(StrEnum):
    """Whose table it is."""

    DRF_API_KEY = "drf-api-key"
    KNOX = "knox"
    DIGESTS = "digests"


def read_entries(lines: Iterable[str], read: Callable[[Iterable[Row]], Entries]) -> Entries:
    """Read an entry from each line that is not empty; what cannot be read is refused by its line's number.

    Arguments:
        read: one of the readers of `foreign_rows`.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = _read_row(line)
        if row is None:
            yield RefusedEntry(f"line {number}", "it is no JSON object")
            continue
        for entry in read([row]):
            is_unnamed = isinstance(entry, RefusedEntry) and entry.name.startswith("row ")
            yield replace(entry, name=f"line {number}") if is_unnamed else entry


def _read_row(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    fields = row.get("fields")
    return row if not isinstance(fields, dict) else _of_django(row.get("pk"), fields)


def _of_django(key: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Return a row by the names of its columns: of another row Django gives the key, under the name without `_id`."""
    return {"id": key, "digest": key, "user_id": fields.get("user")} | fields
