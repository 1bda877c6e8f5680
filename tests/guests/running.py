"""Starts a guest behind a real server on a free port of loopback, and stops it by its process id."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ending import end
from tests.faces.callers import SocketCaller

ROOT = Path(__file__).parents[2]


@contextmanager
def behind_server(module: str, *arguments: str, log: Path) -> Iterator[SocketCaller]:
    """Run a server's module, which takes over a socket that listens already, and give a caller of it."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)
    port, descriptor = listener.getsockname()[1], listener.fileno()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments, f"--fd={descriptor}"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
            stdout=output,
            stderr=output,
            pass_fds=[descriptor],
        )
        listener.close()  # else a caller would wait for a server that has died
        try:
            yield SocketCaller(port)
        finally:
            end(process)
