"""Requests one after the other and all at once: nobody is ever taken for somebody else, and nothing stays behind."""

import asyncio
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from authmux.visit import current_visit
from tests.faces.callers import ASGICaller, Headers, WSGICaller, environ_of
from tests.ways.house import REFUSED, bearer
from tests.ways.sequences import ASGI_PATHS, WSGI_PATHS, Meeting, Town

ASGI_TOWNS: dict[str, Callable[[Town], Any]] = {"starlette": Town.starlette, "fastapi": Town.fastapi}
SEQUENCE = ("ann", "nobody", "bob", "nobody", "nobody", "ann", "bob", "ann", "refused", "nobody", "refused", "bob")
AT_ONCE = 12


def headers_of(caller: str) -> Headers:
    """Return what a caller sends."""
    if caller == "refused":
        return REFUSED[2].headers
    return () if caller == "nobody" else bearer(f"user_{caller}")


def expected_of(path: str, caller: str) -> str:
    """Return what is said of a caller."""
    if caller == "refused":
        return "401"
    return f"failed for {caller}" if path.startswith("/fail") else caller * 3


async def call_asgi(app: Any, path: str, caller: str) -> str:
    """Return what an ASGI application says of a caller."""
    try:
        answer = await ASGICaller(app).call(f"{path}?as={caller}", headers_of(caller))
    except LookupError as error:
        return f"failed for {error.args[0]}"
    return answer.body.decode() if answer.status == 200 else str(answer.status)


def call_wsgi(app: Any, path: str, caller: str) -> str:
    """Return what a WSGI application says of a caller."""
    try:
        answer = WSGICaller(app)(f"{path}?as={caller}", headers_of(caller))
    except LookupError as error:
        return f"failed for {error.args[0]}"
    return answer.body.decode() if answer.status == 200 else str(answer.status)


def in_turns(paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Return every caller of the sequence at every kind of endpoint, in an order that is mixed and always the same."""
    pairs = [(path, caller) for path in paths for caller in SEQUENCE]
    random.Random(7).shuffle(pairs)
    return iter(pairs)


@pytest.mark.parametrize("town", ASGI_TOWNS.values(), ids=ASGI_TOWNS.keys())
def test_one_task(town: Callable[[Town], Any]) -> None:
    """On one task each request has its own caller, after refusals and exceptions too, and none is left."""

    async def run() -> list[str]:
        wrong = []
        for path, caller in in_turns(ASGI_PATHS):
            said = await call_asgi(app, path, caller)
            if said != expected_of(path, caller) or current_visit.get() is not None:
                wrong.append(f"{path} for {caller}: {said}")
        return wrong

    place = Town()
    app = town(place)
    assert asyncio.run(run()) == []
    assert {whom == found for whom, found in place.worked} == {True}


def test_one_thread() -> None:
    """On one thread of a WSGI server likewise."""
    place = Town()
    app = place.flask()
    wrong = []
    for path, caller in in_turns(WSGI_PATHS):
        said = call_wsgi(app, path, caller)
        if said != expected_of(path, caller) or current_visit.get() is not None:
            wrong.append(f"{path} for {caller}: {said}")
    assert wrong == []
    assert {whom == found for whom, found in place.worked} == {True}


def callers_at_once() -> list[str]:
    """Return callers who are under way together; every third is nobody."""
    return [f"u{number}" if number % 3 else "nobody" for number in range(AT_ONCE)]


@pytest.mark.parametrize("path", [path for path in ASGI_PATHS if path != "/fail-late"])
@pytest.mark.parametrize("town", ASGI_TOWNS.values(), ids=ASGI_TOWNS.keys())
def test_tasks(town: Callable[[Town], Any], path: str) -> None:
    """Requests that are under way at the same time, on one event loop and in its worker threads, are not mixed up."""
    callers = callers_at_once()

    async def run() -> list[str]:
        place = Town(Meeting(AT_ONCE))
        app = town(place)
        said: list[str] = []
        for _ in range(3):
            said += await asyncio.gather(*(call_asgi(app, path, caller) for caller in callers))
        assert {whom == found for whom, found in place.worked} <= {True}
        assert current_visit.get() is None
        return said

    assert asyncio.run(run()) == [expected_of(path, caller) for caller in callers] * 3


@pytest.mark.parametrize("path", [path for path in WSGI_PATHS if path != "/fail-late"])
def test_threads(path: str) -> None:
    """Requests in several threads of a WSGI server are not mixed up, and leave nothing on the threads."""
    callers = callers_at_once()
    place = Town(Meeting(AT_ONCE))
    app = place.flask()

    def call(caller: str) -> str:
        said = call_wsgi(app, path, caller)
        return said if current_visit.get() is None else f"{said}, and somebody stays"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = [each for _ in range(3) for each in pool.map(call, callers)]
    assert said == [expected_of(path, caller) for caller in callers] * 3
    assert {whom == found for whom, found in place.worked} <= {True}


def test_responses_that_one_thread_sends_in_turns() -> None:
    """Streams that one thread sends by turns, and closes in any order, each keep their caller."""
    app = Town().flask()
    callers = callers_at_once()
    streams = [app(environ_of(f"/stream?as={each}", headers_of(each)), lambda *start: None) for each in callers]
    bodies = [iter(each) for each in streams]
    rounds = [[next(body).decode() for body in bodies] for _ in range(3)]
    for stream in reversed(streams):
        stream.close()
    assert (rounds, current_visit.get()) == ([callers] * 3, None)
