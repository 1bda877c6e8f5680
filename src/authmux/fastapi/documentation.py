"""Has `app.openapi()` return the finished document, in the way that FastAPI has for changing it."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI

from authmux import asgi
from authmux.errors import ConfigurationError
from authmux.web.openapi import Entrance
from authmux.web.openapi import describe as finish

Document = dict[str, Any]


class _Documentation:
    """Stands at `app.openapi`, and finishes what was there generates.

    Arguments:
        app: whose document it is; FastAPI keeps it in `app.openapi_schema`.
        entrance: what it takes from its callers.
        prefix: the path at which it is mounted, as its callers' credentials are asked for further out.
    """

    def __init__(self, app: FastAPI, entrance: Entrance, prefix: str) -> None:
        self._app = app
        self._generate: Callable[[], Document] = app.openapi
        self._entrance = entrance
        self._prefix = prefix
        self._finished: Document | None = None

    def __call__(self) -> Document:
        document = self._generate()
        if document is not self._finished:
            document = finish(document, self._entrance, prefix=self._prefix)
            self._finished = self._app.openapi_schema = document
        return document


def describe(app: FastAPI) -> None:
    """Have `app.openapi()` say which credentials the application takes, before it is served; for export scripts.

    `install` does this by itself, and `AuthMiddleware` as soon as the application starts.

    Raises:
        ConfigurationError: the application has no `AuthMiddleware`.
    """
    entrance = entrance_of(app)
    if entrance is None:
        raise ConfigurationError("the application has no AuthMiddleware: add it before you describe the application")
    document(app, entrance)


def document(app: object, entrance: Entrance) -> None:
    """Have every FastAPI application in one, itself too, tell what it takes; one that has been told stays so."""
    for each, prefix in _applications(app):
        if not isinstance(each.openapi, _Documentation):
            own = entrance_of(each)
            told = _Documentation(each, own or entrance, "" if own else prefix)
            each.openapi = told  # type: ignore[method-assign]  # as FastAPI's manual has it


def entrance_of(app: Any) -> Entrance | None:
    """Return what an application takes, by the middlewares that were added to it; None without one of ours."""
    for middleware in getattr(app, "user_middleware", ()):
        if isinstance(middleware.cls, type) and issubclass(middleware.cls, asgi.AuthMiddleware):
            return Entrance.of(middleware.kwargs["authenticator"], middleware.kwargs)
    return None


def innermost(app: Any) -> Any:
    """Return the application that a stack of middlewares leads to; its router where we are within that stack."""
    while not hasattr(app, "routes") and hasattr(app, "app"):
        app = app.app
    return app


def is_application(app: object) -> bool:
    """Return whether this is a whole application, of FastAPI or Starlette, with middlewares of its own."""
    return hasattr(app, "user_middleware")


def _applications(app: Any, prefix: str = "") -> Iterator[tuple[FastAPI, str]]:
    """Return a FastAPI application, and those that are mounted in it, each with its path."""
    if isinstance(app, FastAPI):
        yield app, prefix
    for route in getattr(app, "routes", ()):
        if hasattr(route, "app"):
            yield from _applications(innermost(route.app), prefix + getattr(route, "path", ""))
