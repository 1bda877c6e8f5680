"""The FastAPI face: the guard comes before validation, and shows in the schema."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Body, Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import Mount

from authmux import Authenticator, ConfigurationError, User, asgi, find_principal
from authmux.fastapi import AuthMiddleware, CurrentPrincipal, OptionalPrincipal, current_principal, install, requires
from tests.faces import string_annotations
from tests.faces.callers import Answer, ASGICaller, Headers, http_scope
from tests.faces.verifiers import ANN, BUG, NOBODY, UNKNOWN, UserVerifier, open_house

JSON = (("Content-Type", b"application/json"),)


class Report(BaseModel):
    """What is posted."""

    title: str


def read_routes(router: APIRouter) -> None:
    """Add the endpoints that every way of adding the middleware is tried on."""

    @router.get("/read")
    @requires("reports:read")
    async def read(principal: CurrentPrincipal) -> str:
        return principal.id

    @router.get("/read-blocking")
    @requires("reports:read")
    def read_blocking(principal: CurrentPrincipal) -> str:
        return principal.id

    @router.get("/write")
    @requires("reports:write")
    async def write() -> str:
        return "written"

    @router.post("/post")
    @requires("reports:read")
    async def post(report: Report) -> str:
        return report.title

    @router.get("/fail")
    @requires("reports:read")
    async def fail() -> str:
        raise LookupError("a bug in the application")


def new_app(**options: Any) -> FastAPI:
    """Return an application with these endpoints and without the middleware."""
    app = FastAPI(**options)
    read_routes(app.router)
    return app


def added_by_class(**options: Any) -> Any:
    """Add the middleware as FastAPI's users do."""
    app = new_app(**options)
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    return app


def installed(**options: Any) -> Any:
    """Add the middleware by our own verb."""
    app = new_app(**options)
    install(app, open_house())
    return app


def wrapped_outside(**options: Any) -> Any:
    """Put the middleware around the whole application."""
    return AuthMiddleware(new_app(**options), authenticator=open_house())


def twice(**options: Any) -> Any:
    """Put the middleware within and around the application."""
    authenticator = open_house()
    app = new_app(**options)
    install(app, authenticator)
    install(app, authenticator)
    return AuthMiddleware(app, authenticator=authenticator)


def plain_outside(**options: Any) -> Any:
    """Put the plain ASGI face around an application that has ours within."""
    authenticator = open_house()
    app = new_app(**options)
    install(app, authenticator)
    return asgi.AuthMiddleware(app, authenticator=authenticator)


def included(**options: Any) -> Any:
    """Have the endpoints in a router of their own."""
    router = APIRouter()
    read_routes(router)
    app = FastAPI(**options)
    app.include_router(router)
    install(app, open_house())
    return app


def mounted(**options: Any) -> Any:
    """Put the middleware around an application, and the endpoints into one that is mounted there."""
    app = FastAPI(**options)
    app.mount("/", new_app(**options))
    install(app, open_house())
    return app


def within_mounted(**options: Any) -> Any:
    """Put the middleware into a mounted application."""
    app = FastAPI(**options)
    app.mount("/", added_by_class(**options))
    return app


WAYS = [added_by_class, installed, wrapped_outside, twice, plain_outside, included, mounted, within_mounted]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Give each way to add the middleware."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def app() -> FastAPI:
    """Give an application with the middleware and without endpoints."""
    app = FastAPI()
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    return app


def post(app: Any, path: str, body: bytes, headers: Headers = NOBODY) -> Answer:
    """Send JSON, or what pretends to be."""
    return ASGICaller(app)(path, [*headers, *JSON], method="POST", body=body)


OWN_HANDLERS: dict[str, dict[Any, Any]] = {
    "none": {},
    "of-statuses": {
        401: lambda request, error: PlainTextResponse("my own 401", 401),
        403: lambda request, error: PlainTextResponse("my own 403", 403),
    },
    "of-http-exceptions": {HTTPException: lambda request, error: PlainTextResponse("my own", error.status_code)},
    "of-validation": {RequestValidationError: lambda request, error: PlainTextResponse("my own 400", 400)},
    "of-all-exceptions": {Exception: lambda request, error: PlainTextResponse("my own 500", 500)},
}


