"""`required` lets nobody in without a credential but on public paths and for preflights (A-140)."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from authmux import ConfigurationError, User, starlette
from authmux.testing import as_principal
from tests.faces import doors_on_paths
from tests.faces.callers import Headers, http_scope
from tests.faces.doors_on_paths import ASGI, METHODS, PUBLIC, WSGI, call_asgi
from tests.faces.verifiers import ANN, NOBODY, UNKNOWN, open_house

PREFLIGHT: Headers = (("Origin", b"https://x.example"), ("Access-Control-Request-Method", b"GET"))

Ask = Callable[..., tuple[int, list[str]]]


@pytest.fixture(params=[*ASGI, *WSGI])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Give a way to ask an application on each face."""
    return functools.partial(doors_on_paths.ask, request.param)


@pytest.mark.parametrize("method", METHODS)
def test_refuses(ask: Ask, method: str) -> None:
    """Without a credential nothing runs, whatever the method."""
    assert ask("/admin", method=method) == (401, [])


@pytest.mark.parametrize(("path", "name"), [("/admin", "admin"), ("/", "root"), ("/health", "health")])
def test_lets_callers_in(ask: Ask, path: str, name: str) -> None:
    """With a good credential everything runs."""
    assert ask(path, ANN) == (200, [name])


@pytest.mark.parametrize(
    ("path", "name"), [("/health", "health"), ("/docs/x", "docs"), ("/docs/x/y", "docs"), ("/v1/docs/x", "v1-docs")]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_public(ask: Ask, path: str, name: str, method: str) -> None:
    """Public paths are open to everybody."""
    assert ask(path, method=method) == (200, [name])


@pytest.mark.parametrize("path", ["/health", "/docs/x", "/admin"])
def test_bad_credential(ask: Ask, path: str) -> None:
    """A bad credential is refused on a public path too: it is never taken for none."""
    assert ask(path, UNKNOWN) == (401, [])


def test_foreign_scheme(ask: Ask) -> None:
    """Another layer's user and password are no credential of ours."""
    assert ask("/admin", [("Authorization", b"Basic dTpw")]) == (401, [])


def test_required_without_public_paths(ask: Ask) -> None:
    """Without public paths nothing is open."""
    assert ask("/health", options={"required": True}) == (401, [])


def test_not_required(ask: Ask) -> None:
    """By default only guards refuse."""
    assert ask("/admin", options={}) == (200, ["admin"])


def test_principal_of_a_test(ask: Ask) -> None:
    """Whom a test has named need not send a credential."""
    with as_principal(User(id="ann", issuer="tests")):
        assert ask("/admin") == (200, ["admin"])


def test_preflight(ask: Ask) -> None:
    """A CORS preflight goes on to the application (A-140)."""
    assert ask("/admin", PREFLIGHT, method="OPTIONS")[0] != 401


@pytest.mark.parametrize(
    ("headers", "method", "options"),
    [
        (PREFLIGHT[:1], "OPTIONS", {}),
        (PREFLIGHT[1:], "OPTIONS", {}),
        (PREFLIGHT, "GET", {}),
        (PREFLIGHT, "POST", {}),
        (PREFLIGHT, "options", {}),
        ((*PREFLIGHT, ("X-HTTP-Method-Override", b"OPTIONS")), "POST", {}),
        (PREFLIGHT, "OPTIONS", {"preflights": False}),
    ],
    ids=["origin", "request-method", "get", "post", "lower-case", "override", "switched-off"],
)
def test_no_preflight(ask: Ask, headers: Headers, method: str, options: Any) -> None:
    """What is not quite a preflight is no preflight."""
    assert ask("/admin", headers, method=method, options={"required": True, **options}) == (401, [])


def test_preflight_with_a_bad_credential(ask: Ask) -> None:
    """A preflight with a credential is judged by it."""
    assert ask("/admin", (*PREFLIGHT, *UNKNOWN), method="OPTIONS") == (401, [])


@pytest.mark.parametrize(("headers", "status"), [(PREFLIGHT, 200), (PREFLIGHT[:1], 401)], ids=["preflight", "other"])
def test_preflight_is_answered(headers: Headers, status: int) -> None:
    """The application's own CORS middleware answers it, and nothing else runs."""
    served: list[str] = []
    app = Starlette(routes=[Route("/admin", lambda request: served.append("admin"), methods=METHODS)])
    app.add_middleware(CORSMiddleware, allow_origins=["https://x.example"])
    app.add_middleware(starlette.AuthMiddleware, authenticator=open_house(), required=True)
    assert (call_asgi(app, "/admin", headers, method="OPTIONS"), served) == (status, [])


@pytest.mark.parametrize("face", ["starlette", "fastapi"])
@pytest.mark.parametrize(
    ("path", "headers", "served"),
    [
        ("/socket", NOBODY, []),
        ("/socket", (*PREFLIGHT,), []),
        ("/docs/../socket", NOBODY, []),
        ("//socket", NOBODY, []),
        ("/docs/socket", UNKNOWN, []),
        ("/docs/socket", NOBODY, ["socket"]),
        ("/socket", ANN, ["socket"]),
    ],
    ids=["nobody", "preflight", "climbs", "two-slashes", "bad", "public", "good"],
)
def test_websocket(face: str, path: str, headers: Headers, served: list[str]) -> None:
    """A WebSocket is asked for a credential as any other request is, and is no preflight."""
    ran: list[str] = []
    sent: list[Any] = []
    scope = http_scope(path, headers) | {"type": "websocket", "subprotocols": [], "extensions": {}}
    del scope["method"]

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(ASGI[face](ran, required=True, public=PUBLIC)(scope, receive, send))
    assert ran == served
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize("face", ASGI)
def test_other_connections(face: str) -> None:
    """A connection of a type that is not known here brings no credential that could be read, and is refused."""
    with pytest.raises(ConfigurationError, match="required"):
        asyncio.run(ASGI[face]([], required=True)({"type": "webtransport", "path": "/admin"}, None, None))
