"""The HTTP under the local issuer: a loopback server that answers routes in JSON."""

import contextlib
import json
import re
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

BODY_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """What came in, as far as a route needs it."""

    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What goes back: a JSON document under a status."""

    document: Mapping[str, object]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Refused(Exception):
    """A request is answered with an error code: one of RFC 6749 §5.2 or RFC 8707 §2, or HTTP's own."""

    def __init__(self, error: str, *, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.answer = Answer({"error": error}, status, headers or {})


class Route(NamedTuple):
    """What is served at a path, and by which method."""

    method: str
    answer: Callable[[Request], Answer]


class _Handler(BaseHTTPRequestHandler):
    """Hands each request to its route and writes the answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: a delayed ACK between them costs 40 ms
    timeout = 30

    def __init__(self, *connection: Any, routes: Mapping[str, Route], served: list[str]) -> None:
        # The base class handles the whole connection in its constructor.
        self._routes = routes
        self._served = served
        super().__init__(*connection)

    def _serve(self) -> None:
        path = self.path.partition("?")[0]
        self._served.append(path)
        try:
            # The body comes first: left unread, it would be taken for the connection's next request.
            request = Request(self.headers, self._read_body())
            answer = self._get_route(path).answer(request)
        except Refused as refused:
            answer = refused.answer
        self._write(answer)

    # http.server looks for these names, and would answer a method without one by itself, in HTML.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def _read_body(self) -> bytes:
        stated = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]{1,9}", stated):
            self.close_connection = True
            raise Refused("invalid_request")
        if (length := int(stated)) > BODY_LIMIT:
            self.close_connection = True
            # Closing with bytes unread resets the connection, and the client might never see why.
            self.rfile.read(min(length, 16 * BODY_LIMIT))
            raise Refused("invalid_request", status=413)
        return self.rfile.read(length)

    def _get_route(self, path: str) -> Route:
        route = self._routes.get(path)
        if route is None:
            raise Refused("not_found", status=404)
        if self.command != route.method:
            raise Refused("method_not_allowed", status=405, headers={"Allow": route.method})
        return route

    def _write(self, answer: Answer) -> None:
        body = json.dumps(answer.document).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: stderr belongs to the tests."""


class LoopbackServer(ThreadingHTTPServer):
    """Serves on 127.0.0.1 with a thread per connection, and can hang up on all of them.

    Arguments:
        port: where to listen, or 0 for a free port.
        routes: what is served, by path.
        served: gets the path of every request, in the order they come.
    """

    request_queue_size = 128  # with the default of 5, a burst of clients waits for a second

    def __init__(self, port: int, routes: Mapping[str, Route], served: list[str]) -> None:
        self._connections: set[socket.socket] = set()
        self._thread = Thread(target=self.serve_forever, args=(0.01,), name="local-issuer", daemon=True)
        super().__init__(("127.0.0.1", port), partial(_Handler, routes=routes, served=served))

    def start(self) -> None:
        """Serve, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and hang up, since a kept connection would be served on by its thread."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):  # the client may be gone already
                connection.shutdown(socket.SHUT_RDWR)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection, and remember it."""
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that is done."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, unless it is only that the client went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
