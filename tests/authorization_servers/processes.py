"""Starts a server on a socket that listens already, so that nobody has to wait until it is ready, and stops it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.ending import end

ROOT = Path(__file__).parents[2]


def listen() -> socket.socket:
    """Return a socket that listens on a free port of loopback."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.set_inheritable(True)
    return listener


def port_of(listener: socket.socket) -> int:
    """Return its port."""
    port: int = listener.getsockname()[1]
    return port


@contextmanager
def running(command: Sequence[str], listener: socket.socket, *, log: Path) -> Iterator[None]:
    """Run a server that takes over a socket; the caller keeps it, and may run another server on it afterwards."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, pass_fds=[listener.fileno()]
        )
        try:
            yield
        finally:
            end(process)
