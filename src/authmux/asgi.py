"""The face for any ASGI application; it imports no framework.

app = AuthMiddleware(app, authenticator=auth)
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, TypeAlias

from authmux.credential import PresentedCredential
from authmux.errors import AuthError, ConfigurationError
from authmux.flow import run_async
from authmux.guard import Visit, current_visit
from authmux.verifying.authenticator import Authenticator
from authmux.web.challenge import Challenge
from authmux.web.doorkeeper import VISIT, Doorkeeper

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_DENIAL: Final = "websocket.http.response"


class AuthMiddleware:
    """Finds out who is calling, once for each request, and answers the refusals of `requires`.

    Arguments:
        app: the application.
        authenticator: knows the credentials that the application takes.
        api_key_header: a header for credentials beside `Authorization`, such as "X-API-Key"; off by default.
        realm: the name of the protection space, shown in challenges.

    Raises:
        ConfigurationError: one of them cannot be used.
    """

    def __init__(
        self, app: App, *, authenticator: Authenticator, api_key_header: str | None = None, realm: str = "api"
    ) -> None:
        self.app = app
        self._doorkeeper = Doorkeeper(
            authenticator, api_key_header=api_key_header, realm=realm, as_native=self.as_native
        )
        self._api_key_name = api_key_header.lower().encode("ascii") if api_key_header else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._live(scope, receive, send)
            return
        visit = self._doorkeeper.visit_of(scope, scope["headers"])
        if visit is None:
            try:
                credential = self._find_credential(scope["headers"])
                principal = None if credential is None else await run_async(self._doorkeeper.verify(credential))
            except AuthError as refusal:
                await _write(self._doorkeeper.answer(refusal), scope, send)
                return
            visit = self._doorkeeper.admit(principal, scope["headers"])
        self.attach(scope, visit)
        way_out = _WayOut(self, visit, scope, send)
        token = current_visit.set(visit)
        try:
            await self.app(scope, self.way_in(scope, receive), way_out.send)
        except Exception as error:
            await way_out.after(error)
        finally:
            current_visit.reset(token)

    def _find_credential(self, headers: Iterable[tuple[bytes, bytes]]) -> PresentedCredential | None:
        authorization: list[bytes] = []
        api_key: list[bytes] = []
        for name, value in headers:
            if name == b"authorization":
                authorization.append(value)
            elif name == self._api_key_name:
                api_key.append(value)
        return self._doorkeeper.find(_join(authorization), _join(api_key))

    def as_native(self, status: int) -> Exception | None:
        """Return the web framework's own exception for a status; None where it has none."""
        return None

    def attach(self, scope: Scope, visit: Visit) -> None:
        """Put the principal where the framework's users look for it."""
        scope[VISIT] = visit

    def way_in(self, scope: Scope, receive: Receive) -> Receive:
        """Return how the application receives the request's body."""
        return receive

    def look_over(self, scope: Scope) -> None:
        """Warn of an application that is put together wrongly, as far as that can be seen."""

    def overlooked(self, scope: Scope, visit: Visit) -> AuthError | None:
        """Return the refusal of a guard that the application should have asked and did not; None by default."""
        return None

    def answer(self, message: Message, scope: Scope, visit: Visit) -> Challenge | None:
        """Return what to answer in place of the response that a message begins; None where that response stands."""
        overlooked = self.overlooked(scope, visit) if visit.refusal is None else None
        if overlooked is not None:
            return self._doorkeeper.answer(overlooked)
        return self._doorkeeper.answer_instead(visit, _status(message))

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start the authenticator before the application; what could never work refuses to start."""
        if scope["type"] == "lifespan":
            try:
                self.look_over(scope)
                await run_async(self._doorkeeper.authenticator.start())
                self._doorkeeper.authenticator.preload()
            except ConfigurationError as error:
                await receive()
                await send({"type": "lifespan.startup.failed", "message": f"authmux: {error}"})
                return
        await self.app(scope, receive, send)


def install(app: App, authenticator: Authenticator, **options: Any) -> AuthMiddleware:
    """Return the application behind `AuthMiddleware`; the options are that class's arguments."""
    return AuthMiddleware(app, authenticator=authenticator, **options)


class _WayOut:
    """Passes the response on, or answers the guard's refusal in its place."""

    __slots__ = ("_answered", "_middleware", "_scope", "_send", "_started", "_visit")

    def __init__(self, middleware: AuthMiddleware, visit: Visit, scope: Scope, send: Send) -> None:
        self._middleware = middleware
        self._visit = visit
        self._scope = scope
        self._send = send
        self._started = False
        self._answered = False

    async def send(self, message: Message) -> None:
        """Take a message from the application."""
        if not self._started:
            self._started = True
            challenge = self._middleware.answer(message, self._scope, self._visit)
            if challenge is not None:
                self._answered = True
                await _write(challenge, self._scope, self._send)
        if not self._answered:
            await self._send(message)

    async def after(self, error: Exception) -> None:
        """Answer a refusal that came out as an exception; raise every other one again."""
        if not self._visit.explains(error):
            raise error
        if not self._started:
            await self.send(_FAILED)
        elif not self._answered:
            raise error


_FAILED: Final[Message] = {"type": "http.response.start", "status": 500}
"""What the server would begin to answer if the refusal went on as an exception."""


def _join(values: list[bytes]) -> bytes | None:
    """Return a header's values as WSGI servers join them; at once, for a server may deliver 100 000 of them."""
    return b",".join(values) if values else None


def _status(message: Message) -> int:
    """Return the status that a message begins a response with; closing a WebSocket unaccepted is one as well."""
    return 500 if message["type"] == "websocket.close" else int(message.get("status", 0))


async def _write(challenge: Challenge, scope: Scope, send: Send) -> None:
    """Answer over HTTP; before a WebSocket is accepted too, where the server has the extension for it."""
    prefix = "http.response"
    if scope["type"] == "websocket":
        if _DENIAL not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
        prefix = _DENIAL
    headers = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in challenge.headers]
    await send({"type": f"{prefix}.start", "status": challenge.status, "headers": headers})
    await send({"type": f"{prefix}.body", "body": challenge.body})
