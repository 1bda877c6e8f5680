"""Some routes ask the authorization server about a JWT too: what it has revoked since is refused there (B-65)."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from authmux import (
    Authenticator,
    ConfigurationError,
    IntrospectionVerifier,
    PATVerifier,
    PresentedCredential,
    TokenService,
    Unavailable,
    requires,
    run,
    system,
)
from authmux.fastapi import AuthMiddleware as FastAPIMiddleware
from authmux.fastapi import requires as fastapi_requires
from authmux.flask import AuthMiddleware as FlaskMiddleware
from authmux.guard import Requirement
from authmux.starlette import AuthMiddleware as StarletteMiddleware
from authmux.stores.memory import MemoryStore
from authmux.testing.manual_clock import ManualClock
from authmux.visit import Visit, current_visit
from tests.issuing.test_token_service import TOKENS
from tests.jose.token_maker import AUDIENCE, ISSUER, access_token, get_key, mint
from tests.verifying.introspection_house import GOOD, Server
from tests.verifying.jwt_door import es256_door

KEY = get_key("ES256")


@dataclass
class Scene:
    """An API that has a lax route and a strict one, and the server that the strict one asks."""

    server: Server = field(default_factory=lambda: Server(sub="subject-1", token_type="Bearer"))
    clock: ManualClock = field(default_factory=ManualClock)
    store: MemoryStore = field(default_factory=MemoryStore)

    @property
    def authenticator(self) -> Authenticator:
        """Return one that knows JWTs, PATs and the server."""
        return Authenticator(
            es256_door(clock=self.clock).verifier,
            PATVerifier(self.store, TOKENS, clock=self.clock),
            IntrospectionVerifier(self.server, issuer=ISSUER, audience=AUDIENCE, clock=self.clock),
            clock=self.clock,
        )


def _starlette(authenticator: Authenticator) -> Any:
    @requires("reports:read", introspect=True)
    async def strict(request: Any) -> Any:
        return _done()

    @requires("reports:read", introspect=True)
    def strict_too(request: Any) -> Any:
        return _done()

    @requires("reports:read")
    async def lax(request: Any) -> Any:
        return _done()

    routes = [Route("/strict", strict), Route("/blocking", strict_too), Route("/lax", lax)]
    app = Starlette(routes=routes)
    app.add_middleware(StarletteMiddleware, authenticator=authenticator)
    return app


def _done() -> PlainTextResponse:
    return PlainTextResponse("done")


def _fastapi(authenticator: Authenticator) -> Any:
    app = FastAPI()
    app.add_middleware(FastAPIMiddleware, authenticator=authenticator)

    @app.get("/strict")
    @fastapi_requires("reports:read", introspect=True)
    async def strict() -> str:
        return "done"

    @app.get("/blocking")
    @fastapi_requires("reports:read", introspect=True)
    def strict_too() -> str:
        return "done"

    @app.get("/lax")
    @fastapi_requires("reports:read")
    async def lax() -> str:
        return "done"

    return app


def _flask(authenticator: Authenticator) -> Any:
    app = Flask("strict")
    app.wsgi_app = FlaskMiddleware(app.wsgi_app, authenticator=authenticator)  # type: ignore[method-assign]

    @app.get("/strict")
    @requires("reports:read", introspect=True)
    def strict() -> str:
        return "done"

    @app.get("/blocking")
    @requires("reports:read", introspect=True)
    async def strict_too() -> str:
        return "done"

    @app.get("/lax")
    @requires("reports:read")
    def lax() -> str:
        return "done"

    return app


Get = Callable[[str, str], httpx.Response]
FACES = {"starlette": _starlette, "fastapi": _fastapi, "flask": _flask}


@pytest.fixture
def scene() -> Scene:
    """Give a scene."""
    return Scene()


@pytest.fixture(params=FACES)
def get(request: pytest.FixtureRequest, scene: Scene) -> Iterator[Get]:
    """Give a caller of each face in turn."""
    app = FACES[request.param](scene.authenticator)
    if request.param == "flask":
        with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://api") as client:
            yield lambda path, text: client.get(path, headers={"Authorization": f"Bearer {text}"})
        return

    async def call(path: str, text: str) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.get(path, headers={"Authorization": f"Bearer {text}"})

    yield lambda path, text: asyncio.run(call(path, text))


@pytest.mark.parametrize("path", ["/strict", "/blocking"])
def test_a_token_that_its_issuer_revoked(scene: Scene, get: Get, path: str) -> None:
    """B-65: it is refused where the route asks, with the challenge of a revoked token, and let in elsewhere."""
    text = mint(KEY)
    assert (get(path, text).status_code, scene.server.asked) == (200, [text])
    scene.server.says = {"active": False}
    scene.clock.advance(31)
    refused = get(path, text)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    assert get("/lax", text).status_code == 200


def test_the_answer_is_remembered_briefly(scene: Scene, get: Get) -> None:
    """B-65: within 30 seconds the server is asked once."""
    text = mint(KEY)
    for _ in range(3):
        get("/strict", text)
    assert len(scene.server.asked) == 1


def test_other_routes_ask_nobody(scene: Scene, get: Get) -> None:
    """B-65: only routes that want it cost a question."""
    assert get("/lax", mint(KEY)).status_code == 200
    assert scene.server.asked == []


def test_a_server_that_is_away(scene: Scene, get: Get) -> None:
    """K-24: what cannot be checked is 503, and never good."""
    scene.server.says = Unavailable("introspection_connect", retry_after=3)
    answer = get("/strict", mint(KEY))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")


def test_who_lacks_the_scope_causes_no_question(scene: Scene, get: Get) -> None:
    """B-65: what is refused anyway is refused without asking."""
    assert get("/strict", mint(KEY, access_token(scope="other:read"))).status_code == 403
    assert scene.server.asked == []


def test_a_key_of_ours(scene: Scene, get: Get) -> None:
    """B-65: a PAT is never shown to anybody; what the store says of it is true now."""
    service = TokenService(scene.store, TOKENS, clock=scene.clock)
    pat = service.issue_pat(user="ada", name="laptop", scopes=["reports:read"], by=system()).text
    assert get("/strict", pat).status_code == 200
    assert scene.server.asked == []


ANSWERS: dict[str, tuple[Mapping[str, Any], bool]] = {
    "another subject": ({"sub": "subject-2"}, False),
    "another client": ({"client_id": "client-2"}, False),
    "another token": ({"jti": "token-2"}, False),
    "another issuer": ({"iss": "https://other.example"}, False),
    "another audience": ({"aud": "https://other.example"}, False),
    "expired by its word": ({"exp": GOOD["exp"] - 3600}, False),
    "active as a text": ({"active": "true"}, False),
    "no subject": ({"sub": ...}, True),
    "no client": ({"client_id": ...}, True),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_about_somebody_else(scene: Scene, get: Get, name: str) -> None:
    """B-65: the server's answer must be about this caller; what it leaves out contradicts nothing."""
    changes, is_good = ANSWERS[name]
    scene.server.says = {**scene.server.says, **changes}
    assert get("/strict", mint(KEY)).status_code == (200 if is_good else 401)


def test_no_server_to_ask(scene: Scene) -> None:
    """B-65: a guard that wants what nobody set up refuses with a sentence (K-93), and lets nobody in."""
    door = es256_door(clock=scene.clock)
    text = mint(KEY)
    principal = door.admit(text)
    visit = Visit(principal, opened_by=door.authenticator, credential=PresentedCredential(text))
    token = current_visit.set(visit)
    try:
        with pytest.raises(ConfigurationError, match="IntrospectionVerifier for the issuer"):
            run(Requirement(introspect=True).confirm())
    finally:
        current_visit.reset(token)


def test_an_open_connection_asks_again(scene: Scene) -> None:
    """K-26: who came through such a guard is asked about again while a connection stays open."""
    authenticator, text = scene.authenticator, mint(KEY)
    credential = PresentedCredential(text)
    visit = Visit(run(authenticator.verify(credential)), opened_by=authenticator, credential=credential)
    token = current_visit.set(visit)
    try:
        requirement = Requirement(introspect=True, scopes=("reports:read",))
        requirement.enforce()
        run(requirement.confirm())
        assert run(visit.recheck())
        scene.server.says = {"active": False}
        scene.clock.advance(31)
        assert not run(visit.recheck())
    finally:
        current_visit.reset(token)
