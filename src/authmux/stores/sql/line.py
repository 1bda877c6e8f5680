"""The watcher's own connection to PostgreSQL, through whichever driver the store has (K-22).

It asks in transactions of its own and keeps no setting in the session, so that a pooler may stand between. LISTEN is
the one thing that a session keeps; where a pooler stands between it is left out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Executable, func, literal_column, select

from authmux.stores.port import Revision, StoreUnavailable
from authmux.stores.sql.bell import Bell
from authmux.stores.sql.postgresql import COUNT_TRIGGERS, TRIGGERS
from authmux.stores.sql.primary import STANDBY, OnPrimary
from authmux.stores.sql.tables import EVERYTHING, revision

_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
_TIMEOUT: Final = "SET LOCAL statement_timeout = 400"  # milliseconds (K-22)
_ASK: Final[Executable] = select(OnPrimary(revision.c.token), literal_column(f"({COUNT_TRIGGERS})")).where(
    revision.c.id == EVERYTHING
)
_NAMESPACE: Final = "(SELECT relnamespace FROM pg_class WHERE oid = authmux_revision.tableoid)"
_ROOM: Final[Executable] = select(
    literal_column(_NAMESPACE), func.pg_backend_pid(), func.pg_is_in_recovery()
).select_from(revision)


class Line(Protocol):
    """A connection that one thread uses; only `cut` may be called from another. It is never given back to a pool."""

    is_told: bool

    def ask(self) -> Revision | None:
        """Return the revision as it is now; None where there is none.

        Raises:
            StoreUnavailable: the database is a standby, or a change would not move the revision.
        """
        ...

    def rest(self, bell: Bell, seconds: float) -> None:
        """Wait until the bell rings or the database tells of a change, but not for ever."""
        ...

    def cut(self) -> None:
        """Have `ask` fail, which has waited too long for a server that says nothing any more."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def make_ours(connection: Connection) -> None:
    """Have each statement committed by itself, and nothing kept that comes unasked."""
    connection.execution_options(isolation_level="AUTOCOMMIT")
    driver: Any = connection.connection.driver_connection
    if hasattr(driver, "add_notify_handler"):  # psycopg would keep every notice for whoever asks for them
        driver.add_notify_handler(lambda _: None)


@contextmanager
def _brief(connection: Connection) -> Iterator[None]:
    """Give a transaction in which no statement waits for long, not even for a table that somebody has locked."""
    connection.exec_driver_sql(_BEGIN).close()
    connection.exec_driver_sql(_TIMEOUT).close()
    yield
    connection.exec_driver_sql("COMMIT").close()


def ask_revision(connection: Connection) -> Revision | None:
    """Return the revision; see `Line.ask`."""
    with _brief(connection):
        found = connection.execute(_ASK).one_or_none()
    if found is None:
        return None
    token, triggers = str(found[0]), int(found[1])
    if token == STANDBY:
        raise StoreUnavailable(STANDBY)
    if triggers != TRIGGERS:  # a migration has made the tables anew, or switched them off: nothing would be noticed
        raise StoreUnavailable("no_triggers")
    return token


def find_channel(connection: Connection) -> str | None:
    """Return where the trigger tells of changes; None where a pooler stands between, whose sessions are not ours."""
    with _brief(connection):
        found = connection.execute(_ROOM).first()
    if found is None or found[-1]:  # nobody can listen to a standby
        return None
    namespace, process, _ = found
    if process != _backend_of(connection.connection.driver_connection):
        return None
    return f"authmux_{int(namespace)}"


def _backend_of(driver: Any) -> int | None:
    """Return which process of the server's a driver believes to speak to."""
    if hasattr(driver, "get_server_pid"):
        return int(driver.get_server_pid())
    return getattr(getattr(driver, "info", None), "backend_pid", None)
