"""The ways to add the middleware to a Flask application, and Flask's own switches, hooks and handlers."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from authmux import flask, wsgi
from tests.ways.flask_kinds import new_app
from tests.ways.house import House
from tests.ways.way import Way

WHY_LOGGED = (
    "Flask knows no exception of `authmux.wsgi`, so it takes the guard's refusal for a failure and logs a traceback"
    " before the refusal is answered. `authmux.flask` raises werkzeug's own."
)
WHY_TRAPPED = "This switch asks Flask to take every HTTP exception for a failure, which it logs."


def added(house: House, app: Flask | None = None) -> Flask:
    """Return an application to which our middleware was added as its users do it."""
    app = app or new_app()
    app.wsgi_app = flask.AuthMiddleware(app.wsgi_app, authenticator=house.authenticator())  # type: ignore[method-assign]
    return app


def installed(house: House) -> Any:
    """Add the middleware by our own verb."""
    app = new_app()
    flask.install(app, house.authenticator())
    return app


def around(app: Any, house: House) -> Any:
    """Put the middleware around an application."""
    return flask.AuthMiddleware(app, authenticator=house.authenticator())


def plainly_around(house: House) -> Any:
    """Put the plain WSGI face around an application."""
    return wsgi.AuthMiddleware(new_app(), authenticator=house.authenticator())


def mounted(app: Any) -> Any:
    """Mount an application beside another."""
    return DispatcherMiddleware(Flask("outer"), {"/sub": app})


def outside_and_inside(house: House, *, face: Any = flask, mount: Callable[[Any], Any] = lambda app: app) -> Any:
    """Put the middleware into an application and around it, both of one authenticator."""
    authenticator = house.authenticator()
    app = new_app()
    flask.install(app, authenticator)
    return face.AuthMiddleware(mount(app), authenticator=authenticator)


def twice(house: House) -> Any:
    """Add the middleware twice."""
    authenticator, app = house.authenticator(), new_app()
    flask.install(app, authenticator)
    flask.install(app, authenticator)
    return app


def among_others(house: House) -> Any:
    """Have other middleware on either side."""
    app = new_app()
    app.wsgi_app = ProxyFix(flask.AuthMiddleware(ProxyFix(app.wsgi_app), authenticator=house.authenticator()))  # type: ignore[method-assign]
    return app


def hooked(house: House) -> Any:
    """Have every hook that Flask has; what `after_request` adds goes with the response that a refusal replaces."""

    def stamp(response: Response) -> Response:
        response.headers["X-Stamp"] = "1"
        return response

    app = new_app()
    app.before_request(lambda: None)
    app.after_request(stamp)
    app.teardown_request(lambda error: None)
    app.teardown_appcontext(lambda error: None)
    return added(house, app)


SWITCHES: dict[str, dict[str, Any]] = {
    "`TESTING=True`": {"TESTING": True},
    "`PROPAGATE_EXCEPTIONS=True`": {"PROPAGATE_EXCEPTIONS": True},
    "`PROPAGATE_EXCEPTIONS=False`, `TESTING=True`": {"PROPAGATE_EXCEPTIONS": False, "TESTING": True},
    "`DEBUG=True`": {"DEBUG": True},
}
HANDLERS: dict[str, dict[Any, Any]] = {
    "handlers for 401 and 403": {
        401: lambda error: ("my own 401", 401),
        403: lambda error: ("my own 403", 403),
    },
    "a handler for `HTTPException`": {HTTPException: lambda error: (jsonify(code=error.code), error.code)},
    "a handler for `Exception`": {Exception: lambda error: ("my own 500", 500)},
}


def handled(handlers: dict[Any, Any]) -> Callable[[House], Any]:
    """Return what adds the middleware to an application with error handlers."""

    def build(house: House) -> Any:
        app = new_app()
        for what, handler in handlers.items():
            app.register_error_handler(what, handler)
        return added(house, app)

    return build


def switched(config: dict[str, Any]) -> Callable[[House], Any]:
    """Return what adds the middleware to an application with some of Flask's switches."""
    return lambda house: added(house, new_app(**config))


WAYS = (
    Way("around `app.wsgi_app`", added),
    Way("`install`", installed),
    Way("around the application", lambda house: around(new_app(), house)),
    Way("`authmux.wsgi` around the application", plainly_around, is_logged=True, why=WHY_LOGGED),
    Way("in a mounted application only", lambda house: mounted(added(house)), "/sub"),
    Way("outside, endpoints in a mounted application", lambda house: around(mounted(new_app()), house), "/sub"),
    Way("outside and in a mounted application", lambda house: outside_and_inside(house, mount=mounted), "/sub"),
    Way("outside and inside", outside_and_inside),
    Way("`authmux.wsgi` outside and the face inside", lambda house: outside_and_inside(house, face=wsgi)),
    Way("twice", twice),
    Way("two authenticators, outside and inside", lambda house: around(added(house), house), verifications=2),
    Way("`ProxyFix` on both sides", among_others),
    *(Way(name, switched(config)) for name, config in SWITCHES.items()),
    Way("`TRAP_HTTP_EXCEPTIONS=True`", switched({"TRAP_HTTP_EXCEPTIONS": True}), is_logged=True, why=WHY_TRAPPED),
    *(Way(name, handled(handlers)) for name, handlers in HANDLERS.items()),
    Way("hooks before, after and at teardown", hooked),
)  # fmt: skip
