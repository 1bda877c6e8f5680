"""FastAPI's OpenAPI document tells what the application takes, however the middleware was added."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.openapi.models import OpenAPI
from fastapi.openapi.utils import get_openapi
from fastapi.security import APIKeyHeader
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from authmux import APIKeyVerifier, Authenticator, ConfigurationError, PATVerifier, Peppers, TokenFormat, User
from authmux.fastapi import AuthMiddleware, CurrentPrincipal, OptionalPrincipal, describe, install, requires
from authmux.stores.memory import MemoryStore
from tests.faces.callers import ASGICaller
from tests.faces.test_lost_guards import started

Json = dict[str, Any]

BOTH = [{"APIKey": ["reports:read"]}, {"PersonalAccessToken": ["reports:read"]}]
UNFINISHED = {"authmux": ["reports:read"]}


def new_authenticator() -> Authenticator:
    """Return one that takes keys and personal access tokens."""
    tokens = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"p" * 32}))
    store = MemoryStore()
    return Authenticator(APIKeyVerifier(store, tokens), PATVerifier(store, tokens))


def read_route(router: APIRouter) -> None:
    """Add the operation that every test looks at."""

    @router.get("/read")
    @requires("reports:read")
    async def read(principal: CurrentPrincipal) -> str:
        return principal.id


def new_app(**options: Any) -> FastAPI:
    """Return an application with that operation, and without the middleware."""
    app = FastAPI(**options)
    read_route(app.router)
    return app


def by_class(**options: Any) -> FastAPI:
    """Add the middleware as FastAPI's users do."""
    app = new_app()
    app.add_middleware(AuthMiddleware, authenticator=new_authenticator(), **options)
    return app


def installed(**options: Any) -> FastAPI:
    """Add the middleware by our own verb."""
    app = new_app()
    install(app, new_authenticator(), **options)
    return app


def at_construction(**options: Any) -> FastAPI:
    """Hand the middleware to the application's constructor."""
    return new_app(middleware=[Middleware(AuthMiddleware, authenticator=new_authenticator(), **options)])


def behind_others(**options: Any) -> FastAPI:
    """Have other middlewares on both sides."""
    app = new_app()
    app.add_middleware(CORSMiddleware)
    app.add_middleware(AuthMiddleware, authenticator=new_authenticator(), **options)
    app.add_middleware(CORSMiddleware)
    return app


class Opaque:
    """A middleware that does not show what is behind it."""

    def __init__(self, app: Any) -> None:
        self._behind = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._behind(scope, receive, send)


def before_opaque(**options: Any) -> FastAPI:
    """Have a middleware behind ours that does not show what it stands before."""
    app = new_app()
    app.add_middleware(Opaque)
    app.add_middleware(AuthMiddleware, authenticator=new_authenticator(), **options)
    return app


def wrapped(**options: Any) -> Any:
    """Put the middleware around the application, with another one between."""
    return AuthMiddleware(CORSMiddleware(new_app()), authenticator=new_authenticator(), **options)


def included(**options: Any) -> FastAPI:
    """Include the router after the middleware was installed."""
    app = FastAPI()
    install(app, new_authenticator(), **options)
    router = APIRouter()
    read_route(router)
    app.include_router(router)
    return app


