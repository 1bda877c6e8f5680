"""The endpoints of the matrix in Starlette, one of each shape that it takes."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from authmux import current_principal
from authmux.starlette import requires
from tests.ways.house import READ, WRITE
from tests.ways.kinds import HEARD, Kind, in_header, in_location, names, names_later

Endpoint = Callable[..., Any]


def answer(request: Request) -> Response:
    """Say who is calling."""
    principal = current_principal()
    return PlainTextResponse(principal.id, headers={"x-caller": principal.id})


async def answer_later(request: Request) -> Response:
    """Say who is calling."""
    return answer(request)


class Answering:
    """Say who is calling, as an object that can be called."""

    def __init__(self, greeting: str) -> None:
        self.greeting = greeting

    async def __call__(self, request: Request) -> Response:
        return PlainTextResponse(self.greeting + current_principal().id)


def endpoint_class(scope: str) -> type[HTTPEndpoint]:
    """Return a class whose one method is guarded."""

    class Reports(HTTPEndpoint):
        @requires(scope)
        async def get(self, request: Request) -> Response:
            return answer(request)

    return Reports


def method(scope: str) -> Endpoint:
    """Return a guarded method of an object."""

    class Reports:
        @requires(scope)
        def show(self, request: Request) -> Response:
            return answer(request)

    return Reports().show


def stream(request: Request) -> Response:
    """Stream from a generator that blocks."""
    return StreamingResponse(names())


async def stream_later(request: Request) -> Response:
    """Stream from a generator that awaits."""
    return StreamingResponse(names_later())


def work() -> None:
    """Say for whom this works."""
    HEARD.append(current_principal().id)


async def work_later() -> None:
    """Say for whom this works."""
    work()


async def with_task(request: Request) -> Response:
    """Leave work for a worker thread."""
    return PlainTextResponse(current_principal().id, background=BackgroundTask(work))


async def with_task_later(request: Request) -> Response:
    """Leave work for the event loop."""
    return PlainTextResponse(current_principal().id, background=BackgroundTask(work_later))


async def file(request: Request) -> Response:
    """Send a file."""
    return FileResponse(Path(__file__), headers={"x-caller": current_principal().id})


async def redirect(request: Request) -> Response:
    """Lead elsewhere."""
    return RedirectResponse(f"/of/{current_principal().id}")


async def talk(websocket: WebSocket) -> None:
    """Say over a WebSocket who is calling."""
    await websocket.accept()
    await websocket.send_text(current_principal().id)
    await websocket.close()


def talking_class(scope: str) -> type[WebSocketEndpoint]:
    """Return a class that is guarded where it connects."""

    class Talk(WebSocketEndpoint):
        encoding = "text"

        @requires(scope)
        async def on_connect(self, websocket: WebSocket) -> None:
            await talk(websocket)

    return Talk


def guarding(endpoint: Endpoint) -> Callable[[str], Endpoint]:
    """Return what guards one endpoint with any scope."""
    return lambda scope: requires(scope)(endpoint)


KINDS = (
    Kind("`def`", guarding(answer)),
    Kind("`async def`", guarding(answer_later)),
    Kind("`HTTPEndpoint`", endpoint_class),
    Kind("method", method),
    Kind("guarded partial", guarding(functools.partial(answer_later))),
    Kind("partial of a guarded one", lambda scope: functools.partial(requires(scope)(answer_later))),
    Kind("callable object", guarding(Answering(""))),
    Kind("background task, blocking", guarding(with_task), later=1),
    Kind("background task, async", guarding(with_task_later), later=1),
    Kind("stream, blocking", guarding(stream)),
    Kind("stream, async", guarding(stream_later)),
    Kind("file", guarding(file), says=in_header),
    Kind("redirect", guarding(redirect), says=in_location),
    Kind("HEAD", guarding(answer_later), method="HEAD", says=in_header),
    Kind("OPTIONS", guarding(answer), method="OPTIONS", says=in_header),
    Kind("WebSocket", guarding(talk), protocol="websocket"),
    Kind("`WebSocketEndpoint`", talking_class, protocol="websocket"),
    Kind("WebSocket, server without denial responses", guarding(talk), protocol="bare websocket"),
)


def new_app(**options: Any) -> Starlette:
    """Return an application with an endpoint of each kind for each scope, and without the middleware."""
    return Starlette(routes=[_route(kind, scope) for kind in KINDS for scope in (READ, WRITE)], **options)


def _route(kind: Kind, scope: str) -> BaseRoute:
    endpoint = kind.make(scope)
    if kind.protocol != "http":
        return WebSocketRoute(kind.path(scope), endpoint)
    is_class = isinstance(endpoint, type)  # which knows its methods by itself
    return Route(kind.path(scope), endpoint, methods=None if is_class else [kind.method])
