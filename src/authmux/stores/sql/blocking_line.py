"""A line to PostgreSQL through a driver that blocks."""

import socket
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine

from authmux.stores.port import Revision
from authmux.stores.sql.bell import Bell
from authmux.stores.sql.line import ask_revision, find_channel, make_ours


class BlockingLine:
    """See `Line`.

    Arguments:
        engine: opens the connection.
        listen: whether to.
    """

    def __init__(self, engine: Engine, *, listen: bool) -> None:
        self._socket: socket.socket | None = None
        self._connection = engine.connect()
        try:
            make_ours(self._connection)
            self._socket = _socket_of(self._connection.connection.driver_connection)
            channel = find_channel(self._connection) if listen else None
            self.is_told = channel is not None and self._socket is not None
            if self.is_told:
                self._connection.exec_driver_sql(f"LISTEN {channel}").close()
        except BaseException:
            self.close()
            raise

    def ask(self) -> Revision | None:
        """Ask."""
        return ask_revision(self._connection)

    def rest(self, bell: Bell, seconds: float) -> None:
        """Wait at the socket: whatever comes there is a reason to ask, a farewell too."""
        bell.wait(seconds, beside=self._socket.fileno() if self._socket else None)

    def cut(self) -> None:
        """Shut the socket, of which this is a descriptor of our own."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
        self._connection.invalidate()
        self._connection.close()


def _socket_of(driver: Any) -> socket.socket | None:
    """Return a second descriptor of a driver's socket; to shut the first could hit whoever has its number by then."""
    if not hasattr(driver, "fileno"):
        return None
    return socket.fromfd(driver.fileno(), socket.AF_INET, socket.SOCK_STREAM)
