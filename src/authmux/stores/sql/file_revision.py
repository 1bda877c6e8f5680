"""The revision of a database file, read on a connection of its own on every request (K-22)."""

import logging
import os
import sqlite3
import threading
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from authmux.clock import Clock
from authmux.stores.port import Revision, StoreUnavailable
from authmux.stores.sql.outages import older_version, unavailable
from authmux.stores.sql.sqlite import COUNT_TRIGGERS, TRIGGERS
from authmux.stores.sql.tables import EVERYTHING, SCHEMA_VERSION

_log = logging.getLogger("authmux.store")

_READ: Final = f"SELECT token FROM authmux_revision WHERE id = {EVERYTHING}"
_READ_VERSION: Final = "SELECT version FROM authmux_schema"
_LOOK_EVERY: Final = 0.5  # seconds: how soon a replaced file is noticed
_BUSY_TIMEOUT: Final = 0.25  # seconds: an event loop may be waiting

FileIdentity: TypeAlias = tuple[int, int]


def identity_of(path: str) -> FileIdentity:
    """Return which file stands at a path: the same one as before, or another in its place.

    Raises:
        StoreUnavailable: there is none. None is made either: a removed database must not come back empty.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise unavailable(error) from error
    return status.st_dev, status.st_ino


class FileRevision:
    """Reads the revision in a few microseconds: autocommit, read-only, and never through a pool.

    Arguments:
        path: the database file.
        sqlite: the engine's own module: a second copy of SQLite in one process would undo the locks of the first.
        clock: for how often to look whether the file is still the same one.
    """

    def __init__(self, path: str, *, sqlite: Any, clock: Clock) -> None:
        self._path = path
        self._sqlite = sqlite
        self._monotonic = clock.monotonic
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: FileIdentity | None = None
        self._look_again = 0.0
        self._inherited: sqlite3.Connection | None = None

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
                row: tuple[Revision] = self._connection.execute(_READ).fetchall()[0]
            except (self._sqlite.Error, IndexError) as error:
                self._close()
                raise unavailable(error) from error
            except StoreUnavailable:
                self._close()
                raise
        return row[0]

    def close(self) -> None:
        """Close the connection; the next reading opens another."""
        with self._lock:
            self._close()

    def before_fork(self) -> None:
        """Close the connection, and let nobody open one.

        SQLite keeps what it knows of a file for the whole process. A child that inherits an open connection believes
        to hold locks that it does not have, and would read a WAL that the others have put away.
        """
        self._lock.acquire()
        self._close()

    def after_fork_in_parent(self) -> None:
        """Let the connection be opened again."""
        self._lock.release()

    def after_fork(self) -> None:
        """Begin without a connection, in a child."""
        self._lock = threading.Lock()
        if self._connection is not None:  # nobody was told of the fork; to close it here would harm the parent
            self._inherited = self._connection
            self._connection, self._identity, self._look_again = None, None, 0.0

    def _look_at_file(self) -> None:
        identity = identity_of(self._path)
        if identity != self._identity or self._connection is None:
            self._open(identity)
        if self._connection is not None:
            self._look_at_triggers(self._connection)
        self._look_again = self._monotonic() + _LOOK_EVERY

    def _look_at_triggers(self, connection: sqlite3.Connection) -> None:
        """Believe no revision that a change may not move: Alembic's batch mode makes tables anew, without triggers."""
        if connection.execute(COUNT_TRIGGERS).fetchall()[0][0] == len(TRIGGERS):
            return
        if connection.execute(_READ).fetchall():  # no tables at all is told by the reading itself
            if connection.execute(_READ_VERSION).fetchall() < [(SCHEMA_VERSION,)]:
                raise older_version()
            _log.error("a migration took the triggers from the authmux tables: call store.create_schema()")
        raise StoreUnavailable("no_triggers")

    def _open(self, identity: FileIdentity) -> None:
        is_another = identity != self._identity
        self._close()
        connection = self._sqlite.connect(
            f"file:{quote(self._path)}?mode=rw",
            uri=True,
            timeout=_BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA query_only = ON").close()
            mode = connection.execute("PRAGMA journal_mode").fetchall()[0][0]
        except self._sqlite.Error:
            connection.close()
            raise
        self._identity = identity
        if mode == "wal":
            self._connection = connection
            return
        connection.close()
        if is_another:
            _log.warning("the database is in journal mode %s, not WAL: every request reads its record anew", mode)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._identity, self._look_again = None, None, 0.0
