"""The other end of the shutdown tests: applications whose uses are recorded, for servers to serve.

uvicorn --factory tests.recording.serve:asgi      Starlette, on the store whose URL the environment names
gunicorn 'tests.recording.serve:wsgi()'           Flask
"""

import os
from typing import Final

from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from authmux import APIKeyVerifier, Authenticator, Peppers, TokenFormat, UsageRecorder
from authmux import flask as flask_face
from authmux import starlette as starlette_face
from authmux.stores.sql import AsyncSQLStore, SQLStore

URL: Final = "AUTHMUX_TEST_URL"
TOKENS: Final = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}))


def authenticator() -> Authenticator:
    """Return one that writes down what is used as seldom as it may."""
    url = os.environ[URL]
    store = AsyncSQLStore(url) if "aiosqlite" in url else SQLStore(url)
    return Authenticator(APIKeyVerifier(store, TOKENS), recorder=UsageRecorder(store, TOKENS))


def asgi() -> Starlette:
    """Return an application for ASGI servers."""

    async def page(_: Request) -> PlainTextResponse:
        return PlainTextResponse(str(os.getpid()))

    app = Starlette(routes=[Route("/", page)])
    app.add_middleware(starlette_face.AuthMiddleware, authenticator=authenticator(), required=True)
    return app


def wsgi() -> Flask:
    """Return an application for WSGI servers."""
    app = Flask(__name__)

    @app.get("/")
    def page() -> str:
        return str(os.getpid())

    app.wsgi_app = flask_face.AuthMiddleware(app.wsgi_app, authenticator=authenticator(), required=True)  # type: ignore[method-assign]
    return app
