"""`AsyncSQLStore`: keys and tokens in SQLite or PostgreSQL, for callers that await."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.stores.sql import denying, operations
from authmux.stores.sql.colours import awaiting
from authmux.stores.sql.connections import AwaitingConnections
from authmux.stores.sql.database import OnDatabase
from authmux.stores.sql.engines import awaiting_engine


class AsyncSQLStore(OnDatabase):
    """Keeps records in SQLite or PostgreSQL, as `SQLStore` does. `AsyncTokenStore` says what each method promises.

    A store that is given a URL serves every event loop, with connections of its own for each; those of a loop that
    has ended are let go when the next one comes, and `close` in time is tidier. An engine of yours serves the loop that
    you use it in: dispose it before you use it in another, as SQLAlchemy says. A task that is cancelled leaves no
    transaction open, and nothing half done.

    Arguments:
        database: a URL such as "sqlite+aiosqlite:///keys.db", "postgresql+asyncpg://user@host/database" or
            "postgresql+psycopg://user@host/database", or the async engine that the application has already.
            PostgreSQL 13 or later.
        clock: for how often to look whether a SQLite file was replaced.

    Raises:
        ConfigurationError: it is another database, one in memory, a driver that blocks, or one that is not installed.
    """

    def __init__(self, database: str | AsyncEngine, *, clock: Clock = SYSTEM_CLOCK) -> None:
        engine = awaiting_engine(database)
        given = None if isinstance(database, str) else database
        self._connections = AwaitingConnections(lambda: awaiting_engine(database), given=given)
        super().__init__(engine.sync_engine, connections=self._connections, clock=clock)

    async def create_schema(self) -> None:
        """Make the tables where they are missing; safe to run twice, and by several processes at once (K-15).

        Raises:
            ConfigurationError: SQLite cannot keep this database in WAL mode, or a newer authmux made the tables.
            StoreUnavailable: the database does not answer.
        """
        self._database.forget_if_removed()
        await self._create_schema()

    async def close(self) -> None:
        """Close every connection that the store opened; a later call opens others. An engine of yours stays open."""
        self._database.close()
        await self._connections.dispose()

    find = awaiting(operations.find)
    list = awaiting(operations.list_records)
    add = awaiting(operations.add)
    replace = awaiting(operations.replace)
    pepper_checks = awaiting(operations.pepper_checks)
    deny = awaiting(denying.deny)
    lift = awaiting(denying.lift)
    denials_version = awaiting(denying.denials_version)
    denials = awaiting(denying.read_denials)
    list_denials = awaiting(denying.list_denials)
    _create_schema = awaiting(operations.create_schema)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        engine = await self._connections.engine()
        with self._database.in_use():
            async with engine.connect() as connection:
                self._database.note()
                yield connection
