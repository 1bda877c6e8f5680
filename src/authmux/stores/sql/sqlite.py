"""What is SQLite's own: its pragmas, the triggers that move the revision, and reading that revision (K-22)."""

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from typing import Final

from sqlalchemy import URL, Engine, QueuePool, create_engine, event

from authmux.clock import Clock
from authmux.errors import ConfigurationError
from authmux.stores.port import Revision, StoreUnavailable

_log = logging.getLogger("authmux.store")

_READ_REVISION: Final = "SELECT token FROM authmux_revision"
_LOOK_EVERY: Final = 0.5  # seconds: how soon a replaced file is noticed
_BUSY_TIMEOUT: Final = 0.25  # seconds: an event loop may be waiting

_WATCHED: Final = ("authmux_credentials", "authmux_credential_secrets")
TRIGGERS: Final = tuple(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{verb.lower()} AFTER {verb} ON {table} BEGIN"
    " UPDATE authmux_revision SET token = lower(hex(randomblob(16))); END"
    for table in _WATCHED
    for verb in ("INSERT", "UPDATE", "DELETE")
)
"""Triggers, so that a revocation typed into the sqlite3 shell counts like any other."""


def engine_for(url: URL) -> Engine:
    """Return an engine whose connections are durable and hold to foreign keys."""
    if url.database in (None, "", ":memory:"):
        # A database in memory lives in its one connection; every other connection would find an empty one.
        engine = create_engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0)
    else:
        engine = create_engine(url)
    event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _: object) -> None:
    for pragma in ("foreign_keys = ON", "synchronous = FULL", "busy_timeout = 5000"):
        connection.execute(f"PRAGMA {pragma}").close()


def file_of(url: URL) -> str | None:
    """Return the path of a database file, or None for a database in memory."""
    if url.database in (None, "", ":memory:") or "uri" in url.query:
        return None  # a URI may name a database in memory too: nothing is held of either
    return os.path.abspath(url.database or "")


class FileRevision:
    """Reads the revision of a database file on a connection of its own, in two microseconds.

    Arguments:
        path: the database file.
        clock: for how often to look whether the file is still the same one.
        on_replaced: called when another file stands in its place.
    """

    def __init__(self, path: str, *, clock: Clock, on_replaced: Callable[[], None]) -> None:
        self._path = path
        self._monotonic = clock.monotonic
        self._on_replaced = on_replaced
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._look_again = 0.0
        self._abandoned: list[sqlite3.Connection] = []

    def read(self) -> Revision | None:
        """Return the revision as it is now; None where the database is not in WAL mode, so nothing may be held.

        Raises:
            StoreUnavailable: the file cannot be read, or has no authmux tables.
        """
        with self._lock:
            try:
                if self._monotonic() >= self._look_again:
                    self._look_at_file()
                if self._connection is None:
                    return None
                row: tuple[Revision] = self._connection.execute(_READ_REVISION).fetchall()[0]
            except (sqlite3.Error, OSError, IndexError) as error:
                self._close()
                raise unavailable(error) from error
        return row[0]

    def close(self) -> None:
        """Close the connection; the next reading opens another."""
        with self._lock:
            self._close()

    def after_fork(self) -> None:
        """Make everything anew in a child; the parent's connection is left open, since closing it here would harm."""
        if self._connection is not None:
            self._abandoned.append(self._connection)
        self._lock = threading.Lock()
        self._connection, self._identity, self._look_again = None, None, 0.0

    def _look_at_file(self) -> None:
        status = os.stat(self._path)
        identity = (status.st_dev, status.st_ino)
        if identity == self._identity and self._connection is not None:
            self._look_again = self._monotonic() + _LOOK_EVERY
            return
        if self._identity not in (None, identity):
            _log.warning("the database file was replaced; everything held in memory is dropped")
            self._on_replaced()
        self._close()
        self._connection = self._open()
        self._identity = identity
        self._look_again = self._monotonic() + _LOOK_EVERY

    def _open(self) -> sqlite3.Connection | None:
        connection = sqlite3.connect(
            f"file:{self._path.replace('%', '%25').replace('?', '%3f').replace('#', '%23')}?mode=rw",
            uri=True,
            timeout=_BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA query_only = ON").close()
            mode = connection.execute("PRAGMA journal_mode").fetchall()[0][0]
        except sqlite3.Error:
            connection.close()
            raise
        if mode == "wal":
            return connection
        connection.close()
        _log.warning("the database is in journal mode %s, not WAL: every request reads its record anew", mode)
        return None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._identity, self._look_again = None, None, 0.0


def require_wal(mode: object) -> None:
    """Return if SQLite said that it is in WAL mode now.

    Raises:
        ConfigurationError: it is not, as on some network file systems.
    """
    if mode not in ("wal", "memory"):
        raise ConfigurationError(
            f"SQLite keeps this database in journal mode {mode!r} and will not change to WAL: put it on a local disk"
        )


def unavailable(error: Exception) -> StoreUnavailable:
    """Return what a database's failure means to those who asked; its own text is for the log."""
    if "no such table" in str(error):
        _log.error("the database has no authmux tables: call store.create_schema() once")
    else:
        _log.error("the database does not answer: %s", type(error).__name__)
    return StoreUnavailable(type(error).__name__)
