"""Every face tells the recorder of each use once, with the status that the caller sees (K-70)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from authmux import (
    APIKeyVerifier,
    Authenticator,
    IssuedToken,
    MemoryStore,
    Peppers,
    TokenFormat,
    TokenService,
    Usage,
    UsageRecorder,
    asgi,
    system,
    wsgi,
)
from authmux.stores.audit_event import Action, AuditEvent
from authmux.stores.audit_log import AuditQuery
from tests.faces.applications import ASGI_FACES, WSGI_FACES
from tests.faces.callers import ASGICaller, Caller, WSGICaller, environ_of, http_scope

TOKENS = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}))
BY = system("tests")

each_face = pytest.mark.parametrize("face", [*ASGI_FACES, *WSGI_FACES])


class Counted:
    """A key, and an authenticator that has its uses written down."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.service = TokenService(self.store, TOKENS)
        self.key: IssuedToken = self.service.issue_key(name="k", scopes=["reports:read"], by=BY)
        self.headers = [("Authorization", f"Bearer {self.key.text}".encode())]
        self.recorder = UsageRecorder(self.store, TOKENS)
        self.auth = Authenticator(APIKeyVerifier(self.store, TOKENS), recorder=self.recorder)

    def caller(self, face: str) -> Caller:
        """Return a caller of an application that has this authenticator."""
        if face in ASGI_FACES:
            return ASGICaller(ASGI_FACES[face](self.auth))
        return WSGICaller(WSGI_FACES[face](self.auth))

    def usage(self) -> Usage | None:
        """Return what is written down of the key."""
        self.recorder.flush()
        return self.store.usage([self.key.record.id]).get(self.key.record.id)

    def counts(self) -> tuple[int, int, int, int]:
        """Return how many were answered with 2xx, 3xx, 4xx and 5xx."""
        used = self.usage()
        return (used.succeeded, used.redirected, used.rejected, used.failed) if used else (0, 0, 0, 0)

    def observed(self) -> list[AuditEvent]:
        """Return what was observed."""
        self.recorder.flush()
        entries = [entry.event for entry in self.store.audit(AuditQuery())]
        return [event for event in entries if event.actor == "caller"]


@pytest.fixture
def counted() -> Counted:
    """Give a key that was never used."""
    return Counted()


@each_face
def test_uses(counted: Counted, face: str) -> None:
    """What the endpoint answered and what the guard refused are uses of their kind; the network is noted."""
    call = counted.caller(face)
    assert [call(path, counted.headers).status for path in ("/open", "/read", "/any")] == [200] * 3
    assert [call(path, counted.headers).status for path in ("/write", "/users")] == [403] * 2
    assert counted.counts() == (3, 0, 2, 0)
    used = counted.usage()
    assert used is not None
    assert used.last_address == "127.0.0.0/24"


@each_face
def test_what_is_no_use(counted: Counted, face: str) -> None:
    """Nobody's requests, and those with a credential that is not good, are uses of nothing."""
    call = counted.caller(face)
    counted.service.revoke(counted.key.record.id, by=BY)
    call("/open")
    call("/any")
    assert call("/open", counted.headers).status == 401
    assert counted.usage() is None


@each_face
def test_a_retired_secret(counted: Counted, face: str) -> None:
    """The use of a text that was rolled away is observed, with where it came from (K-72)."""
    counted.service.roll(counted.key.record.id, generation=1, overlap=timedelta(0), by=BY)
    call = counted.caller(face)
    assert call("/open", [*counted.headers, ("User-Agent", b"old-script/1")]).status == 401
    [event] = counted.observed()
    assert (event.action, event.target) == (Action.RETIRED_SECRET_USED, counted.key.record.id)
    assert (event.address, event.user_agent) == ("127.0.0.0/24", "old-script/1")


@each_face
@pytest.mark.parametrize("sent", [b"Bearer x y", b"Bearer acme_key_0"], ids=["malformed", "invalid"])
def test_failures(counted: Counted, face: str, sent: bytes) -> None:
    """What cannot be read, and what is not good, is counted by its cause."""
    call = counted.caller(face)
    for _ in range(3):
        call("/open", [("Authorization", sent)])
    [event] = counted.observed()
    assert (event.action, event.target, event.difference["count"]) == (Action.FAILED, "-", 3)


@each_face
def test_in_a_url(counted: Counted, face: str) -> None:
    """A key in a query string is observed by its id, once for each request; its text is written nowhere (K-72)."""
    counted.caller(face)(f"/open?key={counted.key.text}")
    [event] = counted.observed()
    assert (event.action, event.target) == (Action.EXPOSED_IN_URL, counted.key.record.id)
    assert event.difference == {"count": 1}
    assert counted.key.text[-49:] not in repr(counted.store.audit(AuditQuery()))


