"""A standby of the tests' PostgreSQL: a second server that follows the first, and takes no changes."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.postgres import CannotStart, PostgreSQL, _program

_PATIENCE: Final = 60.0  # seconds


class Standby(PostgreSQL):
    """Follows another server.

    Arguments:
        primary: the other.
        directory: an empty one, in which the server's own user may write.
    """

    def __init__(self, primary: PostgreSQL, directory: Path) -> None:
        self._primary = primary
        super().__init__(directory)
        self._password = primary._password

    def _make_cluster(self, directory: Path) -> None:
        url = self._primary.url("psycopg", "postgres").replace("+psycopg", "").rpartition("/")[0]
        copy = [
            _program("pg_basebackup"),
            "-d",
            url,
            "-D",
            str(self._data),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
        ]
        try:
            if self._account:
                subprocess.run(["chown", f"{self._account['user']}:{self._account['group']}", directory], check=True)
            subprocess.run(copy, check=True, capture_output=True, timeout=_PATIENCE, cwd=directory, **self._account)
        except subprocess.CalledProcessError as error:
            raise CannotStart(error.stderr.decode(errors="replace").strip()) from None


@contextmanager
def standby_of(primary: PostgreSQL) -> Iterator[PostgreSQL]:
    """Run a standby until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="authmux-standby-") as directory:
        server = Standby(primary, Path(directory))
        try:
            server.start()
            yield server
        finally:
            server.stop()
