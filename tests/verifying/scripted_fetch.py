"""A `Fetch` that answers as a test tells it, and remembers what it was asked."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from authmux.testing.signing_key import SigningKey
from authmux.verifying.fetch import Fetched, FetchFailed
from tests.jose.token_maker import key_set

Answer: TypeAlias = Fetched | Exception | Callable[[], Fetched]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; header names are as they were given."""

    url: str
    headers: Mapping[str, str]


class ScriptedFetch:
    """Gives one answer a request, the last for ever; what a URL was promised with `at` comes first.

    Arguments:
        answers: documents, errors to raise, or functions that do either.
    """

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[Asked] = []
        self._lock = threading.Lock()
        self._answers: dict[str | None, list[Answer]] = {}
        self.script(*answers)

    def __call__(self, url: str, headers: Mapping[str, str], /) -> Fetched:
        with self._lock:
            self.requests.append(Asked(url, dict(headers)))
            answers = self._answers.get(url, self._answers[None])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Fetched) else answer()

    def script(self, *answers: Answer, at: str | None = None) -> None:
        """Answer so from now on; with `at`, requests of that URL only."""
        with self._lock:
            self._answers[at] = list(answers or [FetchFailed("status_404", status=404)])

    @property
    def urls(self) -> list[str]:
        """Return what was asked for, in order."""
        return [request.url for request in self.requests]


def document(body: bytes, **headers: str) -> Fetched:
    """Return a 200; underscores in header names stand for hyphens."""
    return Fetched(200, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def keys_of(*keys: SigningKey | Mapping[str, object], **headers: str) -> Fetched:
    """Return a 200 with a key set."""
    return document(key_set(*keys), **headers)


def unchanged(**headers: str) -> Fetched:
    """Return a 304."""
    return Fetched(304, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


def down(*, retry_after: float | None = None) -> FetchFailed:
    """Return what an issuer that is down makes of a fetch."""
    return FetchFailed("status_503", status=503, retry_after=retry_after)


class Gate:
    """Holds answers back until the test opens it; `arrived` is set once a fetch waits there."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def hold(self, answer: Answer) -> Callable[[], Fetched]:
        """Return an answer that comes when the gate opens."""

        def wait() -> Fetched:
            self.arrived.set()
            assert self._open.wait(20), "the test never opened the gate"
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, Fetched) else answer()

        return wait
