"""What is done to the counts of uses on a connection: one statement that only ever adds (K-70)."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Connection, case, func, select

from authmux.stores.sql.dialect import dialect_of
from authmux.stores.sql.tables import usage as table
from authmux.stores.sql.transaction import changing, reading
from authmux.stores.usage import COUNTS, Usage

_PAGE: Final = 500  # ids in one statement
_FIELDS: Final = tuple(each.name for each in fields(Usage))


@changing
def add_usage(connection: Connection, uses: Mapping[str, Usage]) -> None:
    """Add to what is known of each credential; see `UsageLog.add_usage`."""
    # By id, so that two who write at once wait for each other in the same order.
    rows = [_values(credential_id, uses[credential_id]) for credential_id in sorted(uses)]
    if rows:
        connection.execute(dialect_of(connection).insert_or_change(table, _added), rows)


@reading
def usage(connection: Connection, credential_ids: Collection[str]) -> Mapping[str, Usage]:
    """Return what is known of these credentials; see `UsageLog.usage`."""
    wanted = sorted(set(credential_ids))
    found: dict[str, Usage] = {}
    for start in range(0, len(wanted), _PAGE):
        page = select(table).where(table.c.credential_id.in_(wanted[start : start + _PAGE]))
        for row in connection.execute(page).mappings():
            found[row["credential_id"]] = Usage(**{name: row[name] for name in _FIELDS})
    return found


def _values(credential_id: str, use: Usage) -> dict[str, Any]:
    return {"credential_id": credential_id} | {name: getattr(use, name) for name in _FIELDS}


def _added(new: Any) -> dict[str, Any]:
    """Say in SQL what `Usage.and_then` says."""
    old = table.c
    is_later = new.last_used_at >= old.last_used_at
    address = case(
        (is_later, func.coalesce(new.last_address, old.last_address)),
        else_=func.coalesce(old.last_address, new.last_address),
    )
    return {name: old[name] + new[name] for name in COUNTS} | {
        "first_used_at": case((new.first_used_at < old.first_used_at, new.first_used_at), else_=old.first_used_at),
        "last_used_at": case((is_later, new.last_used_at), else_=old.last_used_at),
        "last_address": address,
    }
