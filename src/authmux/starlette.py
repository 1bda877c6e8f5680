"""The face for Starlette.

    app.add_middleware(AuthMiddleware, authenticator=auth)

Endpoints find the principal in `request.user`, or anywhere by `current_principal()`. Starlette's own `@requires`
works too; ours answers as RFC 6750 wants.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, UnauthenticatedUser
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from authmux import asgi
from authmux.asgi import still_valid
from authmux.guard import current_principal, requires, warn_of_lost_guards
from authmux.scopes import covers
from authmux.verifying.authenticator import Authenticator
from authmux.visit import Visit, find_principal

__all__ = [
    "AuthMiddleware",
    "GrantedScopes",
    "current_principal",
    "find_principal",
    "install",
    "requires",
    "still_valid",
]

AUTHENTICATED = "authenticated"


class GrantedScopes(list[str]):
    """What `request.auth.scopes` is: a list whose `in` follows our rule, so that `reports:*` holds `reports:read`."""

    def __contains__(self, scope: object) -> bool:
        return isinstance(scope, str) and covers(tuple(self), scope)


class AuthMiddleware(asgi.AuthMiddleware):
    """`authmux.asgi.AuthMiddleware`, which also sets `request.user` and `request.auth`."""

    def as_native(self, status: int) -> Exception:
        """Return Starlette's exception for a status."""
        return HTTPException(status)

    def look_over(self, scope: asgi.Scope) -> None:
        """Warn where a guard was put on an endpoint too late."""
        app = scope.get("app", self.app)
        warn_of_lost_guards(_endpoints(getattr(app, "routes", ())))

    def attach(self, scope: asgi.Scope, visit: Visit) -> None:
        """Set user and auth; what another middleware has set stays where no credential of ours was sent."""
        super().attach(scope, visit)
        if visit.principal is not None:
            scope["user"] = visit.principal
            scope["auth"] = _Credentials(visit.principal.scopes)
        elif "user" not in scope:
            scope["user"] = UnauthenticatedUser()
            scope["auth"] = AuthCredentials()


def _endpoints(routes: Iterable[BaseRoute]) -> Iterator[object]:
    for route in routes:
        yield getattr(route, "endpoint", None)
        yield from _endpoints(getattr(route, "routes", None) or ())


class _Credentials(AuthCredentials):
    """Starlette's view of what was granted, made when somebody looks: few do."""

    def __init__(self, granted: Iterable[str]) -> None:
        self._granted = granted

    @property
    def scopes(self) -> list[str]:  # type: ignore[override]  # an attribute there, never set again
        return GrantedScopes([AUTHENTICATED, *sorted(self._granted)])


def install(app: Starlette, authenticator: Authenticator, **options: Any) -> None:
    """Add `AuthMiddleware` to an application; the options are that class's arguments."""
    app.add_middleware(AuthMiddleware, authenticator=authenticator, **options)
