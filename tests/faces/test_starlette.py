"""The Starlette face, among everything else that Starlette has between the server and an endpoint."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.authentication import requires as starlette_requires
from starlette.background import BackgroundTask
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from authmux import Authenticator, AuthError, ConfigurationError, Principal, asgi, current_principal, find_principal
from authmux.starlette import AuthMiddleware, GrantedScopes, install, requires
from tests.faces.callers import Answer, ASGICaller, http_scope
from tests.faces.verifiers import ANN, BUG, NOBODY, UNKNOWN, UserVerifier, open_house

FORBIDDEN = 'Bearer realm="api", error="insufficient_scope", scope="reports:write"'


@requires("reports:read")
async def read(request: Request) -> Response:
    """Read what only some may."""
    return PlainTextResponse(request.user.id)


@requires("reports:read")
def read_blocking(request: Request) -> Response:
    """Do the same in a worker thread."""
    return PlainTextResponse(current_principal().id)


@requires("reports:write")
async def write(request: Request) -> Response:
    """Write what nobody here may."""
    return PlainTextResponse("written")


async def show(request: Request) -> Response:
    """Show who is calling, if anybody is."""
    principal = find_principal()
    return PlainTextResponse(principal.id if principal else "nobody")


async def fail(request: Request) -> Response:
    """Fail."""
    current_principal()
    raise LookupError("a bug in the application")


class Reports(HTTPEndpoint):
    """Be guarded method by method."""

    @requires("reports:read")
    async def get(self, request: Request) -> Response:
        return PlainTextResponse(request.user.id)

    @requires("reports:write")
    def post(self, request: Request) -> Response:
        return PlainTextResponse("written")


ROUTES = [
    Route("/read", read),
    Route("/read-blocking", read_blocking),
    Route("/write", write),
    Route("/show", show),
    Route("/fail", fail),
    Route("/class", Reports),
]


def app_of(*routes: Route | Mount, **options: Any) -> ASGICaller:
    """Return a caller of an application with the middleware added by its class."""
    app = Starlette(routes=[*ROUTES, *routes], **options)
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    return ASGICaller(app)


def added_by_class(**options: Any) -> Any:
    """Add the middleware as Starlette's users do."""
    app = Starlette(routes=ROUTES, **options)
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    return app


def named_at_construction(**options: Any) -> Any:
    """Name the middleware when the application is made."""
    return Starlette(routes=ROUTES, middleware=[Middleware(AuthMiddleware, authenticator=open_house())], **options)


def installed(**options: Any) -> Any:
    """Add the middleware by our own verb."""
    app = Starlette(routes=ROUTES, **options)
    install(app, open_house())
    return app


def wrapped_outside(**options: Any) -> Any:
    """Put the middleware around the whole application."""
    return AuthMiddleware(Starlette(routes=ROUTES, **options), authenticator=open_house())


def twice(**options: Any) -> Any:
    """Put the middleware within and around the application."""
    authenticator = open_house()
    app = Starlette(routes=ROUTES, **options)
    app.add_middleware(AuthMiddleware, authenticator=authenticator)
    app.add_middleware(AuthMiddleware, authenticator=authenticator)
    return AuthMiddleware(app, authenticator=authenticator)


def plain_outside(**options: Any) -> Any:
    """Put the plain ASGI face around an application that has ours within."""
    authenticator = open_house()
    app = Starlette(routes=ROUTES, **options)
    app.add_middleware(AuthMiddleware, authenticator=authenticator)
    return asgi.AuthMiddleware(app, authenticator=authenticator)


def mounted(**options: Any) -> Any:
    """Put the middleware around an application, and the endpoints into one that is mounted there."""
    app = Starlette(routes=[Mount("/", app=Starlette(routes=ROUTES, **options))])
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    return app


def within_mounted(**options: Any) -> Any:
    """Put the middleware into a mounted application."""
    return Starlette(routes=[Mount("/", app=added_by_class(**options))])


