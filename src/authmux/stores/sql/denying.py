"""Denials on a connection: what `DenialStore` promises (B-64)."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, delete, func, insert, select

from authmux.stores.denial import Denial, DenialsVersion, Denied, DenyList, Target
from authmux.stores.port import DenialsReading, StoreUnavailable, WriteRefused
from authmux.stores.sql.dialect import dialect_of
from authmux.stores.sql.tables import DENIALS, EVERYTHING, denials, revision
from authmux.stores.sql.transaction import changing, reading

_TOKENS: Final = select(revision.c.id, revision.c.token)
_REST: Final = [column.name for column in denials.columns if column.name not in Target._fields]
_ALL: Final = select(denials).order_by(denials.c.what, denials.c.issuer, denials.c.value)


@changing
def deny(connection: Connection, denial: Denial, *, limit: int, now: float) -> Denial:
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
    return denial


@changing
def lift(connection: Connection, target: Target) -> bool:
    """Take a denial away; return whether there was one."""
    dialect_of(connection).lock(connection, "denials")
    was_there = connection.execute(delete(denials).where(_is(target))).rowcount > 0
    if was_there:
        _move_revisions(connection)
    return was_there


@reading
def read_denials(connection: Connection, known: DenialsVersion | None = None) -> DenialsReading:
    """Read all denials, unless they are of the version that is known already; see `DenialStore.denials`."""
    tokens = dict(tuple[int, str](row) for row in connection.execute(_TOKENS))  # before what is read under them (K-22)
    version = tokens.get(DENIALS)
    if version is None:
        raise StoreUnavailable("the tables are of an older authmux: call store.create_schema()")
    deny_list = None if version == known else DenyList(version, map(_to_denial, connection.execute(_ALL)))
    return DenialsReading(deny_list, tokens.get(EVERYTHING))


@reading
def list_denials(connection: Connection) -> Sequence[Denial]:
    """Return all denials, by target."""
    return list(map(_to_denial, connection.execute(_ALL)))


def _move_revisions(connection: Connection) -> None:
    for row in (EVERYTHING, DENIALS):
        dialect_of(connection).move_revision(connection, row)


def _is(target: Target) -> Any:
    return and_(*(denials.c[name] == value for name, value in target._asdict().items()))


def _values(denial: Denial) -> dict[str, Any]:
    return {name: getattr(denial, name) for name in _REST} | denial.target._asdict()


def _to_denial(row: Row[Any]) -> Denial:
    what, issuer, value, *rest = tuple[Any, ...](row)
    return Denial(target=Target(Denied(what), issuer, value), **dict(zip(_REST, rest, strict=True)))
