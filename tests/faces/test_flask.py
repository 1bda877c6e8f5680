"""The Flask face, among Flask's own error handling and its switches."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import flask as flask_framework
import pytest
from flask import Blueprint, Flask, Response, abort, jsonify, redirect, request, stream_with_context
from flask.views import MethodView
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wsgi import FileWrapper

from authmux import Authenticator, AuthError, ConfigurationError, current_principal, find_principal, wsgi
from authmux.flask import AuthMiddleware, install, requires
from authmux.visit import current_visit
from tests.faces.callers import WSGICaller, environ_of
from tests.faces.verifiers import ANN, BUG, NOBODY, UNKNOWN, UserVerifier, open_house

FORBIDDEN = 'Bearer realm="api", error="insufficient_scope", scope="reports:write"'


class Reports(MethodView):
    """Be guarded method by method."""

    @requires("reports:read")
    def get(self) -> str:
        return current_principal().id

    @requires("reports:write")
    def post(self) -> str:
        return "written"


class Audits(MethodView):
    """Be guarded whole."""

    decorators = [requires("reports:read")]  # noqa: RUF012  # Flask has it so

    def get(self) -> str:
        return current_principal().id


def new_app(**config: Any) -> Flask:
    """Return an application without the middleware."""
    app = Flask("reports")
    app.config.update(config)

    @app.get("/read")
    @requires("reports:read")
    def read() -> str:
        return current_principal().id

    @app.get("/write")
    @requires("reports:write")
    def write() -> str:
        return "written"

    @app.get("/show")
    def show() -> str:
        principal = find_principal()
        return principal.id if principal else "nobody"

    @app.get("/fail")
    @requires("reports:read")
    def fail() -> str:
        raise LookupError("a bug in the application")

    app.add_url_rule("/class", view_func=Reports.as_view("class"))
    app.add_url_rule("/whole-class", view_func=Audits.as_view("whole-class"))
    return app


def behind(app: Any) -> WSGICaller:
    """Return a caller of the application with the middleware around its `wsgi_app`."""
    app.wsgi_app = AuthMiddleware(app.wsgi_app, authenticator=open_house())
    return WSGICaller(app)


def added_by_class(app: Any) -> Any:
    """Put the middleware around `wsgi_app`."""
    app.wsgi_app = AuthMiddleware(app.wsgi_app, authenticator=open_house())
    return app


def installed(app: Any) -> Any:
    """Put the middleware there by our own verb."""
    install(app, open_house())
    return app


def wrapped_outside(app: Any) -> Any:
    """Put the middleware around the application itself."""
    return AuthMiddleware(app, authenticator=open_house())


def twice(app: Any) -> Any:
    """Put the middleware within and around the application."""
    authenticator = open_house()
    install(app, authenticator)
    install(app, authenticator)
    return AuthMiddleware(app, authenticator=authenticator)


def plain_outside(app: Any) -> Any:
    """Put the plain WSGI face around an application that has ours within."""
    authenticator = open_house()
    install(app, authenticator)
    return wsgi.AuthMiddleware(app, authenticator=authenticator)


def mounted(app: Any) -> Any:
    """Put the middleware around a dispatcher in which the application is mounted."""
    dispatcher = DispatcherMiddleware(Flask("outer"), {"": app})
    return AuthMiddleware(dispatcher, authenticator=open_house())


def beside_another(app: Any) -> Any:
    """Have other middleware on either side."""
    app.wsgi_app = ProxyFix(AuthMiddleware(ProxyFix(app.wsgi_app), authenticator=open_house()))
    return app


WAYS = [added_by_class, installed, wrapped_outside, twice, plain_outside, mounted, beside_another]

CONFIGS: dict[str, dict[str, Any]] = {
    "": {},
    "testing": {"TESTING": True},
    "propagating": {"PROPAGATE_EXCEPTIONS": True},
    "not-propagating": {"PROPAGATE_EXCEPTIONS": False, "TESTING": True},
    "debug": {"DEBUG": True},
    "trapping": {"TRAP_HTTP_EXCEPTIONS": True},
    "trapping-and-testing": {"TRAP_HTTP_EXCEPTIONS": True, "TESTING": True},
}


def no_handler(app: Flask) -> None:
    """Leave it to Flask."""


def handler_of_statuses(app: Flask) -> None:
    """Have pages of one's own for two statuses."""
    app.register_error_handler(401, lambda error: ("my own 401", 401))
    app.register_error_handler(403, lambda error: ("my own 403", 403))


def handler_of_http_exceptions(app: Flask) -> None:
    """Write every error as JSON, as Flask's documentation shows."""
    app.register_error_handler(HTTPException, lambda error: (jsonify(code=error.code), error.code))


