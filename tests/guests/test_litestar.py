"""Litestar behind the plain ASGI face."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from litestar import Controller, Litestar, WebSocket, get, websocket
from litestar.logging import LoggingConfig
from starlette.testclient import TestClient, WebSocketDenialResponse

from authmux import AuthError, asgi, current_principal, find_principal, requires
from tests.faces.callers import Answer
from tests.guests.plain_face import answer_of, path_of, plain_answer, sent_by
from tests.guests.running import behind_server
from tests.ways.house import ACCEPTED, READ, REFUSED, WRITE, House, Outcome


@get("/read")
@requires(READ)
async def read() -> str:
    """Say who is calling."""
    return current_principal().id


@get("/write")
@requires(WRITE)
async def write() -> str:
    """Do what nobody here may."""
    return "written"


@get("/blocking/read", sync_to_thread=True)
@requires(READ)
def read_blocking() -> str:
    """Say who is calling, in a worker thread."""
    return current_principal().id


@get("/blocking/write", sync_to_thread=True)
@requires(WRITE)
def write_blocking() -> str:
    """Do what nobody here may."""
    return "written"


@get("/open")
async def show() -> str:
    """Say who is calling, if anybody is."""
    principal = find_principal()
    return principal.id if principal else "nobody"


class Reports(Controller):
    """Is guarded method by method."""

    path = "/class"

    @get("/read")
    @requires(READ)
    async def read(self) -> str:
        return current_principal().id

    @get("/write")
    @requires(WRITE)
    async def write(self) -> str:
        return "written"


@websocket("/talk/read")
@requires(READ)
async def talk(socket: WebSocket[Any, Any, Any]) -> None:
    """Say over a WebSocket who is calling."""
    await socket.accept()
    await socket.send_text(current_principal().id)
    await socket.close()


@websocket("/talk/write")
@requires(WRITE)
async def talk_in_vain(socket: WebSocket[Any, Any, Any]) -> None:
    """Do what nobody here may."""
    await socket.accept()


def raise_again(request: Any, error: Exception) -> NoReturn:
    """Leave an exception to whoever stands outside."""
    raise error


HANDLERS: list[Any] = [read, write, read_blocking, write_blocking, show, Reports, talk, talk_in_vain]


def app_of(**options: Any) -> Any:
    """Return the application behind the middleware; its logging is left alone unless a test asks for it."""
    app: Any = Litestar(HANDLERS, openapi_config=None, **{"logging_config": None, **options})
    return asgi.AuthMiddleware(app, authenticator=House().authenticator())


def served() -> Any:
    """Return the application for a server, as Litestar makes it by default."""
    app: Any = Litestar(HANDLERS)
    return asgi.AuthMiddleware(app, authenticator=House().authenticator())


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Give a client of an application that was started and will be stopped."""
    with TestClient(app_of()) as client:
        yield client


@pytest.mark.parametrize("kind", ["", "/blocking", "/class"], ids=["async", "blocking", "controller"])
def test_accepts(client: TestClient, kind: str) -> None:
    """A handler that awaits, one that blocks, and a method of a controller know their caller."""
    response = client.get(f"{kind}/read", headers=sent_by(ACCEPTED))
    assert (response.status_code, response.text) == (200, "ann")


def test_open_to_nobody(client: TestClient) -> None:
    """Without a guard anybody is let in, and after an authenticated request too."""
    client.get("/read", headers=sent_by(ACCEPTED))
    assert client.get("/open").text == "nobody"


@pytest.mark.parametrize("kind", ["", "/blocking", "/class"], ids=["async", "blocking", "controller"])
@pytest.mark.parametrize("outcome", REFUSED, ids=lambda outcome: outcome.name)
def test_same_bytes(client: TestClient, outcome: Outcome, kind: str) -> None:
    """A refusal is the bytes of the plain face."""
    assert answer_of(client.get(path_of(outcome, kind), headers=sent_by(outcome))) == plain_answer(outcome)


@pytest.mark.parametrize(
    "options",
    [{"debug": True}, {"exception_handlers": {Exception: raise_again}}],
    ids=["debug", "handler-that-raises"],
)
def test_same_bytes_whatever_the_options(options: Any) -> None:
    """So it is in debug mode, and where a handler of the application's raises the refusal again."""
    outcome = REFUSED[3]
    with TestClient(app_of(**options)) as client:
        assert answer_of(client.get("/write", headers=sent_by(outcome))) == plain_answer(outcome)


def test_nothing_is_logged_as_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """Litestar logs every exception if it is asked to; `disable_stack_trace` exempts the guard's refusals."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    config = LoggingConfig(log_exceptions="always", disable_stack_trace={AuthError}, configure_root_logger=False)
    try:
        with TestClient(app_of(logging_config=config)) as client:
            assert client.get("/write", headers=sent_by(ACCEPTED)).status_code == 403
    finally:
        root.handlers, root.level = before
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_websocket(client: TestClient) -> None:
    """A WebSocket knows its caller."""
    with client.websocket_connect("/talk/read", headers=sent_by(ACCEPTED)) as conversation:
        assert conversation.receive_text() == "ann"


@pytest.mark.parametrize("outcome", REFUSED, ids=lambda outcome: outcome.name)
def test_websocket_is_refused(client: TestClient, outcome: Outcome) -> None:
    """A handshake is refused with the same bytes, before it is accepted."""
    with pytest.raises(WebSocketDenialResponse) as refused:
        client.websocket_connect(path_of(outcome, "/talk"), headers=sent_by(outcome)).__enter__()
    assert answer_of(refused.value) == plain_answer(outcome)


def test_served(tmp_path: Path) -> None:
    """Behind uvicorn it is the same."""
    with behind_server("uvicorn", "--factory", f"{__name__}:served", log=tmp_path / "log") as call:
        accepted: Answer = call("/read", ACCEPTED.headers)
        refused = [call(path_of(each), each.headers).refusal() for each in REFUSED]
    assert (accepted.status, accepted.body) == (200, b"ann")
    assert refused == [plain_answer(each).refusal() for each in REFUSED]
    assert b"Traceback" not in (tmp_path / "log").read_bytes()
