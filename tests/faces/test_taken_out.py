"""The credential leaves scope and environ when it is read, and nothing behind can write it down (K-82)."""

import asyncio
import base64
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest

from authmux import asgi, wsgi
from tests.faces.applications import ASGI_FACES, WSGI_FACES
from tests.faces.callers import Headers, environ_of, http_scope
from tests.faces.own_keys import OwnKeys

KEYS = OwnKeys()
KEY = KEYS.key("reports:read")
PAT = KEYS.pat("ann", "reports:read")
BAD = KEYS.key("reports:read")[:-3] + "xyz"
SECRET = slice(-49, None)
BEARER = ("Authorization", f"Bearer {KEY}".encode())
BASIC = ("Authorization", b"Basic " + base64.b64encode(f"{KEY}:".encode()))
FOREIGN = ("Authorization", b"Basic dTpw")
HEADER = ("X-API-Key", KEY.encode())

Seen = dict[str, str]
"""What can be read of a request: header names in lower case, and `query`."""

Send = Callable[..., tuple[list[Seen], Seen]]
"""Sends a request; returns what the application saw, if it ran, and what an outer middleware sees when all is over."""


def seen_in_scope(scope: Any) -> Seen:
    """Return what can be read in a scope."""
    headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    return headers | {"query": scope["query_string"].decode()}


def seen_in_environ(environ: Any) -> Seen:
    """Return what can be read in an environ."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"RAW_URI", "REQUEST_URI"}
    }
    return headers | {"query": environ["QUERY_STRING"]}


def send_asgi(path: str, headers: Headers, options: Any) -> tuple[list[Seen], Seen]:
    """Send a request through the plain ASGI face."""
    seen: list[Seen] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(seen_in_scope(scope))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def nothing(*_: Any) -> Any:
        return {"type": "http.request"}

    scope = http_scope(path, headers)
    asyncio.run(asgi.AuthMiddleware(app, authenticator=KEYS.authenticator(), **options)(scope, nothing, nothing))
    return seen, seen_in_scope(scope)


def send_wsgi(path: str, headers: Headers, options: Any) -> tuple[list[Seen], Seen]:
    """Send a request through the plain WSGI face."""
    seen: list[Seen] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(seen_in_environ(environ))
        start_response("200 OK", [])
        return []

    environ = environ_of(path, headers) | {"RAW_URI": path, "REQUEST_URI": f"http://testserver{path}"}
    wsgi.AuthMiddleware(app, authenticator=KEYS.authenticator(), **options)(environ, lambda *_: None)
    return seen, seen_in_environ(environ)


@pytest.fixture(params=[send_asgi, send_wsgi], ids=["asgi", "wsgi"])
def send(request: pytest.FixtureRequest) -> Send:
    """Give a way to send a request on either protocol."""

    def send(*headers: tuple[str, bytes], path: str = "/", **options: Any) -> tuple[list[Seen], Seen]:
        answer: tuple[list[Seen], Seen] = request.param(
            path, headers, {"api_key_header": "X-API-Key", "basic": True, **options}
        )
        return answer

    return send


TAKEN: dict[str, tuple[Headers, bool]] = {
    "bearer": ([BEARER], True),
    "header": ([HEADER], True),
    "basic": ([BASIC], True),
    "pat-as-password": ([("Authorization", b"Basic " + base64.b64encode(f"ann:{PAT}".encode()))], True),
    "refused": ([("Authorization", f"Bearer {BAD}".encode())], False),
    "refused-header": ([("X-API-Key", BAD.encode())], False),
    "of-nobody": ([("Authorization", b"Bearer nonsense")], False),
    "malformed": ([("Authorization", f"Bearer  {KEY} x".encode())], False),
    "tab": ([("Authorization", f"Bearer\t{KEY}".encode())], False),
    "two": ([BEARER, HEADER], False),
    "two-headers": ([BEARER, BEARER], False),
    "two-basics": ([BASIC, BASIC], False),
    "basic-from-another-site": ([BASIC, ("Sec-Fetch-Site", b"cross-site")], False),
}


@pytest.mark.parametrize(("headers", "is_let_in"), TAKEN.values(), ids=TAKEN)
def test_taken_out(send: Send, headers: Headers, *, is_let_in: bool) -> None:
    """Good, bad or unreadable: neither the application nor an outer middleware sees it any more."""
    inside, outside = send(*headers, ("Accept", b"*/*"))
    assert bool(inside) is is_let_in
    for seen in [*inside, outside]:
        assert {"authorization", "x-api-key"}.isdisjoint(seen)
        assert seen["accept"] == "*/*", "a header of another kind was taken too"


@pytest.mark.parametrize("headers", [each for each, is_let_in in TAKEN.values() if is_let_in])
def test_kept(send: Send, headers: Headers) -> None:
    """Where the application wants to see it, it stays as it came."""
    inside, _ = send(*headers, keep_credential=True)
    assert {name.lower(): value.decode() for name, value in headers}.items() <= inside[0].items()


def test_foreign_stays(send: Send) -> None:
    """What is none of ours is for another layer of the application."""
    assert send(FOREIGN)[0][0]["authorization"] == "Basic dTpw"
    assert send(("Authorization", b"Digest x=y"), HEADER)[0][0]["authorization"] == "Digest x=y"


def test_other_places_stay(send: Send) -> None:
    """What stands in a place that was not enabled is not looked at, and not touched."""
    assert send(HEADER, api_key_header=None)[0][0]["x-api-key"] == KEY
    assert send(BASIC, basic=False)[0][0]["authorization"] == BASIC[1].decode()


def test_masked_in_addresses(send: Send) -> None:
    """A credential in the query string, and in the address of the page before, is masked in place."""
    path = f"/reports?page=2&key={KEY}&x=%C3%A9"
    inside, outside = send(("Referer", f"https://x.example{path}".encode()), path=path)
    for seen in [*inside, outside]:
        assert KEY[SECRET] not in str(seen)
        assert seen["query"] == f"page=2&key={KEY[:-49]}***&x=%C3%A9"
        assert seen["referer"] == f"https://x.example/reports?{seen['query']}"
        assert seen.get("raw-uri", f"/reports?{seen['query']}") == f"/reports?{seen['query']}"
        assert seen.get("request-uri", "?" + seen["query"]).endswith("?" + seen["query"])


def test_masked_in_refused_requests(send: Send) -> None:
    """It is masked where the request is refused too, for the server logs that as well."""
    inside, outside = send(("Authorization", b"Bearer nonsense"), path=f"/?key={KEY}")
    assert (inside, outside["query"]) == ([], f"key={KEY[:-49]}***")


@pytest.mark.parametrize("query", ["", "a=1&b=%zz&c=;d", "link=eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ1cyJ9.c2lnbmVk-link"])
def test_other_queries_stay(send: Send, query: str) -> None:
    """Any other query string is what it was; an application's own signed links work on."""
    assert send(BEARER, path=f"/?{query}")[0][0]["query"] == query