WAYS = [by_class, installed, at_construction, behind_others, before_opaque, wrapped, included]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Give each way to add the middleware."""
    return request.param  # type: ignore[no-any-return]


def served(app: Any, path: str = "/openapi.json") -> Json:
    """Return the document as callers get it."""
    found: Json = json.loads(ASGICaller(app)(path).body)
    return found


def security(document: Json, path: str = "/read") -> Any:
    """Return the alternatives of an operation."""
    return document["paths"][path]["get"].get("security")


def test_served(way: Callable[..., Any]) -> None:
    """A server that knows nothing of lifespan serves the finished document with its first answer."""
    assert security(served(way())) == BOTH


def test_served_after_a_start(way: Callable[..., Any]) -> None:
    """After a start the document is finished as well."""
    app = way()
    started(app)
    assert security(served(app)) == BOTH


def test_options(way: Callable[..., Any]) -> None:
    """The places where a credential may stand are told."""
    schemes = served(way(api_key_header="X-API-Key", basic=True))["components"]["securitySchemes"]
    assert list(schemes) == ["APIKey", "PersonalAccessToken", "X-API-Key", "Basic"]


def test_required() -> None:
    """Where a credential is required, an operation without a guard asks for one, but on public paths."""
    app = by_class(required=True, public=["/health", "/openapi.json"])
    app.get("/health")(lambda: "up")
    app.get("/rest")(lambda: "rest")
    document = served(app)
    assert security(document, "/health") is None
    assert security(document, "/rest") == [{"APIKey": []}, {"PersonalAccessToken": []}]


@pytest.mark.parametrize("way", [installed, included, at_construction])
def test_exported(way: Callable[..., FastAPI]) -> None:
    """A script that never serves the application writes the finished document."""
    app = way()
    describe(app)
    assert security(app.openapi()) == BOTH


def test_exported_after_install() -> None:
    """After `install` there is nothing to be done for that."""
    assert security(installed().openapi()) == BOTH


def test_exported_from_within() -> None:
    """Nor is there with the middleware around the application."""
    app = new_app()
    AuthMiddleware(app, authenticator=new_authenticator())
    assert security(app.openapi()) == BOTH


def test_exported_unfinished() -> None:
    """An application that never met its middleware shows one scheme for everything, and the scopes."""
    document = by_class().openapi()
    assert UNFINISHED in security(document)
    assert document["components"]["securitySchemes"]["authmux"]["scheme"] == "bearer"


def test_nothing_to_describe() -> None:
    """An application without the middleware cannot be described."""
    with pytest.raises(ConfigurationError, match="no AuthMiddleware"):
        describe(new_app())


def test_generated_once() -> None:
    """The finished document is made once, and kept where FastAPI keeps it."""
    app = installed()
    assert app.openapi() is app.openapi() is app.openapi_schema


def test_changes_by_the_application_stay() -> None:
    """What the application writes into its document stays there."""
    app = installed()
    app.openapi()["info"]["x-logo"] = "acme.svg"
    assert served(app)["info"]["x-logo"] == "acme.svg"


def test_routes_that_come_later() -> None:
    """An operation that comes after the document was made is in the next one."""
    app = installed()
    app.openapi()
    app.openapi_schema = None  # as FastAPI's manual has it; newer versions notice by themselves
    app.get("/later")(requires("reports:read")(lambda: "later"))
    assert security(app.openapi(), "/later") == BOTH


def own_openapi(app: FastAPI) -> Callable[[], Json]:
    """Return a function as FastAPI's manual has it for documents of one's own."""

    def openapi() -> Json:
        if not app.openapi_schema:
            app.openapi_schema = get_openapi(title="own", version="1", routes=app.routes)
        return app.openapi_schema

    return openapi


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_own_openapi(after: bool) -> None:
    """An application that generates its document itself has that one finished."""
    app = new_app()
    if after:
        install(app, new_authenticator())
    app.openapi = own_openapi(app)  # type: ignore[method-assign]
    if not after:
        install(app, new_authenticator())
    document = served(app)
    assert (document["info"]["title"], security(document)) == ("own", BOTH)


def test_own_openapi_that_keeps_nothing() -> None:
    """An application that generates its document anew each time has each one finished."""
    app = new_app()
    app.openapi = lambda: get_openapi(title="own", version="1", routes=app.routes)  # type: ignore[method-assign]
    install(app, new_authenticator())
    assert [security(served(app)), security(served(app))] == [BOTH, BOTH]


def test_own_openapi_around_ours() -> None:
    """An application that changes our document has its way, and the document is not finished twice."""
    app = installed()
    ours = app.openapi
    app.openapi = lambda: {**ours(), "x-own": True}  # type: ignore[method-assign]
    document = served(app)
    assert (document["x-own"], security(document)) == (True, BOTH)


def test_mounted() -> None:
    """The document of a mounted application tells what the one around it takes, on its public paths too."""
    inner = FastAPI()
    inner.get("/open")(lambda: "open")
    inner.get("/rest")(lambda: "rest")
    app = FastAPI()
    install(app, new_authenticator(), required=True, public=["/v1/open", "/v1/openapi.json"])
    app.mount("/v1", inner)
    document = served(app, "/v1/openapi.json")
    assert [security(document, path) for path in ("/open", "/rest")] == [
        None,
        [{"APIKey": []}, {"PersonalAccessToken": []}],
    ]


def test_mounted_with_its_own() -> None:
    """A mounted application with a middleware of its own tells what that takes."""
    app = FastAPI()
    install(app, new_authenticator())
    app.mount("/v1", by_class(api_key_header="X-API-Key"))
    app.mount("/v2", by_class())
    started(app)
    documents = [served(app, f"/{version}/openapi.json") for version in ("v1", "v2")]
    assert [len(each["components"]["securitySchemes"]) for each in documents] == [3, 2]


def test_mounted_in_starlette() -> None:
    """It is the same in an application of Starlette's."""
    app = Starlette(routes=[Mount("/v1", new_app())])
    app.add_middleware(AuthMiddleware, authenticator=new_authenticator())
    assert security(served(app, "/v1/openapi.json")) == BOTH


