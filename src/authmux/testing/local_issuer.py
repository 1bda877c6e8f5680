"""A real OAuth 2 authorization server on loopback, for tests and demonstrations."""

import base64
import contextlib
import hmac
import json
import re
import secrets
import socket
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, unquote_plus

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError
from authmux.testing.signing_key import SigningKey

BODY_LIMIT = 64 * 1024
LIFETIME = 3600


@dataclass(frozen=True, slots=True, repr=False)
class _Request:
    """What came in, as far as a route needs it."""

    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True, repr=False)
class _Answer:
    """What goes back: a JSON document under a status."""

    document: Mapping[str, object]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class _Refused(Exception):
    """A request is answered with an error code: one of RFC 6749 §5.2 or RFC 8707 §2, or HTTP's own."""

    def __init__(self, error: str, *, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.answer = _Answer({"error": error}, status, headers or {})


class _Route(NamedTuple):
    """What is served at a path, and by which method."""

    method: str
    answer: Callable[[_Request], _Answer]


@dataclass(frozen=True, slots=True)
class _Client:
    """A registered client: how it proves itself, and what it may ask for."""

    secret: str = field(repr=False)
    scopes: tuple[str, ...]


class _Handler(BaseHTTPRequestHandler):
    """Hands each request to its route and writes the answer as JSON."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: a delayed ACK between them costs 40 ms
    timeout = 30

    def __init__(self, *connection: Any, routes: Mapping[str, _Route], served: list[str]) -> None:
        # The base class handles the whole connection in its constructor.
        self._routes = routes
        self._served = served
        super().__init__(*connection)

    def _serve(self) -> None:
        path = self.path.partition("?")[0]
        self._served.append(path)
        try:
            # The body comes first: left unread, it would be taken for the connection's next request.
            request = _Request(self.headers, self._read_body())
            answer = self._get_route(path).answer(request)
        except _Refused as refused:
            answer = refused.answer
        self._write(answer)

    # http.server looks for these names, and would answer a method without one by itself, in HTML.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def _get_route(self, path: str) -> _Route:
        route = self._routes.get(path)
        if route is None:
            raise _Refused("not_found", status=404)
        if self.command != route.method:
            raise _Refused("method_not_allowed", status=405, headers={"Allow": route.method})
        return route

    def _read_body(self) -> bytes:
        stated = self.headers.get("Content-Length", "0")
        readable = re.fullmatch(r"[0-9]{1,9}", stated) and "Transfer-Encoding" not in self.headers
        if readable and int(stated) <= BODY_LIMIT:
            return self.rfile.read(int(stated))
        self.close_connection = True
        # Closing with bytes unread resets the connection, and the client might never see why.
        self.rfile.read(min(int(stated), 16 * BODY_LIMIT) if readable else 0)
        raise _Refused("invalid_request", status=413 if readable else 400)

    def _write(self, answer: _Answer) -> None:
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


class _Server(ThreadingHTTPServer):
    """Gives each connection a thread, and can hang up on all of them."""

    request_queue_size = 128  # with the default of 5, a burst of clients waits for a second

    def __init__(self, port: int, handler: Callable[..., _Handler]) -> None:
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection, and remember it."""
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that is done."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening and hang up, since a kept connection would be served on by its thread."""
        super().server_close()
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):  # the client may be gone already
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, unless it is only that the client went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _parse_form(request: _Request) -> dict[str, str]:
    """Return the parameters, each given once and not empty (RFC 6749 §3.2)."""
    if request.headers.get_content_type() != "application/x-www-form-urlencoded":
        raise _Refused("invalid_request")
    try:
        pairs = parse_qsl(request.body.decode(), max_num_fields=32)
    except ValueError as error:
        raise _Refused("invalid_request") from error
    if len(form := dict(pairs)) != len(pairs):
        raise _Refused("invalid_request")
    return form