@pytest.mark.parametrize("face", [*ASGI_FACES, *WSGI_FACES])
def test_every_face_takes_it_out(face: str) -> None:
    """The faces of the frameworks take it out as well, good or bad."""
    for text in (KEY, BAD):
        headers = [("Authorization", f"Bearer {text}".encode())]
        if face in ASGI_FACES:
            scope = http_scope("/read", headers)
            asyncio.run(ASGI_FACES[face](KEYS.authenticator())(scope, _receive, _send))
            assert "authorization" not in seen_in_scope(scope)
        else:
            environ = environ_of("/read", headers)
            body = WSGI_FACES[face](KEYS.authenticator())(environ, lambda *_: None)
            getattr(body, "close", lambda: None)()
            assert "authorization" not in seen_in_environ(environ)


SHAPES: dict[str, Callable[[Any], Iterable[Any]]] = {
    "list": list,
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda headers: (each for each in headers),
    "pairs-that-are-lists": lambda headers: [list(each) for each in headers],
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_headers_of_any_shape(shape: Callable[[Any], Iterable[Any]]) -> None:
    """ASGI promises headers to go over, perhaps only once; the server's own list stays as it was."""
    seen: list[Seen] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(seen_in_scope(scope))
        await _ok(send)

    scope = http_scope("/", [BEARER])
    theirs = scope["headers"]
    scope["headers"] = shape(theirs)
    inner = asgi.AuthMiddleware(app, authenticator=KEYS.authenticator(), required=True)
    asyncio.run(inner(scope, _receive, _send))
    assert [each.get("authorization") for each in seen] == [None]
    assert (b"authorization", BEARER[1]) in theirs


@pytest.mark.parametrize("error", [RuntimeError("a bug"), None], ids=["bug", "served"])
def test_server_sees_it_no_more(error: Exception | None) -> None:
    """Whatever becomes of the request, the scope that the server holds has no credential in it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if error:
            raise error
        await _ok(send)

    scope = http_scope(f"/?key={KEY}", [BEARER])
    with suppress(RuntimeError):
        asyncio.run(asgi.AuthMiddleware(app, authenticator=KEYS.authenticator())(scope, _receive, _send))
    del scope["authmux.visit"]
    assert KEY[SECRET] not in repr(scope)


def test_visit_tells_no_secret() -> None:
    """The visit that travels in the scope holds the credential, and does not tell it."""
    scope = http_scope("/", [BEARER])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await _ok(send)

    asyncio.run(asgi.AuthMiddleware(app, authenticator=KEYS.authenticator())(scope, _receive, _send))
    assert scope["authmux.visit"].principal
    assert KEY[SECRET] not in repr(scope)


async def _receive() -> Any:
    return {"type": "http.request"}


async def _send(message: Any) -> None:
    pass


async def _ok(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})
