"""The other end of the tests of open WebSockets: one application with three faces, and a back door to its keys.

uvicorn tests.faces.socket_app:app

`/plain`, `/starlette` and `/fastapi` talk; `/issue`, `/revoke` and `/narrow` are for the test, and `/seen` tells it
what the conversations came to.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from authmux import asgi, fastapi, requires, starlette
from tests.faces.own_keys import OwnKeys

EVERY = 0.15  # seconds between two checks

KEYS = OwnKeys()
seen: list[dict[str, Any]] = []


@requires("a:write")
def write() -> str:
    """Do what only some may."""
    return "written"


@requires("a:read")
async def talk(websocket: WebSocket) -> None:
    """Answer every message, until the end."""
    told: dict[str, Any] = {
        "path": websocket.url.path,
        "subprotocols": list(websocket.scope["subprotocols"]),
        "headers": [value.decode("latin-1") for _, value in websocket.scope["headers"]],
        "query": websocket.scope["query_string"].decode(),
        "messages": [],
    }
    seen.append(told)
    subprotocols = websocket.scope["subprotocols"]
    await websocket.accept(subprotocol=subprotocols[0] if subprotocols else None)
    while True:
        message = await websocket.receive()
        told["messages"].append([message["type"], message.get("code")])
        if message["type"] == "websocket.disconnect":
            break
        match message.get("text"):
            case "write":
                await websocket.send_text(write())
            case "valid":
                await websocket.send_text(str(await asgi.still_valid()))
            case "push":  # and never listen again
                await push(websocket, told)
            case text:
                await websocket.send_text(f"echo {text}")


async def push(websocket: WebSocket, told: dict[str, Any]) -> None:
    """Send until that is not possible any more."""
    try:
        while True:
            await websocket.send_text("news")
            await asyncio.sleep(0.02)
    finally:
        told["messages"].append(["stopped", None])


def plain() -> Any:
    """Return an application without a framework."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await talk(WebSocket(scope, receive, send))

    return app


def with_starlette() -> Any:
    """Return a Starlette application."""
    return Starlette(routes=[WebSocketRoute("/starlette", talk)])


def with_fastapi() -> Any:
    """Return a FastAPI application."""
    app = FastAPI()
    app.websocket("/fastapi")(talk)
    return app


TOLD: dict[str, Any] = {"authenticator": KEYS.authenticator(), "recheck_every": EVERY, "websocket_protocol": True}
OFF: dict[str, Any] = {**TOLD, "websocket_protocol": False}
FACES: dict[str, Any] = {
    "/plain": asgi.AuthMiddleware(plain(), **TOLD),
    "/starlette": starlette.AuthMiddleware(with_starlette(), **TOLD),
    "/fastapi": fastapi.AuthMiddleware(with_fastapi(), **TOLD),
    "/twice": asgi.AuthMiddleware(asgi.AuthMiddleware(plain(), **TOLD), **TOLD),
    "/off": asgi.AuthMiddleware(plain(), **OFF),
}


def issue(scopes: str, seconds: str = "") -> str:
    """Issue a key."""
    return KEYS.key(*scopes.split(), expires_in=timedelta(seconds=float(seconds)) if seconds else None)


def revoke(key: str) -> str:
    """Revoke a key."""
    KEYS.revoke(key)
    return ""


def narrow(key: str, scopes: str) -> str:
    """Leave a key only some scopes."""
    KEYS.narrow(key, *scopes.split())
    return ""


def report() -> str:
    """Tell what was seen, and how many watch over connections."""
    watching = sum("_watch_over" in repr(task.get_coro()) for task in asyncio.all_tasks())
    return json.dumps({"seen": seen, "watching": watching})


BACK_DOORS: dict[str, Callable[..., str]] = {"/issue": issue, "/revoke": revoke, "/narrow": narrow, "/seen": report}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve the conversations and the back doors."""
    if scope["type"] == "lifespan":
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
    elif scope["path"] in FACES:
        await FACES[scope["path"]](scope, receive, send)
    else:
        sent = {name: values[0] for name, values in parse_qs((await receive())["body"].decode()).items()}
        body = BACK_DOORS[scope["path"]](**sent).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
