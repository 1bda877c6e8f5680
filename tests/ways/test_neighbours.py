"""What other middleware makes of a refusal, and what ours makes of what other middleware has found out."""

from http import HTTPStatus
from typing import Any

import pytest
from flask import Response as FlaskResponse
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from authmux import find_principal, flask, starlette
from tests.faces.callers import ASGICaller, Headers, WSGICaller
from tests.ways import flask_kinds
from tests.ways.house import ACCEPTED, ANN, READ, REFUSED, House, Outcome

ORIGIN = "https://a.example"
FROM_ORIGIN = (("Origin", ORIGIN.encode()),)
PREFLIGHT = (*FROM_ORIGIN, ("Access-Control-Request-Method", b"GET"))
ASK_FOR_HEADER = (("Access-Control-Request-Headers", b"authorization"),)
CORS = Middleware(
    CORSMiddleware, allow_origins=[ORIGIN], allow_headers=["Authorization"], expose_headers=["WWW-Authenticate"]
)


async def who(request: Request) -> Response:
    """Say whom Starlette and whom we take for the caller."""
    principal = find_principal()
    return JSONResponse([request.user.display_name, principal.id if principal else None, list(request.auth.scopes)])


async def log_in(request: Request) -> Response:
    """Begin a session."""
    request.session["user"] = "sam"
    return Response()


class OfSession(AuthenticationBackend):
    """Finds the user whom the session names."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        name = conn.session.get("user")
        return (AuthCredentials(["session"]), SimpleUser(name)) if name else None


def app_with(*outside_in: Middleware | None) -> ASGICaller:
    """Return a caller of an application with these, the outermost first; None is ours."""
    ours = Middleware(starlette.AuthMiddleware, authenticator=House().authenticator())
    routes = [
        Route("/who", who),
        Route("/login", log_in),
        Route("/read", starlette.requires(READ)(who)),
        Route("/write", starlette.requires("reports:write")(who)),
    ]
    return ASGICaller(Starlette(routes=routes, middleware=[each or ours for each in outside_in]))


@pytest.mark.parametrize("stack", [(CORS, None), (None, CORS)], ids=["cors-outside", "cors-inside"])
def test_preflight(stack: tuple[Middleware | None, ...]) -> None:
    """A preflight, which has no credential, is answered on either side of ours."""
    answer = app_with(*stack)("/read", (*PREFLIGHT, *ASK_FOR_HEADER), method="OPTIONS")
    assert (answer.status, answer.header("access-control-allow-origin")) == (200, ORIGIN)


@pytest.mark.parametrize("outcome", REFUSED, ids=lambda outcome: outcome.name)
def test_cors_outside(outcome: Outcome) -> None:
    """A script of another origin may read a refusal, and its challenge, where the CORS middleware stands outside."""
    path = "/write" if outcome.scope != READ else "/read"
    answer = app_with(CORS, None)(path, (*outcome.headers, *FROM_ORIGIN))
    assert (answer.status, answer.header("access-control-allow-origin")) == (outcome.status, ORIGIN)
    assert answer.header("access-control-expose-headers") == "WWW-Authenticate"


def test_cors_inside() -> None:
    """Where it stands inside, a refusal is ours alone: the browser keeps it from the script."""
    answer = app_with(None, CORS)("/read", FROM_ORIGIN)
    assert (answer.status, answer.header("access-control-allow-origin")) == (401, None)


SESSION = Middleware(SessionMiddleware, secret_key="s")
LOGIN = Middleware(AuthenticationMiddleware, backend=OfSession())
OURS = ["ann", "ann", ["authenticated", "files:*", "reports:read"]]


@pytest.mark.parametrize(
    ("stack", "sent", "with_session", "expected"),
    [
        ((SESSION, LOGIN, None), ANN, True, OURS),
        ((SESSION, LOGIN, None), (), True, ["sam", None, ["session"]]),
        ((SESSION, LOGIN, None), ANN, False, OURS),
        ((SESSION, LOGIN, None), (), False, ["", None, []]),
        ((SESSION, None, LOGIN), ANN, True, ["sam", "ann", ["session"]]),
        ((SESSION, None, LOGIN), (), True, ["sam", None, ["session"]]),
        ((SESSION, None, LOGIN), ANN, False, ["", "ann", []]),
    ],
    ids=[
        "outside-both",
        "outside-session",
        "outside-credential",
        "outside-nobody",
        "inside-both",
        "inside-session",
        "inside-credential",
    ],
)
def test_session_user(stack: Any, sent: Headers, with_session: bool, expected: list[object]) -> None:
    """Ours leaves the session's user alone where no credential came; Starlette's, inside of ours, overwrites `user`.

    The guard and `current_principal` go by the credential in every order.
    """
    caller = app_with(*stack)
    cookie = (caller("/login").header("set-cookie") or "").partition(";")[0]
    answer = caller("/who", (*sent, ("Cookie", cookie.encode())) if with_session else sent)
    assert answer.body == JSONResponse(expected).body


@pytest.mark.parametrize("stack", [(SESSION, LOGIN, None), (SESSION, None, LOGIN)], ids=["outside", "inside"])
def test_session_user_is_nobody_to_our_guard(stack: Any) -> None:
    """A session opens no door that asks for a credential of ours."""
    caller = app_with(*stack)
    cookie = (caller("/login").header("set-cookie") or "").partition(";")[0]
    assert caller("/read", (("Cookie", cookie.encode()),)).status == 401


@pytest.mark.parametrize("outcome", [*REFUSED, ACCEPTED], ids=lambda outcome: outcome.name)
@pytest.mark.parametrize("testing", [False, True], ids=["", "testing"])
def test_flask_test_client(outcome: Outcome, testing: bool) -> None:
    """Flask's own test client sees what a server sends, the status line too."""
    app = flask_kinds.new_app(TESTING=testing)
    flask.install(app, House().authenticator())
    path = flask_kinds.KINDS[0].path(outcome.scope)
    headers = {name: value.decode() for name, value in outcome.headers}
    response = app.test_client().get(path, headers=headers)
    assert response.status == f"{outcome.status} {HTTPStatus(outcome.status).phrase}"
    assert (response.text == "ann") == outcome.is_accepted


def test_flask_after_request() -> None:
    """What a hook of Flask's adds to every response is not on a refusal: that takes the place of the whole response."""
    app = flask_kinds.new_app()

    @app.after_request
    def stamp(response: FlaskResponse) -> FlaskResponse:
        response.headers["X-Stamp"] = "1"
        return response

    flask.install(app, House().authenticator())
    call, kind = WSGICaller(app), flask_kinds.KINDS[0]
    stamps = [call(kind.path(each.scope), each.headers).header("x-stamp") for each in (ACCEPTED, REFUSED[0])]
    assert stamps == ["1", None]


class Stamping:
    """Adds a header to every response, from outside."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("X-Stamp", "1")], exc_info)

        return self.app(environ, start)


def test_flask_middleware_outside() -> None:
    """What stands around ours adds to refusals as well."""
    app = flask_kinds.new_app()
    flask.install(app, House().authenticator())
    call, kind = WSGICaller(Stamping(app)), flask_kinds.KINDS[0]
    answers = [call(kind.path(each.scope), each.headers) for each in (*REFUSED, ACCEPTED)]
    assert {answer.header("x-stamp") for answer in answers} == {"1"}
