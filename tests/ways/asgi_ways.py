"""The ways to add the middleware to an application of Starlette or FastAPI, and the company it may keep there."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Router

from authmux import asgi
from tests.faces.callers import Answer
from tests.ways.house import House
from tests.ways.way import Way, decompressed, without

ORIGIN = "https://a.example"


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework: our face for it, and a new application with all its endpoints."""

    face: ModuleType
    new_app: Callable[..., Any]

    def added(self, authenticator: Any, *, app: Any = None) -> Any:
        """Return an application to which our middleware was added as its users do it."""
        app = app or self.new_app()
        app.add_middleware(self.face.AuthMiddleware, authenticator=authenticator)
        return app

    def around(self, app: Any, authenticator: Any) -> Any:
        """Return an application that our middleware stands around."""
        return self.face.AuthMiddleware(app, authenticator=authenticator)


class Passing(BaseHTTPMiddleware):
    """Pass everything on, as Starlette's function middleware does: through another task."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        return response


class Numbering:
    """Give each request a number in a header, as those do that follow a request through several services."""

    def __init__(self, app: asgi.App) -> None:
        self.app = app

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        headers = [*scope.get("headers", ()), (b"x-request-id", b"1")]
        await self.app({**scope, "headers": headers}, receive, send)


class Session(AuthenticationBackend):
    """Find a user by other means than ours."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser]:
        return AuthCredentials(["session"]), SimpleUser("sam")


GZIP = Middleware(GZipMiddleware, minimum_size=1)
CORS = Middleware(CORSMiddleware, allow_origins=[ORIGIN], allow_headers=["Authorization"])
SESSIONS = Middleware(SessionMiddleware, secret_key="s")
LOGIN = Middleware(AuthenticationMiddleware, backend=Session())
FUNCTION = Middleware(Passing)
NUMBERING = Middleware(Numbering)


def _is_fastapi(framework: Framework) -> bool:
    return framework.face.__name__ == "authmux.fastapi"


def ways_of(framework: Framework) -> tuple[Way, ...]:
    """Return every way for one framework."""
    return (
        *_added(framework),
        *_nested(framework),
        *_doubled(framework),
        *_in_company(framework),
        *_handled(framework),
    )


def _added(framework: Framework) -> tuple[Way, ...]:
    new, face = framework.new_app, framework.face
    is_fastapi = _is_fastapi(framework)

    def named(house: House) -> Any:
        return new(middleware=[Middleware(face.AuthMiddleware, authenticator=house.authenticator())])

    def installed(house: House) -> Any:
        app = new()
        face.install(app, house.authenticator())
        return app

    def plain(house: House) -> Any:
        return asgi.AuthMiddleware(new(), authenticator=house.authenticator())

    return (
        Way("`add_middleware`", lambda house: framework.added(house.authenticator())),
        Way("`middleware=[…]`", named),
        Way("`install`", installed),
        Way("around the application", lambda house: framework.around(new(), house.authenticator())),
        Way(
            "`authmux.asgi` around the application",
            plain,
            others=BODY_FIRST if is_fastapi else {},
            why=WHY_BODY_FIRST if is_fastapi else "",
        ),
    )


BODY_FIRST = {"POST, broken JSON": 422}
WHY_BODY_FIRST = (
    "FastAPI reads and parses the body before it asks any guard. `authmux.fastapi` asks the guard itself when the body"
    " is first read; `authmux.asgi` does not know FastAPI."
)


def _mount(app: Any) -> Any:
    return Starlette(routes=[Mount("/sub", app=app)])


def _nested(framework: Framework) -> tuple[Way, ...]:
    new = framework.new_app

    def around(app: Any, house: House) -> Any:
        return framework.around(app, house.authenticator())

    def of_mount(house: House) -> Any:
        middleware = [Middleware(framework.face.AuthMiddleware, authenticator=house.authenticator())]
        return Starlette(routes=[Mount("/sub", app=new(), middleware=middleware)])

    def outside(house: House) -> Any:
        return framework.added(house.authenticator(), app=_mount(new()))

    return (
        Way("in a mounted application only", lambda house: _mount(framework.added(house.authenticator())), "/sub"),
        Way("around a mounted application only", lambda house: _mount(around(new(), house)), "/sub"),
        Way("`Mount(middleware=[…])`", of_mount, "/sub"),
        Way("around a bare `Router`", lambda house: around(Router([Mount("/sub", new())]), house), "/sub"),
        Way("outside, endpoints in a mounted application", outside, "/sub"),
    )


