"""Quart behind the plain ASGI face."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, websocket
from starlette.testclient import TestClient, WebSocketDenialResponse

from authmux import AuthError, asgi, current_principal, find_principal, requires
from tests.faces.callers import Answer
from tests.guests.plain_face import answer_of, path_of, plain_answer, sent_by
from tests.guests.running import behind_server
from tests.ways.house import ACCEPTED, READ, REFUSED, WRITE, House, Outcome


def name() -> str:
    """Return who is calling."""
    principal = find_principal()
    return principal.id if principal else "nobody"


async def read() -> str:
    """Say who is calling."""
    return name()


async def stream() -> tuple[AsyncIterator[str], int]:
    """Say three times who is calling."""

    async def parts() -> AsyncIterator[str]:
        for _ in range(3):
            yield name()

    return parts(), 200


async def talk() -> None:
    """Say over a WebSocket who is calling."""
    await websocket.accept()
    await websocket.send(current_principal().id)


def new_app() -> Quart:
    """Return an application without the middleware."""
    app = Quart("reports")
    app.add_url_rule("/open", "open", read)
    views: dict[str, Any] = {"": read, "/blocking": name, "/stream": stream}
    for last, scope in (("read", READ), ("write", WRITE)):
        for kind, view in views.items():
            app.add_url_rule(f"{kind}/{last}", f"{kind}/{last}", requires(scope)(view))
        app.add_websocket(f"/talk/{last}", f"/talk/{last}", requires(scope)(talk))
    return app


async def refused(error: Exception) -> tuple[str, int]:
    """Keep Quart from logging a refusal as a failure; authmux answers in the place of this response."""
    return "", 500


def behind(app: Any) -> Any:
    """Return an application behind the middleware."""
    return asgi.AuthMiddleware(app, authenticator=House().authenticator())


def served() -> Any:
    """Return the application for a server."""
    app = new_app()
    app.register_error_handler(AuthError, refused)
    return behind(app)


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Give a client of an application that was started and will be stopped."""
    with TestClient(served()) as client:
        yield client


@pytest.mark.parametrize(
    ("kind", "body"), [("", "ann"), ("/blocking", "ann"), ("/stream", "annannann")], ids=["async", "blocking", "stream"]
)
def test_accepts(client: TestClient, kind: str, body: str) -> None:
    """A view that awaits, one that blocks, and a body that is streamed know their caller."""
    response = client.get(f"{kind}/read", headers=sent_by(ACCEPTED))
    assert (response.status_code, response.text) == (200, body)


def test_open_to_nobody(client: TestClient) -> None:
    """Without a guard anybody is let in, and after an authenticated request too."""
    client.get("/read", headers=sent_by(ACCEPTED))
    assert client.get("/open").text == "nobody"


@pytest.mark.parametrize("kind", ["", "/blocking", "/stream"], ids=["async", "blocking", "stream"])
@pytest.mark.parametrize("outcome", REFUSED, ids=lambda outcome: outcome.name)
def test_same_bytes(client: TestClient, outcome: Outcome, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal is the bytes of the plain face, and no failure in the log where `AuthError` has a handler."""
    assert answer_of(client.get(path_of(outcome, kind), headers=sent_by(outcome))) == plain_answer(outcome)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("testing", [False, True], ids=["", "testing"])
def test_without_a_handler(testing: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Without a handler the bytes are the same, and Quart logs the refusal as a failure, unless it is testing."""
    app = new_app()
    app.config["TESTING"] = testing
    outcome = REFUSED[3]
    with TestClient(behind(app)) as client:
        assert answer_of(client.get("/write", headers=sent_by(outcome))) == plain_answer(outcome)
    assert any(record.levelno >= logging.ERROR for record in caplog.records) is not testing


def test_websocket(client: TestClient) -> None:
    """A WebSocket knows its caller."""
    with client.websocket_connect("/talk/read", headers=sent_by(ACCEPTED)) as conversation:
        assert conversation.receive_text() == "ann"


@pytest.mark.parametrize("outcome", REFUSED, ids=lambda outcome: outcome.name)
def test_websocket_is_refused(client: TestClient, outcome: Outcome) -> None:
    """A handshake is refused with the same bytes, before it is accepted."""
    with pytest.raises(WebSocketDenialResponse) as refusal:
        client.websocket_connect(path_of(outcome, "/talk"), headers=sent_by(outcome)).__enter__()
    assert answer_of(refusal.value) == plain_answer(outcome)


def test_lifespan() -> None:
    """Quart's own hooks run at the start and at the end."""
    lived: list[str] = []
    app = new_app()
    app.before_serving(lambda: lived.append("started"))
    app.after_serving(lambda: lived.append("stopped"))
    with TestClient(behind(app)):
        assert lived == ["started"]
    assert lived == ["started", "stopped"]


def test_served(tmp_path: Path) -> None:
    """Behind uvicorn it is the same."""
    with behind_server("uvicorn", "--factory", f"{__name__}:served", log=tmp_path / "log") as call:
        accepted: Answer = call("/read", ACCEPTED.headers)
        answers = [call(path_of(each), each.headers).refusal() for each in REFUSED]
    assert (accepted.status, accepted.body) == (200, b"ann")
    assert answers == [plain_answer(each).refusal() for each in REFUSED]
    assert b"Traceback" not in (tmp_path / "log").read_bytes()