def asgi_app(answer: Callable[[Any], Any]) -> Callable[[Any, Any, Any], Any]:
    """Return an application that does one thing."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send)

    return app


async def _fail(_: Any) -> None:
    raise RuntimeError("a bug")


async def _go_away(_: Any) -> None:
    raise asyncio.CancelledError


async def _redirect(send: Any) -> None:
    await send({"type": "http.response.start", "status": 302, "headers": []})
    await send({"type": "http.response.body"})


async def _begin_and_fail(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("a bug")


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        pytest.param(_redirect, (0, 1, 0, 0), id="redirect"),
        pytest.param(_fail, (0, 0, 0, 1), id="error"),
        pytest.param(_go_away, (0, 0, 0, 1), id="nobody-waits-any-more"),
        pytest.param(_begin_and_fail, (1, 0, 0, 0), id="error-after-the-beginning"),
    ],
)
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice-in-one-stack"])
def test_asgi_statuses(counted: Counted, answer: Callable[[Any], Any], counts: tuple[int, ...], times: int) -> None:
    """A use counts by how its response began, and once, however many middlewares it came through."""
    app: Any = asgi_app(answer)
    for _ in range(times):
        app = asgi.AuthMiddleware(app, authenticator=counted.auth)

    async def nothing(*_: Any) -> Any:
        return {"type": "http.request"}

    with suppress(RuntimeError, asyncio.CancelledError):
        asyncio.run(app(http_scope("/", counted.headers), nothing, nothing))
    assert counted.counts() == counts


def _redirected(_: Any, start_response: Any) -> list[bytes]:
    start_response("302 Found", [])
    return []


def _failed(_: Any, __: Any) -> list[bytes]:
    raise RuntimeError("a bug")


def _generated(_: Any, start_response: Any) -> Any:
    start_response("404 Not Found", [])
    yield b""


def _generated_and_failed(environ: Any, _: Any) -> Any:
    if environ:
        raise RuntimeError("a bug")
    yield b""


@pytest.mark.parametrize(
    ("app", "counts"),
    [
        pytest.param(_redirected, (0, 1, 0, 0), id="redirect"),
        pytest.param(_failed, (0, 0, 0, 1), id="error"),
        pytest.param(_generated, (0, 0, 1, 0), id="generator"),
        pytest.param(_generated_and_failed, (0, 0, 0, 1), id="generator-that-fails"),
    ],
)
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice-in-one-stack"])
def test_wsgi_statuses(counted: Counted, app: Any, counts: tuple[int, ...], times: int) -> None:
    """The same on the other protocol, also for a response that begins late."""
    for _ in range(times):
        app = wsgi.AuthMiddleware(app, authenticator=counted.auth)
    with suppress(RuntimeError):
        list(app(environ_of("/", counted.headers), lambda *_: None))
    assert counted.counts() == counts


@pytest.mark.parametrize("face", ["asgi", "starlette", "fastapi"])
def test_sockets(counted: Counted, face: str) -> None:
    """A WebSocket is one use: of the first kind when it is accepted, a rejected one when the guard closes it."""
    headers = {"Authorization": f"Bearer {counted.key.text}"}
    with (
        TestClient(ASGI_FACES[face](counted.auth)) as client,
        client.websocket_connect("/socket", headers=headers) as s,
    ):
        s.receive_json()
    assert counted.counts() == (1, 0, 0, 0)


def test_a_refused_socket(counted: Counted) -> None:
    """A socket that is closed unaccepted is a rejected use."""
    pat_only = counted.service.issue_key(name="other", scopes=["other:read"], by=BY)
    headers = {"Authorization": f"Bearer {pat_only.text}"}
    client = TestClient(ASGI_FACES["starlette"](counted.auth))
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/socket", headers=headers):
        pass
    counted.recorder.flush()
    assert counted.store.usage([pat_only.record.id])[pat_only.record.id].rejected == 1


def test_end_of_a_lifespan(counted: Counted) -> None:
    """When the application is shut down, everything is written before it lets go of its database."""
    written: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            written.append(len(counted.store.usage([counted.key.record.id])))
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await _redirect(send)

    with TestClient(asgi.AuthMiddleware(app, authenticator=counted.auth), follow_redirects=False) as client:
        client.get("/", headers={"Authorization": f"Bearer {counted.key.text}"})
        assert counted.store.usage([counted.key.record.id]) == {}
    assert written == [1]
