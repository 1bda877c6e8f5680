"""WebSockets are refused before they are accepted, and know their principal for as long as they last."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Query
from starlette.applications import Starlette
from starlette.authentication import requires as starlette_requires
from starlette.endpoints import WebSocketEndpoint
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from authmux import MissingCredential, asgi, current_principal, fastapi, find_principal, starlette
from authmux import requires as requires_anywhere
from tests.faces.callers import Answer, ASGICaller, Headers
from tests.faces.verifiers import ANN, BUG, NOBODY, UNKNOWN, open_house

MALFORMED = (("Authorization", b"Bearer"),)


async def greet(websocket: WebSocket) -> None:
    """Accept, and say who is there, before and after a message."""
    await websocket.accept()
    await websocket.send_text(name())
    await websocket.receive_text()
    await websocket.send_text(name())
    await websocket.close()


def name() -> str:
    """Return who is calling."""
    principal = find_principal()
    return principal.id if principal else "nobody"


async def accept_then_read(websocket: WebSocket) -> None:
    """Accept before anything is asked."""
    await websocket.accept()
    await websocket.send_text(current_principal().id)


class Greeter(WebSocketEndpoint):
    """Be guarded where it connects."""

    encoding = "text"

    @starlette.requires("reports:read")
    async def on_connect(self, websocket: WebSocket) -> None:
        await greet(websocket)


def plain_app() -> Any:
    """Return an application without a framework."""
    doors = {
        "/open": greet,
        "/read": requires_anywhere("reports:read")(greet),
        "/write": requires_anywhere("reports:write")(greet),
        "/late": accept_then_read,
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await doors[scope["path"]](WebSocket(scope, receive, send))

    return asgi.AuthMiddleware(app, authenticator=open_house())


def starlette_app(**options: Any) -> Any:
    """Return a Starlette application, with a mounted one."""
    routes = [
        WebSocketRoute("/open", greet),
        WebSocketRoute("/read", starlette.requires("reports:read")(greet)),
        WebSocketRoute("/write", starlette.requires("reports:write")(greet)),
        WebSocketRoute("/late", accept_then_read),
        WebSocketRoute("/class", Greeter),
        WebSocketRoute("/theirs", starlette_requires("reports:read")(greet)),
    ]
    app = Starlette(routes=[*routes, Mount("/sub", app=Starlette(routes=routes))], **options)
    app.add_middleware(starlette.AuthMiddleware, authenticator=open_house())
    return app


def fastapi_app(**options: Any) -> Any:
    """Return a FastAPI application."""
    app = FastAPI(**options)
    app.add_middleware(fastapi.AuthMiddleware, authenticator=open_house())
    app.websocket("/open")(greet)
    app.websocket("/read")(fastapi.requires("reports:read")(greet))
    app.websocket("/write")(fastapi.requires("reports:write")(greet))
    app.websocket("/late")(accept_then_read)

    @app.websocket("/me")
    async def me(websocket: WebSocket, principal: fastapi.CurrentPrincipal) -> None:
        await websocket.accept()
        await websocket.send_text(principal.id)
        await websocket.close()

    @app.websocket("/pages")
    @fastapi.requires("reports:read")
    async def pages(websocket: WebSocket, page: Annotated[int, Query()]) -> None:
        await greet(websocket)

    return app


async def http_doors(scope: Any, receive: Any, send: Any) -> None:
    """Be an HTTP application with guards like those of the others."""
    needs = {"/open": (), "/read": ("reports:read",), "/write": ("reports:write",)}[scope["path"]]
    requires_anywhere(*needs)(name)()


HTTP_DOORS = asgi.AuthMiddleware(http_doors, authenticator=open_house())

APPS: dict[str, Callable[[], Any]] = {"asgi": plain_app, "starlette": starlette_app, "fastapi": fastapi_app}


@pytest.fixture(params=APPS.values(), ids=list(APPS))
def client(request: pytest.FixtureRequest) -> TestClient:
    """Give a client of each application."""
    return TestClient(request.param())


def converse(client: TestClient, path: str, headers: Headers) -> list[str]:
    """Return what is heard of a conversation."""
    sent = {name: value.decode() for name, value in headers}
    with client.websocket_connect(path, headers=sent) as websocket:
        first = websocket.receive_text()
        websocket.send_text("go on")
        return [first, websocket.receive_text()]


def handshake(app: Any, path: str, headers: Headers, *, denial: bool) -> list[Any]:
    """Return what an application sends a server that waits for the answer to a handshake."""
    sent: list[Any] = []
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value) for name, value in headers],
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}} if denial else {},
    }

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def answer_of(messages: list[Any]) -> Answer:
    """Return a denial as the answer that it is."""
    start, body = messages
    assert (start["type"], body["type"]) == ("websocket.http.response.start", "websocket.http.response.body")
    headers = tuple((name.decode(), value.decode()) for name, value in start["headers"])
    return Answer(start["status"], headers, body["body"])


@pytest.mark.parametrize("path", ["/open", "/read"])
def test_accepts(client: TestClient, path: str) -> None:
    """A good credential opens the conversation, and its principal stays until the end."""
    assert converse(client, path, ANN) == ["ann", "ann"]


def test_open_to_nobody(client: TestClient) -> None:
    """Without a guard anybody is let in."""
    assert converse(client, "/open", NOBODY) == ["nobody", "nobody"]


REFUSALS = {
    "absent": ("/read", NOBODY, 401),
    "unknown": ("/open", UNKNOWN, 401),
    "unknown-at-guard": ("/read", UNKNOWN, 401),
    "malformed": ("/open", MALFORMED, 400),
    "lacking": ("/write", ANN, 403),
}


@pytest.mark.parametrize(("path", "headers", "status"), REFUSALS.values(), ids=REFUSALS.keys())
@pytest.mark.parametrize("app", APPS.values(), ids=APPS.keys())
def test_denial(app: Callable[[], Any], path: str, headers: Headers, status: int) -> None:
    """Where the server can send one, a refusal is the HTTP answer to the handshake, with the bytes of any other."""
    answer = answer_of(handshake(app(), path, headers, denial=True))
    assert answer.status == status
    assert answer.refusal() == ASGICaller(HTTP_DOORS)(path, headers).refusal()


@pytest.mark.parametrize(("path", "headers", "status"), REFUSALS.values(), ids=REFUSALS.keys())
@pytest.mark.parametrize("app", APPS.values(), ids=APPS.keys())
def test_no_denial(app: Callable[[], Any], path: str, headers: Headers, status: int) -> None:
    """Where the server cannot send one, the handshake is closed before it is accepted, which the server makes a 403."""
    assert handshake(app(), path, headers, denial=False) == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
@pytest.mark.parametrize("make", [starlette_app, fastapi_app], ids=["starlette", "fastapi"])
def test_own_handlers(make: Callable[..., Any], *, debug: bool) -> None:
    """An application's own handlers, made for HTTP, change nothing."""
    handlers = {401: lambda request, error: PlainTextResponse("my own 401", 401)}
    app = make(debug=debug, exception_handlers=handlers)
    assert handshake(app, "/read", NOBODY, denial=True) == handshake(make(), "/read", NOBODY, denial=True)


