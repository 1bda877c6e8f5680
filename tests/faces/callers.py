"""Sends one request and reads the whole answer: to an application in this process, or over a socket."""

import asyncio
import io
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any, Protocol, cast
from wsgiref.validate import validator

Headers = Sequence[tuple[str, bytes]]

_OURS = {"content-type", "content-length", "www-authenticate", "retry-after", "cache-control", "x-accepted-scopes"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the one value of a header, or None."""
        values = [value for each, value in self.headers if each == name]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    def refusal(self) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """Return what must be the same on every face: all but the server's own headers, and the seconds of a 503."""
        headers = [(name, "n" if name == "retry-after" else value) for name, value in self.headers if name in _OURS]
        return self.status, tuple(headers), self.body


class Caller(Protocol):
    """Sends a request to one application."""

    def __call__(self, path: str, headers: Headers = (), *, method: str = "GET", body: bytes = b"") -> Answer:
        """Return its answer."""
        ...


class ASGICaller:
    """Calls an ASGI application as a server does, each time on a new event loop."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, path: str, headers: Headers = (), *, method: str = "GET", body: bytes = b"") -> Answer:
        return asyncio.run(self.call(path, headers, method=method, body=body))

    async def call(self, path: str, headers: Headers = (), *, method: str = "GET", body: bytes = b"") -> Answer:
        """Send a request on the running event loop."""
        sent: list[dict[str, Any]] = []
        unread = [{"type": "http.request", "body": body}]

        async def receive() -> dict[str, Any]:
            return unread.pop() if unread else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._app(http_scope(path, headers, method=method), receive, send)
        start, *chunks = sent
        assert start["type"] == "http.response.start"
        assert {chunk["type"] for chunk in chunks} == {"http.response.body"}
        answer = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
        # A server leaves the body of an answer to HEAD away.
        whole = b"" if method == "HEAD" else b"".join(chunk.get("body", b"") for chunk in chunks)
        return Answer(start["status"], answer, whole)


def http_scope(path: str, headers: Headers = (), *, method: str = "GET") -> dict[str, Any]:
    """Return what an ASGI server hands over for a request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.partition("?")[0],
        "raw_path": path.partition("?")[0].encode(),
        "query_string": path.partition("?")[2].encode(),
        "root_path": "",
        "headers": [(b"host", b"testserver"), *((name.lower().encode(), value) for name, value in headers)],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }


class WSGICaller:
    """Calls a WSGI application as a server does, and checks on the way that PEP 3333 is kept."""

    def __init__(self, app: Any) -> None:
        self._app = validator(app)

    def __call__(self, path: str, headers: Headers = (), *, method: str = "GET", body: bytes = b"") -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        written: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
            assert exc_info or not started
            started[:] = [(status, headers)]
            return written.append

        chunks = self._app(environ_of(path, headers, method=method, body=body), start_response)
        try:
            written.extend(chunks)
        finally:
            cast("Callable[[], None]", getattr(chunks, "close"))()  # noqa: B009  # Iterable does not promise it
        status, answer = started[0]
        return Answer(int(status[:3]), tuple((name.lower(), value) for name, value in answer), b"".join(written))


def environ_of(path: str, headers: Headers = (), *, method: str = "GET", body: bytes = b"") -> dict[str, Any]:
    """Return what a WSGI server hands over for a request; headers that come twice are joined by a comma."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.partition("?")[0],
        "QUERY_STRING": path.partition("?")[2],
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        variable, text = f"HTTP_{name.upper().replace('-', '_')}", value.decode("latin-1")
        environ[variable] = f"{environ[variable]},{text}" if variable in environ else text
    return environ


class SocketCaller:
    """Sends bytes to a server on loopback, also such as no HTTP client would send."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(self, path: str, headers: Headers = (), *, method: str = "GET", body: bytes = b"") -> Answer:
        lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: testserver", b"Connection: close"]
        lines += [f"{name}: ".encode() + value for name, value in headers]
        if method == "POST":
            lines.append(f"Content-Length: {len(body)}".encode())
        return self.send(b"\r\n".join([*lines, b"", body]), method=method)

    def send(self, request: bytes, *, method: str = "GET") -> Answer:
        """Send a request as it stands; what comes after its answer is left (waitress ends one to HEAD by a chunk)."""
        with self._connect() as connection:
            received = _exchange(connection, request)
        return _read_answer(cast("socket.socket", _Received(received)), method)

    def exchange(self, requests: bytes) -> list[Answer]:
        """Send everything that is to go over one connection, and return all answers until the server hangs up."""
        with self._connect() as connection:
            return read_answers(_exchange(connection, requests))

    def ask_first(self, head: bytes, body: bytes) -> Answer:
        """Send a head, and its body only when the server says `100 Continue`; return the answer that follows."""
        with self._connect() as connection:
            connection.sendall(head)
            if connection.recv(12, socket.MSG_PEEK).endswith(b" 100"):
                connection.sendall(body)
            return _read_answer(connection, "GET")

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port), timeout=20)


def read_answers(received: bytes) -> list[Answer]:
    """Return the answers to GET or POST that came over one connection, without interim ones like `100 Continue`."""
    stream = _Received(received)
    answers: list[Answer] = []
    while stream.is_left():
        answers.append(_read_answer(cast("socket.socket", stream), "GET"))
    return answers


def _read_answer(connection: socket.socket, method: str) -> Answer:
    response = HTTPResponse(connection, method=method)
    response.begin()
    headers = tuple((name.lower(), value) for name, value in response.getheaders())
    answer = Answer(response.status, headers, response.read())
    response.close()
    return answer


def _exchange(connection: socket.socket, request: bytes) -> bytes:
    """Send everything and receive everything; a server may refuse, and hang up, before it has read to the end."""
    received = bytearray()
    with suppress(ConnectionError):
        connection.sendall(request)
    with suppress(ConnectionError):
        while chunk := connection.recv(65_536):
            received += chunk
    return bytes(received)


class _Received(io.BytesIO):
    """What `HTTPResponse` needs of a socket; it stays open for the next answer."""

    def makefile(self, mode: str) -> io.BytesIO:
        return self

    def is_left(self) -> bool:
        """Return whether there is anything that was not read yet."""
        return self.tell() < len(self.getvalue())

    def close(self) -> None:
        """Stay open."""
