"""A bell that a thread waits for beside a socket; anybody may ring it."""

import selectors
import socket
from contextlib import suppress


class Bell:
    """Wakes one thread. However often it was rung, it is heard once."""

    def __init__(self) -> None:
        self._rope, self._clapper = socket.socketpair()
        for each in (self._rope, self._clapper):
            each.settimeout(0)

    def ring(self) -> None:
        """Wake whoever waits, or will; never waits itself."""
        with suppress(OSError):  # it rings already, or nobody is there any more
            self._rope.send(b"\0")

    def silence(self) -> None:
        """Let it ring no longer."""
        with suppress(BlockingIOError):
            while self._clapper.recv(1024):
                pass

    def wait(self, seconds: float, *, beside: int | None = None) -> None:
        """Wait until it rings, or until there is something to read at another descriptor, but not for ever."""
        with selectors.DefaultSelector() as selector:
            for each in (self.fileno(), beside):
                if each is not None:
                    selector.register(each, selectors.EVENT_READ)
            selector.select(max(0.0, seconds))

    def fileno(self) -> int:
        """Return the descriptor at which there is something to read while it rings."""
        return self._clapper.fileno()

    def close(self) -> None:
        """Take it down."""
        self._rope.close()
        self._clapper.close()
