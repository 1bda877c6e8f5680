"""What is done on a connection, whoever opened it: the same statements for every driver."""

import secrets as random_source
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, insert, or_, select, update

from authmux.errors import ConfigurationError
from authmux.stores.port import PepperCheck, Query, Reading, WriteRefused
from authmux.stores.record import OwnerType, Record
from authmux.stores.sql.dialect import dialect_of
from authmux.stores.sql.rows import (
    CREDENTIAL_COLUMNS,
    SECRET_COLUMNS,
    credential_values,
    secret_values,
    to_record,
    to_records,
)
from authmux.stores.sql.tables import (
    DENIALS,
    EVERYTHING,
    SCHEMA_VERSION,
    credential_secrets,
    credentials,
    metadata,
    peppers,
    revision,
    schema_version,
)
from authmux.stores.sql.transaction import changing, reading

_REVISION: Final = select(revision.c.token).where(revision.c.id == EVERYTHING)
_RECORDS: Final = (*CREDENTIAL_COLUMNS, *SECRET_COLUMNS)
_JOINED: Final = credentials.join(credential_secrets)
_ORDER: Final = (credentials.c.id, credential_secrets.c.generation)
_FIND: Final = (
    select(*_RECORDS, _REVISION.scalar_subquery())
    .select_from(_JOINED)
    .where(credentials.c.id == bindparam("credential_id"))
    .order_by(*_ORDER)
)


def create_schema(connection: Connection) -> None:
    """Make the tables where they are missing; safe to run twice, and by several processes at once (K-15)."""
    _prepare(connection)
    _make_tables(connection)


@reading
def _prepare(connection: Connection) -> None:
    dialect_of(connection).prepare(connection)


@changing
def _make_tables(connection: Connection) -> None:
    dialect = dialect_of(connection)
    dialect.lock(connection, "schema")
    metadata.create_all(connection)
    dialect.add_triggers(connection)
    connection.execute(dialect.insert_new(schema_version, {"id": 1, "version": SCHEMA_VERSION}))
    for row in (EVERYTHING, DENIALS):
        connection.execute(dialect.insert_new(revision, {"id": row, "token": random_source.token_hex(16)}))
    version = connection.execute(select(schema_version.c.version)).scalar_one()
    if version != SCHEMA_VERSION:
        raise ConfigurationError(f"the tables are of version {version}, and this authmux knows {SCHEMA_VERSION}")


@reading
def find(connection: Connection, credential_id: str) -> Reading:
    """Read a record by its public id, with the revision it was read under, in one statement (K-22)."""
    # An absence has no row to carry the revision, so that one is sampled first, by a statement of its own.
    rows = connection.execute(_FIND, {"credential_id": credential_id}).all()
    if rows:
        return Reading(to_record(rows), rows[0][-1])
    token = connection.execute(_REVISION).scalar_one_or_none()
    rows = connection.execute(_FIND, {"credential_id": credential_id}).all()
    return Reading(to_record(rows), rows[0][-1]) if rows else Reading(None, token)


@reading
def list_records(connection: Connection, query: Query) -> Sequence[Record]:
    """Return the records that match, by id."""
    page = select(credentials.c.id).where(*_conditions(query)).order_by(credentials.c.id).limit(query.limit)
    statement = select(*_RECORDS).select_from(_JOINED).where(credentials.c.id.in_(page)).order_by(*_ORDER)
    return to_records(connection.execute(statement))


@changing
def add(connection: Connection, record: Record, *, pepper: PepperCheck, max_live: int, now: float) -> None:
    """Keep a new record, after the checks that it must not race with; see `TokenStore.add`."""
    if connection.execute(select(credentials.c.id).where(credentials.c.id == record.id)).first():
        raise WriteRefused("exists")
    if record.owner.type is not OwnerType.NONE:  # what is nobody's has no rivals
        _refuse_rivals(connection, record, max_live=max_live, now=now)
    _keep_pepper(connection, pepper)
    dialect = dialect_of(connection)
    if not connection.execute(dialect.insert_new(credentials, credential_values(record))).rowcount:
        raise WriteRefused("exists")
    connection.execute(insert(credential_secrets), secret_values(record))
    dialect.move_revision(connection, EVERYTHING)


@changing
def replace(connection: Connection, record: Record, *, expected: int, pepper: PepperCheck | None = None) -> None:
    """Keep a record instead of an older version of it; see `TokenStore.replace`."""
    if pepper is not None:
        _keep_pepper(connection, pepper)
    held = and_(credentials.c.id == record.id, credentials.c.row_version == expected)
    if not connection.execute(update(credentials).where(held).values(credential_values(record))).rowcount:
        raise WriteRefused("changed")
    connection.execute(credential_secrets.delete().where(credential_secrets.c.credential_id == record.id))
    connection.execute(insert(credential_secrets), secret_values(record))
    dialect_of(connection).move_revision(connection, EVERYTHING)


@reading
def pepper_checks(connection: Connection) -> Sequence[PepperCheck]:
    """Return the checks of all the peppers that records were issued under."""
    return [PepperCheck(*row) for row in connection.execute(select(peppers))]


def _keep_pepper(connection: Connection, pepper: PepperCheck) -> None:
    values = {"pepper_id": pepper.pepper_id, "check": pepper.check}
    connection.execute(dialect_of(connection).insert_new(peppers, values))
    kept = select(peppers.c.check).where(peppers.c.pepper_id == pepper.pepper_id)
    if connection.execute(kept).scalar_one() != pepper.check:
        raise WriteRefused("pepper")


def _refuse_rivals(connection: Connection, record: Record, *, max_live: int, now: float) -> None:
    owner = record.owner
    dialect_of(connection).lock(connection, record.kind, record.tenant, owner.type, owner.issuer, owner.id)
    owned = Query(kind=record.kind, owner=owner)
    same_tenant = credentials.c.tenant_id.is_not_distinct_from(record.tenant)
    rivals: Select[Any] = select(credentials.c.name).where(*_conditions(owned), same_tenant, *_live(now))
    names = connection.execute(rivals).scalars().all()
    if record.name in names:
        raise WriteRefused("name_taken")
    if len(names) >= max_live:
        raise WriteRefused("too_many")


def _live(now: float) -> list[ColumnElement[bool]]:
    """Say in SQL what `Record.is_live` says."""
    unexpired = or_(credentials.c.expires_at.is_(None), credentials.c.expires_at > now)
    return [credentials.c.deleted_at.is_(None), credentials.c.revoked_at.is_(None), unexpired]


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    conditions = []
    if query.kind is not None:
        conditions.append(credentials.c.kind == query.kind.value)
    if query.tenant is not None:
        conditions.append(credentials.c.tenant_id == query.tenant)
    if query.owner is not None:
        conditions.append(credentials.c.owner_type == query.owner.type.value)
        conditions.append(credentials.c.owner_issuer == query.owner.issuer)
        conditions.append(credentials.c.owner_id == query.owner.id)
    if query.after is not None:
        conditions.append(credentials.c.id > query.after)
    return conditions
