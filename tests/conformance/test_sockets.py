"""WebSockets: who has no good token is refused before the connection is accepted, and loses it with the token."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from authmux import asgi, requires
from tests.conformance.forgeries import claiming, es256
from tests.conformance.scene import Scene, open_scene
from tests.faces.callers import http_scope
from tests.jose.token_maker import NOW

Lines = tuple[str, ...]


async def connect(app: Any, lines: Lines, *, while_open: Callable[[], None] = lambda: None) -> list[dict[str, Any]]:
    """Connect a WebSocket, stay until it is closed, and return what the application sent."""
    headers = [(name.lower().encode(), value.encode()) for name, _, value in (line.partition(": ") for line in lines)]
    scope = {**http_scope("/"), "type": "websocket", "headers": headers, "subprotocols": []}
    scope["extensions"] = {"websocket.http.response": {}}
    sent: list[dict[str, Any]] = []
    connected = [{"type": "websocket.connect"}]

    async def receive() -> dict[str, Any]:
        return connected.pop() if connected else await asyncio.Event().wait()  # type: ignore[return-value]

    async def keep(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "websocket.accept":
            while_open()

    await asyncio.wait_for(app(scope, receive, keep), 10)
    return sent


async def listen(scope: Any, receive: Any, send: Any) -> None:
    """Accept whoever has the scope, and stay."""

    @requires("reports:read")
    async def accept() -> None:
        await receive()
        await send({"type": "websocket.accept"})

    await accept()
    while (await receive())["type"] != "websocket.disconnect":
        pass


@pytest.mark.parametrize(
    ("lines", "status"),
    [((), 401), (("Authorization: Bearer {0}x",), 401), (("Authorization: Bearer",), 400)],
    ids=["without", "forged", "malformed"],
)
def test_sockets_that_are_refused(known: Scene, lines: Lines, status: int) -> None:
    """A-143: a WebSocket without a good token is refused by an HTTP answer, before it is accepted."""
    app = asgi.AuthMiddleware(listen, authenticator=known.authenticator)
    sent = asyncio.run(connect(app, tuple(line.format(es256()) for line in lines)))
    assert [message["type"] for message in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert sent[0]["status"] == status


def test_a_socket_whose_token_expires() -> None:
    """A-143: a WebSocket that is open when its token expires is closed with 1008."""
    with open_scene(leeway=0) as scene:
        scene.begin()
        app = asgi.AuthMiddleware(listen, authenticator=scene.authenticator, recheck_every=0.05)
        header = f"Authorization: Bearer {claiming(exp=NOW + 60)}"
        sent = asyncio.run(connect(app, (header,), while_open=lambda: scene.clock.advance(60)))
        assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]
        assert sent[1]["code"] == 1008