def handler_of_all_exceptions(app: Flask) -> None:
    """Take everything for a failure."""
    app.register_error_handler(Exception, lambda error: ("my own 500", 500))


def handler_that_fails(app: Flask) -> None:
    """Have a bug where the error page is made."""

    def handler(error: Exception) -> str:
        raise LookupError("a bug in the handler")

    app.register_error_handler(401, handler)
    app.register_error_handler(403, handler)


HANDLERS = [no_handler, handler_of_statuses, handler_of_http_exceptions, handler_of_all_exceptions]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Give each way to add the middleware."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=CONFIGS.values(), ids=list(CONFIGS))
def config(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Give each setting of Flask's switches."""
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("handle", HANDLERS, ids=lambda handle: handle.__name__)
def test_same_bytes(
    way: Callable[[Any], Any], config: dict[str, Any], handle: Callable[[Flask], None], caplog: pytest.LogCaptureFixture
) -> None:
    """However the middleware was added, whatever the switches and the handlers, refusals are the same bytes."""
    caplog.set_level(logging.CRITICAL)
    app = new_app(**config)
    handle(app)
    expected, caller = behind(new_app()), WSGICaller(way(app))
    requests = [("/read", NOBODY), ("/write", NOBODY), ("/write", ANN), ("/class", NOBODY), ("/read", UNKNOWN)]
    assert [caller(*each).refusal() for each in requests] == [expected(*each).refusal() for each in requests]


@pytest.mark.parametrize("path", ["/read", "/class", "/whole-class"])
def test_accepts(way: Callable[[Any], Any], config: dict[str, Any], path: str) -> None:
    """However the middleware was added, views and views that are classes have their caller."""
    answer = WSGICaller(way(new_app(**config)))(path, ANN)
    assert (answer.status, answer.body) == (200, b"ann")


def test_class_refuses_by_method() -> None:
    """Each method of a view that is a class has a guard of its own."""
    answer = behind(new_app())("/class", ANN, method="POST")
    assert (answer.status, answer.header("www-authenticate")) == (403, FORBIDDEN)


def test_class_refuses_whole() -> None:
    """A guard among the decorators of a view that is a class guards all of it."""
    assert behind(new_app())("/whole-class", NOBODY).status == 401


def test_head() -> None:
    """A refusal of HEAD has no body."""
    answer = behind(new_app())("/read", NOBODY, method="HEAD")
    assert (answer.status, answer.body) == (401, b"")


def test_failing_handler() -> None:
    """A bug in the handler of the refusal still refuses."""
    app = new_app()
    handler_that_fails(app)
    assert behind(app)("/read", NOBODY).status == 401


def test_application_takes_care_itself() -> None:
    """A handler that turns the refusal into another status has its way."""
    app = new_app()
    app.register_error_handler(401, lambda error: redirect("/login"))
    answer = behind(app)("/read", NOBODY)
    assert (answer.status, answer.header("location")) == (302, "/login")


def test_own_refusal_of_the_application() -> None:
    """A 403 that the application raises for reasons of its own stays as it is."""
    app = new_app()

    @app.get("/sunday")
    def sunday() -> str:
        abort(403, "not on a Sunday")

    assert b"not on a Sunday" in behind(app)("/sunday", ANN).body


@pytest.mark.parametrize("name", ["testing", "propagating", "debug"])
def test_bug_in_application_propagates(way: Callable[[Any], Any], name: str) -> None:
    """Where Flask hands exceptions on, the exception of a view reaches the server as it is."""
    with pytest.raises(LookupError, match="a bug in the application"):
        WSGICaller(way(new_app(**CONFIGS[name])))("/fail", ANN)


@pytest.mark.parametrize("name", ["", "not-propagating", "trapping"])
def test_bug_in_application_is_answered(way: Callable[[Any], Any], name: str) -> None:
    """Where Flask answers exceptions, the answer is its 500 and not one of ours."""
    answer = WSGICaller(way(new_app(**CONFIGS[name])))("/fail", ANN)
    assert (answer.status, answer.header("content-type")) == (500, "text/html; charset=utf-8")


def test_bug_in_verifier(config: dict[str, Any]) -> None:
    """A bug in a verifier goes to the server, whose answer is 500, and the application is never reached."""
    with pytest.raises(RuntimeError, match="a bug in a verifier"):
        behind(new_app(**config))("/show", BUG)


def test_no_middleware() -> None:
    """A guard that no middleware stands before refuses, with a sentence for the operator (K-93)."""
    with pytest.raises(ConfigurationError, match="K-93"):
        WSGICaller(new_app(TESTING=True))("/read", ANN)


def test_no_middleware_is_answered() -> None:
    """What the caller sees of that is a 500."""
    assert WSGICaller(new_app())("/read", ANN).status == 500


def test_verifies_once() -> None:
    """Middlewares with the same authenticator verify once for all of them."""
    verifier = UserVerifier()
    authenticator = Authenticator(verifier)
    app = new_app()
    install(app, authenticator)
    outer: Any = DispatcherMiddleware(Flask("outer"), {"/sub": app})
    caller = WSGICaller(AuthMiddleware(outer, authenticator=authenticator))
    assert (caller("/sub/read", ANN).body, verifier.asked) == (b"ann", 1)


def test_blueprint() -> None:
    """A guard before all the views of a blueprint refuses like one on each."""
    app, blueprint = new_app(), Blueprint("inner", __name__)

    @blueprint.before_request
    @requires("reports:write")
    def guard() -> None: ...

    @blueprint.get("/inner")
    def inner() -> str:
        return "in"

    app.register_blueprint(blueprint)
    assert behind(app)("/inner", ANN).refusal() == behind(new_app())("/write", ANN).refusal()


@pytest.mark.parametrize("keep_context", [False, True], ids=["", "with-context"])
def test_streaming(*, keep_context: bool) -> None:
    """The principal is there while the body is made, with and without Flask's own context."""
    app = new_app()

    def parts() -> Iterator[str]:
        for _ in range(2):
            yield current_principal().id

    @app.get("/stream")
    @requires("reports:read")
    def stream() -> Response:
        return Response(stream_with_context(parts()) if keep_context else parts())

    assert behind(app)("/stream", ANN).body == b"annann"
    assert current_visit.get() is None


def test_guard_within_a_stream() -> None:
    """A guard that refuses within the body cannot be answered any more: the exception goes to the server."""
    app = new_app()

    def parts() -> Iterator[str]:
        yield "first"
        yield current_principal().id

    @app.get("/stream")
    def stream() -> Response:
        return Response(parts())

    with pytest.raises(HTTPException, match="401"):
        behind(app)("/stream", NOBODY)


def test_close_callbacks() -> None:
    """What Flask does when the response is closed still knows for whom."""
    seen: list[str] = []
    app = new_app()

    @app.get("/later")
    @requires("reports:read")
    def later() -> Response:
        response = Response("")
        response.call_on_close(lambda: seen.append(current_principal().id))
        return response

    behind(app)("/later", ANN)
    assert seen == ["ann"]


def test_teardown() -> None:
    """What Flask tears down after a refusal is torn down once."""
    seen: list[object] = []
    app = new_app()
    app.teardown_request(seen.append)
    behind(app)("/read", NOBODY)
    assert seen == [None]


def test_send_file() -> None:
    """A file is handed to the server's own file wrapper."""
    app = new_app()

    @app.get("/file")
    @requires("reports:read")
    def file() -> Response:
        return flask_framework.send_file(io.BytesIO(b"content"), mimetype="text/plain")

    environ = environ_of("/file", ANN) | {"wsgi.file_wrapper": FileWrapper}
    body = added_by_class(app)(environ, lambda status, headers: None)
    assert isinstance(body, FileWrapper)
    assert b"".join(body) == b"content"


@pytest.mark.parametrize("first", [ANN, UNKNOWN, NOBODY, BUG], ids=["accepted", "refused", "absent", "bug"])
def test_next_request_is_its_own(first: Any) -> None:
    """After a request the next one on the same thread is anonymous."""
    caller = behind(new_app())
    try:
        caller("/show", first)
    except RuntimeError:
        assert first is BUG
    assert caller("/show", NOBODY).body == b"nobody"


def test_test_client_that_keeps_a_response() -> None:
    """Of two responses that Flask's test client holds open, each still has its own principal."""
    app = new_app()

    @app.get("/stream")
    def stream() -> Response:
        return Response(current_principal().id for _ in range(2))

    added_by_class(app)
    client = app.test_client()
    ann = client.get("/stream", headers={"Authorization": "Bearer user_ann"})
    bob = client.get("/stream", headers={"Authorization": "Bearer user_bob"})
    assert (ann.text, bob.text) == ("annann", "bobbob")


def test_optional_login() -> None:
    """A view that catches the refusal of `current_principal` answers as it likes."""
    app = new_app()

    @app.get("/hello")
    def hello() -> str:
        try:
            return current_principal().id
        except (HTTPException, AuthError):
            return f"welcome, whoever you are, to {request.path}"

    assert behind(app)("/hello", NOBODY).body == b"welcome, whoever you are, to /hello"


def test_bug_after_an_optional_login() -> None:
    """A view that catches the refusal and then fails for a reason of its own has failed: nothing hides that."""
    app = new_app(TESTING=True)

    @app.get("/hello")
    def hello() -> str:
        with suppress(HTTPException):
            current_principal()
        raise LookupError("a bug in the application")

    with pytest.raises(LookupError, match="a bug in the application"):
        behind(app)("/hello", NOBODY)
