"""Denials on a connection: what `DenialStore` promises (B-64)."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, case, delete, func, insert, or_, select

from authmux.stores.audit_event import Entries
from authmux.stores.denial import FOR_EVER, OWNERS, Denial, Denied, DenyList, Target
from authmux.stores.denial_store import DenialsReading
from authmux.stores.port import StoreUnavailable, WriteRefused
from authmux.stores.sql.audit_operations import write_entries
from authmux.stores.sql.dialect import dialect_of
from authmux.stores.sql.primary import OnPrimary, refuse_standby
from authmux.stores.sql.tables import DENIALS, EVERYTHING, credentials, denials, revision
from authmux.stores.sql.transaction import changing, reading

_TOKENS: Final = select(revision.c.id, OnPrimary(revision.c.token))
_SUSPENDED: Final = or_(
    and_(
        denials.c.what
        == case({each.value: name.value for each, name in OWNERS.items()}, value=credentials.c.owner_type),
        denials.c.issuer == credentials.c.owner_issuer,
        denials.c.value == credentials.c.owner_id,
    ),
    and_(denials.c.what == Denied.TENANT, denials.c.issuer == "", denials.c.value == credentials.c.tenant_id),
)
SUSPENDED_UNTIL: Final = (
    select(func.max(func.coalesce(denials.c.until, FOR_EVER)))
    .where(denials.c.before.is_(None), _SUSPENDED)
    .correlate(credentials)
    .scalar_subquery()
)
"""What `Denial.suspends_until` says, of the owner and the tenant of a credential (K-40)."""

_REST: Final = [column.name for column in denials.columns if column.name not in Target._fields]
_WORDS: Final = frozenset(Denied)
_ALL: Final = select(denials).order_by(denials.c.what, denials.c.issuer, denials.c.value)


@changing
def deny(connection: Connection, denial: Denial, *, limit: int, now: float, audit: Entries | None = None) -> Denial:
    """Keep a denial, joined to the one that there is on its target; see `DenialStore.deny`."""
    dialect_of(connection).lock(connection, "denials")
    connection.execute(delete(denials).where(denials.c.until <= now))
    held = connection.execute(select(denials).where(_is(denial.target))).first()
    if held is None and connection.execute(select(func.count()).select_from(denials)).scalar_one() >= limit:
        raise WriteRefused("too_many_denials")
    denial = denial.joined_to(_to_denial(held) if held else None)
    connection.execute(delete(denials).where(_is(denial.target)))
    connection.execute(insert(denials), _values(denial))
    _move_revisions(connection)
    write_entries(connection, audit)
    return denial


@changing
def lift(connection: Connection, target: Target, *, audit: Entries | None = None) -> bool:
    """Take a denial away; return whether there was one."""
    dialect_of(connection).lock(connection, "denials")
    was_there = connection.execute(delete(denials).where(_is(target))).rowcount > 0
    if was_there:
        _move_revisions(connection)
        write_entries(connection, audit)
    return was_there


@reading
def denials_version(connection: Connection) -> DenialsReading:
    """Read which denials there are, and under which revision, in one statement; see `DenialStore.denials_version`."""
    return _sample(connection)


@reading
def read_denials(connection: Connection) -> DenyList:
    """Read all denials; see `DenialStore.denials`."""
    version = _sample(connection).version  # before what is read under it (K-22)
    return DenyList(version, map(_to_denial, connection.execute(_ALL)))


@reading
def list_denials(connection: Connection) -> Sequence[Denial]:
    """Return all denials, by target."""
    return list(map(_to_denial, connection.execute(_ALL)))


def _sample(connection: Connection) -> DenialsReading:
    tokens = {row: refuse_standby(token) for row, token in connection.execute(_TOKENS)}  # it may lag behind a denial
    if DENIALS not in tokens:
        raise StoreUnavailable("the tables are of an older authmux: call store.create_schema()")
    return DenialsReading(str(tokens[DENIALS]), tokens.get(EVERYTHING))


def _move_revisions(connection: Connection) -> None:
    for row in (EVERYTHING, DENIALS):
        dialect_of(connection).move_revision(connection, row)


def _is(target: Target) -> Any:
    return and_(*(denials.c[name] == value for name, value in target._asdict().items()))


def _values(denial: Denial) -> dict[str, Any]:
    return {name: getattr(denial, name) for name in _REST} | denial.target._asdict()


def _to_denial(row: Row[Any]) -> Denial:
    what, issuer, value, *rest = tuple[Any, ...](row)
    values = dict(zip(_REST, rest, strict=True))
    # Typed into a shell, or written by a newer authmux: whom it refuses nobody knows, so that nobody is let in.
    if what not in _WORDS or not all(isinstance(values[name], float | None) for name in ("before", "until")):
        raise StoreUnavailable(f"a denial that nobody understands stands in the table: {what!r}")
    return Denial(target=Target(Denied(what), issuer, value), **values)
