"""A guard above a route's decorator guards nothing, for the router took the bare function: the log says so."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from authmux import fastapi, flask, starlette
from tests.faces.callers import WSGICaller
from tests.faces.verifiers import NOBODY, open_house


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


SENTENCE = "reports: write it below the route's decorator"


def test_fastapi(caplog: pytest.LogCaptureFixture) -> None:
    """FastAPI's start names the endpoint and what to do."""
    app = FastAPI()
    fastapi.install(app, open_house())

    @fastapi.requires("reports:read")
    @app.get("/reports")
    async def reports() -> str:
        return "in"

    assert started(app)["type"] == "lifespan.startup.complete"
    assert SENTENCE in caplog.text


def test_guards_in_their_place(caplog: pytest.LogCaptureFixture) -> None:
    """Of a guard below the route's decorator nothing is said."""
    app = FastAPI()
    fastapi.install(app, open_house())

    @app.get("/reports")
    @fastapi.requires("reports:read")
    async def reports() -> str:
        return "in"

    assert started(app)["type"] == "lifespan.startup.complete"
    assert caplog.records == []


@pytest.mark.parametrize("is_outside", [True, False], ids=["outside", "added"])
def test_starlette(*, is_outside: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A route in a mounted part of the application is looked at as well, however the middleware was added."""

    async def reports(request: Request) -> PlainTextResponse:
        return PlainTextResponse("in")

    app: Any = Starlette(routes=[Mount("/part", routes=[Route("/show", reports)])])
    starlette.requires("reports:read")(reports)
    if is_outside:
        app = starlette.AuthMiddleware(app, authenticator=open_house())
    else:
        starlette.install(app, open_house())
    started(app)
    assert SENTENCE in caplog.text


def test_flask(caplog: pytest.LogCaptureFixture) -> None:
    """Flask, which has no start, says it with the first request, and once."""
    app = Flask(__name__)
    flask.install(app, open_house())

    @flask.requires("reports:read")
    @app.get("/reports")
    def reports() -> str:
        return "in"

    for _ in range(2):
        WSGICaller(app)("/reports", NOBODY)
    assert caplog.text.count(SENTENCE) == 1
