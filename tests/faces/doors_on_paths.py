"""Applications with a door on a number of paths, to see which of them open, and callers that send any path."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import FastAPI
from flask import Blueprint, Flask
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from authmux import asgi, fastapi, flask, starlette, wsgi
from tests.faces.callers import Headers, environ_of, http_scope
from tests.faces.verifiers import open_house

PUBLIC = ["/health", "/docs/*", "/v1/docs/*"]
DOORS = {
    "/": "root",
    "/health": "health",
    "/admin": "admin",
    "/docs": "docs-index",
    "/v1/admin": "v1-admin",
    "/v1/health": "v1-health",
}
OPEN = {"health", "docs", "v1-docs"}
"""What the endpoints are called that lie on public paths; those of a tree are `docs` and `v1-docs`."""

METHODS = ["GET", "HEAD", "POST", "OPTIONS"]


def plain_asgi(served: list[str], **options: Any) -> Any:
    """Return an application without a framework, that knows the paths by heart."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        trees = {"/docs/": "docs", "/v1/docs/": "v1-docs"}
        found = DOORS.get(path) or next((name for tree, name in trees.items() if path.startswith(tree)), None)
        served.extend([found] if found else [])
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": []})
        await send({"type": "http.response.body"})

    return asgi.AuthMiddleware(app, authenticator=open_house(), **options)


def starlette_app(served: list[str], **options: Any) -> Any:
    """Return a Starlette application."""

    def serving(name: str) -> Any:
        async def endpoint(request: Any) -> PlainTextResponse:
            served.append(name)
            return PlainTextResponse(name)

        return endpoint

    async def socket(websocket: WebSocket) -> None:
        served.append("socket")
        await websocket.close()

    app = Starlette(
        routes=[
            *(Route(path, serving(name), methods=METHODS) for path, name in DOORS.items()),
            Route("/docs/{rest:path}", serving("docs"), methods=METHODS),
            Mount("/v1", routes=[Route("/docs/{rest:path}", serving("v1-docs"), methods=METHODS)]),
            WebSocketRoute("/socket", socket),
            WebSocketRoute("/docs/socket", socket),
        ]
    )
    app.add_middleware(starlette.AuthMiddleware, authenticator=open_house(), **options)
    return app


def fastapi_app(served: list[str], **options: Any) -> Any:
    """Return a FastAPI application; its own documentation pages are not among its endpoints."""

    def serving(name: str) -> Any:
        def endpoint() -> str:
            served.append(name)
            return name

        return endpoint

    async def socket(websocket: WebSocket) -> None:
        served.append("socket")
        await websocket.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(fastapi.AuthMiddleware, authenticator=open_house(), **options)
    for path, name in DOORS.items():
        app.api_route(path, methods=METHODS)(serving(name))
    app.api_route("/docs/{rest:path}", methods=METHODS)(serving("docs"))
    app.api_route("/v1/docs/{rest:path}", methods=METHODS)(serving("v1-docs"))
    app.websocket("/socket")(socket)
    app.websocket("/docs/socket")(socket)
    return app


def plain_wsgi(served: list[str], **options: Any) -> Any:
    """Return a WSGI application without a framework."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        path = environ["PATH_INFO"]
        trees = {"/docs/": "docs", "/v1/docs/": "v1-docs"}
        found = DOORS.get(path) or next((name for tree, name in trees.items() if path.startswith(tree)), None)
        served.extend([found] if found else [])
        start_response("200 OK" if found else "404 Not Found", [])
        return []

    return wsgi.AuthMiddleware(app, authenticator=open_house(), **options)


def flask_app(served: list[str], **options: Any) -> Any:
    """Return a Flask application, a part of it a blueprint."""

    def serving(name: str) -> Any:
        def view(rest: str = "") -> str:
            served.append(name)
            return name

        return view

    app: Any = Flask("required")
    v1 = Blueprint("v1", "required", url_prefix="/v1")
    for path, name in DOORS.items():
        where, rule = (v1, path.removeprefix("/v1")) if path.startswith("/v1/") else (app, path)
        where.add_url_rule(rule, name, serving(name), methods=METHODS, provide_automatic_options=False)
    app.add_url_rule("/docs/<path:rest>", "docs", serving("docs"), methods=METHODS)
    v1.add_url_rule("/docs/<path:rest>", "v1-docs", serving("v1-docs"), methods=METHODS)
    app.register_blueprint(v1)
    flask.install(app, open_house(), **options)
    return app


ASGI: dict[str, Callable[..., Any]] = {"asgi": plain_asgi, "starlette": starlette_app, "fastapi": fastapi_app}
WSGI: dict[str, Callable[..., Any]] = {"wsgi": plain_wsgi, "flask": flask_app}


def call_asgi(app: Any, wire: str, headers: Headers, *, method: str = "GET", **others: Any) -> int:
    """Send a request as a server hands it over: the path decoded, as UTF-8 as far as it is some."""
    sent: list[Any] = []
    path = unquote_to_bytes(wire).decode("utf-8", "replace")
    scope = http_scope("/", headers, method=method) | {"path": path, "raw_path": wire.encode(), **others}

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["type"] == "http.response.start"
    return int(sent[0]["status"])


def call_wsgi(app: Any, wire: str, headers: Headers, *, method: str = "GET", **others: Any) -> int:
    """Send a request as a server hands it over: the path decoded, and its bytes read as latin-1."""
    started: list[str] = []
    path = unquote_to_bytes(wire).decode("latin-1")
    environ = environ_of("/", headers, method=method) | {"PATH_INFO": path, **others}
    body = app(environ, lambda status, headers, exc_info=None: started.append(status))
    getattr(body, "close", lambda: None)()
    return int(started[0][:3])


@functools.cache
def made(face: str) -> tuple[Any, list[str]]:
    """Return one application of a face that asks for credentials, and where its endpoints write their names."""
    served: list[str] = []
    return (ASGI | WSGI)[face](served, required=True, public=PUBLIC), served


def ask(
    face: str, wire: str, headers: Headers = (), *, method: str = "GET", options: Any = None, **others: Any
) -> tuple[int, list[str]]:
    """Send a request for a path as it is written on the wire; return the status, and the endpoints that ran.

    Arguments:
        options: of the middleware, in place of `required` with public paths.
    """
    call, apps = (call_asgi, ASGI) if face in ASGI else (call_wsgi, WSGI)
    served: list[str] = []
    app, served = made(face) if options is None else (apps[face](served, **options), served)
    served.clear()
    return call(app, wire, headers, method=method, **others), list(served)