@pytest.mark.parametrize("path", ["/class", "/sub/read", "/theirs"])
def test_starlette_accepts(path: str) -> None:
    """Endpoints that are classes, that are mounted, and that have Starlette's own guard work too."""
    assert converse(TestClient(starlette_app()), path, ANN) == ["ann", "ann"]


@pytest.mark.parametrize("path", ["/class", "/sub/read"])
def test_starlette_refuses(path: str) -> None:
    """And refuse with the same bytes."""
    app = starlette_app()
    messages = [handshake(app, each, NOBODY, denial=True) for each in (path, "/read")]
    assert messages[0] == messages[1]


def test_starlette_requires() -> None:
    """Starlette's own guard refuses in its own way."""
    with pytest.raises(WebSocketDisconnect), TestClient(starlette_app()).websocket_connect("/theirs"):
        pass


def test_fastapi_parameter() -> None:
    """A parameter that asks for the principal receives it, and refuses where there is none."""
    client = TestClient(fastapi_app())
    with client.websocket_connect("/me", headers={"Authorization": "Bearer user_ann"}) as websocket:
        assert websocket.receive_text() == "ann"
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/me"):
        pass
    assert denied.value.status_code == 401


def test_fastapi_refuses_before_validation() -> None:
    """Who may not come is not told what is wrong with his query."""
    assert answer_of(handshake(fastapi_app(), "/pages", NOBODY, denial=True)).status == 401


def test_bug_in_verifier(client: TestClient) -> None:
    """A bug in a verifier goes to the server, and nothing is accepted."""
    with (
        pytest.raises(RuntimeError, match="a bug in a verifier"),
        client.websocket_connect("/open", headers={"Authorization": BUG[0][1].decode()}),
    ):
        pass


@pytest.mark.parametrize("app", APPS.values(), ids=APPS.keys())
def test_refusal_after_accepting(app: Callable[[], Any]) -> None:
    """A guard that refuses once the conversation is open ends it: not a word is sent (K-26 asks for a close, 1008)."""
    sent: list[Any] = []
    with suppress(MissingCredential):
        sent = handshake(app(), "/late", NOBODY, denial=True)
    assert [message for message in sent if message["type"] == "websocket.send"] == []
