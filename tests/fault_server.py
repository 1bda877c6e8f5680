"""An HTTP server on loopback that misbehaves as told, one scripted behaviour per request.

    with FaultServer(status(500), ok(KEYS)) as server:  # the first request fails, all later ones get the keys
        fetch(server.url("/jwks"), {})
        server.script(drip_body(KEYS))                  # from now on
        assert len(server.requests) == 1

It speaks raw sockets, for http.server would not let it lie. One request a connection, one thread a connection.
"""

import gzip
import json
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event, Lock, Thread
from time import monotonic
from typing import Self

_POLL = 0.02  # seconds between two looks at whether to stop
_BLANKS = b" " * 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


class Peer:
    """One connection as a behaviour sees it; what it sends and waits for ends with the server, by an OSError."""

    def __init__(self, connection: socket.socket, *, request: Request, server: "FaultServer") -> None:
        self.request = request
        self._connection = connection
        self._server = server

    def send(self, data: bytes) -> None:
        """Send and count it."""
        self.check_running()
        self._connection.sendall(data)
        self._server.count_sent(len(data))

    def drip(self, data: bytes, *, pause: float) -> None:
        """Send byte by byte."""
        for byte in data:
            self.send(bytes([byte]))
            self.wait(pause)

    def wait(self, seconds: float, *, gate: Event | None = None) -> None:
        """Sleep, or until the gate opens if that is sooner."""
        gate = gate or Event()
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and not gate.wait(min(left, _POLL)):
            self.check_running()

    def check_running(self) -> None:
        """End the behaviour where the server is about to stop."""
        if self._server.is_stopping:
            raise ConnectionAbortedError

    def reset(self) -> None:
        """Close with a reset instead of an end."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Behaviour = Callable[[Peer], None]


class FaultServer:
    """Serve until the `with` block ends; `requests` and `bytes_sent` may be read at any time.

    Arguments:
        behaviours: the script for every path that has none of its own, see `script`.
        tls: speak TLS with this context.
        mute: run the behaviour as soon as somebody connects, and read no request.
    """

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None, mute: bool = False) -> None:
        self.requests: list[Request] = []
        self.bytes_sent = 0
        self.is_stopping = False
        self._tls = tls
        self._mute = mute
        self._lock = Lock()
        self._scripts: dict[str | None, deque[Behaviour]] = {}
        self._connections: set[socket.socket] = set()
        self._threads: list[Thread] = []
        self._listener = socket.socket()
        self.script(*behaviours)

    def __enter__(self) -> Self:
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(128)
        self._listener.settimeout(_POLL)
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.is_stopping = True
            for connection in (self._listener, *self._connections):
                with suppress(OSError):  # not connected, or gone
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)
        self._listener.close()
        assert not any(thread.is_alive() for thread in self._threads), "a behaviour does not end with its server"

    def url(self, path: str = "/", *, host: str = "127.0.0.1", scheme: str | None = None) -> str:
        """Return the address of a path; another scheme than what is spoken makes for one more fault."""
        return f"{scheme or ('https' if self._tls else 'http')}://{host}:{self._listener.getsockname()[1]}{path}"

    def script(self, *behaviours: Behaviour, path: str | None = None) -> None:
        """Play these from now on, one a request, the last for ever; with `path`, for requests of that path only."""
        with self._lock:
            self._scripts[path] = deque(behaviours or [status(404)])

    def count_sent(self, size: int) -> None:
        """Add to `bytes_sent`."""
        with self._lock:
            self.bytes_sent += size

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = Thread(target=target, args=args, name="fault-server", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.is_stopping:
            with suppress(OSError):  # a time-out, or the end
                self._start(self._serve, self._listener.accept()[0])

    def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(True)
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with closing(connection), suppress(OSError):
            self._admit(connection)
            try:
                self._play(connection)
            finally:
                self._dismiss(connection)

    def _admit(self, connection: socket.socket) -> None:
        with self._lock:
            if self.is_stopping:
                raise ConnectionAbortedError
            self._connections.add(connection)

    def _dismiss(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def _play(self, connection: socket.socket) -> None:
        if isinstance(connection, ssl.SSLSocket):
            connection.do_handshake()
        request = Request(method="", path="", headers={}) if self._mute else _read_request(connection)
        self._next_behaviour(request)(Peer(connection, request=request, server=self))

    def _next_behaviour(self, request: Request) -> Behaviour:
        with self._lock:
            self.requests.append(request)
            script = self._scripts.get(request.path, self._scripts[None])
            return script.popleft() if len(script) > 1 else script[0]


def _read_request(connection: socket.socket) -> Request:
    received = bytearray()
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    while len(body) < int(headers.get("content-length", "0")):  # what is left unread would reset the connection
        body += _receive(connection)
    return Request(method=method, path=path, headers=headers, body=bytes(body))


def _receive(connection: socket.socket) -> bytes:
    piece = connection.recv(4096)
    if not piece:
        raise ConnectionAbortedError
    return piece


def head(code: int, headers: Mapping[str, str]) -> bytes:
    """Build the bytes of a status line and its headers."""
    lines = [f"HTTP/1.1 {code} {HTTPStatus(code).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def raw(data: bytes) -> Behaviour:
    """Send exactly this and close: garbage, or what is left of an answer."""
    return lambda peer: peer.send(data)


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Behaviour:
    """Answer in good order."""
    return raw(head(code, {"Content-Length": str(len(body)), "Connection": "close"} | dict(headers or {})) + body)


def ok(document: object, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Answer 200 with a JSON document."""
    return status(200, {"Content-Type": "application/json"} | dict(headers or {}), json.dumps(document).encode())


