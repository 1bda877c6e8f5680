"""`SQLStore`: keys and tokens in SQLite or PostgreSQL, for callers that block."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.stores.sql import denying, operations
from authmux.stores.sql.colours import blocking
from authmux.stores.sql.connections import BlockingConnections
from authmux.stores.sql.database import OnDatabase
from authmux.stores.sql.engines import blocking_engine


class SQLStore(OnDatabase):
    """Keeps records in SQLite or PostgreSQL. `TokenStore` says what each method promises.

    Revoking is complete: no request that starts after `revoke` returned is accepted, in any process (K-25). On SQLite
    records are remembered for as long as the file's revision is the same. On PostgreSQL nothing is remembered yet:
    every request reads its record.

    Arguments:
        database: a URL such as "sqlite:///keys.db" or "postgresql+psycopg://user@host/database", or the engine that
            the application has already. PostgreSQL 13 or later.
        clock: for how often to look whether a SQLite file was replaced.

    Raises:
        ConfigurationError: it is another database, a driver that awaits, or one that is not installed.
    """

    def __init__(self, database: str | Engine, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._is_ours = isinstance(database, str)
        self._engine = blocking_engine(database)
        super().__init__(self._engine, connections=BlockingConnections(self._engine), clock=clock)

    def create_schema(self) -> None:
        """Make the tables where they are missing; safe to run twice, and by several processes at once (K-15).

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
    pepper_checks = blocking(operations.pepper_checks)
    deny = blocking(denying.deny)
    lift = blocking(denying.lift)
    denials_version = blocking(denying.denials_version)
    denials = blocking(denying.read_denials)
    list_denials = blocking(denying.list_denials)
    _create_schema = blocking(operations.create_schema)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._database.in_use(), self._engine.connect() as connection:
            self._database.note()
            yield connection
