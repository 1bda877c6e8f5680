"""How an open WebSocket is watched over, where a test plays the server (K-26)."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from authmux import ConfigurationError, asgi, run
from authmux.asgi.open_socket import OpenSocket, SocketClosed
from authmux.credential import PresentedCredential
from authmux.errors import Fault, InvalidCredential, LimitExceeded
from authmux.flow import Flow
from authmux.principal import Principal
from authmux.visit import Judge, Visit
from tests.faces.callers import http_scope
from tests.faces.own_keys import OwnKeys
from tests.faces.verifiers import open_house

ACCEPT = {"type": "websocket.accept"}


class Server:
    """The other end of a WebSocket: it remembers what it was sent, and says nothing."""

    def __init__(self, *, fails_with: Exception | None = None, delay: float = 0.0) -> None:
        self.sent: list[Any] = []
        self.cancelled = 0
        self.is_open = asyncio.Event()
        self._fails_with = fails_with
        self._delay = delay

    async def receive(self) -> Any:
        """Wait for a caller who says nothing."""
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def send(self, message: Any) -> None:
        """Take a message."""
        if message["type"] == "websocket.close":
            await asyncio.sleep(self._delay)
            if self._fails_with:
                raise self._fails_with
        self.sent.append(message)
        self.is_open.set()

    @property
    def codes(self) -> list[int]:
        """Return the codes with which it was closed."""
        return [message["code"] for message in self.sent if message["type"] == "websocket.close"]


def visit_by(judge: Judge, text: str) -> Visit:
    """Return the visit of a good credential."""
    credential = PresentedCredential(text)
    return Visit(run(judge.verify(credential)), opened_by=judge, credential=credential)


def play(scene: Callable[[], Awaitable[None]]) -> list[Any]:
    """Play a scene; return what a loop complains of, such as a task that failed unseen."""
    complaints: list[Any] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        async with asyncio.timeout(10):
            await scene()
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left: {left}"

    asyncio.run(watched())
    return complaints


KEYS = OwnKeys()


@pytest.fixture
def store_is_away() -> Iterator[Callable[[], None]]:
    """Give a way to make the store unreachable; it comes back after the test."""

    def go_away() -> None:
        KEYS.store.is_away = True

    yield go_away
    KEYS.store.is_away = False


def test_store_is_away(store_is_away: Callable[[], None]) -> None:
    """Where nobody can say whether the credential is good, the caller stays for a while, and is sent away then."""
    server, visit = Server(), visit_by(KEYS.authenticator(), KEYS.key("a:read"))

    async def scene() -> None:
        open_socket = OpenSocket(visit, every=0.02, receive=server.receive, send=server.send, patience=0.3)
        await open_socket.send(ACCEPT)
        began = time.monotonic()
        store_is_away()
        assert await open_socket.receive() == {"type": "websocket.disconnect", "code": 1013, "reason": ""}
        assert 0.25 < time.monotonic() - began < 2.0

    assert not play(scene)
    assert server.codes == [1013]


def test_store_comes_back(store_is_away: Callable[[], None]) -> None:
    """Where the store comes back in time, nothing has happened."""
    server, key = Server(), KEYS.key("a:read")
    visit = visit_by(KEYS.authenticator(), key)

    async def scene() -> None:
        open_socket = OpenSocket(visit, every=0.02, receive=server.receive, send=server.send, patience=0.3)
        await open_socket.send(ACCEPT)
        for _ in range(3):
            store_is_away()
            await asyncio.sleep(0.1)
            KEYS.store.is_away = False
            await asyncio.sleep(0.1)
        assert server.codes == []
        KEYS.revoke(key)
        assert (await open_socket.receive())["code"] == 1008

    assert not play(scene)


def test_expires_while_the_store_is_away(store_is_away: Callable[[], None]) -> None:
    """No store need be asked to know that the time is over."""
    server, visit = Server(), visit_by(KEYS.authenticator(), KEYS.key("a:read", expires_in=timedelta(seconds=0.3)))

    async def scene() -> None:
        open_socket = OpenSocket(visit, every=5.0, receive=server.receive, send=server.send)
        await open_socket.send(ACCEPT)
        store_is_away()
        assert (await open_socket.receive())["code"] == 1013

    assert not play(scene)


class Judgement:
    """Says of every credential what it was told to say."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Raise it."""
        yield from ()
        raise self.error

    def confirm(self, principal: Principal, credential: PresentedCredential) -> Flow[None]:
        """Say nothing against it."""
        yield from ()


REVOKED = InvalidCredential(Fault.REVOKED, "revoked")


