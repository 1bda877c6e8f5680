"""What a database's failure means to those who asked; its own text is for nobody."""

import logging
from typing import Final

from sqlalchemy.exc import StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from authmux.stores.port import StoreUnavailable

_log = logging.getLogger("authmux.store")

_UNDEFINED_TABLE = "42P01"


OUTAGES: Final = (StatementError, PoolTimeout, OSError)
"""All that a database's failure may be raised as. asyncpg raises what the socket raised, and SQLAlchemy makes that a
failure of the statement where it connects again in the middle."""


def is_outage(error: Exception) -> bool:
    """Return whether it is a failure of the database; SQLAlchemy 2.0 lets asyncpg's own through where it connects."""
    return isinstance(error, OUTAGES) or sqlstate(error) is not None


def unavailable(error: Exception) -> StoreUnavailable:
    """Return what a database's failure means, and write it down without its text."""
    if sqlstate(error) == _UNDEFINED_TABLE or "no such table" in str(error):
        _log.error("the database has no authmux tables: call store.create_schema() once")
    else:
        _log.error("the database does not answer: %s", type(error).__name__)
    return StoreUnavailable(type(error).__name__)


def sqlstate(error: Exception) -> str | None:
    """Return the five characters by which PostgreSQL names a failure, as each driver has it."""
    cause = getattr(error, "orig", error)
    state: str | None = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state