@pytest.mark.parametrize("handlers", OWN_HANDLERS.values(), ids=OWN_HANDLERS.keys())
@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
def test_same_bytes(way: Callable[..., Any], handlers: dict[Any, Any], *, debug: bool) -> None:
    """However the middleware was added, and whatever handlers the application has, refusals are the same bytes."""
    expected, caller = ASGICaller(added_by_class()), ASGICaller(way(debug=debug, exception_handlers=handlers))
    requests = [("/read", NOBODY), ("/write", NOBODY), ("/write", ANN), ("/read-blocking", NOBODY), ("/read", UNKNOWN)]
    assert [caller(*each).refusal() for each in requests] == [expected(*each).refusal() for each in requests]


@pytest.mark.parametrize("path", ["/read", "/read-blocking"])
def test_accepts(way: Callable[..., Any], path: str) -> None:
    """However the middleware was added, endpoints that await and that block have their caller."""
    answer = ASGICaller(way())(path, ANN)
    assert (answer.status, answer.body) == (200, b'"ann"')


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"title": 1}', b""], ids=["no-json", "empty", "wrong-type", "nothing"])
def test_refused_before_the_body_is_validated(way: Callable[..., Any], body: bytes) -> None:
    """Who may not come is not told what is wrong with his body."""
    assert post(way(), "/post", body).status == 401


def test_refused_before_the_body_is_read(way: Callable[..., Any]) -> None:
    """The body of somebody who may not come is not even read."""
    received: list[str] = []

    async def receive() -> Any:
        received.append("a part of the body")
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None: ...

    asyncio.run(way()(http_scope("/post", JSON, method="POST"), receive, send))
    assert received == []


def test_good_caller_with_a_bad_body(way: Callable[..., Any]) -> None:
    """Who may come is told what is wrong with his body."""
    assert post(way(), "/post", b"{", ANN).status == 422


def test_good_caller_with_a_good_body(way: Callable[..., Any]) -> None:
    """Who may come is let in, and his body is whole."""
    assert post(way(), "/post", b'{"title": "t"}', ANN).body == b'"t"'


def test_guard_and_nothing_else(app: FastAPI) -> None:
    """An endpoint that takes a body and asks for no principal is guarded before the body is read."""

    @app.post("/raw")
    @requires("reports:write")
    async def raw(number: Annotated[int, Body()]) -> int:
        return number

    statuses = [post(app, "/raw", b"nonsense", headers).status for headers in (NOBODY, ANN)]
    assert statuses == [401, 403]


@pytest.mark.parametrize("query", ["?page=x", ""], ids=["wrong-type", "missing"])
def test_refused_before_the_query_is_validated(app: FastAPI, query: str) -> None:
    """Who may not come is not told what is wrong with his query."""

    @app.get("/pages")
    @requires("reports:read")
    async def pages(page: int) -> int:
        return page

    assert [ASGICaller(app)(f"/pages{query}", headers).status for headers in (NOBODY, ANN)] == [401, 422]


def test_refused_when_another_middleware_has_read_the_body() -> None:
    """Who may not come is not told what is wrong with his body, though another middleware has read it already."""
    app = new_app()

    async def log_body(request: Request, call_next: Any) -> Any:
        await request.body()
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=log_body)
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    assert post(app, "/post", b"{").status == 401


def test_body_that_only_a_dependency_asks_for(app: FastAPI) -> None:
    """The guard also comes before a body that a dependency of the endpoint takes."""

    def title(report: Report) -> str:
        return report.title

    @app.post("/titles")
    @requires("reports:write")
    async def titles(title: Annotated[str, Depends(title)]) -> str:
        return title

    assert [post(app, "/titles", b"{", headers).status for headers in (NOBODY, ANN)] == [401, 403]


def test_dependencies_run_after_the_guard(app: FastAPI) -> None:
    """What an endpoint depends on is not run for somebody who may not come, wherever it stands in the signature."""
    ran: list[str] = []

    def costly() -> str:
        ran.append("costly")
        return ""

    @app.get("/costly")
    @requires("reports:write")
    async def endpoint(first: Annotated[str, Depends(costly)], principal: CurrentPrincipal) -> str:
        return first

    assert (ASGICaller(app)("/costly", ANN).status, ran) == (403, [])


def test_dependencies_have_the_principal(app: FastAPI) -> None:
    """A dependency may ask who is calling, whether it awaits or blocks."""

    def blocking(principal: CurrentPrincipal) -> str:
        return principal.id + current_principal().id

    async def awaiting(first: Annotated[str, Depends(blocking)]) -> str:
        return first + current_principal().id

    @app.get("/names")
    async def names(name: Annotated[str, Depends(awaiting)]) -> str:
        return name

    assert ASGICaller(app)("/names", ANN).body == b'"annannann"'


