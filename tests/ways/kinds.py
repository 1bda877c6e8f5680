"""What an endpoint of the matrix is: its shape, how it is called, and how it tells who called it."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from authmux import current_principal
from tests.faces.callers import Answer

Protocol = Literal["http", "websocket", "bare websocket"]
"""A bare WebSocket is one behind a server that cannot answer a handshake over HTTP."""

HEARD: list[str] = []
"""Whom background tasks have worked for; the matrix reads and clears it after every request."""


def names() -> Iterator[str]:
    """Say three times who is calling."""
    for _ in range(3):
        yield current_principal().id


async def names_later() -> AsyncIterator[str]:
    """Say three times who is calling."""
    for name in names():
        yield name


def in_body(answer: Answer) -> str:
    """Return the caller's name where the body is made of it, once or, in a stream of `names`, three times."""
    text = answer.body.decode().strip('"')
    third = text[: len(text) // 3]
    return third if third and third * 3 == text else text


def in_header(answer: Answer) -> str:
    """Return the caller's name where the body is no place for it."""
    return answer.header("x-caller") or ""


def in_location(answer: Answer) -> str:
    """Return the caller's name where the answer leads elsewhere."""
    return (answer.header("location") or "").rpartition("/")[2] if answer.status == 307 else ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One shape of endpoint.

    Arguments:
        name: how the page calls it.
        make: returns an endpoint that asks for a scope; or, for `add`, whatever that needs.
        add: puts what `make` returned into an application, where that is not done as for all others.
        says: reads who called from the answer.
        later: how many background tasks are heard of afterwards.
    """

    name: str
    make: Callable[[str], Any]
    method: str = "GET"
    protocol: Protocol = "http"
    says: Callable[[Answer], str] = in_body
    later: int = 0
    body: bytes = b""
    add: Callable[[Any, str, Any], None] | None = None

    def path(self, scope: str) -> str:
        """Return where the endpoint that asks for a scope stands."""
        return f"/{self.name}/{scope}".replace(" ", "-").replace(",", "").replace("`", "").lower()
