"""The words of ASGI, and the one place that writes a challenge in them."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from authmux.web.challenge import Challenge

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]  # each framework has types of its own for the three

POLICY_VIOLATION: Final = 1008  # RFC 6455 §7.4.1
INTERNAL_ERROR: Final = 1011
TRY_AGAIN_LATER: Final = 1013

_DENIAL: Final = "websocket.http.response"


async def write(challenge: Challenge, scope: Scope, send: Send) -> None:
    """Answer over HTTP; before a WebSocket is accepted too, where the server has the extension for it."""
    prefix = "http.response"
    if scope["type"] == "websocket":
        if _DENIAL not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        prefix = _DENIAL
    headers = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in challenge.headers]
    await send({"type": f"{prefix}.start", "status": challenge.status, "headers": headers})
    await send({"type": f"{prefix}.body", "body": challenge.body})


def status_of(message: Message) -> int:
    """Return the status that a message begins a response with; closing a WebSocket unaccepted is one as well."""
    return 500 if message["type"] == "websocket.close" else int(message.get("status", 0))