def test_current_principal_without_guard(app: FastAPI) -> None:
    """A parameter that asks for the principal refuses where there is none, with the usual bytes."""

    @app.get("/me")
    async def me(principal: CurrentPrincipal) -> str:
        return principal.id

    answer = ASGICaller(app)("/me", NOBODY)
    assert (answer.status, answer.header("www-authenticate")) == (401, 'Bearer realm="api"')


@pytest.mark.parametrize(("headers", "name"), [(ANN, b'"ann"'), (NOBODY, b'"nobody"')], ids=["accepted", "absent"])
def test_optional_principal(app: FastAPI, headers: Headers, name: bytes) -> None:
    """A parameter that asks for the principal, if there is one, receives it or None."""

    @app.get("/me")
    async def me(principal: OptionalPrincipal) -> str:
        return principal.id if principal else "nobody"

    assert ASGICaller(app)("/me", headers).body == name


def test_optional_principal_and_a_bad_credential(app: FastAPI) -> None:
    """A bad credential is never taken for none."""

    @app.get("/me")
    async def me(principal: OptionalPrincipal) -> str:
        return "in"

    assert ASGICaller(app)("/me", UNKNOWN).status == 401


def test_string_annotations(app: FastAPI) -> None:
    """Annotations that are strings mean what they mean without the guard."""
    string_annotations.add_to(app)
    answer = post(app, "/strings", b'{"title": "t"}', ANN)
    assert json.loads(answer.body) == {"title": "t", "by": "ann", "page": 1}


def test_classes_of_principals(app: FastAPI) -> None:
    """The guard takes classes and kinds here as everywhere."""

    @app.get("/users")
    @requires(principals=User, kinds="key")
    async def users() -> str:
        return "in"

    assert json.loads(ASGICaller(app)("/users", ANN).body)["allowed"] == ["key"]


def test_several_guards(app: FastAPI) -> None:
    """Two guards on one endpoint must both let the caller in."""

    @app.get("/both")
    @requires("reports:read")
    @requires("reports:write")
    async def both() -> str:
        return "in"

    assert ASGICaller(app)("/both", ANN).status == 403


def test_guard_on_a_method(app: FastAPI) -> None:
    """A method of an object is guarded like a function."""

    class Service:
        @requires("reports:read")
        async def show(self, principal: CurrentPrincipal, page: int = 1) -> str:
            return f"{principal.id} {page}"

    app.get("/service")(Service().show)
    assert ASGICaller(app)("/service?page=2", ANN).body == b'"ann 2"'


class Numbers:
    """Endpoints that are no plain functions."""

    @requires("reports:write")
    def blocking(self, number: Annotated[int, Body()]) -> int:
        return number

    @requires("reports:write")
    async def awaiting(self, number: Annotated[int, Body()]) -> int:
        return number

    @requires("reports:write")
    async def __call__(self, number: Annotated[int, Body()]) -> int:
        return number

    @requires("reports:write")
    async def lines(self, number: Annotated[int, Body()]) -> AsyncIterator[str]:
        yield str(number)

    @staticmethod
    @requires("reports:write")
    def static(number: Annotated[int, Body()]) -> int:
        return number


@requires("reports:write")
def scaled(by: int, number: Annotated[int, Body()]) -> int:
    """Take an argument that a `partial` gives."""
    return by * number


@functools.cache
def numbers() -> FastAPI:
    """Return an application that takes a number in every way."""
    app = FastAPI()
    install(app, open_house())

    @requires("reports:write")
    def writers() -> None: ...

    async def read_body(request: Request) -> bytes:
        return await request.body()

    def take(number: Annotated[int, Body()]) -> int:
        return number

    routers = {
        "router-guard": APIRouter(dependencies=[Depends(writers)]),
        "router-reads-body": APIRouter(dependencies=[Depends(read_body)]),
        "included-guard": APIRouter(),
    }
    routers["router-guard"].post("/router-guard")(take)
    routers["router-reads-body"].post("/router-reads-body")(requires("reports:write")(take))
    routers["included-guard"].post("/included-guard")(take)
    for name, router in routers.items():
        app.include_router(router, dependencies=[Depends(writers)] if name == "included-guard" else [])
    app.post("/blocking-method")(Numbers().blocking)
    app.post("/awaiting-method")(Numbers().awaiting)
    app.post("/static-method")(Numbers.static)
    app.post("/object")(Numbers())
    app.post("/yielding-method", response_model=None)(Numbers().lines)
    app.post("/partial")(functools.partial(scaled, by=2))
    app.post("/partial-of-partial")(functools.partial(functools.partial(scaled), by=2))
    app.post("/guarded-dependency", dependencies=[Depends(writers)])(take)
    app.post("/dependency-reads-body", dependencies=[Depends(read_body)])(requires("reports:write")(take))
    return app