def html() -> Behaviour:
    """Answer 200 with a page, as a captive portal does."""
    return status(200, {"Content-Type": "text/html; charset=utf-8"}, b"<!doctype html><p>Please sign in")


def redirect(location: str, *, code: int = 302) -> Behaviour:
    """Point elsewhere."""
    return status(code, {"Location": location})


def slow(seconds: float, then: Behaviour) -> Behaviour:
    """Say nothing for a while, then behave."""
    return held(Event(), then, at_most=seconds)


def held(gate: Event, then: Behaviour, *, at_most: float = 30.0) -> Behaviour:
    """Say nothing until the test opens the gate, then behave."""

    def behave(peer: Peer) -> None:
        peer.wait(at_most, gate=gate)
        then(peer)

    return behave


def drip(data: bytes, *, pause: float = 0.3) -> Behaviour:
    """Send exactly this, byte by byte."""
    return lambda peer: peer.drip(data, pause=pause)


def drip_headers(*, pause: float = 0.3) -> Behaviour:
    """Begin an answer whose headers take ages."""
    return drip(head(200, {"Content-Type": "application/json", "X-Padding": "x" * 1000}), pause=pause)


def drip_body(document: object, *, pause: float = 0.3) -> Behaviour:
    """Send the headers at once and the document byte by byte."""
    body = json.dumps(document).encode()

    def behave(peer: Peer) -> None:
        peer.send(head(200, {"Content-Type": "application/json", "Content-Length": str(len(body))}))
        peer.drip(body, pause=pause)

    return behave


def endless(beginning: bytes, piece: bytes) -> Behaviour:
    """Send the beginning, then the piece again and again."""

    def behave(peer: Peer) -> None:
        peer.send(beginning)
        while True:
            peer.send(piece)

    return behave


def endless_chunked() -> Behaviour:
    """Send chunks of blanks for ever."""
    beginning = head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
    return endless(beginning, b"%x\r\n%b\r\n" % (len(_BLANKS), _BLANKS))


def huge_body(size: int) -> Behaviour:
    """Announce and send so many bytes."""

    def behave(peer: Peer) -> None:
        peer.send(head(200, {"Content-Type": "application/json", "Content-Length": str(size)}))
        for start in range(0, size, len(_BLANKS)):
            peer.send(_BLANKS[: size - start])

    return behave


def gzip_bomb(size: int) -> Behaviour:
    """Send so many blanks, packed to about a thousandth."""
    body = gzip.compress(b" " * size)
    return status(200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, body)


def wrong_length(document: object, *, missing: int = 1) -> Behaviour:
    """Announce more bytes than come."""
    body = json.dumps(document).encode()
    return status(200, {"Content-Type": "application/json", "Content-Length": str(len(body) + missing)}, body)


def early_close() -> Behaviour:
    """Close without a word."""
    return raw(b"")


def reset() -> Behaviour:
    """Drop the connection with a TCP reset."""
    return Peer.reset


def garbage() -> Behaviour:
    """Send what is not HTTP."""
    return raw(b"\x00\xff\x16\x03 220 mail.example ESMTP\r\n\r\n")
