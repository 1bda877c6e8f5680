"""Applications that tell all they know: debug mode on, and a door that puts the whole request into an exception.

Nothing that they write down, and nothing that the server around them does, may hold a credential (K-82).
"""

import logging
from collections.abc import Callable
from typing import Any, Final, NoReturn

from fastapi import FastAPI
from flask import Flask
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from authmux import APIKeyVerifier, Authenticator, JWTVerifier, asgi, fastapi, flask, starlette, wsgi
from authmux import requires as requires_anywhere
from authmux.credential import PresentedCredential
from authmux.redaction import mask_logs
from authmux.stores.memory import MemoryStore
from authmux.stores.sql import SQLStore
from tests.faces.applications import who
from tests.faces.site import AUDIENCE, Site

CRASHING: Final = "crash"
"""The prefix of keys whose verifier has a bug."""

OPTIONS: Final[dict[str, Any]] = {"api_key_header": "X-API-Key", "basic": True}


class CrashingVerifier(APIKeyVerifier):
    """Knows its keys, and fails in the middle of verifying one, with all that it holds in the message."""

    def verify(self, credential: PresentedCredential) -> NoReturn:
        raise RuntimeError(f"a bug in a verifier: {credential!r}, {vars(self)!r}")


def leaky_authenticator(site: Site) -> Authenticator:
    """Return one that believes keys and access tokens, and has a bug."""
    return Authenticator(
        APIKeyVerifier(SQLStore(site.database), site.tokens()),
        CrashingVerifier(MemoryStore(), site.tokens(CRASHING)),
        JWTVerifier(issuer=site.issuer, audience=AUDIENCE, subjects_assigned_by_issuer=True),
    )


def put_in() -> str:
    """Put the filter in, as docs/reference/redaction.md says."""
    mask_logs()
    return "masked"


def _tell(everything: object) -> NoReturn:
    raise RuntimeError(f"this is all that is known: {everything!r}")


def leaky_asgi(authenticator: Authenticator) -> Any:
    """Return one without a framework."""
    guarded = requires_anywhere()(who)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        doors: dict[str, Callable[[], object]] = {"/mask": put_in, "/boom": lambda: _tell(scope)}
        body = repr(doors.get(scope["path"], guarded)()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return asgi.AuthMiddleware(app, authenticator=authenticator, **OPTIONS)


def leaky_starlette(authenticator: Authenticator) -> Any:
    """Return Starlette's, whose debug page shows a traceback."""
    app = Starlette(debug=True, routes=_routes(starlette.requires))
    app.add_middleware(starlette.AuthMiddleware, authenticator=authenticator, **OPTIONS)
    return app


def leaky_fastapi(authenticator: Authenticator) -> Any:
    """Return FastAPI's, likewise."""
    app = FastAPI(debug=True)
    app.router.routes.extend(_routes(starlette.requires))
    app.add_middleware(fastapi.AuthMiddleware, authenticator=authenticator, **OPTIONS)
    return app


def _routes(requires: Any) -> list[Any]:
    async def anybody(request: Request) -> JSONResponse:
        return JSONResponse(who())

    async def mask(request: Request) -> JSONResponse:
        return JSONResponse(put_in())

    async def boom(request: Request) -> JSONResponse:
        _tell(request.scope)

    return [Route("/any", requires()(anybody)), Route("/mask", mask), Route("/boom", boom)]


def leaky_flask(authenticator: Authenticator) -> Any:
    """Return Flask's, in debug mode, with every switch that lets exceptions out."""
    app: Any = Flask("leaky")
    app.debug = True
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=True)
    app.add_url_rule("/any", "/any", flask.requires()(who))
    app.add_url_rule("/mask", "/mask", put_in)
    app.add_url_rule("/boom", "/boom", lambda: _tell(flask_request.environ))
    flask.install(app, authenticator, **OPTIONS)
    return app


def leaky_wsgi(authenticator: Authenticator) -> Any:
    """Return one without a framework."""
    guarded = requires_anywhere()(who)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        doors: dict[str, Callable[[], object]] = {"/mask": put_in, "/boom": lambda: _tell(environ)}
        body = repr(doors.get(environ["PATH_INFO"], guarded)()).encode()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [body]

    return wsgi.AuthMiddleware(app, authenticator=authenticator, **OPTIONS)


LEAKY: Final[dict[str, Callable[[Authenticator], Any]]] = {
    "leaky-asgi": leaky_asgi,
    "leaky-starlette": leaky_starlette,
    "leaky-fastapi": leaky_fastapi,
    "leaky-flask": leaky_flask,
    "leaky-wsgi": leaky_wsgi,
}
"""By name, for `serve.py`."""


class AccessLog:
    """A log as WSGI middleware writes it, for servers that have none: all of the environ, once the answer is made."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        try:
            return self._app(environ, start_response)
        finally:
            logging.getLogger("access").warning("%s %s: %r", environ["REQUEST_METHOD"], environ["PATH_INFO"], environ)
