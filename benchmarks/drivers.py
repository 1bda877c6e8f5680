"""Send requests into an application in process, and time them: only what runs in Python is measured, no sockets."""

import asyncio
import io
import time
from collections.abc import Sequence
from typing import Any


class ASGIDriver:
    """Calls an ASGI application on an event loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Close the loop."""
        self._loop.close()

    def time(self, app: Any, credentials: Sequence[str | None]) -> float:
        """Return the seconds that one request for each credential takes, on average."""
        return self._loop.run_until_complete(self._time(app, credentials))

    async def _time(self, app: Any, credentials: Sequence[str | None]) -> float:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scopes = [_scope(credential) for credential in credentials]
        begin = time.perf_counter()
        for scope in scopes:
            await app(scope, receive, send)
        taken = time.perf_counter() - begin
        statuses = {message["status"] for message in sent if message["type"] == "http.response.start"}
        _require_served(statuses == {200}, statuses)
        return taken / len(scopes)


class WSGIDriver:
    """Calls a WSGI application."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def time(self, app: Any, credentials: Sequence[str | None]) -> float:
        """Return the seconds that one request for each credential takes, on average."""
        environs = [_environ(credential) for credential in credentials]
        statuses: set[str] = set()

        def start_response(status: str, *_: object) -> None:
            statuses.add(status)

        begin = time.perf_counter()
        for environ in environs:
            body = app(environ, start_response)
            for _ in body:
                pass
            if hasattr(body, "close"):
                body.close()
        taken = time.perf_counter() - begin
        _require_served(statuses == {"200 OK"}, statuses)
        return taken / len(environs)


def _require_served(served: object, statuses: object) -> None:
    if not served:
        raise SystemExit(f"benchmark: answered {statuses}, expected 200 everywhere; nothing was measured")


def _scope(credential: str | None) -> dict[str, Any]:
    headers = [(b"host", b"localhost"), (b"accept", b"*/*"), (b"user-agent", b"bench"), (b"accept-encoding", b"gzip")]
    if credential is not None:
        headers.append((b"authorization", f"Bearer {credential}".encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "extensions": {},
        "state": {},
    }


def _environ(credential: str | None) -> dict[str, Any]:
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_ACCEPT": "*/*",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if credential is not None:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {credential}"
    return environ
