"""What is SQLite's own: its URLs, its pragmas, and the triggers that move the revision (K-22)."""

import logging
import os
import sqlite3
import time
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import OperationalError

from authmux.errors import ConfigurationError
from authmux.stores.port import StoreUnavailable

_log = logging.getLogger("authmux.store")

_PATIENCE: Final = 5.0  # seconds for which a lock that another process holds is waited for
_PAUSE: Final = 0.02  # seconds

_WATCHED: Final = ("authmux_credentials", "authmux_credential_secrets")
TRIGGERS: Final = tuple(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{verb.lower()} AFTER {verb} ON {table} BEGIN"
    " UPDATE authmux_revision SET token = lower(hex(randomblob(16))); END"
    for table in _WATCHED
    for verb in ("INSERT", "UPDATE", "DELETE")
)
"""Triggers, so that a revocation typed into the sqlite3 shell counts like any other."""

COUNT_TRIGGERS: Final = (
    f"SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN {_WATCHED}"
    " AND sql LIKE '%UPDATE authmux_revision SET token%'"
)


def engine_for(url: URL) -> Engine:
    """Return an engine whose connections are durable and hold to foreign keys."""
    if file_of(url) is None:
        # A database in memory lives in its one connection; every other connection would find an empty one.
        engine = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args={"check_same_thread": False},
        )
    else:
        engine = create_engine(url, isolation_level="AUTOCOMMIT", hide_parameters=True)
    event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _: object) -> None:
    for pragma in ("foreign_keys = ON", "synchronous = FULL", f"busy_timeout = {_PATIENCE * 1000:.0f}"):
        connection.execute(f"PRAGMA {pragma}").close()


def file_of(url: URL) -> str | None:
    """Return the path of a database file; None for a database in memory, and for a URI, which may name one."""
    if url.database in (None, "", ":memory:") or "uri" in url.query:
        return None
    return os.path.abspath(url.database or "")


def set_wal(connection: Connection) -> None:
    """Put the database into WAL mode, waiting for who is at it: SQLite itself would not wait here (K-22).

    Raises:
        ConfigurationError: SQLite will not, as on some network file systems.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            mode = connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar_one()
            break
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
    if mode not in ("wal", "memory"):
        raise ConfigurationError(
            f"SQLite keeps this database in journal mode {mode!r} and will not change to WAL: put it on a local disk"
        )


def leave_transaction(connection: Connection) -> None:
    """Undo the BEGIN that an application's engine may emit by itself, since our transactions are of another kind."""
    connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.begin()
    raw: Any = connection.connection.dbapi_connection
    if raw.in_transaction:
        raw.rollback()


def unavailable(error: Exception) -> StoreUnavailable:
    """Return what a database's failure means to those who asked; its own text is for nobody."""
    if "no such table" in str(error):
        _log.error("the database has no authmux tables: call store.create_schema() once")
    else:
        _log.error("the database does not answer: %s", type(error).__name__)
    return StoreUnavailable(type(error).__name__)
