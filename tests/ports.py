"""A port for a server that must be told one, and cannot be handed a socket."""

import random
import socket
from typing import Final

_BELOW_EPHEMERAL: Final = range(20_000, 32_000)
"""Where no client's end of a connection ever is: those of other tests take ports too, all the time."""


def find_port() -> int:
    """Return a port of loopback that nobody has; two who ask at once will hardly get the same one."""
    for _ in range(100):
        port = random.choice(_BELOW_EPHEMERAL)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("there is no free port")