WAYS = [
    added_by_class,
    named_at_construction,
    installed,
    wrapped_outside,
    twice,
    plain_outside,
    mounted,
    within_mounted,
]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Give each way to add the middleware."""
    return request.param  # type: ignore[no-any-return]


OWN_HANDLERS: dict[str, dict[Any, Any]] = {
    "none": {},
    "of-statuses": {
        401: lambda request, error: PlainTextResponse("my own 401", 401),
        403: lambda request, error: PlainTextResponse("my own 403", 403),
    },
    "of-http-exceptions": {HTTPException: lambda request, error: JSONResponse({"my": "own"}, error.status_code)},
    "of-all-exceptions": {Exception: lambda request, error: PlainTextResponse("my own 500", 500)},
}


@pytest.mark.parametrize("handlers", OWN_HANDLERS.values(), ids=OWN_HANDLERS.keys())
@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
def test_same_bytes(way: Callable[..., Any], handlers: dict[Any, Any], *, debug: bool) -> None:
    """However the middleware was added, and whatever handlers the application has, refusals are the same bytes."""
    expected, caller = ASGICaller(added_by_class()), ASGICaller(way(debug=debug, exception_handlers=handlers))
    requests = [("/read", NOBODY), ("/write", NOBODY), ("/write", ANN), ("/read-blocking", NOBODY), ("/read", UNKNOWN)]
    assert [caller(*each).refusal() for each in requests] == [expected(*each).refusal() for each in requests]


@pytest.mark.parametrize("path", ["/read", "/read-blocking", "/class"])
def test_accepts(way: Callable[..., Any], path: str) -> None:
    """However the middleware was added, endpoints that await, that block, and that are classes have their caller."""
    answer = ASGICaller(way())(path, ANN)
    assert (answer.status, answer.body) == (200, b"ann")


def test_class_refuses_by_method() -> None:
    """Each method of an endpoint that is a class has a guard of its own."""
    answer = app_of()("/class", ANN, method="POST")
    assert (answer.status, answer.header("www-authenticate")) == (403, FORBIDDEN)


def test_class_itself_is_not_guarded() -> None:
    """A guard on the class, where it would do nothing, is refused while decorating."""
    with pytest.raises(ConfigurationError, match="goes on a function or method"):
        requires("reports:read")(Reports)


def test_twice_verifies_once() -> None:
    """Middlewares with the same authenticator verify once for all of them."""
    verifier = UserVerifier()
    authenticator = Authenticator(verifier)
    app = Starlette(routes=[Mount("/sub", app=AuthMiddleware(Starlette(routes=ROUTES), authenticator=authenticator))])
    install(app, authenticator)
    install(app, authenticator)
    caller = ASGICaller(AuthMiddleware(app, authenticator=authenticator))
    assert (caller("/sub/read", ANN).body, verifier.asked) == (b"ann", 1)


def test_no_middleware() -> None:
    """A guard that no middleware stands before refuses: 500, and a sentence for the operator (K-93)."""
    with pytest.raises(ConfigurationError, match=r"K-93"):
        ASGICaller(Starlette(routes=ROUTES))("/read", ANN)


@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
def test_bug_in_application(way: Callable[..., Any], *, debug: bool) -> None:
    """An exception of the endpoint stays one, after the caller was let in."""
    with pytest.raises(LookupError, match="a bug in the application"):
        ASGICaller(way(debug=debug))("/fail", ANN)


@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
def test_bug_in_application_is_answered(*, debug: bool) -> None:
    """The answer to it is Starlette's 500, not one of ours."""
    sent: list[Any] = []
    app = added_by_class(debug=debug)

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    with pytest.raises(LookupError):
        asyncio.run(app(http_scope("/fail", ANN), receive, send))
    assert sent[0]["status"] == 500


def test_bug_in_verifier() -> None:
    """A bug in a verifier is a 500, and the application is never reached."""
    with pytest.raises(RuntimeError, match="a bug in a verifier"):
        app_of()("/show", BUG)


def test_own_refusal_of_the_application() -> None:
    """A 403 that the application raises for reasons of its own stays as it is."""

    async def endpoint(request: Request) -> Response:
        raise HTTPException(403, "not on a Sunday")

    assert app_of(Route("/sunday", endpoint))("/sunday", ANN).body == b"not on a Sunday"


def test_application_takes_care_itself() -> None:
    """A handler that turns the refusal into another status has its way."""
    handlers: Any = {401: lambda request, error: Response(status_code=302, headers={"location": "/login"})}
    answer = app_of(exception_handlers=handlers)("/read", NOBODY)
    assert (answer.status, answer.header("location")) == (302, "/login")


