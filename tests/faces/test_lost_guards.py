"""A guard above a route's decorator guards nothing, for the router took the bare function: nobody may be fooled."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from authmux import ConfigurationError, fastapi, flask, starlette
from tests.faces.callers import WSGICaller
from tests.faces.verifiers import NOBODY, open_house


async def show(request: Request) -> PlainTextResponse:
    return PlainTextResponse("in")


def started(app: Any) -> dict[str, Any]:
    """Return what an application first answers to its server when it is started."""
    sent: list[dict[str, Any]] = []
    received = [{"type": "lifespan.shutdown"}, {"type": "lifespan.startup"}]

    async def receive() -> Any:
        return received.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
    return sent[0]


def test_fastapi_does_not_start() -> None:
    """FastAPI refuses to start, and the sentence names the endpoint and what to do."""
    app = FastAPI()
    fastapi.install(app, open_house())

    @fastapi.requires("reports:read")
    @app.get("/reports")
    async def reports() -> str:
        return "in"

    answer = started(app)
    assert answer["type"] == "lifespan.startup.failed"
    assert "reports: write it below the route's decorator" in answer["message"]


def test_fastapi_starts_with_guards_in_their_place() -> None:
    """A guard below the route's decorator is found where it belongs."""
    app = FastAPI()
    fastapi.install(app, open_house())

    @app.get("/reports")
    @fastapi.requires("reports:read")
    async def reports() -> str:
        return "in"

    assert started(app)["type"] == "lifespan.startup.complete"


@pytest.mark.parametrize("is_outside", [True, False], ids=["outside", "added"])
def test_starlette_does_not_start(*, is_outside: bool) -> None:
    """A route in a mounted part of the application is looked at as well, however the middleware was added."""

    async def endpoint(request: Request) -> PlainTextResponse:
        return await show(request)

    app: Any = Starlette(routes=[Mount("/part", routes=[Route("/show", endpoint)])])
    starlette.requires("reports:read")(endpoint)
    if is_outside:
        app = starlette.AuthMiddleware(app, authenticator=open_house())
    else:
        starlette.install(app, open_house())
    assert started(app)["type"] == "lifespan.startup.failed"


def test_flask_does_not_serve() -> None:
    """Flask, which has no start, refuses with the first request, and again with the next."""
    app = Flask(__name__)
    flask.install(app, open_house())

    @flask.requires("reports:read")
    @app.get("/reports")
    def reports() -> str:
        return "in"

    for _ in range(2):
        with pytest.raises(ConfigurationError, match="write it below the route's decorator"):
            WSGICaller(app)("/reports", NOBODY)
