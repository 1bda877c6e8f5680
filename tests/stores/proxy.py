"""A proxy before a database: one that lets everything pass, falls silent, or stands for a pooler."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_KEY_DATA: Final = b"K\x00\x00\x00\x0c"  # the message that names the server's process; a length of twelve bytes


class Proxy:
    """Listens on loopback, and hands on what comes.

    Arguments:
        port: of the database.
        hides_process: whether the database's process gets another number, as poolers give one.

    Attributes:
        port: where it listens.
        connections: how many it has taken.
    """

    def __init__(self, port: int, *, hides_process: bool = False) -> None:
        self._target = port
        self._hides_process = hides_process
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._is_silent = False
        self._silenced: set[socket.socket] = set()
        self.port: int = self._server.getsockname()[1]
        self.connections = 0

    def silence(self, *, also_new: bool = False) -> None:
        """Hand on nothing more of the connections that there are, and let nobody know.

        Arguments:
            also_new: whether the same becomes of those that come; else they work.
        """
        self._is_silent = also_new
        self._silenced.update(self._sockets)

    def serve(self) -> None:
        """Take connections until it is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                database = socket.create_connection(("127.0.0.1", self._target))
                self.connections += 1
                self._sockets += [client, database]
                if self._is_silent:
                    self.silence(also_new=True)
                for ends in ((client, database, False), (database, client, self._hides_process)):
                    threading.Thread(target=self._hand_on, args=ends, daemon=True).start()

    def close(self) -> None:
        """Close everything."""
        for each in (self._server, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _hand_on(self, source: socket.socket, target: socket.socket, hides_process: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if hides_process and _KEY_DATA in data:
                    data, hides_process = _with_another_process(data), False
                if source not in self._silenced:
                    target.sendall(data)
            if source not in self._silenced:
                target.shutdown(socket.SHUT_WR)


def _with_another_process(data: bytes) -> bytes:
    start = data.index(_KEY_DATA) + len(_KEY_DATA)
    (number,) = struct.unpack_from("!i", data, start)
    return data[:start] + struct.pack("!i", number + 1_000_000) + data[start + 4 :]


@contextmanager
def proxy(port: int, *, hides_process: bool = False) -> Iterator[Proxy]:
    """Run a proxy before a port of loopback."""
    it = Proxy(port, hides_process=hides_process)
    thread = threading.Thread(target=it.serve, daemon=True)
    thread.start()
    try:
        yield it
    finally:
        it.close()
        thread.join(5)
