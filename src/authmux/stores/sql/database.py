"""The place where a store's records are, as the stores of both colours know it: a file, or a server."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Engine

from authmux.clock import Clock
from authmux.forking import close_for_fork, renew_after_fork
from authmux.stores.port import Revision
from authmux.stores.sql.connections import Connections
from authmux.stores.sql.database_file import DatabaseFile
from authmux.stores.sql.outages import is_outage, unavailable


class Database(Protocol):
    """What a store asks of the place itself, and not of a connection."""

    def freshness(self) -> Revision | None:
        """Return the revision without asking through a pool; None where that cannot be done (K-22)."""
        ...

    def in_use(self) -> AbstractContextManager[None]:
        """Give the time in which one connection is taken from the pool and used."""
        ...

    def note(self) -> None:
        """Take note that there is a connection now."""
        ...

    def forget_if_removed(self) -> None:
        """Let go of a place that is gone, since a new one is wanted."""
        ...

    def close(self) -> None:
        """Close what was opened besides the pool."""
        ...


class DatabaseServer:
    """A PostgreSQL database. Nothing watches its revision yet, so that nothing that was read of it may be held.

    Arguments:
        connections: the engine's, which a forked child must not share.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def freshness(self) -> Revision | None:
        """Return None: what the revision is, only a reading can tell."""
        return None

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Tell of outages as what they are."""
        try:
            yield
        except Exception as error:
            if not is_outage(error):
                raise
            raise unavailable(error) from error

    def note(self) -> None:
        """Do nothing: a server is not replaced unnoticed."""

    def forget_if_removed(self) -> None:
        """Do nothing: there is no file to be removed."""

    def close(self) -> None:
        """Do nothing: nothing was opened besides the pool."""

    def after_fork(self) -> None:
        """Begin without connections, in a child; its parent goes on with them."""
        self._connections.abandon()


class OnDatabase:
    """What stores of both colours have in common: the place.

    Arguments:
        engine: what leads to it.
        connections: those of the store's engines.
        clock: for how often to look whether a file was replaced.
    """

    def __init__(self, engine: Engine, *, connections: Connections, clock: Clock) -> None:
        self._database = _database_at(engine, connections=connections, clock=clock)

    def freshness(self) -> Revision | None:
        """Return the revision, read from a SQLite file on every call.

        None for a SQLite database in memory, and for PostgreSQL so far: nothing that was read of them may be held, so
        that every request reads its record, which is correct and slower (K-22).
        """
        return self._database.freshness()


def _database_at(engine: Engine, *, connections: Connections, clock: Clock) -> Database:
    """Return the place that an engine leads to, made ready for forks."""
    if engine.dialect.name == "postgresql":
        server = DatabaseServer(connections)
        renew_after_fork(server)
        return server
    module = engine.dialect.loaded_dbapi
    # What stands for aiosqlite's module names the one that it speaks through: there must be one copy of SQLite only.
    sqlite = getattr(module, "sqlite", module)
    file = DatabaseFile(engine.url, sqlite=sqlite, clock=clock, connections=connections)
    renew_after_fork(file)
    close_for_fork(file)
    return file
