"""The face for any WSGI application; it imports no framework.

app = AuthMiddleware(app, authenticator=auth)
"""

from collections.abc import Iterable, Iterator
from typing import Any

from authmux.errors import AuthError, MalformedCredential
from authmux.flow import run
from authmux.guard import Visit, current_visit
from authmux.verifying.authenticator import Authenticator
from authmux.web.challenge import Challenge
from authmux.web.doorkeeper import VISIT, Doorkeeper


class AuthMiddleware:
    """Finds out who is calling, once for each request, and answers the refusals of `requires`.

    Arguments:
        app: the application.
        authenticator: knows the credentials that the application takes; its stores must block, not await.
        api_key_header: a header for credentials beside `Authorization`, such as "X-API-Key"; off by default.
        realm: the name of the protection space, shown in challenges.

    Raises:
        ConfigurationError: one of them cannot be used.
    """

    def __init__(
        self, app: Any, *, authenticator: Authenticator, api_key_header: str | None = None, realm: str = "api"
    ) -> None:
        authenticator.require_blocking()
        self.app = app
        self._doorkeeper = Doorkeeper(
            authenticator, api_key_header=api_key_header, realm=realm, as_native=self.as_native
        )
        self._api_key_name = "HTTP_" + api_key_header.upper().replace("-", "_") if api_key_header else ""
        self._is_looked_over = False
        run(authenticator.start())

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        if not self._is_looked_over:
            self.look_over()
            self._is_looked_over = True
        sent = environ.get("HTTP_AUTHORIZATION"), environ.get(self._api_key_name)
        visit = self._doorkeeper.visit_of(environ, sent)
        if visit is None:
            try:
                credential = self._doorkeeper.find(*map(_as_bytes, sent))
                principal = None if credential is None else run(self._doorkeeper.verify(credential))
            except AuthError as refusal:
                return _write(self._doorkeeper.answer(refusal), environ, start_response)
            visit = environ[VISIT] = self._doorkeeper.admit(principal, sent)
        way_out = _WayOut(self._doorkeeper, visit, environ, start_response)
        token = current_visit.set(visit)
        try:
            body = self.app(environ, way_out.start_response)
            if way_out.challenge is not None:
                _close(body)
        except Exception as error:
            return way_out.after(error)
        finally:
            current_visit.reset(token)
        if way_out.challenge is not None:
            return way_out.write()
        if type(body) in (list, tuple) or _is_file(body, environ):
            return body  # type: ignore[no-any-return]  # nothing of the application runs while it is sent
        return _Body(body, way_out, visit)

    def look_over(self) -> None:
        """Warn of an application that is put together wrongly, as far as that can be seen."""

    def as_native(self, status: int) -> Exception | None:
        """Return the web framework's own exception for a status; None where it has none."""
        return None


def install(app: Any, authenticator: Authenticator, **options: Any) -> AuthMiddleware:
    """Return the application behind `AuthMiddleware`; the options are that class's arguments."""
    return AuthMiddleware(app, authenticator=authenticator, **options)


class _WayOut:
    """Passes the start of the response on, or holds the guard's refusal to be written in its place."""

    __slots__ = ("_doorkeeper", "_environ", "_start_response", "_started", "_visit", "challenge")

    def __init__(self, doorkeeper: Doorkeeper, visit: Visit, environ: dict[str, Any], start_response: Any) -> None:
        self._doorkeeper = doorkeeper
        self._visit = visit
        self._environ = environ
        self._start_response = start_response
        self._started = False
        self.challenge: Challenge | None = None

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """Take the start of the response from the application."""
        if not self._started and self._visit.refusal is not None:
            self.challenge = self._doorkeeper.answer_instead(self._visit, int(status[:3]))
            if self.challenge is not None:
                return _discard
        self._started = True
        return self._start_response(status, headers, exc_info) if exc_info else self._start_response(status, headers)

    def after(self, error: Exception) -> Iterable[bytes]:
        """Answer a refusal that came out as an exception; raise every other one again."""
        if self._visit.refusal is None or self._started or not self._visit.explains(error):
            raise error
        self.challenge = self.challenge or self._doorkeeper.answer_visit(self._visit)
        return self.write()

    def write(self) -> Iterable[bytes]:
        """Write the challenge."""
        assert self.challenge is not None
        return _write(self.challenge, self._environ, self._start_response)


class _Body:
    """A response that may still be made while it is sent: the principal is there whenever the application runs."""

    __slots__ = ("_body", "_chunks", "_visit", "_way_out")

    def __init__(self, body: Iterable[bytes], way_out: _WayOut, visit: Visit) -> None:
        self._body = body
        self._chunks: Iterator[bytes] | None = None
        self._way_out = way_out
        self._visit = visit

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        token = current_visit.set(self._visit)
        try:
            return self._first() if self._chunks is None else next(self._chunks)
        finally:
            current_visit.reset(token)

    def _first(self) -> bytes:
        """Return the first chunk: only now may a generator start its response, and the guard refuse it."""
        try:
            self._chunks = iter(self._body)
            chunk = next(self._chunks, None)
        except Exception as error:
            return self._answer(self._way_out.after(error))
        if self._way_out.challenge is not None:
            return self._answer(self._way_out.write())
        if chunk is None:
            raise StopIteration
        return chunk

    def _answer(self, chunks: Iterable[bytes]) -> bytes:
        self._chunks = iter(chunks)
        return next(self._chunks)

    def close(self) -> None:
        """Close the application's response."""
        token = current_visit.set(self._visit)
        try:
            _close(self._body)
        finally:
            current_visit.reset(token)


def _is_file(body: object, environ: dict[str, Any]) -> bool:
    """Return whether the body is the server's own file wrapper, for which it may know a short cut."""
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(body, wrapper)


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _as_bytes(value: str | None) -> bytes | None:
    """Return a header as it came over the wire; PEP 3333 has it decoded as latin-1."""
    try:
        return None if value is None else value.encode("latin-1")
    except UnicodeEncodeError:
        raise MalformedCredential("header_grammar") from None


def _discard(_: bytes) -> None:
    """Take what an application writes for a response that is not sent."""


def _write(challenge: Challenge, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response(challenge.status_line, list(challenge.headers))
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [challenge.body]
