"""One protocol within the other, bridged by a2wsgi: Flask mounted in FastAPI, and FastAPI behind a WSGI server.

What crosses the bridge are a request's headers and the context, not what our middleware has put into scope or environ.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from a2wsgi import ASGIMiddleware, WSGIMiddleware
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from flask import Flask, Response
from starlette.testclient import TestClient

from authmux import Authenticator, current_principal, fastapi, flask, requires
from tests.faces.callers import Answer, WSGICaller
from tests.guests.plain_face import answer_of, path_of, plain_answer, sent_by
from tests.ways.house import ACCEPTED, READ, REFUSED, WRITE, House, Outcome


def name() -> str:
    """Say who is calling."""
    return current_principal().id


def stream() -> Response:
    """Say three times who is calling."""
    return Response(name() for _ in range(3))


def flask_app(authenticator: Authenticator | None) -> Flask:
    """Return a Flask application, behind its face if it is given an authenticator."""
    app = Flask("guest")
    for last, scope in (("read", READ), ("write", WRITE)):
        app.add_url_rule(f"/{last}", last, requires(scope)(name))
        app.add_url_rule(f"/stream/{last}", f"stream-{last}", requires(scope)(stream))
    if authenticator is not None:
        flask.install(app, authenticator)
    return app


def fastapi_app(authenticator: Authenticator) -> Any:
    """Return a FastAPI application behind its face."""
    app = FastAPI()
    for last, scope in (("read", READ), ("write", WRITE)):
        app.get(f"/{last}", response_class=PlainTextResponse)(fastapi.requires(scope)(name))
    fastapi.install(app, authenticator)
    return app


@pytest.fixture
def mount() -> Iterator[Callable[[FastAPI, Flask], TestClient]]:
    """Give a way to mount Flask at `/old` in FastAPI, for a client; its threads end with the test."""
    bridges: list[WSGIMiddleware] = []

    def mounted(outer: FastAPI, inner: Any) -> TestClient:
        bridges.append(WSGIMiddleware(inner))
        asgi_app: Any = bridges[-1]  # whose types are narrower than ASGI's
        outer.mount("/old", asgi_app)
        return TestClient(outer)

    yield mounted
    for bridge in bridges:
        bridge.executor.shutdown()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Give a loop that runs in a thread, as an ASGI application in a WSGI server needs one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=10)
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def ask(client: TestClient, outcome: Outcome, kind: str = "/old") -> Answer:
    """Return the answer to one request."""
    return answer_of(client.get(path_of(outcome, kind), headers=sent_by(outcome)))


@pytest.mark.parametrize("kind", ["/old", "/old/stream"], ids=["view", "stream"])
@pytest.mark.parametrize("outcome", REFUSED, ids=lambda outcome: outcome.name)
def test_flask_with_its_own_face(mount: Any, outcome: Outcome, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """A mounted Flask application with its own face refuses as ever, and nothing is logged as a failure."""
    client = mount(FastAPI(), flask_app(House().authenticator()))
    assert ask(client, outcome, kind) == plain_answer(outcome)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_flask_with_its_own_face_accepts(mount: Any) -> None:
    """It knows its caller, also while a body is streamed."""
    client = mount(FastAPI(), flask_app(House().authenticator()))
    assert [ask(client, ACCEPTED, kind).body for kind in ("/old", "/old/stream")] == [b"ann", b"annannann"]


@pytest.mark.parametrize("outcome", REFUSED, ids=lambda outcome: outcome.name)
def test_only_the_outer_face(mount: Any, outcome: Outcome) -> None:
    """A mounted Flask application without a face is guarded by FastAPI's, whose exceptions it logs as failures."""
    outer = FastAPI()
    fastapi.install(outer, House().authenticator())
    assert ask(mount(outer, flask_app(None)), outcome) == plain_answer(outcome)


def test_only_the_outer_face_accepts(mount: Any) -> None:
    """It knows the caller that FastAPI's face has found."""
    outer = FastAPI()
    fastapi.install(outer, House().authenticator())
    client = mount(outer, flask_app(None))
    assert [ask(client, ACCEPTED, kind).body for kind in ("/old", "/old/stream")] == [b"ann", b"annannann"]


@pytest.mark.parametrize(
    ("keeps", "status", "verifications"), [(True, 200, 2), (False, 401, 1)], ids=["kept", "taken-out"]
)
def test_both_faces(mount: Any, keeps: bool, status: int, verifications: int) -> None:
    """The inner face needs the credential once more, so the outer one must keep it: else nobody comes in."""
    house = House()
    authenticator, outer = house.authenticator(), FastAPI()
    fastapi.install(outer, authenticator, keep_credential=keeps)
    client = mount(outer, flask_app(authenticator))
    assert (ask(client, ACCEPTED).status, house.verifier.asked) == (status, verifications)


@pytest.mark.parametrize("outcome", REFUSED, ids=lambda outcome: outcome.name)
def test_fastapi_in_wsgi(loop: asyncio.AbstractEventLoop, outcome: Outcome) -> None:
    """A FastAPI application with its own face refuses as ever behind a WSGI server."""
    call = WSGICaller(ASGIMiddleware(fastapi_app(House().authenticator()), loop=loop))
    assert call(path_of(outcome), outcome.headers) == plain_answer(outcome)


def test_fastapi_in_wsgi_accepts(loop: asyncio.AbstractEventLoop) -> None:
    """It knows its caller, and the next request on the same thread is nobody's."""
    call = WSGICaller(ASGIMiddleware(fastapi_app(House().authenticator()), loop=loop))
    assert call("/read", ACCEPTED.headers).body == b"ann"
    assert call("/read").status == 401
