"""What is SQLite's own: its files, its pragmas, and the triggers that move the revision (K-22)."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import URL, Connection, Table, update
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.util import await_only

from authmux.errors import ConfigurationError
from authmux.stores.sql.tables import DENIALS, EVERYTHING, is_change_of_secret, revision

BUSY_TIMEOUT: Final = 5.0  # seconds for which a lock that another process holds is waited for
_UPGRADE_TIMEOUT: Final = 60.0  # the same, while another brings the schema up to date
_PAUSE: Final = 0.02  # seconds
_FULL: Final = 2  # SQLite's number for synchronous = FULL

_WATCHED: Final = (
    "authmux_credentials",
    "authmux_credential_secrets",
    "authmux_pepper_checks",
    "authmux_foreign_names",
    "authmux_denials",
)
_FORMER: Final = "authmux_credential_secrets_update"
_CHANGED: Final = "authmux_credential_secrets_changed"  # a digest that moves to another pepper is no change (K-13)


def _trigger(name: str, event: str) -> str:
    last = DENIALS if "authmux_denials" in event else EVERYTHING
    return (
        f"CREATE TRIGGER IF NOT EXISTS {name} AFTER {event} BEGIN"
        f" UPDATE authmux_revision SET token = lower(hex(randomblob(16))) WHERE id <= {last}; END"
    )


TRIGGERS: Final = {
    f"{table}_{verb.lower()}": _trigger(f"{table}_{verb.lower()}", f"{verb} ON {table}")
    for table in _WATCHED
    for verb in ("INSERT", "UPDATE", "DELETE")
    if f"{table}_{verb.lower()}" != _FORMER
} | {_CHANGED: _trigger(_CHANGED, f"UPDATE ON authmux_credential_secrets WHEN {is_change_of_secret('IS NOT')}")}
"""Triggers by name, so that a revocation typed into the sqlite3 shell counts like any other."""

_OURS: Final = (
    f"FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN {_WATCHED}"
    " AND sql LIKE '%UPDATE authmux_revision SET token%'"
)
COUNT_TRIGGERS: Final = f"SELECT count(*) {_OURS}"


def set_pragmas(connection: Any, _: object) -> None:
    """Make a new connection durable, patient, and true to foreign keys."""
    cursor = connection.cursor()
    for pragma in ("foreign_keys = ON", "synchronous = FULL", f"busy_timeout = {BUSY_TIMEOUT * 1000:.0f}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def roll_back(connection: Any, *_: object) -> None:
    """Undo what is open on a connection before it is thrown away, as in a task that was cancelled.

    Closing it is not enough: while a cursor is still held somewhere, if only by a traceback, SQLite keeps a closed
    connection alive, and with it the write lock.
    """
    with suppress(Exception, asyncio.CancelledError):  # nothing is lost by it: what threw it away is being raised
        connection.rollback()


def file_of(url: URL) -> str | None:
    """Return the path of a database file; None for a database in memory, and for a URI, which may name one."""
    if url.database in (None, "", ":memory:") or "uri" in url.query:
        return None
    return os.path.abspath(url.database or "")


def borrow(connection: Connection) -> None:
    """Undo the BEGIN that an application's engine may emit by itself, since our transactions are of another kind."""
    connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.begin()
    raw: Any = connection.connection
    if raw.driver_connection.in_transaction:
        raw.dbapi_connection.rollback()


@contextmanager
def durable(connection: Connection) -> Iterator[None]:
    """Have a change on the disk when it is committed, on a connection for which the application chose less."""
    before = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    if before >= _FULL:
        yield
        return
    connection.exec_driver_sql(f"PRAGMA synchronous = {_FULL}")
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.exec_driver_sql(f"PRAGMA synchronous = {int(before)}")


def begin(connection: Connection) -> None:
    """Hold the one write lock from the start."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def lock(connection: Connection, *name: object) -> None:
    """Do nothing more: whoever changes anything waits for the write lock already."""


@contextmanager
def patience(connection: Connection) -> Iterator[None]:
    """Wait for the write lock as long as another process may need to bring a large database up to date."""
    before = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {_UPGRADE_TIMEOUT * 1000:.0f}").close()
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(before)}").close()


def lock_schema(connection: Connection) -> None:
    """Do nothing more: whoever makes a schema holds the write lock already."""


def insert_new(table: Table, values: Mapping[str, Any]) -> Insert:
    """Return a statement that inserts a row, or nothing where there is one with this key."""
    return insert(table).values(values).on_conflict_do_nothing()


def insert_or_change(table: Table, changes: Callable[[Any], Mapping[str, Any]]) -> Insert:
    """Return a statement that inserts a row, or changes the one with its key by what would have been inserted."""
    new = insert(table)
    return new.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes(new.excluded))


def move_revision(connection: Connection, row: int = EVERYTHING) -> None:
    """Do what the triggers do, even where a migration has made the tables anew without them."""
    connection.execute(update(revision).where(revision.c.id == row).values(token=secrets.token_hex(16)))


def prepare(connection: Connection) -> None:
    """Put the database into WAL mode, waiting for who is at it: SQLite itself would not wait here (K-22).

    Raises:
        ConfigurationError: SQLite will not, as on some network file systems.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            mode = connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar_one()
            break
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            _pause(connection)
    if mode not in ("wal", "memory"):
        raise ConfigurationError(
            f"SQLite keeps this database in journal mode {mode!r} and will not change to WAL: put it on a local disk"
        )


def _pause(connection: Connection) -> None:
    """Wait a little, in the connection's colour."""
    if connection.dialect.is_async:
        await_only(asyncio.sleep(_PAUSE))
    else:
        time.sleep(_PAUSE)


def add_triggers(connection: Connection) -> None:
    """Make the triggers that are missing, or other than they are now; all others stay, and with them the schema."""
    for name in missing_triggers(connection):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        connection.exec_driver_sql(TRIGGERS[name])
    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {_FORMER}")


def trigger_statements() -> tuple[str, ...]:
    """Return what a migration has to execute for them; those that are there are made anew."""
    return (*(f"DROP TRIGGER IF EXISTS {name}" for name in (_FORMER, *TRIGGERS)), *TRIGGERS.values())


def missing_triggers(connection: Connection) -> list[str]:
    """Return the names of those that are not there, or are other than they are now."""
    there = set(connection.exec_driver_sql(f"SELECT sql {_OURS}").scalars())
    return [name for name, statement in TRIGGERS.items() if statement.replace(" IF NOT EXISTS", "") not in there]


def journal_mode(connection: Connection) -> str | None:
    """Return SQLite's journal mode, on which it depends whether records may be held (K-22)."""
    return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())


def is_transient(error: DBAPIError) -> bool:
    """Return False: SQLite gives no transaction up for another, and has waited already."""
    del error
    return False
