"""`AuthMiddleware` for FastAPI: the guard is asked before the body is read, and the OpenAPI document knows it all."""

from typing import Final, Unpack

from fastapi import FastAPI

from authmux import asgi, starlette
from authmux.errors import AuthError
from authmux.fastapi.dependencies import guards_before, requirements_on
from authmux.fastapi.documentation import describe, document, entrance_of, innermost, is_application
from authmux.verifying.authenticator import Authenticator
from authmux.visit import Visit
from authmux.web.challenge import Challenge
from authmux.web.openapi import Entrance
from authmux.web.options import Options

_UNREAD: Final = "authmux.unread"
"""Under this name a scope says that a guard refused before the body was read."""


class AllOptions(Options, total=False):
    """`Options`, and those that only ASGI has."""

    websocket_protocol: bool
    recheck_every: float


class AuthMiddleware(starlette.AuthMiddleware):
    """`authmux.starlette.AuthMiddleware`, which sees to it that the guard is asked before anything else.

    FastAPI reads and parses a request's body before any dependency runs. A caller who may not come would have his body
    read, and be told first what is wrong with his JSON.
    """

    def __init__(self, app: asgi.App, *, authenticator: Authenticator, **options: Unpack[AllOptions]) -> None:
        super().__init__(app, authenticator=authenticator, **options)
        self._entrance = Entrance.of(authenticator, options)
        self._inner = innermost(app)
        self._is_documented = False
        if is_application(self._inner):  # we stand around it, and not in its stack
            document(self._inner, self._entrance)

    def look_over(self, scope: asgi.Scope) -> None:
        """Warn where a guard was put on an endpoint too late; have the OpenAPI document tell what we take."""
        super().look_over(scope)
        self._document(scope)

    def attach(self, scope: asgi.Scope, visit: Visit) -> None:
        """Set user and auth; where the server sent no lifespan, the OpenAPI document is told now."""
        super().attach(scope, visit)
        if not self._is_documented:
            self._document(scope)

    def _document(self, scope: asgi.Scope) -> None:
        """Tell the application that we stand before; not one that only has us before some of its routes."""
        self._is_documented = True
        app = self._inner if is_application(self._inner) else scope.get("app")
        if app is self._inner or scope["type"] == "lifespan" or entrance_of(app) is not None:
            document(app, self._entrance)

    def way_in(self, scope: asgi.Scope, receive: asgi.Receive) -> asgi.Receive:
        """Return a `receive` that asks the guards of the endpoint that the router chose, before the body is read."""
        asked: object = None

        async def receive_if_allowed() -> asgi.Message:
            nonlocal asked
            endpoint = scope.get("endpoint")
            if endpoint is not asked:
                asked = endpoint
                try:
                    for guard in (*requirements_on(endpoint), *guards_before(scope)):
                        guard.enforce()
                except Exception:
                    scope[_UNREAD] = True
                    raise
            return await receive()

        return receive_if_allowed if scope["type"] == "http" else receive

    def answer(self, message: asgi.Message, scope: asgi.Scope, visit: Visit) -> Challenge | None:
        """Return what to answer in place of a response, which may be FastAPI's to a body that could not be read.

        A `BaseHTTPMiddleware` on the way makes a group of our exception, and FastAPI a 400 of that.
        """
        challenge = super().answer(message, scope, visit)
        if challenge is None and visit.refusal is not None and _UNREAD in scope and message.get("status") == 400:
            return self._doorkeeper.answer_visit(visit)
        return challenge

    def overlooked(self, scope: asgi.Scope, visit: Visit) -> AuthError | None:
        """Return the refusal of a guard that was not asked, since another middleware had read the body already."""
        try:
            for requirement in requirements_on(scope.get("endpoint")):
                requirement.check(visit.principal)
        except AuthError as refusal:
            return refusal
        return None


def install(app: FastAPI, authenticator: Authenticator, **options: Unpack[AllOptions]) -> None:
    """Add `AuthMiddleware` to an application; the options are that class's arguments."""
    app.add_middleware(AuthMiddleware, authenticator=authenticator, **options)
    describe(app)
