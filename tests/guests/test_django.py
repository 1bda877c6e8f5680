"""Django behind the plain faces, WSGI and ASGI."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler  # type: ignore[import-untyped]
from django.core.handlers.wsgi import WSGIHandler  # type: ignore[import-untyped]
from django.test import override_settings  # type: ignore[import-untyped]
from starlette.testclient import TestClient

from authmux import (
    APIKeyVerifier,
    Authenticator,
    ConfigurationError,
    MemoryStore,
    Peppers,
    TokenFormat,
    TokenService,
    asgi,
    system,
    wsgi,
)
from tests.faces.callers import Answer, Caller, WSGICaller
from tests.guests.django_site import HANDLED
from tests.guests.plain_face import answer_of, path_of, plain_answer
from tests.guests.running import behind_server
from tests.ways.house import ACCEPTED, REFUSED, House, Outcome

KINDS = {"view": "", "async": "/async", "class": "/class", "stream": "/stream"}


def behind_wsgi() -> Any:
    """Return Django's WSGI application behind the middleware."""
    return wsgi.AuthMiddleware(WSGIHandler(), authenticator=House().authenticator())


def behind_asgi() -> Any:
    """Return Django's ASGI application behind the middleware."""
    return asgi.AuthMiddleware(ASGIHandler(), authenticator=House().authenticator())


def served_wsgi() -> Any:
    """Return the WSGI application for a server."""
    with override_settings(MIDDLEWARE=HANDLED):
        return behind_wsgi()


def served_asgi() -> Any:
    """Return the ASGI application for a server."""
    with override_settings(MIDDLEWARE=HANDLED):
        return behind_asgi()


def call_asgi(app: Any) -> Any:
    """Return a caller of an ASGI application whose client stays until it is answered."""
    client = TestClient(app)

    def call(path: str, headers: Any = ()) -> Answer:
        return answer_of(client.get(path, headers={name: value.decode() for name, value in headers}))

    return call


CALLERS: dict[str, Callable[[], Caller]] = {
    "wsgi": lambda: WSGICaller(served_wsgi()),
    "asgi": lambda: call_asgi(served_asgi()),
}


@pytest.fixture(params=CALLERS.values(), ids=list(CALLERS))
def call(request: pytest.FixtureRequest) -> Caller:
    """Give a caller of each application."""
    caller: Caller = request.param()
    return caller


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_accepts(call: Caller, kind: str) -> None:
    """A view that blocks, one that awaits, one that is a class, and a body that is streamed know their caller."""
    answer = call(f"{kind}/read", ACCEPTED.headers)
    assert (answer.status, answer.body) == (200, b"annannann" if kind == "/stream" else b"ann")


def test_open_to_nobody(call: Caller) -> None:
    """Without a guard anybody is let in, and after an authenticated request too."""
    call("/read", ACCEPTED.headers)
    assert call("/open").body == b"nobody"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("outcome", REFUSED, ids=lambda outcome: outcome.name)
def test_same_bytes(call: Caller, outcome: Outcome, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal is the bytes of the plain face, and no failure in the log where a middleware takes care of that."""
    assert call(path_of(outcome, kind), outcome.headers) == plain_answer(outcome)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    ("protocol", "settings", "is_logged"),
    [
        ("wsgi", {}, True),
        ("wsgi", {"DEBUG": True}, True),
        ("wsgi", {"DEBUG_PROPAGATE_EXCEPTIONS": True}, False),
        ("asgi", {}, True),
        ("asgi", {"DEBUG": True}, True),
    ],
    ids=["wsgi", "wsgi-debug", "wsgi-propagating", "asgi", "asgi-debug"],
)
def test_without_a_middleware(protocol: str, settings: Any, is_logged: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Without it the bytes are the same, and Django logs the refusal as a failure, unless it hands exceptions on."""
    outcome = REFUSED[3]
    with override_settings(**settings):
        call: Any = WSGICaller(behind_wsgi()) if protocol == "wsgi" else call_asgi(behind_asgi())
        assert call("/write", outcome.headers) == plain_answer(outcome)
    assert any(record.levelno >= logging.ERROR for record in caplog.records) is is_logged


def test_lifespan() -> None:
    """Django knows no lifespan: it says so, as it does without us, and servers go on without."""
    with pytest.raises(ValueError, match="not lifespan"), TestClient(behind_asgi()):
        pass


def test_start_that_fails() -> None:
    """What could never work refuses to start all the same, before Django is asked."""
    store = MemoryStore()
    right, wrong = (TokenFormat(prefix="acme", peppers=Peppers({"p1": byte * 32})) for byte in (b"\x01", b"\x02"))
    TokenService(store, right).issue_key(name="k", scopes=["a:b"], by=system())
    app = asgi.AuthMiddleware(ASGIHandler(), authenticator=Authenticator(APIKeyVerifier(store, wrong)))
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def start() -> None:
        with suppress(ConfigurationError):
            await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)

    asyncio.run(start())
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]


def in_any_order(answer: Answer) -> object:
    """Return what is the same behind every server; waitress sorts headers."""
    status, headers, body = answer.refusal()
    return status, sorted(headers), body


@pytest.mark.parametrize(
    "command",
    [("uvicorn", "--factory", f"{__name__}:served_asgi"), ("tests.guests.serve", f"{__name__}:served_wsgi")],
    ids=["uvicorn", "waitress"],
)
def test_served(command: tuple[str, ...], tmp_path: Path) -> None:
    """Behind a real server it is the same."""
    with behind_server(*command, log=tmp_path / "log") as call:
        accepted = call("/read", ACCEPTED.headers)
        answers = [in_any_order(call(path_of(each), each.headers)) for each in REFUSED]
    assert (accepted.status, accepted.body) == (200, b"ann")
    assert answers == [in_any_order(plain_answer(each)) for each in REFUSED]
    assert b"Traceback" not in (tmp_path / "log").read_bytes()