def test_middleware_of_some_routes() -> None:
    """A middleware before some routes says nothing of the others."""
    app = new_app()
    middleware = Middleware(AuthMiddleware, authenticator=new_authenticator(), required=True)
    app.router.routes.append(Mount("/some", routes=[], middleware=[middleware]))
    ASGICaller(app)("/some/where")
    assert UNFINISHED in security(served(app))


def test_server_prefix() -> None:
    """The prefix at which an application is mounted is told as without us."""
    app = FastAPI()
    app.mount("/v1", installed())
    assert served(app, "/v1/openapi.json")["servers"] == [{"url": "/v1"}]


def test_kinds_and_classes() -> None:
    """An operation lists the ways that its guards leave open."""
    app = installed()
    app.get("/users")(requires("reports:read", principals=User)(lambda: "in"))
    app.get("/keys")(requires("reports:read")(requires(kinds="key")(lambda: "in")))
    document = app.openapi()
    assert [security(document, path) for path in ("/users", "/keys")] == [BOTH[1:], BOTH[:1]]


def test_guard_that_others_depend_on() -> None:
    """A guard among the dependencies of a router counts."""

    @requires("reports:read")
    async def read_only() -> None: ...

    app = FastAPI(dependencies=[Depends(read_only)])
    app.get("/all")(lambda: "all")
    install(app, new_authenticator())
    assert security(app.openapi(), "/all") == BOTH


def test_principals() -> None:
    """Who asks for the principal asks for a credential; who takes one if there is one, does not."""
    app = FastAPI()
    install(app, new_authenticator())

    @app.get("/me")
    async def me(principal: CurrentPrincipal) -> str:
        return principal.id

    @app.get("/maybe")
    async def maybe(principal: OptionalPrincipal) -> str:
        return principal.id if principal else ""

    any_credential: list[Json] = [{"APIKey": []}, {"PersonalAccessToken": []}]
    document = app.openapi()
    assert [security(document, path) for path in ("/me", "/maybe")] == [any_credential, [*any_credential, {}]]


def test_other_ways_in() -> None:
    """The application's own way to authenticate stays in the document."""
    app = FastAPI()
    install(app, new_authenticator())
    partners = APIKeyHeader(name="X-Partner")

    @app.get("/partners")
    @requires("reports:read")
    async def read(partner: str = Security(partners)) -> str:
        return partner

    document = app.openapi()
    assert {"APIKeyHeader": []} in security(document, "/partners")
    assert document["components"]["securitySchemes"]["APIKeyHeader"]["name"] == "X-Partner"


def test_hidden_operations_stay_hidden() -> None:
    """An operation that is not to be shown is not."""
    app = installed()
    app.get("/hidden", include_in_schema=False)(requires("reports:read")(lambda: "hidden"))
    assert "/hidden" not in app.openapi()["paths"]


def test_well_formed() -> None:
    """FastAPI's own model of OpenAPI reads the document, and finds in it what stands there."""
    document = installed(api_key_header="X-API-Key", basic=True).openapi()
    read = OpenAPI.model_validate(document)
    assert read.components is not None
    assert set(read.components.securitySchemes or ()) == {"APIKey", "PersonalAccessToken", "X-API-Key", "Basic"}