SHAPES = (
    "blocking-method", "awaiting-method", "static-method", "object", "yielding-method", "partial",
    "partial-of-partial", "guarded-dependency", "dependency-reads-body", "router-guard", "router-reads-body",
    "included-guard",
)  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("body", [b"{", b'"x"', b"1"], ids=["no-json", "wrong-type", "good"])
def test_every_shape_refuses_before_the_body_is_validated(shape: str, body: bytes) -> None:
    """Whatever an endpoint is made of, and wherever its guard stands, who may not come learns only that."""
    assert [post(numbers(), f"/{shape}", body, headers).status for headers in (NOBODY, ANN)] == [401, 403]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_refuses_before_the_body_is_read(shape: str) -> None:
    """Nor is his body read."""

    async def receive() -> Any:
        raise AssertionError("the body is read")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(numbers()(http_scope(f"/{shape}", [*ANN, *JSON], method="POST"), receive, send))
    assert sent[0]["status"] == 403


def test_principal_is_asked_for_before_the_body_is_validated(app: FastAPI) -> None:
    """An endpoint that only asks for its principal refuses before it tells what is wrong with a body."""

    @app.post("/mine")
    async def mine(principal: CurrentPrincipal, number: Annotated[int, Body()]) -> int:
        return number

    assert [post(app, "/mine", b"{", headers).status for headers in (NOBODY, ANN)] == [401, 422]


def test_guard_that_a_test_overrides(app: FastAPI) -> None:
    """A guarded dependency that a test has replaced is not asked."""

    @requires("reports:write")
    def writers() -> None: ...

    @app.post("/tested", dependencies=[Depends(writers)])
    async def tested(number: Annotated[int, Body()]) -> int:
        return number

    app.dependency_overrides[writers] = lambda: None
    assert post(app, "/tested", b"1").body == b"1"


def test_body_in_parts(app: FastAPI) -> None:
    """A body that comes in parts is whole."""

    @app.post("/upload")
    @requires("reports:read")
    async def upload(request: Request) -> int:
        return len(await request.body())

    parts = [{"type": "http.request", "body": b"xx", "more_body": more} for more in (False, True, True)]
    sent: list[Any] = []

    async def receive() -> Any:
        return parts.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(http_scope("/upload", ANN, method="POST"), receive, send))
    assert sent[1]["body"] == b"6"


def test_direct_call_of_a_guarded_endpoint() -> None:
    """A guarded endpoint that is called directly, without a request, refuses (K-93)."""

    @requires("reports:read")
    def read() -> str:
        return "in"

    with pytest.raises(ConfigurationError, match="K-93"):
        read()


def test_no_middleware() -> None:
    """A guard that no middleware stands before refuses: 500, and a sentence for the operator (K-93)."""
    with pytest.raises(ConfigurationError, match="K-93"):
        ASGICaller(new_app())("/read", ANN)


@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
def test_bug_in_application(way: Callable[..., Any], *, debug: bool) -> None:
    """An exception of the endpoint stays one, after the caller was let in."""
    with pytest.raises(LookupError, match="a bug in the application"):
        ASGICaller(way(debug=debug))("/fail", ANN)


def test_bug_in_verifier() -> None:
    """A bug in a verifier is a 500, and the application is never reached."""
    with pytest.raises(RuntimeError, match="a bug in a verifier"):
        ASGICaller(added_by_class())("/read", BUG)


def test_own_refusal_of_the_application(app: FastAPI) -> None:
    """A 401 that the application raises for reasons of its own stays as it is."""

    @app.get("/sunday")
    async def sunday() -> str:
        raise HTTPException(401, "not on a Sunday", {"X-Day": "Sunday"})

    answer = ASGICaller(app)("/sunday", ANN)
    assert (answer.body, answer.header("x-day")) == (b'{"detail":"not on a Sunday"}', "Sunday")


