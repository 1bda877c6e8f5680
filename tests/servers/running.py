"""Starts real servers on free ports of loopback, side by side, and stops them by their process ids."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.ending import end
from tests.faces.site import Site
from tests.servers.kinds import KINDS, Kind

ROOT: Final = Path(__file__).parents[2]
_PATIENCE: Final = 90.0  # seconds for a server to start, on a machine that has much else to do
_APPLICATIONS: Final = "AUTHMUX_TEST_APPLICATIONS"


@dataclass(frozen=True, slots=True)
class Listening:
    """One application behind one server; `kind` names the server in the truth table."""

    face: str
    kind: str
    port: int
    log: Path


def wanted_applications() -> list[str]:
    """Return the names of the applications that this process is to serve."""
    return os.environ[_APPLICATIONS].split(",")


@contextmanager
def all_servers(
    site: Site,
    directory: Path,
    *,
    kinds: Iterable[str] = tuple(KINDS),
    application: Callable[[str], str] = lambda face: face,
) -> Iterator[Mapping[str, Listening]]:
    """Run applications behind their servers, under names such as `fastapi-h11`; their logs are in the directory.

    Arguments:
        application: the name of the application to serve where a kind has a face.
    """
    found: dict[str, Listening] = {}
    with ExitStack() as stack:
        starting = [stack.enter_context(_started(KINDS[name], site, directory, application)) for name in kinds]
        stack.callback(_terminate, [process for process, _ in starting])
        for process, listening in starting:
            for each in listening:
                _wait_for(process, each)
                found[f"{each.face}-{each.kind}"] = each
        yield found


@contextmanager
def _started(
    kind: Kind, site: Site, directory: Path, application: Callable[[str], str]
) -> Iterator[tuple[subprocess.Popen[bytes], list[Listening]]]:
    """Start one server without waiting for it, and stop it in the end."""
    log = directory / f"{kind.name}.log"
    names = ",".join(map(application, kind.faces))
    with ExitStack() as stack:
        sockets = [stack.enter_context(_listen() if kind.takes_sockets else _reserve()) for _ in kind.faces]
        ports = [each.getsockname()[1] for each in sockets]
        descriptors = tuple(each.fileno() for each in sockets)
        with log.open("wb") as output:
            process = subprocess.Popen(
                kind.command(descriptors, ports[0]),
                cwd=ROOT,
                env=site.environment() | {_APPLICATIONS: names, "PYTHONPATH": _python_path()},
                stdout=output,
                stderr=output,
                pass_fds=descriptors,
                start_new_session=True,
            )
        stack.callback(_stop, process)
        if kind.takes_sockets:
            for each in sockets:
                each.close()  # else a caller would wait for a server that has died
        yield process, [Listening(face, kind.name, port, log) for face, port in zip(kind.faces, ports, strict=True)]


def _listen() -> socket.socket:
    """Return a socket that listens on a free port, for a server to take over: nobody waits until it is ready."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.set_inheritable(True)
    return listener


def _reserve() -> socket.socket:
    """Return a socket that keeps a free port for a server that binds it with SO_REUSEPORT."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    keeper.bind(("127.0.0.1", 0))
    return keeper


def _wait_for(process: subprocess.Popen[bytes], listening: Listening) -> None:
    """Wait until the port takes connections."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", listening.port)) == 0:
                return
        time.sleep(0.02)  # there is nothing that one could wait on while nobody listens
    raise AssertionError(f"{listening.kind} did not start:\n{listening.log.read_text(errors='replace')}")


def _terminate(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ask all to end at once, so that they do it side by side; each is waited for on its own."""
    for process in processes:
        process.terminate()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a server, and workers of it that have not noticed: one that just starts outlives granian's master."""
    end(process, within=5)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _python_path() -> str:
    return os.pathsep.join([str(ROOT), *filter(None, sys.path)])
