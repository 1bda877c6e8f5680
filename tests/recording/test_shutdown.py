"""Real servers, stopped as operators stop them: every request that was answered is counted (K-70)."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from authmux import IssuedToken, TokenService, system
from authmux.stores.sql import SQLStore
from tests.recording.serve import TOKENS, URL

ROOT: Final = Path(__file__).parents[2]
REQUESTS: Final = 40
_NONE: Final = timedelta(0)
_PATIENCE: Final = 90.0  # seconds for a server to start, or to end, on a machine that has much else to do
_UVICORN: Final = ("-m", "uvicorn", "--factory", "tests.recording.serve:asgi", "--fd={fd}")
_GUNICORN: Final = ("-m", "gunicorn", "tests.recording.serve:{app}()", "--bind=fd://{fd}", "--no-control-socket")

COMMANDS: Final[dict[str, Sequence[str]]] = {
    "uvicorn": _UVICORN,
    "uvicorn-two-workers": (*_UVICORN, "--workers=2"),
    "gunicorn-sync": (*_GUNICORN, "--worker-class=sync", "--workers=2"),
    "gunicorn-gthread-preloaded": (*_GUNICORN, "--worker-class=gthread", "--threads=4", "--workers=2", "--preload"),
    "gunicorn-uvicorn": (*_GUNICORN, "--worker-class=uvicorn.workers.UvicornWorker"),
    "gunicorn-asgi": (*_GUNICORN, "--worker-class=asgi"),
    "hypercorn": ("-m", "hypercorn", "tests.recording.serve:asgi()", "--bind=fd://{fd}", "--workers=0"),
}
WSGI: Final = frozenset({"gunicorn-sync", "gunicorn-gthread-preloaded"})


@dataclass(frozen=True)
class Served:
    """A server that runs, and the key that its application knows."""

    process: subprocess.Popen[bytes]
    port: int
    key: IssuedToken
    store: SQLStore
    workers: set[str] = field(default_factory=set)

    def request(self, *, text: str | None = None) -> int:
        """Send a request with the key, on a connection of its own; return the status."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)) as connection:
            connection.request("GET", "/", headers={"Authorization": f"Bearer {text or self.key.text}"})
            response = connection.getresponse()
            self.workers.add(response.read().decode())
            return response.status

    def counted(self) -> int:
        """Return how many uses are written down."""
        used = self.store.usage([self.key.record.id]).get(self.key.record.id)
        return 0 if used is None else used.uses

    def end(self, number: signal.Signals) -> None:
        """Send a signal to the server, and wait until it has ended with all its workers."""
        self.process.send_signal(number)
        self.process.wait(_PATIENCE)

    def kill(self) -> None:
        """Kill the server and its workers as `kill -9` does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_PATIENCE)


@contextmanager
def served(directory: Path, kind: str, *, awaiting: bool = False) -> Iterator[Served]:
    """Run a server on a database of its own."""
    path = directory / "keys.db"
    with closing(SQLStore(f"sqlite:///{path}")) as store, socket.create_server(("127.0.0.1", 0)) as listener:
        store.create_schema()
        key = TokenService(store, TOKENS).issue_key(name="k", scopes=["a:b"], by=system("tests"))
        listener.set_inheritable(True)
        app = "wsgi" if kind in WSGI else "asgi"
        words = [word.format(fd=listener.fileno(), app=app) for word in COMMANDS[kind]]
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=os.environ | {URL: f"sqlite{'+aiosqlite' if awaiting else ''}:///{path}"} | _path(),
                stdout=log,
                stderr=log,
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )
        port = listener.getsockname()[1]
        listener.close()  # else a caller would wait for a server that has died
        try:
            yield Served(process, port, key, store)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _path() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}


@pytest.mark.parametrize(
    ("kind", "awaiting"),
    [pytest.param(kind, False, id=kind) for kind in COMMANDS]
    + [pytest.param(kind, True, id=f"{kind}-awaiting") for kind in COMMANDS if kind not in WSGI],
)
def test_stopped(tmp_path: Path, kind: str, awaiting: bool) -> None:
    """After SIGTERM, sent as soon as the last answer came, every use of every worker is counted, once."""
    with served(tmp_path, kind, awaiting=awaiting) as server:
        assert {server.request() for _ in range(REQUESTS)} == {200}
        server.end(signal.SIGTERM)
        assert server.counted() == REQUESTS, (tmp_path / "log").read_text()


def test_stopped_from_the_keyboard(tmp_path: Path) -> None:
    """Ctrl-C is as good as SIGTERM."""
    with served(tmp_path, "uvicorn") as server:
        assert server.request() == 200
        server.end(signal.SIGINT)
        assert server.counted() == 1


def test_every_request_and_no_other(tmp_path: Path) -> None:
    """Requests with a credential that is not good are no uses; what was observed is in the audit log (K-72)."""
    with served(tmp_path, "uvicorn") as server:
        service = TokenService(server.store, TOKENS)
        assert server.request() == 200
        service.roll(server.key.record.id, generation=1, overlap=_NONE, by=system("tests"))
        assert [server.request() for _ in range(3)] == [401, 401, 401]
        server.end(signal.SIGTERM)
        assert server.counted() == 1
        observed = [entry.event for entry in service.audit(by=system("tests")) if entry.event.actor == "caller"]
        assert sum(event.difference["count"] for event in observed) == 3
        assert {event.target for event in observed} == {server.key.record.id}
        assert service.verify_audit(by=system("tests")).broken is None


@pytest.mark.parametrize("awaiting", [False, True], ids=["blocking", "awaiting"])
def test_killed(tmp_path: Path, awaiting: bool) -> None:
    """After `kill -9` at most the last two seconds are missing, and nothing is counted that was not (K-70)."""
    with served(tmp_path, "uvicorn", awaiting=awaiting) as server:
        for _ in range(REQUESTS):
            server.request()
        deadline = time.monotonic() + _PATIENCE
        while server.counted() < REQUESTS:
            assert time.monotonic() < deadline, "it was never written"
            time.sleep(0.02)
        for _ in range(5):
            server.request()
        server.kill()
        assert REQUESTS <= server.counted() <= REQUESTS + 5