def test_application_takes_care_itself() -> None:
    """A handler that turns the refusal into another status has its way."""
    app = added_by_class(exception_handlers={401: lambda request, error: RedirectResponse("/login")})
    answer = ASGICaller(app)("/read", NOBODY)
    assert (answer.status, answer.header("location")) == (307, "/login")


def test_streaming(app: FastAPI) -> None:
    """The principal is there while the body is made."""

    async def parts() -> AsyncIterator[str]:
        yield current_principal().id
        yield current_principal().id

    @app.get("/stream")
    @requires("reports:read")
    async def stream() -> StreamingResponse:
        return StreamingResponse(parts())

    assert ASGICaller(app)("/stream", ANN).body == b"annann"


def test_endpoint_that_yields(app: FastAPI) -> None:
    """An endpoint that is a generator streams what it yields, guarded as without."""

    @app.get("/lines")
    @requires("reports:read")
    async def lines() -> AsyncIterator[str]:
        yield current_principal().id
        yield "end"

    @app.get("/blocking-lines")
    @requires("reports:read")
    def blocking_lines() -> Iterator[str]:
        yield current_principal().id
        yield "end"

    caller = ASGICaller(app)
    assert [caller(path, ANN).body for path in ("/lines", "/blocking-lines")] == [b'"ann"\n"end"\n'] * 2
    assert [caller(path, NOBODY).status for path in ("/lines", "/blocking-lines")] == [401, 401]


def test_background_task(app: FastAPI) -> None:
    """A background task still knows for whom it works."""
    seen: list[str] = []

    def note() -> None:
        seen.append(current_principal().id)

    @app.get("/later")
    @requires("reports:read")
    async def later(tasks: BackgroundTasks) -> str:
        tasks.add_task(note)
        return ""

    ASGICaller(app)("/later", ANN)
    assert seen == ["ann"]


def test_dependency_that_yields(app: FastAPI) -> None:
    """What a dependency does after its `yield` still knows for whom."""
    seen: list[str] = []

    async def session() -> AsyncIterator[None]:
        yield
        principal = find_principal()
        seen.append(principal.id if principal else "nobody")

    @app.get("/session")
    async def endpoint(session: Annotated[None, Depends(session)]) -> str:
        return ""

    caller = ASGICaller(app)
    caller("/session", ANN)
    caller("/session", NOBODY)
    assert seen == ["ann", "nobody"]


def test_cors_preflight_passes() -> None:
    """A preflight, which browsers send without a credential, reaches the CORS middleware behind ours."""
    app = new_app()
    app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"], allow_headers=["Authorization"])
    app.add_middleware(AuthMiddleware, authenticator=open_house())
    preflight = [("Origin", b"https://a.example"), ("Access-Control-Request-Method", b"GET")]
    assert ASGICaller(app)("/read", preflight, method="OPTIONS").status == 200


def test_verifies_once() -> None:
    """A request is verified once, however often the endpoint asks for its principal."""
    verifier = UserVerifier()
    authenticator = Authenticator(verifier)
    app = new_app()
    install(app, authenticator)
    outer = FastAPI(routes=[Mount("/sub", app=app)])
    install(outer, authenticator)
    assert (ASGICaller(outer)("/sub/read", ANN).body, verifier.asked) == (b'"ann"', 1)


def test_openapi_shows_the_scheme() -> None:
    """The schema tells how a credential is sent."""
    schemes = new_app().openapi()["components"]["securitySchemes"]
    assert (schemes["authmux"]["type"], schemes["authmux"]["scheme"]) == ("http", "bearer")


def test_openapi_shows_the_scopes(app: FastAPI) -> None:
    """The schema tells which scopes an operation asks for, and none for one without a guard."""

    @app.get("/two")
    @requires("reports:read", "reports:write")
    async def two() -> None: ...

    @app.get("/open")
    async def open_to_all() -> None: ...

    paths = app.openapi()["paths"]
    assert paths["/two"]["get"]["security"] == [{"authmux": ["reports:read", "reports:write"]}]
    assert "security" not in paths["/open"]["get"]


def test_openapi_shows_nothing_else() -> None:
    """The guard adds no parameter to an operation, and takes none away."""
    paths = new_app().openapi()["paths"]
    assert "parameters" not in paths["/read"]["get"]
    assert paths["/post"]["post"]["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Report"
    }


def test_docstring_and_name_stay() -> None:
    """The guarded endpoint has the name and the description that it had."""

    @requires("reports:read")
    async def read() -> None:
        """Read it."""

    assert (read.__name__, read.__doc__) == ("read", "Read it.")
