"""A real server in a process of its own: started, waited for, and stopped by its process id."""

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import requests

_PATIENCE = 30.0  # seconds for a server to start, and to stop
_LISTENS = re.compile(r"(?:running on|listening at:) (http://127\.0\.0\.1:\d+)", re.IGNORECASE)


class ServerFailed(Exception):
    """A server did not start; the message holds its log."""


class Server:
    """Runs a command that serves HTTP on a port of its choice and says in its log where: no port is guessed.

    Arguments:
        name: for people; the log is named after it.
        command: what to run.
        directory: where to run it.
        environment: is added to this process's own.
        log_directory: where to write the log.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, directory: Path, environment: Mapping[str, str], log_directory: Path
    ) -> None:
        self.name = name
        self._command = command
        self._directory = directory
        self._environment = {**os.environ, **environment}
        self._log = log_directory / f"{name}.log"

    def __enter__(self) -> Self:
        """Start, without waiting: several servers can start side by side."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._directory, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        return self

    def __exit__(self, *_exc_info: object) -> None:
        """Stop, whatever happened."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Return the id of its process."""
        return self._process.pid

    def wait(self) -> str:
        """Wait until it answers, and return its URL.

        Raises:
            ServerFailed: it has ended, or does not answer in time.
        """
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            listens = _LISTENS.search(self._read_log())
            if listens and _answers(listens[1]):
                return listens[1]
            time.sleep(0.05)
        raise ServerFailed(f"{self.name} did not start: {' '.join(self._command)}\n\n{self._read_log()}")

    def _read_log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


def _answers(url: str) -> bool:
    """Return whether anything comes back; gunicorn listens before its workers can answer."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            session.get(url, timeout=_PATIENCE)
        except requests.ConnectionError:
            return False
    return True
