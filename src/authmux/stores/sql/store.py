"""`SQLStore`: keys and tokens in a SQLite file, for all the processes of one machine."""

import logging
import os
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
from authmux.stores.sql.file_revision import FileIdentity, FileRevision, identity_of
from authmux.stores.sql.sqlite import engine_for, file_of, leave_transaction, set_wal, unavailable

_log = logging.getLogger("authmux.store")

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
        self._path = file_of(self._engine.url)
        self._identity: FileIdentity | None = None
        self._revision = FileRevision(self._path, clock=clock) if self._path else None
        renew_after_fork(self)
        close_for_fork(self)

    def create_schema(self) -> None:
        """Make the tables where they are missing; safe to run twice, and by several processes at once (K-15).

        Raises:
            ConfigurationError: SQLite cannot keep this database in WAL mode, or a newer authmux made the tables.
            StoreUnavailable: the database does not answer.
        """
        if self._path and not os.path.exists(self._path):
            self._let_go()  # of a file that was removed: a new one is wanted
        with self._connection() as connection:
            set_wal(connection)
        with self._transaction() as connection:
            operations.create_schema(connection)

    def close(self) -> None:
        """Close every connection that the store opened; a later call opens others. An engine of yours stays open."""
        if self._revision:
            self._revision.close()
        if self._is_ours:
            self._engine.dispose()

    def freshness(self) -> Revision | None:
        """Return the revision, read from the file on every call; None for a database in memory (K-22)."""
        return self._revision.read() if self._revision else None

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

    def before_fork(self) -> None:
        """Close what a child must not inherit: see `FileRevision.before_fork`."""
        if self._revision:
            self._revision.before_fork()
            self._engine.dispose()

    def after_fork_in_parent(self) -> None:
        """Go on, in the parent."""
        if self._revision:
            self._revision.after_fork_in_parent()

    def after_fork(self) -> None:
        """Make the connections anew, in a child."""
        if self._revision:
            self._revision.after_fork()
            self._engine.dispose(close=False)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if self._path and self._identity is not None:
            self._look_at_file(self._path)
        try:
            with self._engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                if not self._is_ours:
                    leave_transaction(connection)
                if self._path and self._identity is None:
                    self._identity = identity_of(self._path)
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

    def _look_at_file(self, path: str) -> None:
        """Let go of a file that was replaced, so that nothing is read of it or written to it (K-22)."""
        if identity_of(path) != self._identity:
            _log.warning("the database file was replaced; its connections are opened anew")
            self._let_go()

    def _let_go(self) -> None:
        self._engine.dispose()
        self._identity = None


def _engine_for(database: str) -> Engine:
    try:
        url = make_url(database)
    except ArgumentError:
        raise ConfigurationError(_WHAT_IS_TAKEN) from None
    if url.get_backend_name() != "sqlite" or url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigurationError(_WHAT_IS_TAKEN)  # before a driver is looked for that may not be there
    return engine_for(url)
