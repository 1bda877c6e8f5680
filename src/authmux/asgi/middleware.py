"""`AuthMiddleware` for ASGI: each request's way, from the server to the application and back."""

from typing import Any, Unpack

from authmux.asgi.messages import App, Message, Receive, Scope, Send, status_of, write
from authmux.asgi.open_socket import MAX_UNPROVED, OpenSocket, SocketClosed
from authmux.asgi.request import CredentialReader, address_of, is_preflight, router_path, value_of
from authmux.asgi.way_out import WayOut
from authmux.credential import Location, PresentedCredential
from authmux.errors import AuthError, ConfigurationError
from authmux.flow import run_async
from authmux.verifying.authenticator import Authenticator
from authmux.visit import Visit, current_visit, recheck_visit
from authmux.web.challenge import Challenge
from authmux.web.doorkeeper import VISIT, Doorkeeper
from authmux.web.options import Options


class AuthMiddleware:
    """Finds out who is calling, once for each request, and answers the refusals of `requires`.

    Arguments:
        app: the application.
        authenticator: knows the credentials that the application takes.
        websocket_protocol: whether a WebSocket may bring its credential as an offered subprotocol, `bearer.<token>`,
            beside one that the application answers with; off by default.
        recheck_every: seconds between two checks that the caller of an open WebSocket may still be there; at most 30
            (K-26).

    `Options` says what the others are.

    Raises:
        ConfigurationError: one of them cannot be used.
    """

    def __init__(
        self,
        app: App,
        *,
        authenticator: Authenticator,
        websocket_protocol: bool = False,
        recheck_every: float = 10.0,
        **options: Unpack[Options],
    ) -> None:
        if not 0 < recheck_every <= MAX_UNPROVED:
            raise ConfigurationError("recheck_every is more than 0 and at most 30 seconds (K-26)")
        self.app = app
        self._recheck_every = recheck_every
        self._doorkeeper = Doorkeeper(authenticator, as_native=self.as_native, **options)
        self._reader = CredentialReader(self._doorkeeper, websocket_protocol=websocket_protocol)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._live(scope, receive, send)
            return
        if type(scope["headers"]) is not list:
            scope["headers"] = list(scope["headers"])  # ASGI promises something to go over, perhaps only once
        try:
            visit = self._find(scope) or await self._open(scope)
            if visit.principal is None and self._doorkeeper.is_required:
                self._doorkeeper.require(router_path(scope), is_preflight=is_preflight(scope))
        except AuthError as refusal:
            await write(self._turn_away(refusal, scope), scope, send)
            return
        self.attach(scope, visit)
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send, visit)
        else:
            await self._serve(scope, self.way_in(scope, receive), send, visit)

    def _find(self, scope: Scope) -> Visit | None:
        """Return the visit that a middleware further out has opened."""
        return self._doorkeeper.visit_of(scope, scope["headers"], self._reader.places)

    def _handed_on(self, scope: Scope) -> PresentedCredential | None:
        return self._doorkeeper.handed_on(scope, scope["headers"], self._reader.places)

    async def _open(self, scope: Scope) -> Visit:
        """Verify the credential of a request, if there is one."""
        self._reader.redact(scope)
        credential = self._reader.take(scope) or self._handed_on(scope)
        if credential is None:
            return self._doorkeeper.admit(None, scope["headers"])
        site = value_of(scope, b"sec-fetch-site") if credential.location is Location.BASIC else None
        principal = await run_async(self._doorkeeper.verify(credential, fetch_site=site))
        return self._doorkeeper.admit(principal, scope["headers"], credential)

    def _turn_away(self, refusal: AuthError, scope: Scope) -> Challenge:
        sent_by, user_agent = address_of(scope), value_of(scope, b"user-agent")
        return self._doorkeeper.turn_away(refusal, address=sent_by, user_agent=user_agent)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, visit: Visit) -> None:
        way_out = WayOut(self, visit, scope, send)
        token = current_visit.set(visit)
        try:
            await self.app(scope, receive, way_out.send)
        except Exception as error:
            await way_out.after(error)
        finally:
            current_visit.reset(token)
            way_out.leave()
        if scope["type"] == "websocket":
            await way_out.finish()

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send, visit: Visit) -> None:
        socket = OpenSocket(visit, every=self._recheck_every, receive=receive, send=send)
        try:
            await self._serve(scope, socket.receive, socket.send, visit)
        except SocketClosed:
            pass  # the application has learned that it may say no more
        finally:
            socket.leave()

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
        return self._doorkeeper.answer_instead(visit, status_of(message))

    def record(self, scope: Scope, visit: Visit, status: int) -> None:
        """Have a use written down as its response begins (K-70)."""
        if self._doorkeeper.recorder is not None:
            self._doorkeeper.record(visit, address=address_of(scope), status=status)

    def mark(self, message: Message, visit: Visit) -> Message:
        """Return the beginning of a response that stands, with what caches must know of it (K-82)."""
        if self._doorkeeper.api_key_header is None or message["type"] != "http.response.start":
            return message
        return {**message, "headers": self._doorkeeper.mark(list(message.get("headers", ())), visit)}

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
                raise  # as Starlette does: its test client would wait for an end for ever
            receive = self._until_shutdown(receive)
        elif self._doorkeeper.is_required:
            raise ConfigurationError(f"nobody knows who calls over {scope['type']!r}, and required=True lets nobody in")
        await self.app(scope, receive, send)

    def _until_shutdown(self, receive: Receive) -> Receive:
        """Have everything written down before the application lets go of its database (K-70)."""
        recorder = self._doorkeeper.recorder
        if recorder is None:
            return receive

        async def received() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await recorder.flush_async()
            return message

        return received


def install(app: App, authenticator: Authenticator, **options: Any) -> AuthMiddleware:
    """Return the application behind `AuthMiddleware`; the options are that class's arguments."""
    return AuthMiddleware(app, authenticator=authenticator, **options)


async def still_valid() -> bool:
    """Return whether the caller's credential is still good, and reaches what guards have asked; for long answers.

    Raises:
        Unavailable: that cannot be said just now.
    """
    return await run_async(recheck_visit())
