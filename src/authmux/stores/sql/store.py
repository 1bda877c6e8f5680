"""`SQLStore`: keys and tokens in SQLite or PostgreSQL, for callers that block."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

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
from authmux.stores.sql.colours import blocking
from authmux.stores.sql.connections import BlockingConnections
from authmux.stores.sql.database import OnDatabase
from authmux.stores.sql.engines import blocking_engine, engine_beside
from authmux.stores.sql.watch_rules import WatchRules


class SQLStore(OnDatabase):
    """Keeps records in SQLite or PostgreSQL. `TokenStore` says what each method promises.

    Records are held in memory for as long as the database's revision is the same. On SQLite it is read on every
    request, so that none is accepted that starts after `revoke` returned, in any process of the machine. On PostgreSQL
    a thread asks for it, so that none is accepted that starts a second after, and with this store none at all (K-25).

    Arguments:
        database: a URL such as "sqlite:///keys.db" or "postgresql+psycopg://user@host/database", or the engine that
            the application has already. PostgreSQL 13 or later.
        max_staleness: of PostgreSQL: seconds for which its last word is believed, 0.1 to 60. Within them a revoked
            credential may be accepted in another process. 0 holds nothing in memory.
        outage_grace: of PostgreSQL: seconds for which its last word is believed while it is away, at most 300.
        wake: of PostgreSQL: what tells processes of changes instead of LISTEN, such as a `RedisChannel`.
        clock: for how often to look whether a SQLite file was replaced, and how long ago PostgreSQL was asked.

    Raises:
        ConfigurationError: it is another database, a driver that awaits, or one that is not installed.
    """

    def __init__(
        self,
        database: str | Engine,
        *,
        max_staleness: float = 1.0,
        outage_grace: float = 0.0,
        wake: Channel | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._is_ours = isinstance(database, str)
        self._engine = engine = blocking_engine(database)
        super().__init__(
            engine,
            connections=BlockingConnections(engine),
            beside=lambda: engine_beside(database, engine),
            rules=WatchRules(max_staleness=max_staleness, outage_grace=outage_grace, wake=wake),
            clock=clock,
        )

    def create_schema(self) -> None:
        """Make the tables, or bring older ones up to date; safe to run twice, and by several processes at once (K-15).

        Raises:
            ConfigurationError: SQLite cannot keep this database in WAL mode, or a newer authmux made the tables.
            StoreUnavailable: the database does not answer.
        """
        self._database.forget_if_removed()
        self._create_schema()

    def close(self) -> None:
        """Close every connection that the store opened; a later call opens others. An engine of yours stays open."""
        self._database.close()
        if self._is_ours:
            self._engine.dispose()

    find = blocking(operations.find)
    list = blocking(operations.list_records)
    add = blocking(operations.add)
    replace = blocking(operations.replace)
    revoke_all = blocking(bulk_operations.revoke_all)
    purge = blocking(bulk_operations.purge)
    pepper_checks = blocking(operations.pepper_checks)
    pepper_counts = blocking(pepper_operations.pepper_counts)
    upgrade_digests = blocking(pepper_operations.upgrade_digests)
    forget_pepper = blocking(pepper_operations.forget_pepper)
    find_foreign = blocking(foreign_operations.find_foreign)
    add_foreign = blocking(foreign_operations.add_foreign)
    audit = blocking(audit_operations.audit)
    append_audit = blocking(audit_operations.append_audit)
    extend_audit = blocking(audit_operations.extend_audit)
    purge_audit = blocking(audit_operations.purge_audit)
    add_usage = blocking(usage_operations.add_usage)
    usage = blocking(usage_operations.usage)
    deny = blocking(denying.deny)
    lift = blocking(denying.lift)
    denials_version = blocking(denying.denials_version)
    denials = blocking(denying.read_denials)
    list_denials = blocking(denying.list_denials)
    schema_status = blocking(schema.schema_status)
    _create_schema = blocking(schema.create_schema)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._database.in_use(), self._engine.connect() as connection:
            self._database.note()
            yield connection
            self._database.settle(connection)
