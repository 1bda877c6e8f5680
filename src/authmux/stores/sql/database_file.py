"""A SQLite database as a file: which one it is, whether it still is that one, and its revision."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import URL, Connection

from authmux.clock import Clock
from authmux.stores.port import Revision
from authmux.stores.sql.connections import Connections
from authmux.stores.sql.file_revision import FileIdentity, FileRevision, identity_of
from authmux.stores.sql.health import StoreHealth
from authmux.stores.sql.outages import OUTAGES, unavailable
from authmux.stores.sql.sqlite import file_of

_log = logging.getLogger("authmux.store")

_PATIENCE: Final = 5.0  # seconds for which a fork waits


class DatabaseFile:
    """What stores of both colours share; a database in memory is a file that is not there, of which nothing is held.

    Arguments:
        url: where the database is.
        sqlite: the module through which the engine speaks to SQLite.
        clock: for how often to look whether the file was replaced.
        connections: the engine's, which go when the file goes.
    """

    def __init__(self, url: URL, *, sqlite: Any, clock: Clock, connections: Connections) -> None:
        self._path = file_of(url)
        self._connections = connections
        self._identity: FileIdentity | None = None
        self._revision = FileRevision(self._path, sqlite=sqlite, clock=clock) if self._path else None
        self._quiet = threading.Condition()  # held around a fork, which waits until no connection is in use
        self._in_use = 0

    def freshness(self) -> Revision | None:
        """Return the revision, read from the file on every call; None for a database in memory (K-22)."""
        return self._revision.read() if self._revision else None

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Look whether the file is still the same one, and keep the process from forking, for a moment.

        Raises:
            StoreUnavailable: the file was removed, or SQLite does not answer.
        """
        self._look()
        with self._quiet:
            self._in_use += 1
        try:
            yield
        except OUTAGES as error:
            raise unavailable(error) from error
        finally:
            with self._quiet:
                self._in_use -= 1
                self._quiet.notify_all()

    def note(self) -> None:
        """Note which file the connections are to, once there is one."""
        if self._path and self._identity is None:
            self._identity = identity_of(self._path)

    def settle(self, connection: Connection) -> None:
        """Do nothing: whoever wants to know the revision reads it."""

    def health(self) -> StoreHealth:
        """Return that nobody watches: the file is read each time."""
        return StoreHealth()

    def forget_if_removed(self) -> None:
        """Let go of a file that is gone, since a new one is wanted."""
        if self._path and not os.path.exists(self._path):
            self._forget()

    def close(self) -> None:
        """Close the connection that reads the revision."""
        if self._revision:
            self._revision.close()

    def before_fork(self) -> None:
        """Close what a child must not inherit: see `FileRevision.before_fork`."""
        if self._revision:
            self._quiet.acquire()
            if not self._quiet.wait_for(lambda: self._in_use == 0, timeout=_PATIENCE):
                _log.warning("a fork while the database is in use: the child may be unable to use it")
            self._revision.before_fork()
            self._connections.close()

    def after_fork_in_parent(self) -> None:
        """Go on, in the parent."""
        if self._revision:
            self._revision.after_fork_in_parent()
            self._quiet.release()

    def after_fork(self) -> None:
        """Begin without connections, in a child; a database in memory goes on in the one that it lives in."""
        if self._revision:
            self._quiet, self._in_use = threading.Condition(), 0
            self._revision.after_fork()
            self._connections.abandon()

    def _look(self) -> None:
        """Let go of a file that was replaced, before anything is read of it or written to it (K-22)."""
        if self._path and self._identity is not None and identity_of(self._path) != self._identity:
            _log.warning("the database file was replaced; its connections are opened anew")
            self._forget()

    def _forget(self) -> None:
        self._connections.close()
        self._identity = None
