"""Whole requests: the faces of ASGI and WSGI answer alike, by the table, and hand no credential on."""

import asyncio
import atexit
import io
import json
import string
from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from authmux import asgi, find_principal, requires, wsgi
from authmux.web.options import Options
from tests.fuzz.fixed import door
from tests.fuzz.judges.headers import LOCATIONS
from tests.fuzz.judges.redaction import shows_a_token

_STATUSES = {200, 400, 401, 403}  # not 503: nothing is away
_PRINTABLE = frozenset(string.printable) - set("\r\n\t\x0b\x0c")
Headers = Sequence[tuple[str, bytes]]


def judge_faces(data: bytes) -> None:
    """The table of answers: ASGI and WSGI answer any request alike, in a status and a shape that are in the table."""
    target, *lines = data.split(b"\n")
    method, _, target = target.partition(b" ")
    path, _, query = target.partition(b"?")
    headers = [(name.decode("latin-1").lower(), value) for name, _, value in (line.partition(b":") for line in lines)]
    request = (method.decode("latin-1"), path, query, headers)
    by_asgi, by_wsgi = _call_asgi(*request), _call_wsgi(*request)
    assert by_asgi == by_wsgi
    status, answered, body = by_asgi
    assert status in _STATUSES
    for name, value in answered:
        assert set(name + value) <= _PRINTABLE, (name, value)
    if method == b"HEAD":
        return
    document = json.loads(body)
    assert document["status"] == status
    if status != 200:
        assert ("content-type", "application/problem+json") in answered
        assert ("cache-control", "no-store") in answered
        assert (status == 401) <= any(name == "www-authenticate" for name, _ in answered)


Answer = tuple[int, list[tuple[str, str]], bytes]


@requires("reports:read")
def _who() -> str:
    principal = find_principal()
    assert principal is not None
    return principal.identity


def _body(path: str, query: str, authorization: bytes | None, api_key: bytes | None) -> bytes:
    """Return what both applications answer: who came, and with what query; no credential is left for them to log."""
    who = "anybody" if path.startswith("/open") else _who()
    assert not shows_a_token(unquote_plus(query))
    assert LOCATIONS.find(authorization, api_key) is None
    return json.dumps({"status": 200, "who": who, "query": query}).encode()


async def _asgi_app(scope: Any, receive: Any, send: Any) -> None:
    left = [
        b",".join(value for name, value in scope["headers"] if name == wanted)
        for wanted in (b"authorization", b"x-api-key")
    ]
    body = _body(scope["path"], scope["query_string"].decode("latin-1"), *left)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def _wsgi_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    left = [environ.get(name, "").encode("latin-1") for name in ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY")]
    body = _body(environ["PATH_INFO"], environ["QUERY_STRING"], *left)
    start_response("200 OK", [])
    return [body]


@cache
def _faces() -> tuple[asgi.AuthMiddleware, wsgi.AuthMiddleware]:
    options: Options = {"api_key_header": "X-API-Key", "basic": True, "required": True, "public": ("/open", "/open/*")}
    return (
        asgi.AuthMiddleware(_asgi_app, authenticator=door(), **options),
        wsgi.AuthMiddleware(_wsgi_app, authenticator=door(), **options),
    )


@cache
def _runner() -> asyncio.Runner:
    """Return an event loop for all requests: one for each would be most of their time."""
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner


def _call_asgi(method: str, path: bytes, query: bytes, headers: Headers) -> Answer:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "headers": [(name.encode("latin-1"), value) for name, value in headers],
    }
    _runner().run(_faces()[0](scope, receive, send))  # type: ignore[arg-type]
    answered = [(name.decode("ascii"), value.decode("ascii")) for name, value in sent[0]["headers"]]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], answered, b"" if method == "HEAD" else body


def _call_wsgi(method: str, path: bytes, query: bytes, headers: Headers) -> Answer:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "wsgi.input": io.BytesIO(),
    }
    values: dict[str, list[str]] = {}
    for name, value in headers:
        if "_" not in name:  # as most servers do; the others are the server's own business
            values.setdefault("HTTP_" + name.upper().replace("-", "_"), []).append(value.decode("latin-1"))
    environ |= {name: ",".join(each) for name, each in values.items()}
    started: list[tuple[str, list[tuple[str, str]]]] = []
    body = b"".join(_faces()[1](environ, lambda *start: started.append(start)))
    status, answered = started[0]
    return int(status[:3]), [(name.lower(), value) for name, value in answered], b"" if method == "HEAD" else body
