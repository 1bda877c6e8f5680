"""The port through which documents of an issuer are fetched; it says nothing of how."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: 200 with its body, or 304 without one; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class FetchFailed(Exception):
    """The document could not be had.

    Arguments:
        reason: a short constant, for logs and metrics (`timeout`, `status_500`, `redirect`, `too_large`, …).
        retry_after: seconds the server asked us to wait (429 and 503), or None.
        status: the HTTP status where there was one, or None.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.status = status


class Fetch(Protocol):
    """Fetch one document, blocking, within a deadline and a size that the implementation enforces."""

    def __call__(self, url: str, headers: Mapping[str, str], /) -> Fetched:
        """Return a 200, or a 304 where `headers` asked for one; raise `FetchFailed` for everything else."""
        ...
