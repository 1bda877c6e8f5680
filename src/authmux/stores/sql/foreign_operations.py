"""What is done on a connection to keys that another library made (K-14)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from authmux.stores.audit_event import Entries
from authmux.stores.foreign import ForeignName
from authmux.stores.port import Reading
from authmux.stores.record import Record
from authmux.stores.sql.audit_operations import write_entries
from authmux.stores.sql.dialect import dialect_of
from authmux.stores.sql.operations import find, sample_revision
from authmux.stores.sql.rows import credential_values, secret_values
from authmux.stores.sql.tables import credential_secrets, credentials, foreign_names
from authmux.stores.sql.transaction import changing, reading

_FIND: Final = select(foreign_names.c.credential_id).where(
    foreign_names.c.scheme == bindparam("scheme"), foreign_names.c.locator == bindparam("locator")
)


@reading
def find_foreign(connection: Connection, name: ForeignName) -> Reading:
    """Read a record by its foreign name; see `ForeignStore.find_foreign`."""
    # Sampled before the name is looked up: whose it is may change too, and that is read by a statement of its own.
    token = sample_revision(connection)
    found = connection.execute(_FIND, {"scheme": name.scheme, "locator": name.locator}).scalar_one_or_none()
    return Reading(None, token) if found is None else replace(find(connection, found), revision=token)


@changing
def add_foreign(
    connection: Connection, batch: Sequence[tuple[Record, ForeignName]], *, audit: Entries | None = None
) -> Sequence[bool]:
    """Keep those whose foreign name nobody has; see `ForeignStore.add_foreign`."""
    dialect_of(connection).lock(connection, "foreign names")  # two imports at once take turns
    kept = [_add(connection, record, name) for record, name in batch]
    if any(kept):
        if audit is not None:
            events = tuple(event for event, is_kept in zip(audit.events, kept, strict=True) if is_kept)
            write_entries(connection, replace(audit, events=events))
        dialect_of(connection).move_revision(connection)
    return kept


def _add(connection: Connection, record: Record, name: ForeignName) -> bool:
    values = {"scheme": name.scheme, "locator": name.locator}
    if connection.execute(_FIND, values).first() is not None:
        return False
    connection.execute(insert(credentials), credential_values(record))
    connection.execute(insert(credential_secrets), secret_values(record))
    connection.execute(insert(foreign_names), values | {"credential_id": record.id})
    return True
