"""A PostgreSQL database as a server: whether it answers, and its revision, which is watched."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from authmux.clock import Clock
from authmux.stores.port import Revision
from authmux.stores.sql.awaiting_line import AwaitingLine
from authmux.stores.sql.blocking_line import BlockingLine
from authmux.stores.sql.connections import Connections
from authmux.stores.sql.health import StoreHealth
from authmux.stores.sql.line import Line
from authmux.stores.sql.outages import is_outage, unavailable
from authmux.stores.sql.postgresql import has_moved
from authmux.stores.sql.watch_rules import WatchRules
from authmux.stores.sql.watcher import Watcher


class DatabaseServer:
    """What stores of both colours share on PostgreSQL.

    Arguments:
        connections: the engine's, which a forked child must not share.
        beside: makes an engine for the watcher's own connection.
        rules: how the revision is watched, if it is.
        clock: one that goes on while the machine sleeps.
    """

    def __init__(
        self, connections: Connections, *, beside: Callable[[], Engine], rules: WatchRules, clock: Clock
    ) -> None:
        self._connections = connections
        self._beside = beside
        self._listens = rules.wake is None
        self._watcher = Watcher(self._open_line, rules=rules, clock=clock) if rules.max_staleness else None

    def freshness(self) -> Revision | None:
        """Return the revision, where it was confirmed just now; never waits (K-22)."""
        return None if self._watcher is None else self._watcher.freshness()

    def health(self) -> StoreHealth:
        """Return how things stand."""
        return StoreHealth() if self._watcher is None else self._watcher.health()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Tell of outages as what they are, and note that there is none."""
        try:
            yield
        except Exception as error:
            if not is_outage(error):
                raise
            raise unavailable(error) from error
        if self._watcher is not None:
            self._watcher.reached()

    def note(self) -> None:
        """Take note that the server answers, so that it can be watched."""
        if self._watcher is not None:
            self._watcher.may_begin()

    def settle(self, connection: Connection) -> None:
        """Believe no older revision here, once one was written, and have all others look."""
        if self._watcher is not None and has_moved(connection):
            self._watcher.changed()

    def forget_if_removed(self) -> None:
        """Do nothing: there is no file to be removed."""

    def close(self) -> None:
        """Watch no longer."""
        if self._watcher is not None:
            self._watcher.close()

    def after_fork(self) -> None:
        """Begin without connections, in a child; its parent goes on with them."""
        self._connections.abandon()

    def _open_line(self) -> Line:
        engine = self._beside()
        return (AwaitingLine if engine.dialect.is_async else BlockingLine)(engine, listen=self._listens)
