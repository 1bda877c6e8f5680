"""Starts real servers on free ports of loopback, and stops them by their process ids."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faces.applications import ASGI_FACES
from tests.faces.site import Site

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Listening:
    """One application behind one server; `quirks` names the server in the truth table."""

    face: str
    quirks: str
    port: int


@contextmanager
def running(command: list[str], listeners: list[socket.socket], *, site: Site, log: Path) -> Iterator[None]:
    """Run a server that takes over sockets which listen already, so that nobody has to wait until it is ready."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=site.environment() | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
            stdout=output,
            stderr=output,
            pass_fds=[each.fileno() for each in listeners],
        )
        for each in listeners:
            each.close()  # else a caller would wait for a server that has died
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def listen() -> socket.socket:
    """Return a socket that listens on a free port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.set_inheritable(True)
    return listener


@contextmanager
def all_servers(site: Site, directory: Path) -> Iterator[Mapping[str, Listening]]:
    """Run every face behind its servers."""
    found: dict[str, Listening] = {}
    with ExitStack() as stack:
        for http in ("h11", "httptools"):
            listeners = [listen() for _ in ASGI_FACES]
            for face, listener in zip(ASGI_FACES, listeners, strict=True):
                found[f"{face}-{http}"] = Listening(face, http, listener.getsockname()[1])
            descriptors = [str(each.fileno()) for each in listeners]
            command = [sys.executable, "-m", "tests.faces.serve", http, *descriptors]
            stack.enter_context(running(command, listeners, site=site, log=directory / f"{http}.log"))
        for worker in ("sync", "gthread"):
            listener = listen()
            found[f"flask-{worker}"] = Listening("flask", "gunicorn", listener.getsockname()[1])
            command = [
                sys.executable, "-m", "gunicorn", "tests.faces.serve:flask()", f"--bind=fd://{listener.fileno()}",
                f"--worker-class={worker}", "--no-control-socket", "--graceful-timeout=2", "--access-logfile=-",
                "--log-level=debug", *(["--threads=4", "--preload"] if worker == "gthread" else []),
            ]  # fmt: skip
            stack.enter_context(running(command, [listener], site=site, log=directory / f"{worker}.log"))
        yield found


SERVED = (*(f"{face}-{http}" for http in ("h11", "httptools") for face in ASGI_FACES), "flask-sync", "flask-gthread")
"""The names under which `all_servers` runs them."""