def _doubled(framework: Framework) -> tuple[Way, ...]:
    def both(house: House, *, face: ModuleType = framework.face) -> Any:
        authenticator = house.authenticator()
        return face.AuthMiddleware(framework.added(authenticator), authenticator=authenticator)

    def twice(house: House) -> Any:
        authenticator = house.authenticator()
        return framework.added(authenticator, app=framework.added(authenticator))

    def mounted(house: House) -> Any:
        authenticator = house.authenticator()
        return framework.added(authenticator, app=_mount(framework.added(authenticator)))

    def two(house: House) -> Any:
        return framework.added(house.authenticator(), app=framework.added(house.authenticator()))

    return (
        Way("outside and in a mounted application", mounted, "/sub"),
        Way("outside and inside", both),
        Way("`authmux.asgi` outside and the face inside", lambda house: both(house, face=asgi)),
        Way("twice in one stack", twice),
        Way("two authenticators, outside and inside", two, verifications=2),
    )


def _in_company(framework: Framework) -> tuple[Way, ...]:
    is_fastapi = _is_fastapi(framework)

    def stack(*inside_out: Middleware | None) -> Callable[[House], Any]:
        """Return what adds these, the innermost first; None is ours."""

        def build(house: House) -> Any:
            app = framework.new_app()
            for each in inside_out:
                if each is None:
                    framework.added(house.authenticator(), app=app)
                else:
                    app.add_middleware(each.cls, *each.args, **each.kwargs)
            return app

        return build

    def numbered(house: House) -> Any:
        authenticator = house.authenticator()
        app = framework.added(authenticator)
        app.add_middleware(Numbering)
        return framework.added(authenticator, app=app)

    gzip = (("Accept-Encoding", b"gzip"),)
    origin = (("Origin", ORIGIN.encode()),)
    return (
        Way("`BaseHTTPMiddleware` outside", stack(None, FUNCTION)),
        Way("`BaseHTTPMiddleware` inside", stack(FUNCTION, None)),
        Way("`BaseHTTPMiddleware` on both sides", stack(FUNCTION, None, FUNCTION)),
        Way(
            "`GZipMiddleware` outside",
            stack(None, GZIP),
            sends=gzip,
            undo=decompressed,
            note="compressed",
            why=WHY_GZIP,
        ),
        Way("`GZipMiddleware` inside", stack(GZIP, None), sends=gzip, undo=decompressed),
        Way(
            "`CORSMiddleware` outside",
            stack(None, CORS),
            sends=origin,
            undo=_without_cors,
            note="with CORS headers",
            why=WHY_CORS,
        ),
        Way("`CORSMiddleware` inside", stack(CORS, None), sends=origin),
        Way("`SessionMiddleware` outside", stack(None, SESSIONS)),
        Way("`SessionMiddleware` inside", stack(SESSIONS, None)),
        Way("`AuthenticationMiddleware` outside", stack(None, LOGIN)),
        Way("`AuthenticationMiddleware` inside", stack(LOGIN, None)),
        Way("something between that adds a request header", numbered),
        Way(
            "something inside that hands on a copy of the scope",
            stack(NUMBERING, None),
            others=HIDDEN if is_fastapi else {},
            why=WHY_HIDDEN if is_fastapi else "",
        ),
        Way("all of them on both sides", stack(LOGIN, CORS, GZIP, FUNCTION, SESSIONS, None, LOGIN, FUNCTION, SESSIONS)),
    )


HIDDEN = {"POST, broken JSON": 422}
WHY_HIDDEN = (
    "The copy hides from `authmux.fastapi` which endpoint the router chose, so that it cannot ask the guard before the"
    " body is read. Where that matters, add ours inside of such a middleware."
)
WHY_GZIP = (
    "What stands outside compresses refusals like all else: body and `Content-Length` are those of the compressed text."
)
WHY_CORS = "What stands outside adds its headers to refusals too, so that a script of another origin may read them."


def _without_cors(answer: Answer) -> Answer:
    return without(answer, "access-control-allow-origin", "vary")


HANDLERS: dict[str, dict[Any, Any]] = {
    "handlers for 401 and 403": {
        401: lambda request, error: PlainTextResponse("my own 401", 401),
        403: lambda request, error: PlainTextResponse("my own 403", 403),
    },
    "a handler for `HTTPException`": {
        HTTPException: lambda request, error: PlainTextResponse("mine", error.status_code)
    },
    "a handler for `Exception`": {Exception: lambda request, error: PlainTextResponse("my own 500", 500)},
}


def _handled(framework: Framework) -> tuple[Way, ...]:
    def with_options(**options: Any) -> Callable[[House], Any]:
        return lambda house: framework.added(house.authenticator(), app=framework.new_app(**options))

    return (
        *(Way(name, with_options(exception_handlers=handlers)) for name, handlers in HANDLERS.items()),
        Way("`debug=True`", with_options(debug=True)),
    )
