"""What a `Query` asks for, as conditions of SQL: `Query.matches`, said to a database."""

from typing import Final

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from authmux.scopes import grants_covering
from authmux.stores.port import Query
from authmux.stores.record import Owner, State
from authmux.stores.sql.tables import credentials, usage

_C: Final = credentials.c


def conditions(query: Query) -> list[ColumnElement[bool]]:
    """Return what a credential's columns must be for its record to match; limit and order are left to the caller."""
    wanted = {_C.kind: query.kind, _C.env: query.env, _C.tenant_id: query.tenant, _C.created_by: query.created_by}
    found = [column == value for column, value in wanted.items() if value is not None]
    if query.tenantless:
        found.append(_C.tenant_id.is_(None))
    if query.owner is not None:
        found += owned_by(query.owner)
    if query.state is not None:
        found += in_state(query.state, query.now)
    if not query.with_deleted:
        found.append(_C.deleted_at.is_(None))
    if query.scope is not None:
        found.append(_grants(query.scope))
    if query.after is not None:
        found.append(page_key(query) > query.after)
    if query.unused_since is not None:
        used = select(usage.c.credential_id).where(
            usage.c.credential_id == _C.id, usage.c.last_used_at >= query.unused_since
        )
        found += [_C.created_at < query.unused_since, ~used.exists()]
    return found + _in_time(query)


def page_key(query: Query) -> ColumnElement[str]:
    """Return the id as a list is to be ordered by.

    Where few rows are within the time that is asked for, an index on that time finds them. Databases would rather go
    through all ids in order, hoping for the first page to fill soon, unless the order is that of an expression.
    """
    is_narrow = any(each is not None for each in (query.created_after, query.expires_before, query.deleted_before))
    return _C.id.concat("") if is_narrow else _C.id


def owned_by(owner: Owner) -> list[ColumnElement[bool]]:
    """Return what the columns of an owner are."""
    return [_C.owner_type == owner.type.value, _C.owner_issuer == owner.issuer, _C.owner_id == owner.id]


def is_live(now: float) -> list[ColumnElement[bool]]:
    """Say in SQL what `Record.is_live` says."""
    return [_C.deleted_at.is_(None), _C.revoked_at.is_(None), _not_expired(now)]


def in_state(state: State, now: float) -> list[ColumnElement[bool]]:
    """Say in SQL what `Record.state` says, in its order."""
    begun = or_(_C.not_before.is_(None), _C.not_before <= now)
    passed = [_C.deleted_at.is_(None), _C.revoked_at.is_(None), _not_expired(now), _C.disabled_at.is_(None), begun]
    match state:
        case State.DELETED:
            return [_C.deleted_at.is_not(None)]
        case State.REVOKED:
            return [*passed[:1], _C.revoked_at.is_not(None)]
        case State.EXPIRED:
            return [*passed[:2], _C.expires_at <= now]
        case State.DISABLED:
            return [*passed[:3], _C.disabled_at.is_not(None)]
        case State.NOT_YET:
            return [*passed[:4], _C.not_before > now]
        case State.ACTIVE:
            return passed


def _not_expired(now: float) -> ColumnElement[bool]:
    return or_(_C.expires_at.is_(None), _C.expires_at > now)


def _grants(scope: str) -> ColumnElement[bool]:
    """Look for whole words; LIKE would know no difference of case on SQLite, and wildcards of its own."""
    words = literal(" ") + _C.scopes + " "
    return or_(*(func.replace(words, f" {grant} ", "") != words for grant in sorted(grants_covering(scope))))


def _in_time(query: Query) -> list[ColumnElement[bool]]:
    before = {
        _C.created_at: query.created_before,
        _C.expires_at: query.expires_before,
        _C.deleted_at: query.deleted_before,
    }
    found = [and_(column.is_not(None), column < limit) for column, limit in before.items() if limit is not None]
    return found if query.created_after is None else [*found, _C.created_at >= query.created_after]
