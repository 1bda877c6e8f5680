"""`testing.as_principal` says who calls: by every client with which users test their applications."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.testclient import TestClient

from authmux import Client, InsufficientScope, Principal, User, current_principal, requires
from authmux.testing import as_principal
from authmux.visit import current_visit
from tests.faces.applications import ASGI_FACES, WSGI_FACES, describe
from tests.faces.verifiers import open_house

EVE = User(id="eve", issuer="tests", scopes=frozenset({"reports:read"}))
JOB = Client(id="job", issuer="tests")

Get = Callable[..., tuple[int, Any]]


def by_test_client(face: str) -> Get:
    """Call by Starlette's test client."""
    client = TestClient(ASGI_FACES[face](open_house()))

    def get(path: str, **headers: str) -> tuple[int, Any]:
        answer = client.get(path, headers=headers)
        return answer.status_code, answer.json().get("who")

    return get


def by_asgi_transport(face: str) -> Get:
    """Call by httpx2, on one's own event loop."""
    transport = httpx2.ASGITransport(ASGI_FACES[face](open_house()))

    async def call(path: str, headers: dict[str, str]) -> httpx2.Response:
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.get(path, headers=headers)

    def get(path: str, **headers: str) -> tuple[int, Any]:
        answer = asyncio.run(call(path, headers))
        return answer.status_code, answer.json().get("who")

    return get


def by_flask_client(face: str) -> Get:
    """Call by Flask's test client."""
    client = WSGI_FACES[face](open_house()).test_client()

    def get(path: str, **headers: str) -> tuple[int, Any]:
        answer = client.get(path, headers=headers)
        return answer.status_code, answer.get_json(force=True).get("who")

    return get


CLIENTS = [(by_test_client, face) for face in ASGI_FACES] + [(by_asgi_transport, face) for face in ASGI_FACES]


@pytest.fixture(
    params=[*CLIENTS, (by_flask_client, "flask")],
    ids=lambda client: f"{client[0].__name__}-{client[1]}",
)
def get(request: pytest.FixtureRequest) -> Get:
    """Give each client, for each face that it can call."""
    make, face = request.param
    return make(face)  # type: ignore[no-any-return]


def test_is_let_in(get: Get) -> None:
    """A request without a credential is the principal's."""
    with as_principal(EVE):
        assert get("/read") == (200, "user eve")


def test_is_refused(get: Get) -> None:
    """The guard asks of that principal what it asks of everybody."""
    with as_principal(EVE):
        assert get("/write")[0] == 403


def test_class_counts(get: Get) -> None:
    """So does the guard that asks for a class."""
    with as_principal(JOB):
        assert [get(path)[0] for path in ("/users", "/any")] == [403, 200]


def test_nobody(get: Get) -> None:
    """Nobody may be said to come, too."""
    with as_principal(EVE), as_principal(None):
        assert get("/open") == (200, "nobody")


def test_credential_comes_first(get: Get) -> None:
    """A request that brings a credential is whose that credential is."""
    with as_principal(EVE):
        assert get("/read", Authorization="Bearer user_ann") == (200, "user ann by pat c1 -")


def test_bad_credential_is_refused(get: Get) -> None:
    """A credential that is not good is refused, whoever is said to come."""
    with as_principal(EVE):
        assert get("/open", Authorization="Bearer nonsense")[0] == 401


def test_ends_with_the_block(get: Get) -> None:
    """After the block nobody comes any more."""
    with as_principal(EVE):
        get("/open")
    assert get("/open") == (200, "nobody")


def test_nested(get: Get) -> None:
    """Within another block it is the inner one's principal, and afterwards the outer one's again."""
    with as_principal(EVE):
        with as_principal(JOB):
            inner = get("/open")
        assert (inner, get("/open")) == ((200, "client job"), (200, "user eve"))


def test_client_that_was_started_before() -> None:
    """Starlette's test client may have been started, with its event loop, before the block."""
    with TestClient(ASGI_FACES["starlette"](open_house())) as client, as_principal(EVE):
        assert client.get("/open").json() == {"who": "user eve"}


def test_direct_call() -> None:
    """A guarded function may be called directly, and knows who calls."""

    @requires("reports:read")
    def read() -> str:
        return describe(current_principal())

    with as_principal(EVE):
        assert read() == "user eve"


def test_direct_call_that_awaits() -> None:
    """So may one that awaits."""

    @requires("reports:read")
    async def read() -> str:
        await asyncio.sleep(0)
        return describe(current_principal())

    with as_principal(EVE):
        assert asyncio.run(read()) == "user eve"


def test_direct_call_is_refused() -> None:
    """A direct call that is refused raises the refusal itself."""

    @requires("reports:write")
    def write() -> None: ...

    with as_principal(EVE), pytest.raises(InsufficientScope):
        write()


@pytest.mark.parametrize("principal", [EVE, None], ids=["somebody", "nobody"])
def test_resets_after_an_exception(principal: Principal | None) -> None:
    """An exception within the block ends it as well."""
    with pytest.raises(LookupError), as_principal(principal):
        raise LookupError
    assert current_visit.get() is None


@pytest.mark.parametrize("framework", ["fastapi", "flask"])
def test_needs_no_middleware(framework: str) -> None:
    """An application whose middleware is added elsewhere can be tested without it."""
    app: Any = FastAPI() if framework == "fastapi" else Flask("bare")

    @requires("reports:read")
    def read() -> dict[str, str]:
        return {"who": current_principal().id}

    app.get("/read")(read)
    client = TestClient(app) if framework == "fastapi" else app.test_client()
    with as_principal(EVE):
        assert client.get("/read").status_code == 200
