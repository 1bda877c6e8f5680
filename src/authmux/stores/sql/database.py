"""The place where a store's records are, as the stores of both colours know it: a file, or a server."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection, Engine

from authmux.clock import Clock
from authmux.forking import close_for_fork, renew_after_fork
from authmux.stores.port import Revision
from authmux.stores.sql.connections import Connections
from authmux.stores.sql.database_file import DatabaseFile
from authmux.stores.sql.database_server import DatabaseServer
from authmux.stores.sql.health import StoreHealth
from authmux.stores.sql.watch_rules import WatchRules


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

    def settle(self, connection: Connection) -> None:
        """Look at what was committed on a connection that goes back to its pool now."""
        ...

    def health(self) -> StoreHealth:
        """Return how things stand."""
        ...

    def forget_if_removed(self) -> None:
        """Let go of a place that is gone, since a new one is wanted."""
        ...

    def close(self) -> None:
        """Close what was opened besides the pool."""
        ...


class OnDatabase:
    """What stores of both colours have in common: the place.

    Arguments:
        engine: what leads to it.
        connections: those of the store's engines.
        beside: makes an engine for a connection beside the pool.
        rules: how a server's revision is watched.
        clock: for how often to look whether a file was replaced, and how long ago a server was asked.
    """

    def __init__(
        self, engine: Engine, *, connections: Connections, beside: Callable[[], Engine], rules: WatchRules, clock: Clock
    ) -> None:
        if engine.dialect.name == "postgresql":
            self._database: Database = _server(connections, beside=beside, rules=rules, clock=clock)
        else:
            self._database = _file(engine, connections=connections, clock=clock)

    def freshness(self) -> Revision | None:
        """Return the revision: of a SQLite file read on every call, of PostgreSQL as it was confirmed just now.

        None where that is not known, and for a SQLite database in memory: then nothing that was read may be held, and a
        request reads its record, which is correct and slower (K-22). It never waits.
        """
        return self._database.freshness()

    def health(self) -> StoreHealth:
        """Return what is known in this process of a PostgreSQL database, for dashboards and health checks."""
        return self._database.health()


def _server(connections: Connections, *, beside: Callable[[], Engine], rules: WatchRules, clock: Clock) -> Database:
    server = DatabaseServer(connections, beside=beside, rules=rules, clock=clock)
    renew_after_fork(server)
    return server


def _file(engine: Engine, *, connections: Connections, clock: Clock) -> Database:
    module = engine.dialect.loaded_dbapi
    # What stands for aiosqlite's module names the one that it speaks through: there must be one copy of SQLite only.
    sqlite = getattr(module, "sqlite", module)
    file = DatabaseFile(engine.url, sqlite=sqlite, clock=clock, connections=connections)
    renew_after_fork(file)
    close_for_fork(file)
    return file
