"""An open WebSocket ends when its caller loses the right to it, behind every server (K-26)."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.ending import end
from tests.faces.socket_app import EVERY
from tests.ports import find_port

ROOT = Path(__file__).parents[2]
APP = "tests.faces.socket_app:app"
SERVERS: dict[str, tuple[str, ...]] = {
    "uvicorn-websockets": ("uvicorn", APP, "--ws=websockets", "--port={port}", "--log-level=debug"),
    "uvicorn-sansio": ("uvicorn", APP, "--ws=websockets-sansio", "--port={port}", "--log-level=debug"),
    "uvicorn-wsproto": ("uvicorn", APP, "--ws=wsproto", "--port={port}", "--log-level=debug"),
    "hypercorn": ("hypercorn", APP, "--bind=127.0.0.1:{port}", "--access-logfile=-"),
    "granian": ("granian", APP, "--interface=asgi", "--port={port}", "--ws", "--access-log", "--log-level=debug"),
}
FACES = ["/plain", "/starlette", "/fastapi"]
PATIENCE = 20.0  # seconds until a test gives up
SOON = EVERY + 1.0  # seconds in which a connection must end: one check later, on a busy machine


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    port: int
    log: Path

    def ask(self, path: str, **sent: str) -> str:
        """Use a back door."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", path, urlencode(sent))
            answer = connection.getresponse()
            body = answer.read().decode()
        finally:
            connection.close()
        assert answer.status == 200, body
        return body

    def key(self, scopes: str = "a:read", *, seconds: str = "") -> str:
        """Return a new key."""
        return self.ask("/issue", scopes=scopes, seconds=seconds)

    def open(self, path: str, key: str | None = None, *, offers: tuple[str, ...] = ()) -> ClientConnection:
        """Begin a conversation."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return connect(
            f"ws://127.0.0.1:{self.port}{path}",
            additional_headers=headers,
            subprotocols=[Subprotocol(each) for each in offers] or None,
            open_timeout=PATIENCE,
            close_timeout=PATIENCE,
            proxy=None,
        )

    def told(self, is_true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until what the application tells is so, and return it."""
        until = time.monotonic() + PATIENCE
        while not is_true(told := json.loads(self.ask("/seen"))):
            assert time.monotonic() < until, told
            time.sleep(0.02)
        return dict(told)

    def last(self) -> dict[str, Any]:
        """Wait until the last conversation is over, and return what it was."""
        told = self.told(
            lambda told: (
                told["watching"] == 0 and told["seen"][-1]["messages"][-1][0] in {"websocket.disconnect", "stopped"}
            )
        )
        return dict(told["seen"][-1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        else:
            return


@contextmanager
def running(name: str, log: Path) -> Iterator[Callable[[], Server]]:
    """Run a server on a free port of loopback; give a way to wait until it is there."""
    port = find_port()
    command = [sys.executable, "-m", *(each.format(port=port) for each in SERVERS[name])]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)

    def wait() -> Server:
        _wait_for(port, process, log)
        return Server(port, log)

    try:
        yield wait
    finally:
        end(process)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Callable[[], Server]]]:
    """Run all servers side by side: most of their start is imports."""
    logs = tmp_path_factory.mktemp("sockets")
    with ExitStack() as stack:
        yield {name: stack.enter_context(running(name, logs / name)) for name in SERVERS}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, servers: dict[str, Callable[[], Server]]) -> Server:
    """Give each server in turn."""
    return servers[request.param]()


def code_of(client: ClientConnection, *, within: float = SOON) -> int | None:
    """Return with which code the server closes, in time and without a word before it."""
    began = time.monotonic()
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=PATIENCE)
    assert time.monotonic() - began < within
    return closed.value.rcvd.code if closed.value.rcvd else None


def listen(client: ClientConnection) -> None:
    """Listen until the server closes, or it ought to have done so."""
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        client.recv(timeout=PATIENCE)


def say(client: ClientConnection, text: str) -> str:
    """Say something, and return the answer."""
    client.send(text)
    return str(client.recv(timeout=PATIENCE))


@pytest.mark.parametrize("path", [*FACES, "/twice"])
def test_revoked(server: Server, path: str) -> None:
    """Who is revoked is thrown out at the next check, and the application is told that he has gone."""
    key = server.key()
    with server.open(path, key) as client:
        assert say(client, "hello") == "echo hello"
        time.sleep(2 * EVERY)  # checks go by
        assert say(client, "valid") == "True"
        server.ask("/revoke", key=key)
        assert code_of(client) == 1008
    assert server.last()["messages"][-1] == ["websocket.disconnect", 1008]


