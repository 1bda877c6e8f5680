"""What one database does otherwise than another while an operation runs on a connection; all else is the same."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import Insert

from authmux.stores.sql import postgresql, sqlite
from authmux.stores.sql.tables import EVERYTHING


class Dialect(Protocol):
    """What an operation must know of the database that it runs on; `sqlite` and `postgresql` are the two."""

    def borrow(self, connection: Connection) -> None:
        """Make a connection of the application's ready for transactions of ours."""
        ...

    def durable(self, connection: Connection) -> AbstractContextManager[None]:
        """Have changes on the disk when they are committed, on a connection for which the application chose less."""
        ...

    def begin(self, connection: Connection) -> None:
        """Begin a transaction in which what is checked under `lock` cannot change before what is written."""
        ...

    def lock(self, connection: Connection, *name: object) -> None:
        """Keep everybody else who locks this name waiting until the transaction is over."""
        ...

    def patience(self, connection: Connection) -> AbstractContextManager[None]:
        """Wait longer than usual for who brings the schema up to date."""
        ...

    def lock_schema(self, connection: Connection) -> None:
        """Keep everybody else who makes or upgrades the schema waiting until the transaction is over."""
        ...

    def insert_new(self, table: Table, values: Mapping[str, Any]) -> Insert:
        """Return a statement that inserts a row, or nothing where there is one with this key."""
        ...

    def insert_or_change(self, table: Table, changes: Callable[[Any], Mapping[str, Any]]) -> Insert:
        """Return a statement that inserts a row, or changes the one with its key by what would have been inserted."""
        ...

    def move_revision(self, connection: Connection, row: int = EVERYTHING) -> None:
        """Let a revision be another one from the commit on, where no trigger sees to it reliably (K-22)."""
        ...

    def prepare(self, connection: Connection) -> None:
        """Do what must be done to the database before a schema is made, outside of any transaction."""
        ...

    def add_triggers(self, connection: Connection) -> None:
        """Make the triggers that move the revision, where they are missing (K-22)."""
        ...

    def trigger_statements(self) -> tuple[str, ...]:
        """Return what a migration of the application's own has to execute for the triggers; twice does no harm."""
        ...

    def missing_triggers(self, connection: Connection) -> list[str]:
        """Return the names of the triggers that are not there."""
        ...

    def journal_mode(self, connection: Connection) -> str | None:
        """Return SQLite's journal mode; None where there is no such thing."""
        ...

    def is_transient(self, error: DBAPIError) -> bool:
        """Return whether the same transaction, begun again, may succeed."""
        ...


DIALECTS: Final[Mapping[str, Dialect]] = {"sqlite": sqlite, "postgresql": postgresql}


def dialect_of(connection: Connection) -> Dialect:
    """Return what the database at the other end does otherwise."""
    return DIALECTS[connection.dialect.name]
