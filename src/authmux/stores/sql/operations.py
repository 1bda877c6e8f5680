"""What is done on a connection, whoever opened it: the same statements for every driver."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, insert, select, update

from authmux.stores.audit_event import Entries
from authmux.stores.port import PepperCheck, Query, Reading, WriteRefused
from authmux.stores.record import OwnerType, Record
from authmux.stores.sql.audit_operations import write_entries
from authmux.stores.sql.conditions import conditions, is_live, page_key
from authmux.stores.sql.denying import SUSPENDED_UNTIL
from authmux.stores.sql.dialect import dialect_of
from authmux.stores.sql.pepper_operations import keep_pepper
from authmux.stores.sql.primary import OnPrimary, refuse_standby
from authmux.stores.sql.rows import (
    CREDENTIAL_COLUMNS,
    SECRET_COLUMNS,
    credential_values,
    secret_values,
    to_record,
    to_records,
)
from authmux.stores.sql.tables import (
    EVERYTHING,
    credential_secrets,
    credentials,
    peppers,
    revision,
)
from authmux.stores.sql.transaction import changing, reading

_REVISION: Final = select(OnPrimary(revision.c.token)).where(revision.c.id == EVERYTHING)
_RECORDS: Final = (*CREDENTIAL_COLUMNS, *SECRET_COLUMNS)
_JOINED: Final = credentials.join(credential_secrets)
_ORDER: Final = (credentials.c.id, credential_secrets.c.generation)
_FIND: Final = (
    select(*_RECORDS, SUSPENDED_UNTIL, _REVISION.scalar_subquery())
    .select_from(_JOINED)
    .where(credentials.c.id == bindparam("credential_id"))
    .order_by(*_ORDER)
)


@reading
def find(connection: Connection, credential_id: str) -> Reading:
    """Read a record by its public id, with the revision it was read under, in one statement (K-22)."""
    # An absence has no row to carry the revision, so that one is sampled first, by a statement of its own.
    rows = connection.execute(_FIND, {"credential_id": credential_id}).all()
    if rows:
        return _to_reading(rows)
    token = sample_revision(connection)
    rows = connection.execute(_FIND, {"credential_id": credential_id}).all()
    return _to_reading(rows) if rows else Reading(None, token)


def sample_revision(connection: Connection) -> str | None:
    """Return the revision as it is now, ahead of what is read by statements of their own."""
    return refuse_standby(connection.execute(_REVISION).scalar_one_or_none())


def _to_reading(rows: Sequence[Row[*tuple[Any, ...]]]) -> Reading:
    *_, suspended_until, token = rows[0]
    return Reading(to_record(rows), refuse_standby(token), suspended_until)


@reading
def list_records(connection: Connection, query: Query) -> Sequence[Record]:
    """Return the records that match, by id."""
    page = select(credentials.c.id).where(*conditions(query)).order_by(page_key(query)).limit(query.limit)
    statement = select(*_RECORDS).select_from(_JOINED).where(credentials.c.id.in_(page)).order_by(*_ORDER)
    return to_records(connection.execute(statement))


@changing
def add(
    connection: Connection,
    record: Record,
    *,
    pepper: PepperCheck,
    max_live: int,
    now: float,
    audit: Entries | None = None,
) -> None:
    """Keep a new record, after the checks that it must not race with; see `TokenStore.add`."""
    if connection.execute(select(credentials.c.id).where(credentials.c.id == record.id)).first():
        raise WriteRefused("exists")
    if record.owner.type is not OwnerType.NONE:  # what is nobody's has no rivals
        _refuse_rivals(connection, record, max_live=max_live, now=now)
    keep_pepper(connection, pepper)
    dialect = dialect_of(connection)
    if not connection.execute(dialect.insert_new(credentials, credential_values(record))).rowcount:
        raise WriteRefused("exists")
    connection.execute(insert(credential_secrets), secret_values(record))
    dialect.move_revision(connection)
    write_entries(connection, audit)


@changing
def replace(
    connection: Connection,
    record: Record,
    *,
    expected: int,
    pepper: PepperCheck | None = None,
    live_at: float | None = None,
    max_live: int | None = None,
    audit: Entries | None = None,
) -> None:
    """Keep a record instead of an older version of it; see `TokenStore.replace`."""
    if live_at is not None and record.owner.type is not OwnerType.NONE:
        _refuse_rivals(connection, record, max_live=max_live, now=live_at)
    if pepper is not None:
        keep_pepper(connection, pepper)
    held = and_(credentials.c.id == record.id, credentials.c.row_version == expected)
    if not connection.execute(update(credentials).where(held).values(credential_values(record))).rowcount:
        raise WriteRefused("changed")
    connection.execute(credential_secrets.delete().where(credential_secrets.c.credential_id == record.id))
    connection.execute(insert(credential_secrets), secret_values(record))
    dialect_of(connection).move_revision(connection)
    write_entries(connection, audit)


@reading
def pepper_checks(connection: Connection) -> Sequence[PepperCheck]:
    """Return the checks of all the peppers that records were issued under."""
    return [PepperCheck(*row) for row in connection.execute(select(peppers))]


def _refuse_rivals(connection: Connection, record: Record, *, max_live: int | None, now: float) -> None:
    owner = record.owner
    dialect_of(connection).lock(connection, record.kind, record.tenant, owner.type, owner.issuer, owner.id)
    owned = Query(kind=record.kind, owner=owner, tenant=record.tenant, tenantless=record.tenant is None)
    others = credentials.c.id != record.id
    rivals: Select[Any] = select(credentials.c.name).where(*conditions(owned), *is_live(now), others)
    names = connection.execute(rivals).scalars().all()
    if record.name in names:
        raise WriteRefused("name_taken")
    if max_live is not None and len(names) >= max_live:
        raise WriteRefused("too_many")