@pytest.mark.parametrize(
    ("error", "code"),
    [(REVOKED, 1008), (LimitExceeded("rate", retry_after=1.0), 1011), (LookupError("a bug"), 1011)],
    ids=["revoked", "limit", "bug"],
)
@pytest.mark.parametrize(
    "fails_with", [None, ConnectionResetError(), RuntimeError("closed already")], ids=["server", "gone", "closed"]
)
def test_closed(error: Exception, code: int, fails_with: Exception | None, caplog: pytest.LogCaptureFixture) -> None:
    """What is not good any more, and what nobody understands, ends the conversation, whatever the server says to it."""
    caplog.set_level(logging.INFO, "authmux.web")
    server = Server(fails_with=fails_with)
    visit = Visit(Principal(id="ann", issuer="tests"), opened_by=Judgement(error), credential=PresentedCredential("t"))

    async def scene() -> None:
        open_socket = OpenSocket(visit, every=0.02, receive=server.receive, send=server.send)
        await open_socket.send(ACCEPT)
        for _ in range(2):
            assert (await open_socket.receive())["code"] == code
            with pytest.raises(SocketClosed):
                await open_socket.send({"type": "websocket.send", "text": "more"})
        await open_socket.close(1000)
        open_socket.leave()

    assert not play(scene)
    assert server.codes == ([] if fails_with else [code])
    assert [message["type"] for message in server.sent][1:] == ["websocket.close"] * len(server.codes)
    assert f"an open WebSocket is closed with {code}" in caplog.messages


def test_application_hears_when_the_server_knows() -> None:
    """An application that ends at once does not overtake the close, or else the caller would never learn the code."""
    server = Server(delay=0.1)
    visit = Visit(
        Principal(id="ann", issuer="tests"), opened_by=Judgement(REVOKED), credential=PresentedCredential("t")
    )

    async def scene() -> None:
        open_socket = OpenSocket(visit, every=0.02, receive=server.receive, send=server.send)
        await open_socket.send(ACCEPT)
        await open_socket.receive()
        open_socket.leave()
        assert server.codes == [1008]

    assert not play(scene)
    assert server.cancelled == 1, "what the application waited for was left behind"


def test_caller_who_reads_nothing() -> None:
    """A server that cannot get rid of the close does not hold the application for ever."""
    server = Server(delay=1.5)
    visit = Visit(
        Principal(id="ann", issuer="tests"), opened_by=Judgement(REVOKED), credential=PresentedCredential("t")
    )

    async def scene() -> None:
        open_socket = OpenSocket(visit, every=0.02, receive=server.receive, send=server.send)
        await open_socket.send(ACCEPT)
        assert (await open_socket.receive())["code"] == 1008
        assert server.codes == []
        open_socket.leave()
        await asyncio.sleep(0.7)
        assert server.codes == [1008], "the close was given up when the application left"

    assert not play(scene)


def test_nobody_is_watched_who_proved_nothing() -> None:
    """Without a credential there is nothing to check again."""

    async def scene() -> None:
        open_socket = OpenSocket(Visit(None), every=0.02, receive=Server().receive, send=Server().send)
        await open_socket.send(ACCEPT)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scene())


@pytest.mark.parametrize("end", ["close", "leave"])
def test_watch_ends(end: str) -> None:
    """When the application closes, or is done, nobody watches any longer."""
    server, visit = Server(), visit_by(KEYS.authenticator(), KEYS.key("a:read"))

    async def scene() -> None:
        open_socket = OpenSocket(visit, every=0.02, receive=server.receive, send=server.send)
        await open_socket.send(ACCEPT)
        if end == "close":
            await open_socket.send({"type": "websocket.close", "code": 1000})
        else:
            open_socket.leave()
        await asyncio.sleep(0.1)

    assert not play(scene)
    assert server.codes == ([1000] if end == "close" else [])


def test_application_may_be_cancelled() -> None:
    """A server that shuts down cancels the application, and nobody watches any longer."""
    server = Server()
    key = KEYS.key("a:read")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await receive()

    async def scene() -> None:
        middleware = asgi.AuthMiddleware(app, authenticator=KEYS.authenticator(), recheck_every=0.02)
        scope = http_scope("/", [("Authorization", f"Bearer {key}".encode())]) | {"type": "websocket"}
        task = asyncio.create_task(middleware(scope, server.receive, server.send))
        await server.is_open.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert not play(scene)
    assert server.codes == []


@pytest.mark.parametrize("seconds", [0, -1, 30.1, float("nan"), float("inf")], ids=str)
def test_recheck_every(seconds: float) -> None:
    """More than thirty seconds nobody goes unchecked."""
    with pytest.raises(ConfigurationError, match="K-26"):
        asgi.AuthMiddleware(None, authenticator=open_house(), recheck_every=seconds)  # type: ignore[arg-type]
