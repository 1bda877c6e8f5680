"""What is done to the audit log on a connection: the chain is continued where nobody else can (K-71)."""

import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select

from authmux.principal import frozen
from authmux.stores.audit_chain import START, chained, dump
from authmux.stores.audit_event import Action, AuditEntry, AuditEvent, Entries, Head
from authmux.stores.audit_log import AuditQuery
from authmux.stores.port import WriteRefused
from authmux.stores.sql.dialect import dialect_of
from authmux.stores.sql.tables import audit as table
from authmux.stores.sql.transaction import changing, reading

_log = logging.getLogger("authmux.store")

_TIP: Final = select(table.c.position, table.c.mac).order_by(table.c.position.desc()).limit(1)
_AS_IT_IS: Final = (
    "at", "outcome", "actor", "actor_credential", "actor_generation", "target", "reason", "address", "user_agent",
    "request_id",
)  # fmt: skip


def write_entries(connection: Connection, entries: Entries | None) -> None:
    """Continue the chain within the transaction of a change, as its last act: what waits here, waits for nobody else.

    A naive chain forks where several write at once; so the tip is read under a lock that is held until the commit.
    """
    if entries is None:
        return
    written = chained(entries, _lock_tip(connection))
    if written:
        connection.execute(insert(table), [_values(entry) for entry in written])
    entries.written[:] = written


def _lock_tip(connection: Connection) -> Head:
    dialect_of(connection).lock(connection, "audit")
    tip = connection.execute(_TIP).first()
    return START if tip is None else Head(tip.position, bytes(tip.mac).hex())


@changing
def append_audit(connection: Connection, entries: Entries) -> None:
    """Write down what was observed; see `AuditLog.append_audit`."""
    write_entries(connection, entries)


@changing
def extend_audit(connection: Connection, entries: Sequence[AuditEntry], *, tip: Head) -> None:
    """Put entries back that another copy of this log had; see `AuditLog.extend_audit`."""
    if _lock_tip(connection) != tip:
        raise WriteRefused("changed")
    if entries:
        connection.execute(insert(table), [_values(entry) for entry in entries])


@changing
def purge_audit(connection: Connection, entries: Entries, *, through: int) -> None:
    """Append entries and remove older ones; see `AuditLog.purge_audit`."""
    write_entries(connection, entries)
    connection.execute(delete(table).where(table.c.position <= through))


@reading
def audit(connection: Connection, query: AuditQuery) -> Sequence[AuditEntry]:
    """Return the entries that match, oldest first; see `AuditLog.audit`."""
    order = table.c.position.desc() if query.newest else table.c.position
    rows = connection.execute(select(table).where(*_conditions(query)).order_by(order).limit(query.limit)).all()
    return [_to_entry(row) for row in (reversed(rows) if query.newest else rows)]


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    conditions = [table.c.position > query.after]
    for column, wanted in (
        (table.c.tenant_id, query.tenant),
        (table.c.target, query.target),
        (table.c.actor, query.actor),
    ):
        if wanted is not None:
            conditions.append(column == wanted)
    if query.actions:
        conditions.append(table.c.action.in_([action.value for action in query.actions]))
    if query.since is not None:
        conditions.append(table.c.at >= query.since)
    if query.until is not None:
        conditions.append(table.c.at < query.until)
    return conditions


def _values(entry: AuditEntry) -> dict[str, Any]:
    event = entry.event
    return {name: getattr(event, name) for name in _AS_IT_IS} | {
        "position": entry.position,
        "action": event.action.value,
        "tenant_id": event.tenant,
        "difference": dump(event.difference),
        "key_id": entry.key_id,
        "mac": entry.mac,
    }


def _to_entry(row: Row[*tuple[Any, ...]]) -> AuditEntry:
    """Return the entry that a row is; one that was edited into none stays in its place, and verifies never."""
    try:
        told = {name: getattr(row, name) for name in _AS_IT_IS} | {"tenant": row.tenant_id}
        _refuse_bytes(told.values())
        event = AuditEvent(
            **told,
            action=Action(row.action),
            difference=frozen(json.loads(row.difference)),
        )
        return AuditEntry(row.position, event, row.key_id, bytes(row.mac))
    except (ValueError, TypeError, RecursionError) as error:
        _log.error("entry %s of the audit log cannot be read: %s", ascii(row.position), type(error).__name__)
        unreadable = AuditEvent(at=0.0, action=Action.FAILED, outcome="unreadable", actor="", target="")
        return AuditEntry(row.position, unreadable, str(row.key_id), b"")


def _refuse_bytes(values: Iterable[object]) -> None:
    """Refuse what is neither text nor number: in SQLite, anything may stand in any column."""
    if any(isinstance(value, bytes) for value in values):
        raise TypeError
