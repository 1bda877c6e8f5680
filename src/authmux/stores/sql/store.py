"""`SQLStore`: keys and tokens in a SQLite file, for all the processes of one machine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError
from authmux.forking import close_for_fork, renew_after_fork
from authmux.stores.port import PepperCheck, Query, Reading, Revision
from authmux.stores.record import Record
from authmux.stores.sql import operations
from authmux.stores.sql.database_file import DatabaseFile
from authmux.stores.sql.sqlite import engine_for, leave_transaction, set_wal, unavailable

_WHAT_IS_TAKEN = "SQLStore takes a SQLite database and a blocking driver, as in sqlite:///keys.db"


class SQLStore:
    """Keeps records in a SQLite file. `TokenStore` says what each method promises.

    Revoking is complete: no request that starts after `revoke` returned is accepted, in any process (K-25).

    Arguments:
        database: a URL such as "sqlite:///keys.db", or the engine that the application has already.
        clock: for how often to look whether the file was replaced.

    Raises:
        ConfigurationError: it is not a SQLite database behind a blocking driver.
    """

    def __init__(self, database: str | Engine, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._is_ours = isinstance(database, str)
        self._engine = _engine_for(database) if isinstance(database, str) else database
        if (self._engine.dialect.name, self._engine.dialect.is_async) != ("sqlite", False):
            raise ConfigurationError(_WHAT_IS_TAKEN)
        self._file = DatabaseFile(
            self._engine.url, sqlite=self._engine.dialect.loaded_dbapi, clock=clock, let_go=self._engine.dispose
        )
        renew_after_fork(self._file)
        close_for_fork(self._file)

    def create_schema(self) -> None:
        """Make the tables where they are missing; safe to run twice, and by several processes at once (K-15).

        Raises:
            ConfigurationError: SQLite cannot keep this database in WAL mode, or a newer authmux made the tables.
            StoreUnavailable: the database does not answer.
        """
        self._file.forget_if_removed()
        with self._connection() as connection:
            set_wal(connection)
        with self._transaction() as connection:
            operations.create_schema(connection)

    def close(self) -> None:
        """Close every connection that the store opened; a later call opens others. An engine of yours stays open."""
        self._file.close()
        if self._is_ours:
            self._engine.dispose()

    def freshness(self) -> Revision | None:
        """Return the revision, read from the file on every call; None for a database in memory (K-22)."""
        return self._file.freshness()

    def find(self, credential_id: str) -> Reading:
        """Read a record by its public id."""
        with self._connection() as connection:
            return operations.find(connection, credential_id)

    def list(self, query: Query) -> Sequence[Record]:
        """Return the records that match, by id."""
        with self._connection() as connection:
            return operations.list_records(connection, query)

    def add(self, record: Record, *, pepper: PepperCheck, max_live: int, now: float) -> None:
        """Keep a new record."""
        with self._transaction() as connection:
            operations.add(connection, record, pepper=pepper, max_live=max_live, now=now)

    def replace(self, record: Record, *, expected: int, pepper: PepperCheck | None = None) -> None:
        """Keep a record instead of an older version of it."""
        with self._transaction() as connection:
            operations.replace(connection, record, expected=expected, pepper=pepper)

    def pepper_checks(self) -> Sequence[PepperCheck]:
        """Return the checks of all the peppers that records were issued under."""
        with self._connection() as connection:
            return operations.pepper_checks(connection)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        self._file.look()
        try:
            with self._file.in_use(), self._engine.connect() as connection:
                if not self._is_ours:
                    leave_transaction(connection)
                self._file.note()
                yield connection
        except (DBAPIError, PoolTimeout) as error:
            raise unavailable(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Hold the write lock from the start, so that what is checked cannot change before what is written."""
        with self._connection() as connection, operations.durable(connection, is_needed=not self._is_ours):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")


def _engine_for(database: str) -> Engine:
    try:
        url = make_url(database)
    except ArgumentError:
        raise ConfigurationError(_WHAT_IS_TAKEN) from None
    if url.get_backend_name() != "sqlite" or url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigurationError(_WHAT_IS_TAKEN)  # before a driver is looked for that may not be there
    return engine_for(url)