def test_streaming() -> None:
    """The principal is there while the body is made, by a generator that awaits or one that blocks."""

    async def parts() -> AsyncIterator[str]:
        for _ in range(2):
            await asyncio.sleep(0)
            yield current_principal().id

    def blocking_parts() -> Iterator[str]:
        yield current_principal().id

    def endpoint(request: Request) -> Response:
        return StreamingResponse(parts() if request.method == "GET" else blocking_parts())

    caller = app_of(Route("/stream", endpoint, methods=["GET", "POST"]))
    assert [caller("/stream", ANN, method=method).body for method in ("GET", "POST")] == [b"annann", b"ann"]


def test_refusal_within_a_stream() -> None:
    """A guard that refuses within the body cannot be answered any more: the exception goes to the server."""

    async def parts() -> AsyncIterator[str]:
        yield "first"
        yield current_principal().id

    async def endpoint(request: Request) -> Response:
        return StreamingResponse(parts())

    with pytest.raises(RuntimeError, match="response already started"):
        app_of(Route("/stream", endpoint))("/stream", NOBODY)


@pytest.mark.parametrize("blocking", [False, True], ids=["awaiting", "blocking"])
def test_background_task(*, blocking: bool) -> None:
    """A background task still knows for whom it works."""
    seen: list[Principal | None] = []

    async def awaiting_task() -> None:
        seen.append(find_principal())

    def blocking_task() -> None:
        seen.append(find_principal())

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("", background=BackgroundTask(blocking_task if blocking else awaiting_task))

    app_of(Route("/later", endpoint))("/later", ANN)
    assert [principal and principal.id for principal in seen] == ["ann"]


def test_next_request_is_its_own() -> None:
    """After an authenticated request the next one on the same task is anonymous."""
    caller = app_of()

    async def calls() -> list[Answer]:
        return [await caller.call("/show", headers) for headers in (ANN, NOBODY)]

    assert [answer.body for answer in asyncio.run(calls())] == [b"ann", b"nobody"]


class Passing(BaseHTTPMiddleware):
    """Pass everything on, as Starlette's function middleware does: through another task."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["x-user"] = getattr(request.scope.get("user"), "display_name", "-")
        return response


@pytest.mark.parametrize("outside", [False, True], ids=["within", "outside"])
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/read", ANN, 200),
        ("/read-blocking", ANN, 200),
        ("/read", NOBODY, 401),
        ("/write", ANN, 403),
        ("/read", UNKNOWN, 401),
    ],
    ids=["accepted", "accepted-blocking", "absent", "lacking", "unknown"],
)
def test_base_http_middleware(path: str, headers: Any, status: int, *, outside: bool) -> None:
    """A function middleware on either side changes nothing of the answer."""
    app = Starlette(routes=ROUTES)
    stack: list[Any] = [Middleware(AuthMiddleware, authenticator=open_house()), Middleware(Passing)]
    for middleware in stack if outside else reversed(stack):
        app.add_middleware(middleware.cls, *middleware.args, **middleware.kwargs)
    answer, expected = ASGICaller(app)(path, headers), app_of()(path, headers)
    assert (answer.status, answer.refusal()) == (status, expected.refusal())


def test_compression_within() -> None:
    """A middleware that holds the start of the response back does not change a refusal."""
    app = Starlette(routes=ROUTES)
    app.add_middleware(GZipMiddleware, minimum_size=1)
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    assert ASGICaller(app)("/read", NOBODY).refusal() == app_of()("/read", NOBODY).refusal()


def test_cors_preflight_passes() -> None:
    """A preflight, which browsers send without a credential, reaches the CORS middleware behind ours."""
    app = Starlette(routes=ROUTES)
    app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"], allow_headers=["Authorization"])
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    preflight = [("Origin", b"https://a.example"), ("Access-Control-Request-Method", b"GET")]
    assert ASGICaller(app)("/read", preflight, method="OPTIONS").status == 200


def test_request_user_and_auth() -> None:
    """The request has the principal as its user, and the scopes in its auth."""

    async def endpoint(request: Request) -> Response:
        user = request.user
        facts = [user.is_authenticated, user.display_name, user.identity, list(request.auth.scopes)]
        return JSONResponse(facts)

    answer = app_of(Route("/user", endpoint))("/user", ANN)
    assert answer.body == b'[true,"ann","tests||user|ann",["authenticated","files:*","reports:read"]]'


def test_request_user_of_nobody() -> None:
    """Without a credential the request has Starlette's own unauthenticated user."""

    async def endpoint(request: Request) -> Response:
        return JSONResponse([request.user.is_authenticated, request.user.display_name, request.auth.scopes])

    assert app_of(Route("/user", endpoint))("/user", NOBODY).body == b'[false,"",[]]'


