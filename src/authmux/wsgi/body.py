"""A response that is still being made while it is sent."""

from collections.abc import Iterable, Iterator

from authmux.visit import Visit, current_visit
from authmux.wsgi.request import Environ
from authmux.wsgi.way_out import WayOut


class Body:
    """Iterates over a response; the principal is there whenever the application runs."""

    __slots__ = ("_body", "_chunks", "_visit", "_way_out")

    def __init__(self, body: Iterable[bytes], way_out: WayOut, visit: Visit) -> None:
        self._body = body
        self._chunks: Iterator[bytes] | None = None
        self._way_out = way_out
        self._visit = visit

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        token = current_visit.set(self._visit)
        try:
            return self._first() if self._chunks is None else next(self._chunks)
        finally:
            current_visit.reset(token)

    def _first(self) -> bytes:
        """Return the first chunk: only now may a generator start its response, and the guard refuse it."""
        try:
            self._chunks = iter(self._body)
            chunk = next(self._chunks, None)
        except Exception as error:
            return self._answer(self._way_out.after(error))
        if self._way_out.challenge is not None:
            return self._answer(self._way_out.write())
        if chunk is None:
            raise StopIteration
        return chunk

    def _answer(self, chunks: Iterable[bytes]) -> bytes:
        self._chunks = iter(chunks)
        return next(self._chunks)

    def close(self) -> None:
        """Close the application's response."""
        token = current_visit.set(self._visit)
        try:
            close_body(self._body)
        finally:
            current_visit.reset(token)


def is_file(body: object, environ: Environ) -> bool:
    """Return whether the body is the server's own file wrapper, for which it may know a short cut."""
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(body, wrapper)


def close_body(body: Iterable[bytes]) -> None:
    """Close a response of the application, as PEP 3333 asks."""
    close = getattr(body, "close", None)
    if close is not None:
        close()