def test_expired(server: Server) -> None:
    """A credential that expires ends the conversation then, however long the next check would be."""
    with server.open("/plain", server.key(seconds="0.4")) as client:
        assert say(client, "hello") == "echo hello"
        assert code_of(client, within=0.4 + SOON) == 1008


def test_narrowed(server: Server) -> None:
    """A credential that does not reach any more what a guard has asked for ends it; other scopes do not count."""
    key = server.key("a:read a:write a:admin")
    with server.open("/starlette", key) as client:
        assert say(client, "write") == "written"
        server.ask("/narrow", key=key, scopes="a:read a:write")
        time.sleep(2 * EVERY)  # checks go by
        assert say(client, "write") == "written"
        server.ask("/narrow", key=key, scopes="a:read")
        assert code_of(client) == 1008


@pytest.mark.parametrize("path", FACES)
def test_guard_refuses_an_open_one(server: Server, path: str) -> None:
    """A guard that refuses in the midst of a conversation ends it."""
    with server.open(path, server.key()) as client:
        assert say(client, "hello") == "echo hello"
        client.send("write")
        assert code_of(client, within=PATIENCE) == 1008
    server.told(lambda told: told["watching"] == 0)


def test_application_that_only_sends(server: Server) -> None:
    """An application that never listens cannot send any more once its caller has been thrown out."""
    key = server.key()
    with server.open("/plain", key) as client:
        assert say(client, "push") == "news"
        server.ask("/revoke", key=key)
        with pytest.raises(ConnectionClosed) as closed:
            listen(client)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1008
    assert server.last()["messages"][-1] == ["stopped", None]


def test_caller_leaves(server: Server) -> None:
    """When the caller leaves nobody watches any longer."""
    with server.open("/starlette", server.key()) as client:
        assert say(client, "hello") == "echo hello"
        assert server.told(lambda told: told["watching"] == 1)
    assert server.last()["messages"][-1][0] == "websocket.disconnect"


def test_token_among_the_offers(server: Server) -> None:
    """Where that is enabled a subprotocol is the credential; nobody sees it, and it is never answered with."""
    key = server.key()
    with server.open("/plain", offers=(f"bearer.{key}", "chat")) as client:
        assert client.subprotocol == "chat"
        assert say(client, "hello") == "echo hello"
        server.ask("/revoke", key=key)
        assert code_of(client) == 1008
    last = server.last()
    assert last["subprotocols"] == ["chat"]
    assert key[-49:] not in str(last)


def test_token_alone_among_the_offers(server: Server) -> None:
    """Without a subprotocol beside it none is answered."""
    with server.open("/fastapi", offers=(f"bearer.{server.key()}",)) as client:
        assert client.subprotocol is None
        assert say(client, "hello") == "echo hello"
    assert server.last()["subprotocols"] == []


def refusal(server: Server, path: str, key: str | None = None, *, offers: tuple[str, ...] = ()) -> int:
    """Return the status with which a handshake is refused."""
    with pytest.raises(InvalidStatus) as refused, server.open(path, key, offers=offers):
        pass
    return refused.value.response.status_code


def test_refused_before_it_is_open(server: Server) -> None:
    """Nothing opens for nobody, for two credentials, for a bad one, or for an offer where offers are off."""
    key = server.key()
    assert refusal(server, "/plain") == 401
    assert refusal(server, "/plain", key, offers=("chat", f"bearer.{key}")) == 400
    assert refusal(server, "/plain", offers=(f"bearer.{key}", f"bearer.{server.key()}")) == 400
    assert refusal(server, "/plain", offers=("chat", f"bearer.{key[:-3]}xyz")) == 401
    assert refusal(server, "/plain", key[:-3] + "xyz") == 401
    assert refusal(server, "/off", offers=("chat", f"bearer.{key}")) == 401


def test_nothing_is_written_down(server: Server) -> None:
    """No server's log holds a credential, wherever it stood; nor a task that failed unseen."""
    key = server.key()
    with server.open(f"/plain?key={key}", offers=(f"bearer.{key}", "chat")) as client:
        assert say(client, "hello") == "echo hello"
        server.ask("/revoke", key=key)
        assert code_of(client) == 1008
    assert server.last()["query"] == f"key={key[:-49]}***"
    written = server.log.read_text()
    assert "was never retrieved" not in written
    assert "never awaited" not in written
