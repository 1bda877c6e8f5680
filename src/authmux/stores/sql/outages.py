"""What a database's failure means to those who asked; its own text is for nobody."""

import logging
import re
from typing import Final

from sqlalchemy.exc import StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from authmux.stores.port import StoreUnavailable
from authmux.stores.sql.upgrades import is_since_version_1

_log = logging.getLogger("authmux.store")

_UNDEFINED_TABLE: Final = "42P01"
_UNDEFINED_COLUMN: Final = "42703"
_SQLITE_UNDEFINED: Final = ("no such table", "no such column", "has no column named")


OUTAGES: Final = (StatementError, PoolTimeout, OSError)
"""All that a database's failure may be raised as. asyncpg raises what the socket raised, and SQLAlchemy makes that a
failure of the statement where it connects again in the middle."""


def is_outage(error: Exception) -> bool:
    """Return whether it is a failure of the database; SQLAlchemy 2.0 lets asyncpg's own through where it connects."""
    return isinstance(error, OUTAGES) or sqlstate(error) is not None


def unavailable(error: Exception) -> StoreUnavailable:
    """Return what a database's failure means, and write it down without its text."""
    if _is_of_an_older_version(error):
        return older_version()
    if sqlstate(error) == _UNDEFINED_TABLE or "no such table" in str(error):
        _log.error("the database has no authmux tables: call store.create_schema() once")
    else:
        _log.error("the database does not answer: %s", type(error).__name__)
    return StoreUnavailable(type(error).__name__)


def older_version() -> StoreUnavailable:
    """Return that the tables are there, but without what this version needs, and write down what to do."""
    _log.error("the authmux tables are of an older version: call store.create_schema() once, or run authmux upgrade")
    return StoreUnavailable("older_schema")


def _is_of_an_older_version(error: Exception) -> bool:
    """Return whether a statement named what only a later version of the tables has (K-15)."""
    said = (str(getattr(error, "orig", error)).splitlines() or [""])[0]  # psycopg quotes the statement below
    is_undefined = sqlstate(error) in (_UNDEFINED_TABLE, _UNDEFINED_COLUMN)
    if not (is_undefined or any(each in said for each in _SQLITE_UNDEFINED)):
        return False
    return any(is_since_version_1(name) for name in re.findall(r"\w+", said))


def sqlstate(error: Exception) -> str | None:
    """Return the five characters by which PostgreSQL names a failure, as each driver has it."""
    cause = getattr(error, "orig", error)
    state: str | None = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state
