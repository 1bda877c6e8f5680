"""The servers that applications are put behind: how each is started, and which faces it serves here."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

Command = Callable[[tuple[int, ...], int], list[str]]
"""Makes a command line of listening descriptors, and of the port of the first."""

APPLICATION: Final = "tests.servers.serve:application"
LOGGED: Final = '%(h)s %(u)s "%(r)s" %(s)s U=%(U)s q=%(q)s f=%(f)s a=%({authorization}i)s k=%({x-api-key}i)s'
"""What the access logs tell where one may choose: all that gunicorn and hypercorn know of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One server with its settings.

    Arguments:
        name: stands in the rows of the truth table.
        title: stands in the documentation.
        distribution: the package whose version the documentation names.
        faces: the applications that it serves, each on a socket of its own.
        command: starts it.
        takes_sockets: whether it takes over sockets that listen already; else it is given a free port.
    """

    name: str
    title: str
    distribution: str
    faces: tuple[str, ...]
    command: Command
    takes_sockets: bool = True


def _python(*words: str) -> Command:
    return lambda descriptors, _: [sys.executable, "-m", "tests.servers.serve", *words, *map(str, descriptors)]


def _gunicorn(worker: str, *options: str) -> Command:
    return lambda descriptors, _: [
        sys.executable, "-m", "gunicorn", f"{APPLICATION}()", f"--bind=fd://{descriptors[0]}",
        f"--worker-class={worker}", "--no-control-socket", "--graceful-timeout=2", "--access-logfile=-",
        f"--access-logformat={LOGGED}", "--log-level=debug", *options,
    ]  # fmt: skip


def _hypercorn(descriptors: tuple[int, ...], _: int) -> list[str]:
    return [
        sys.executable, "-m", "hypercorn", f"{APPLICATION}()", f"--bind=fd://{descriptors[0]}", "--workers=0",
        "--access-logfile=-", f"--access-logformat={LOGGED} R=%(R)s", "--log-level=debug", "--graceful-timeout=2",
    ]  # fmt: skip


def _granian(interface: str) -> Command:
    return lambda _, port: [
        sys.executable, "-m", "granian", APPLICATION, "--factory", f"--interface={interface}", f"--port={port}",
        "--access-log", "--access-log-fmt", '%(addr)s "%(method)s %(path)s?%(query_string)s %(protocol)s" %(status)d',
        "--log-level=debug",
    ]  # fmt: skip


_ASGI: Final = ("asgi", "starlette", "fastapi")

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            name="h11",
            title="uvicorn, h11, wsproto",
            distribution="uvicorn",
            faces=_ASGI,
            command=_python("uvicorn", "h11", "wsproto"),
        ),
        Kind(
            name="httptools",
            title="uvicorn, httptools, websockets",
            distribution="uvicorn",
            faces=_ASGI,
            command=_python("uvicorn", "httptools", "websockets-sansio"),
        ),
        Kind(name="hypercorn", title="hypercorn", distribution="hypercorn", faces=("starlette",), command=_hypercorn),
        Kind(
            name="granian-asgi",
            title="granian, ASGI",
            distribution="granian",
            faces=("fastapi",),
            command=_granian("asgi"),
            takes_sockets=False,
        ),
        Kind(
            name="gunicorn-asgi",
            title="gunicorn, asgi",
            distribution="gunicorn",
            faces=("asgi",),
            command=_gunicorn("asgi"),
        ),
        Kind(
            name="gunicorn-uvicorn",
            title="gunicorn, UvicornWorker",
            distribution="gunicorn",
            faces=("starlette",),
            command=_gunicorn("uvicorn.workers.UvicornWorker"),
        ),
        Kind(
            name="gunicorn-sync",
            title="gunicorn, sync",
            distribution="gunicorn",
            faces=("flask",),
            command=_gunicorn("sync"),
        ),
        Kind(
            name="gunicorn-gthread",
            title="gunicorn, gthread, preloaded",
            distribution="gunicorn",
            faces=("wsgi",),
            command=_gunicorn("gthread", "--threads=4", "--preload"),
        ),
        Kind(
            name="granian-wsgi",
            title="granian, WSGI",
            distribution="granian",
            faces=("flask",),
            command=_granian("wsgi"),
            takes_sockets=False,
        ),
        Kind(name="waitress", title="waitress", distribution="waitress", faces=("wsgi",), command=_python("waitress")),
        Kind(
            name="werkzeug",
            title="werkzeug's development server",
            distribution="werkzeug",
            faces=("flask",),
            command=_python("werkzeug"),
        ),
    )
}
"""Every server by name, in the order of the tables."""
