"""`AsyncSQLStore`: keys and tokens in SQLite or PostgreSQL, for callers that await."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.stores.channel import Channel
from authmux.stores.sql import (
    audit_operations,
    bulk_operations,
    denying,
    foreign_operations,
    operations,
    pepper_operations,
    schema,
    usage_operations,
)
from authmux.stores.sql.colours import awaiting
from authmux.stores.sql.connections import AwaitingConnections
from authmux.stores.sql.database import OnDatabase
from authmux.stores.sql.engines import awaiting_engine, engine_beside
from authmux.stores.sql.watch_rules import WatchRules


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
        max_staleness: of PostgreSQL: seconds for which its last word is believed, 0.1 to 60. Within them a revoked
            credential may be accepted in another process. 0 holds nothing in memory.
        outage_grace: of PostgreSQL: seconds for which its last word is believed while it is away, at most 300.
        wake: of PostgreSQL: what tells processes of changes instead of LISTEN, such as a `RedisChannel`.
        clock: for how often to look whether a SQLite file was replaced, and how long ago PostgreSQL was asked.

    Raises:
        ConfigurationError: it is another database, one in memory, a driver that blocks, or one that is not installed.
    """

    def __init__(
        self,
        database: str | AsyncEngine,
        *,
        max_staleness: float = 1.0,
        outage_grace: float = 0.0,
        wake: Channel | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        engine = awaiting_engine(database)
        given = None if isinstance(database, str) else database
        self._connections = AwaitingConnections(lambda: awaiting_engine(database), given=given)
        super().__init__(
            engine.sync_engine,
            connections=self._connections,
            beside=lambda: engine_beside(database, engine.sync_engine),
            rules=WatchRules(max_staleness=max_staleness, outage_grace=outage_grace, wake=wake),
            clock=clock,
        )

    async def create_schema(self) -> None:
        """Make the tables, or bring older ones up to date; safe to run twice, and by several processes at once (K-15).

        Raises:
            ConfigurationError: SQLite cannot keep this database in WAL mode, or a newer authmux made the tables.
            StoreUnavailable: the database does not answer.
        """
        self._database.forget_if_removed()
        await self._create_schema()

    async def close(self) -> None:
        """Close every connection that the store opened; a later call opens others. An engine of yours stays open."""
        await asyncio.to_thread(self._database.close)
        await self._connections.dispose()

    find = awaiting(operations.find)
    list = awaiting(operations.list_records)
    add = awaiting(operations.add)
    replace = awaiting(operations.replace)
    revoke_all = awaiting(bulk_operations.revoke_all)
    purge = awaiting(bulk_operations.purge)
    pepper_checks = awaiting(operations.pepper_checks)
    pepper_counts = awaiting(pepper_operations.pepper_counts)
    upgrade_digests = awaiting(pepper_operations.upgrade_digests)
    forget_pepper = awaiting(pepper_operations.forget_pepper)
    find_foreign = awaiting(foreign_operations.find_foreign)
    add_foreign = awaiting(foreign_operations.add_foreign)
    audit = awaiting(audit_operations.audit)
    append_audit = awaiting(audit_operations.append_audit)
    extend_audit = awaiting(audit_operations.extend_audit)
    purge_audit = awaiting(audit_operations.purge_audit)
    add_usage = awaiting(usage_operations.add_usage)
    usage = awaiting(usage_operations.usage)
    deny = awaiting(denying.deny)
    lift = awaiting(denying.lift)
    denials_version = awaiting(denying.denials_version)
    denials = awaiting(denying.read_denials)
    list_denials = awaiting(denying.list_denials)
    schema_status = awaiting(schema.schema_status)
    _create_schema = awaiting(schema.create_schema)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        engine = await self._connections.engine()
        with self._database.in_use():
            async with engine.connect() as connection:
                self._database.note()
                yield connection
                assert connection.sync_connection is not None
                self._database.settle(connection.sync_connection)
