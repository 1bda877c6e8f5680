"""A body that is streamed: refused before its first chunk, or broken off; an exception on the way is raised again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask, Response, stream_with_context
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from authmux import asgi, current_principal, fastapi, flask, requires, starlette, wsgi
from authmux.visit import current_visit
from tests.faces.callers import Answer, ASGICaller, WSGICaller, environ_of, http_scope
from tests.ways.house import ANN, READ, WRITE, House


class BrokenStreamError(Exception):
    """What goes wrong in the middle of a body."""


def broken() -> Iterator[str]:
    """Fail after the first chunk."""
    yield current_principal().id
    raise BrokenStreamError


async def broken_later() -> AsyncIterator[str]:
    """Fail after the first chunk."""
    for part in broken():
        yield part


def starlette_app() -> Any:
    """Return an application of Starlette that streams."""

    async def stream(request: Request) -> StreamingResponse:
        return StreamingResponse(broken_later())

    def stream_blocking(request: Request) -> StreamingResponse:
        return StreamingResponse(broken())

    return Starlette(routes=[Route("/async", stream), Route("/blocking", stream_blocking)])


def fastapi_app() -> Any:
    """Return an application of FastAPI that streams."""
    app = FastAPI()
    app.get("/async")(fastapi.requires(READ)(lambda: StreamingResponse(broken_later())))
    app.get("/blocking")(fastapi.requires(READ)(lambda: StreamingResponse(broken())))
    return app


def flask_app() -> Any:
    """Return an application of Flask that streams."""
    app = Flask("streams")
    app.add_url_rule("/plain", "plain", lambda: Response(broken()))
    app.add_url_rule("/context", "context", lambda: Response(stream_with_context(broken())))
    return app


class Passing(BaseHTTPMiddleware):
    """Pass everything on through another task."""

    async def dispatch(self, request: Request, call_next: Any) -> Any:
        return await call_next(request)


ASGI_APPS: dict[str, Any] = {
    "starlette": lambda auth: starlette.AuthMiddleware(starlette_app(), authenticator=auth),
    "fastapi": lambda auth: fastapi.AuthMiddleware(fastapi_app(), authenticator=auth),
    "plain face": lambda auth: asgi.AuthMiddleware(starlette_app(), authenticator=auth),
    "function middleware outside": lambda auth: Passing(starlette.AuthMiddleware(starlette_app(), authenticator=auth)),
    "function middleware inside": lambda auth: starlette.AuthMiddleware(Passing(starlette_app()), authenticator=auth),
}


@pytest.mark.parametrize("path", ["/async", "/blocking"])
@pytest.mark.parametrize("app", ASGI_APPS.values(), ids=ASGI_APPS.keys())
def test_asgi_exception_after_the_first_chunk(app: Any, path: str) -> None:
    """The chunk that was sent is sent, the exception goes to the server as it is, and no principal stays."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        if not sent:
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.sleep(60)  # until the exception cancels it: the client stays
        return {"type": "http.disconnect"}

    async def run() -> object:
        with pytest.raises(BrokenStreamError):
            await app(House().authenticator())(http_scope(path, ANN), receive, send)
        return current_visit.get()

    assert asyncio.run(run()) is None
    assert [message.get("status", message.get("body")) for message in sent][:2] == [200, b"ann"]


WSGI_APPS: dict[str, Any] = {
    "flask": lambda auth: flask.AuthMiddleware(flask_app(), authenticator=auth),
    "plain face": lambda auth: wsgi.AuthMiddleware(flask_app(), authenticator=auth),
}


@pytest.mark.parametrize("path", ["/plain", "/context"])
@pytest.mark.parametrize("app", WSGI_APPS.values(), ids=WSGI_APPS.keys())
def test_wsgi_exception_after_the_first_chunk(app: Any, path: str) -> None:
    """The same on WSGI."""
    body = iter(app(House().authenticator())(environ_of(path, ANN), lambda *start: None))
    first = next(body)
    with pytest.raises(BrokenStreamError):
        next(body)
    body.close()
    assert (first, current_visit.get()) == (b"ann", None)


def refusing_generator(scope: str) -> Iterator[str]:
    """Ask the guard only when the first chunk is made."""
    yield requires(scope)(lambda: current_principal().id)()


def test_flask_guard_in_the_first_chunk() -> None:
    """A guard that is asked while the first chunk is made is too late for the status: the exception goes on.

    werkzeug has started its response by then; so guard the view, not the generator.
    """
    app = Flask("streams")
    app.add_url_rule("/late", "late", lambda: Response(refusing_generator(WRITE)))
    flask.install(app, House().authenticator())
    with pytest.raises(Exception, match="403"):
        WSGICaller(app)("/late", ANN)
    assert current_visit.get() is None


@pytest.mark.parametrize("depth", [0, 1], ids=["view", "before-streaming"])
def test_refused_before_the_first_chunk(depth: int) -> None:
    """A guard that is asked before the response is made refuses as ever, and not a chunk is made."""
    made: list[str] = []

    def chunks() -> Iterator[str]:
        made.append("a chunk")
        yield ""

    def view() -> Response:
        if depth:
            requires(WRITE)(lambda: None)()
        return Response(chunks())

    app = Flask("streams")
    app.add_url_rule("/guarded", "guarded", view if depth else flask.requires(WRITE)(view))
    flask.install(app, House().authenticator())
    answer = WSGICaller(app)("/guarded", ANN)
    assert (answer.status, made) == (403, [])


def test_starlette_refused_before_the_first_chunk() -> None:
    """The same on Starlette."""
    made: list[str] = []

    async def chunks() -> AsyncIterator[str]:
        made.append("a chunk")
        yield ""

    @starlette.requires(WRITE)
    async def view(request: Request) -> StreamingResponse:
        return StreamingResponse(chunks())

    app = starlette.AuthMiddleware(Starlette(routes=[Route("/", view)]), authenticator=House().authenticator())
    answer: Answer = ASGICaller(app)("/", ANN)
    assert (answer.status, made) == (403, [])
