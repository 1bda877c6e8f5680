"""What is done on a connection to many records at once: revoked in one statement, removed in one transaction."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete, update

from authmux.stores.audit_event import Entries
from authmux.stores.port import Query, WriteRefused
from authmux.stores.sql.audit_operations import write_entries
from authmux.stores.sql.conditions import conditions
from authmux.stores.sql.dialect import dialect_of
from authmux.stores.sql.tables import credential_secrets, credentials, foreign_names, usage
from authmux.stores.sql.transaction import changing

_HANGING_ON: Final = (credential_secrets, foreign_names, usage)
"""What goes with a credential; the first two could not stay."""


@changing
def revoke_all(
    connection: Connection, query: Query, *, at: float, by: str, reason: str, audit: Entries | None = None
) -> int:
    """Revoke every record that matches and is not revoked yet; see `TokenStore.revoke_all`."""
    values = {"revoked_at": at, "revoked_by": by, "revoked_reason": reason}
    statement = (
        update(credentials)
        .where(*conditions(query), credentials.c.revoked_at.is_(None))
        .values(values | {"row_version": credentials.c.row_version + 1})
    )
    count = connection.execute(statement).rowcount
    if count:
        dialect_of(connection).move_revision(connection)
        write_entries(connection, audit)
    return count


@changing
def purge(connection: Connection, ids: Sequence[str], *, deleted_before: float, audit: Entries | None = None) -> None:
    """Remove records that were deleted before a moment, all of them or none; see `TokenStore.purge`."""
    for table in _HANGING_ON:
        connection.execute(delete(table).where(table.c.credential_id.in_(ids)))
    gone = delete(credentials).where(credentials.c.id.in_(ids), credentials.c.deleted_at < deleted_before)
    if connection.execute(gone).rowcount != len(ids):
        raise WriteRefused("changed")  # what hung on them is put back with the transaction
    dialect_of(connection).move_revision(connection)
    write_entries(connection, audit)
