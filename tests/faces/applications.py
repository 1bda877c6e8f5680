"""One application for each face, all with the same doors: the guard on them differs by path alone."""

import json
from collections.abc import Callable
from typing import Any, TypedDict, Unpack

from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from authmux import Authenticator, Principal, User, asgi, fastapi, find_principal, flask, starlette, wsgi
from authmux import requires as requires_anywhere

METHODS = ["GET", "HEAD", "POST"]


class Rule(TypedDict, total=False):
    """What a door asks of its caller, beside scopes."""

    principals: type[Principal]
    kinds: str


DOORS: dict[str, tuple[tuple[str, ...], Rule]] = {
    "/any": ((), {}),
    "/read": (("reports:read",), {}),
    "/write": (("reports:write", "reports:audit"), {}),
    "/users": ((), {"principals": User}),
    "/pats": ((), {"kinds": "pat"}),
}
"""The guarded ones by path; `/open` has no guard, and `/socket` is a WebSocket that asks for `reports:read`."""


class Options(TypedDict, total=False):
    """What a middleware may be told."""

    api_key_header: str | None
    realm: str


def describe(principal: Principal | None) -> str:
    """Return who is calling, and by what, in one line."""
    if principal is None:
        return "nobody"
    credential = principal.credential
    if credential is None:
        return f"{principal.type} {principal.id}"
    return f"{principal.type} {principal.id} by {credential.kind} {credential.id} {credential.generation or '-'}"


def who() -> dict[str, str]:
    """Return who is calling, as every endpoint says it."""
    return {"who": describe(find_principal())}


async def talk(websocket: WebSocket) -> None:
    """Say over a WebSocket who is calling."""
    await websocket.accept()
    await websocket.send_json(who())
    await websocket.close()


def plain_asgi(authenticator: Authenticator, **options: Unpack[Options]) -> Any:
    """Return an application without a framework, for the plain ASGI face."""
    doors = {path: requires_anywhere(*scopes, **rule)(who) for path, (scopes, rule) in DOORS.items()}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["type"] == "websocket":
            await requires_anywhere("reports:read")(talk)(WebSocket(scope, receive, send))
            return
        body = json.dumps(doors.get(scope["path"], who)()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    return asgi.AuthMiddleware(app, authenticator=authenticator, **options)


def plain_wsgi(authenticator: Authenticator, **options: Unpack[Options]) -> Any:
    """Return an application without a framework, for the plain WSGI face."""
    doors = {path: requires_anywhere(*scopes, **rule)(who) for path, (scopes, rule) in DOORS.items()}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = json.dumps(doors.get(environ["PATH_INFO"], who)()).encode()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return wsgi.AuthMiddleware(app, authenticator=authenticator, **options)


def starlette_app(authenticator: Authenticator, **options: Unpack[Options]) -> Any:
    """Return a Starlette application, whose endpoints ask the request who is calling."""

    async def endpoint(request: Request) -> JSONResponse:
        principal = request.user if request.user.is_authenticated else None
        return JSONResponse({"who": describe(principal)})

    routes: list[BaseRoute] = [
        Route("/open", endpoint, methods=METHODS),
        WebSocketRoute("/socket", starlette.requires("reports:read")(talk)),
    ]
    for path, (scopes, rule) in DOORS.items():
        routes.append(Route(path, starlette.requires(*scopes, **rule)(endpoint), methods=METHODS))
    app = Starlette(routes=routes)
    app.add_middleware(starlette.AuthMiddleware, authenticator=authenticator, **options)
    return app


def fastapi_app(authenticator: Authenticator, **options: Unpack[Options]) -> Any:
    """Return a FastAPI application, whose endpoints are handed who is calling."""

    async def endpoint(principal: fastapi.OptionalPrincipal) -> dict[str, str]:
        return {"who": describe(principal)}

    app = FastAPI()
    app.add_middleware(fastapi.AuthMiddleware, authenticator=authenticator, **options)
    app.api_route("/open", methods=METHODS)(endpoint)
    app.websocket("/socket")(fastapi.requires("reports:read")(talk))
    for path, (scopes, rule) in DOORS.items():
        app.api_route(path, methods=METHODS)(fastapi.requires(*scopes, **rule)(endpoint))
    return app


def flask_app(authenticator: Authenticator, **options: Unpack[Options]) -> Any:
    """Return a Flask application."""
    app: Any = Flask("doors")
    app.add_url_rule("/open", "/open", who, methods=METHODS)
    for path, (scopes, rule) in DOORS.items():
        app.add_url_rule(path, path, flask.requires(*scopes, **rule)(who), methods=METHODS)
    flask.install(app, authenticator, **options)
    return app


ASGI_FACES: dict[str, Callable[..., Any]] = {"asgi": plain_asgi, "starlette": starlette_app, "fastapi": fastapi_app}
WSGI_FACES: dict[str, Callable[..., Any]] = {"wsgi": plain_wsgi, "flask": flask_app}
