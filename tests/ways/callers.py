"""Sends the requests of the matrix, over HTTP or as a WebSocket's handshake, and reads answers as a server would."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.faces.callers import Answer, ASGICaller, Headers, WSGICaller, http_scope
from tests.ways.kinds import Kind

JSON = ("Content-Type", b"application/json")
Call = Callable[[Kind, str, Headers], Answer]
"""Calls an endpoint of a kind at a path with headers."""


class ASGICalls:
    """Calls an ASGI application; all on one event loop, in one context, one after the other."""

    def __init__(self, app: Any, runner: asyncio.Runner) -> None:
        self._app = app
        self._run = runner.run

    def __call__(self, kind: Kind, path: str, headers: Headers) -> Answer:
        if kind.protocol == "http":
            sent = [*headers, JSON] if kind.body else headers
            return self._run(ASGICaller(self._app).call(path, sent, method=kind.method, body=kind.body))
        return self._run(shake_hands(self._app, path, headers, can_deny=kind.protocol == "websocket"))


class WSGICalls:
    """Calls a WSGI application."""

    def __init__(self, app: Any) -> None:
        self._call = WSGICaller(app)

    def __call__(self, kind: Kind, path: str, headers: Headers) -> Answer:
        return self._call(path, headers, method=kind.method)


async def shake_hands(app: Any, path: str, headers: Headers, *, can_deny: bool = True) -> Answer:
    """Open a WebSocket and return what came of it: 101 and all that was said, or what a server makes of a refusal."""
    sent: list[dict[str, Any]] = []
    received: list[dict[str, Any]] = [{"type": "websocket.disconnect", "code": 1000}, {"type": "websocket.connect"}]
    extensions: dict[str, Any] = {"websocket.http.response": {}} if can_deny else {}
    scope = http_scope(path, headers) | {"type": "websocket", "scheme": "ws", "subprotocols": []}

    async def receive() -> dict[str, Any]:
        return received.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope | {"extensions": extensions}, receive, send)
    first = sent[0]
    if first["type"] == "websocket.accept":
        said = [each.get("text", "") for each in sent if each["type"] == "websocket.send"]
        return Answer(101, (), "".join(said).encode())
    if first["type"] == "websocket.close":
        return Answer(403, (("close", str(first["code"])),), b"")  # a server answers the handshake by an empty 403
    assert first["type"] == "websocket.http.response.start"
    headers_sent = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in first["headers"])
    return Answer(first["status"], headers_sent, b"".join(each["body"] for each in sent[1:]))