@pytest.mark.parametrize(
    ("needs", "headers", "status"),
    [
        ("authenticated", ANN, 200),
        ("reports:read", ANN, 200),
        ("files:write", ANN, 200),
        (["files:write", "reports:read"], ANN, 200),
        ("reports:write", ANN, 403),
        ("authenticated", NOBODY, 403),
        ("authenticated", UNKNOWN, 401),
    ],
    ids=["authenticated", "scope", "wildcard", "both", "lacking", "absent", "unknown"],
)
@pytest.mark.parametrize("blocking", [False, True], ids=["awaiting", "blocking"])
def test_starlette_requires(needs: Any, headers: Any, status: int, *, blocking: bool) -> None:
    """Starlette's own guard works on what we grant, a trailing `*` included, and answers in its own way."""

    async def awaiting(request: Request) -> Response:
        return PlainTextResponse("in")

    def waiting(request: Request) -> Response:
        return PlainTextResponse("in")

    endpoint = starlette_requires(needs)(waiting if blocking else awaiting)
    assert app_of(Route("/theirs", endpoint))("/theirs", headers).status == status


def test_starlette_requires_redirects() -> None:
    """Starlette's own guard may still redirect."""
    endpoint = starlette_requires("authenticated", redirect="login")(show)
    answer = app_of(Route("/theirs", endpoint), Route("/login", show, name="login"))("/theirs", NOBODY)
    assert answer.status == 303


@pytest.mark.parametrize("scope", [None, 1, b"reports:read"], ids=str)
def test_granted_scopes_hold_only_strings(scope: object) -> None:
    """What is no string is no scope that was granted, not even by `*`."""
    assert scope not in GrantedScopes(["*"])


class Session(AuthenticationBackend):
    """Be another way to log in."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser]:
        return AuthCredentials(["session"]), SimpleUser("sam")


@pytest.mark.parametrize(("headers", "user"), [(NOBODY, b"sam"), (ANN, b"ann")], ids=["absent", "ours"])
def test_another_login(headers: Any, user: bytes) -> None:
    """A user whom another middleware has found stays where no credential of ours was sent, and gives way to one."""

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(request.user.display_name)

    app = Starlette(routes=[Route("/user", endpoint)])
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    app.add_middleware(AuthenticationMiddleware, backend=Session())
    assert ASGICaller(app)("/user", headers).body == user


def test_another_login_is_nobody_to_our_guard() -> None:
    """A user whom another middleware has found is not one whom our guard knows."""
    app = Starlette(routes=ROUTES)
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    app.add_middleware(AuthenticationMiddleware, backend=Session())
    assert ASGICaller(app)("/read", NOBODY).status == 401


def test_another_login_and_a_bad_credential() -> None:
    """A bad credential is refused, whoever else the caller is."""
    app = Starlette(routes=ROUTES)
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    app.add_middleware(AuthenticationMiddleware, backend=Session())
    assert ASGICaller(app)("/show", UNKNOWN).status == 401


def test_optional_login() -> None:
    """An endpoint that catches the refusal of `current_principal` answers as it likes."""

    async def endpoint(request: Request) -> Response:
        try:
            return PlainTextResponse(current_principal().id)
        except (HTTPException, AuthError):
            return PlainTextResponse("welcome, whoever you are")

    assert app_of(Route("/hello", endpoint))("/hello", NOBODY).body == b"welcome, whoever you are"


def test_bug_after_an_optional_login() -> None:
    """An endpoint that catches the refusal and then fails for a reason of its own has failed: nothing hides that."""

    async def endpoint(request: Request) -> Response:
        with suppress(HTTPException):
            current_principal()
        raise LookupError("a bug in the application")

    with pytest.raises(LookupError, match="a bug in the application"):
        app_of(Route("/hello", endpoint))("/hello", NOBODY)
