"""The way out: the application's response passes, or the guard's refusal is written in its place."""

from collections.abc import Iterable
from typing import Any

from authmux.visit import Visit
from authmux.web.challenge import Challenge
from authmux.web.doorkeeper import Doorkeeper
from authmux.wsgi.request import Environ


class WayOut:
    """Passes the start of the response on, or holds the guard's refusal to be written in its place."""

    __slots__ = ("_doorkeeper", "_environ", "_start_response", "_started", "_visit", "challenge")

    def __init__(self, doorkeeper: Doorkeeper, visit: Visit, environ: Environ, start_response: Any) -> None:
        self._doorkeeper = doorkeeper
        self._visit = visit
        self._environ = environ
        self._start_response = start_response
        self._started = False
        self.challenge: Challenge | None = None

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """Take the start of the response from the application."""
        if not self._started and self._visit.refusal is not None:
            self.challenge = self._doorkeeper.answer_instead(self._visit, int(status[:3]))
            if self.challenge is not None:
                self._record(self.challenge.status)
                return _discard
        self._started = True
        self._record(int(status[:3]))
        headers = self._mark(headers)
        return self._start_response(status, headers, exc_info) if exc_info else self._start_response(status, headers)

    def _record(self, status: int) -> None:
        """Have the use written down, with what is said of it first (K-70)."""
        self._doorkeeper.record(self._visit, address=self._environ.get("REMOTE_ADDR"), status=status)

    def _mark(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the headers of a response that stands, with what caches must know of it (K-82)."""
        if self._doorkeeper.api_key_header is None:
            return headers
        as_sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        marked = self._doorkeeper.mark(as_sent, self._visit)
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in marked]

    def after(self, error: Exception) -> Iterable[bytes]:
        """Answer a refusal that came out as an exception; raise every other one again."""
        if self._visit.refusal is None or self._started or not self._visit.explains(error):
            self._record(500)
            raise error
        self.challenge = self.challenge or self._doorkeeper.answer_visit(self._visit)
        self._record(self.challenge.status)
        return self.write()

    def write(self) -> Iterable[bytes]:
        """Write the challenge."""
        assert self.challenge is not None
        return write(self.challenge, self._environ, self._start_response)


def _discard(_: bytes) -> None:
    """Take what an application writes for a response that is not sent."""


def write(challenge: Challenge, environ: Environ, start_response: Any) -> Iterable[bytes]:
    """Write a challenge."""
    start_response(challenge.status_line, list(challenge.headers))
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [challenge.body]