def _parse_credentials(request: _Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Return a client's id and secret, which must be in one place only (RFC 6749 §2.3)."""
    authorization = request.headers.get("Authorization")
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise _Refused("invalid_request")
    return _parse_basic(authorization)


def _parse_basic(authorization: str) -> tuple[str, str]:
    """Return the two halves of a Basic credential; each is form-urlencoded within (RFC 6749 §2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (unquote_plus(user), unquote_plus(password)) if scheme.lower() == "basic" else ("", "")


def _choose_scopes(asked: str | None, allowed: Collection[str]) -> str:
    """Return the scopes asked for, or all that are allowed if none were (RFC 6749 §3.3)."""
    scopes = allowed if asked is None else asked.split(" ")
    if not set(scopes) <= set(allowed):
        raise _Refused("invalid_scope")
    return " ".join(dict.fromkeys(scopes))


class LocalIssuer:
    """Mints access tokens as RFC 9068 writes them, publishes its keys, and serves the client-credentials flow.

    Arguments:
        algorithm: what the first key signs with.
        audience: the one API that tokens are for.
        typ: the `typ` header of tokens, or None for none.
        jwks_max_age: seconds for which the key set may be cached, or None to say nothing of it.
        clock: where `iat` and `exp` are counted from.

    Raises:
        ConfigurationError: the algorithm is not supported.
    """

    def __init__(
        self,
        *,
        algorithm: str = "RS256",
        audience: str = "https://api.example.com",
        typ: str | None = "at+jwt",
        jwks_max_age: int | None = 600,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._keys: tuple[SigningKey, ...] = (SigningKey.generate(algorithm),)
        self._audience = audience
        self._typ = typ
        self._jwks_headers = {} if jwks_max_age is None else {"Cache-Control": f"max-age={jwks_max_age}"}
        self._clock = clock
        self._clients: dict[str, _Client] = {}
        self._served: list[str] = []
        self._port = 0
        self._running: tuple[_Server, Thread] | None = None

    def __repr__(self) -> str:
        """Show where it listens and how it signs, and no secret."""
        return f"<LocalIssuer port={self._port} {self.key!r}>"

    def __enter__(self) -> Self:
        """Start, and return itself."""
        self.start()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        """Stop, whatever happened."""
        self.stop()

    def start(self) -> None:
        """Listen on 127.0.0.1: on a free port the first time, on the same one after a stop.

        Raises:
            ConfigurationError: it is running already.
        """
        if self._running:
            raise ConfigurationError(f"The issuer at {self.url} is running already: stop it before starting it again.")
        server = _Server(self._port, partial(_Handler, routes=self._routes(), served=self._served))
        self._port = server.server_port
        thread = Thread(target=server.serve_forever, args=(0.01,), name="local-issuer", daemon=True)
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        """Stop listening and hang up on whoever is connected; the issuer keeps its name and can still mint."""
        if self._running:
            (server, thread), self._running = self._running, None
            server.shutdown()
            thread.join()
            server.server_close()

    @property
    def url(self) -> str:
        """Return the issuer identifier, without a trailing slash; raise `ConfigurationError` before the first start."""
        if not self._port:
            raise ConfigurationError("A LocalIssuer has no URL before it is started: use it in a with block.")
        return f"http://127.0.0.1:{self._port}"

    @property
    def jwks_uri(self) -> str:
        """Return where the public keys are."""
        return f"{self.url}/jwks"

    @property
    def token_endpoint(self) -> str:
        """Return where clients get their tokens."""
        return f"{self.url}/token"

    @property
    def key(self) -> SigningKey:
        """Return the key that signs now."""
        return self._keys[0]

    @property
    def keys(self) -> tuple[SigningKey, ...]:
        """Return every published key, the current one first."""
        return self._keys

    @property
    def requests(self) -> list[str]:
        """Return the path of every request so far, in the order they came."""
        return list(self._served)

    def fetches(self, path: str) -> int:
        """Return how often a path was requested, such as `/jwks`."""
        return self._served.count(path)

    def add_client(self, client_id: str, secret: str, *, scopes: Collection[str] = ()) -> None:
        """Register a client, or replace it, with the scopes that it may ask for.

        Raises:
            ConfigurationError: the id or the secret is empty, or `scopes` is one string, a scope per letter.
        """
        if not (client_id and secret):
            raise ConfigurationError("A client needs an id and a secret, neither of them empty.")
        if isinstance(scopes, str):
            raise ConfigurationError(f"scopes must be a collection of scopes, such as ({scopes!r},), not one string.")
        self._clients[client_id] = _Client(secret=secret, scopes=tuple(scopes))

    def token(
        self,
        *,
        subject: str,
        client_id: str | None = None,
        scope: str | None = None,
        expires_in: int = LIFETIME,
        claims: Mapping[str, object] | None = None,
        headers: Mapping[str, object] | None = None,
    ) -> str:
        """Mint an access token directly (RFC 9068 §2).

        Arguments:
            subject: whom the token stands for.
            client_id: the client it was given to; the subject itself if not said.
            scope: what it grants, separated by spaces; no claim if not said.
            expires_in: seconds from now; negative for a token that has expired.
            claims: put over the claims above; None removes one.
            headers: put over `typ`, `alg` and `kid`; None removes one.
        """
        now = int(self._clock.time())
        about = {"sub": subject, "client_id": client_id or subject, "scope": scope, "jti": secrets.token_urlsafe(16)}
        where = {"iss": self.url, "aud": self._audience, "iat": now, "exp": now + expires_in}
        return self.key.sign({**where, **about, **(claims or {})}, {"typ": self._typ, **(headers or {})})

    def rotate(self, *, algorithm: str | None = None, keep_old: bool = True) -> SigningKey:
        """Make a new key the current one and return it; `keep_old` says whether the others stay published.

        Raises:
            ConfigurationError: the algorithm is not supported.
        """
        key = SigningKey.generate(algorithm or self.key.algorithm)
        self._keys = (key, *self._keys) if keep_old else (key,)
        return key

    def _routes(self) -> Mapping[str, _Route]:
        """Return what is served where."""
        return {
            "/.well-known/oauth-authorization-server": _Route("GET", self._describe),
            "/.well-known/openid-configuration": _Route("GET", self._describe),
            "/jwks": _Route("GET", self._publish),
            "/token": _Route("POST", self._answer_grant),
        }

    def _describe(self, _request: _Request) -> _Answer:
        """Answer with the metadata of RFC 8414 §2, which serve OpenID Connect Discovery too."""
        scopes = {scope for client in self._clients.values() for scope in client.scopes}
        metadata = {
            "issuer": self.url,
            "jwks_uri": self.jwks_uri,
            "token_endpoint": self.token_endpoint,
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "id_token_signing_alg_values_supported": sorted({key.algorithm for key in self._keys}),
            "response_types_supported": ["none"],  # a required member, though there is no authorization endpoint
            "subject_types_supported": ["public"],
        }
        return _Answer(metadata | {"scopes_supported": sorted(scopes)} if scopes else metadata)  # RFC 8414 §3.2

    def _publish(self, _request: _Request) -> _Answer:
        """Answer with the public keys (RFC 7517 §5)."""
        return _Answer({"keys": [key.public_jwk for key in self._keys]}, headers=self._jwks_headers)

    def _answer_grant(self, request: _Request) -> _Answer:
        """Answer with a token or the reason for none, neither of which may be cached (RFC 6749 §5.1)."""
        try:
            answer = self._grant(request)
        except _Refused as refused:
            answer = refused.answer
        return replace(answer, headers={**answer.headers, "Cache-Control": "no-store"})

    def _grant(self, request: _Request) -> _Answer:
        """Answer a client that proves itself with a token for what it may ask (RFC 6749 §4.4)."""
        form = _parse_form(request)
        client_id, secret = _parse_credentials(request, form)
        client = self._get_client(client_id, secret)
        if (grant_type := form.get("grant_type")) != "client_credentials":
            raise _Refused("unsupported_grant_type" if grant_type else "invalid_request")
        if not {form.get("audience"), form.get("resource")} <= {None, self._audience}:
            raise _Refused("invalid_target")
        scope = _choose_scopes(form.get("scope"), client.scopes)
        token = self.token(subject=client_id, scope=scope or None, expires_in=LIFETIME)
        return _Answer({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME, "scope": scope})

    def _get_client(self, client_id: str, secret: str) -> _Client:
        client = self._clients.get(client_id)
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise _Refused("invalid_client", status=401, headers={"WWW-Authenticate": 'Basic realm="local issuer"'})
        return client
