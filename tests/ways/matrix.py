"""Runs every way with every kind of endpoint to every outcome, and says of each what came of it."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from authmux import asgi, requires
from authmux.visit import current_visit
from tests.faces.callers import Answer
from tests.ways.callers import ASGICalls, Call
from tests.ways.house import ACCEPTED, REFUSED, House, Outcome
from tests.ways.kinds import HEARD, Kind
from tests.ways.way import Way

SAME, ACCEPTED_AS_SHOULD_BE = "same", "accepted"
WRONG = "WRONG: "
"""How a cell begins that must not be."""

Expected = Callable[[Kind, Outcome], Answer]


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one kind of endpoint in one way: a word for each outcome."""

    kind: str
    cells: tuple[str, ...]


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Be guarded and nothing else: what the plain face answers to it is what all others are held against."""
    requires(scope["path"].rpartition("/")[2])(lambda: None)()


class PlainFace:
    """Answers as `authmux.asgi` does around an application without any framework."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._call = ASGICalls(asgi.AuthMiddleware(bare, authenticator=House().authenticator()), runner)
        self._known: dict[tuple[str, str, str], Answer] = {}

    def __call__(self, kind: Kind, outcome: Outcome) -> Answer:
        known = kind.method, kind.protocol, outcome.name
        if known not in self._known:
            self._known[known] = self._call(kind, kind.path(outcome.scope), outcome.headers)
        return self._known[known]


def run_way(way: Way, kinds: tuple[Kind, ...], calls: Callable[[Any], Call], expected: Expected) -> Iterator[Row]:
    """Try one way with every kind: a caller who is let in, each refusal, and the first caller once more."""
    house = House()
    call = calls(way.build(house))
    for kind in kinds:
        first = _accepted(way, kind, call, house)
        cells = [_refused(way, kind, call, outcome, expected(kind, outcome)) for outcome in REFUSED]
        again = _accepted(way, kind, call, house)
        yield Row(kind.name, (*cells, first if first == again else f"{WRONG}{first}, then {again}"))


def _accepted(way: Way, kind: Kind, call: Call, house: House) -> str:
    before = house.verifier.asked
    with _failures() as failures:
        answer = way.undo(_answer(way, kind, call, ACCEPTED))
    asked = house.verifier.asked - before
    heard = [kind.says(answer), *HEARD]
    HEARD.clear()
    if heard != ["ann"] * (1 + kind.later) or failures or current_visit.get() is not None:
        return f"{WRONG}{heard}, {failures}, {answer}"
    return ACCEPTED_AS_SHOULD_BE if asked == way.verifications else f"{WRONG}verified {asked} times"


def _answer(way: Way, kind: Kind, call: Call, outcome: Outcome) -> Answer:
    """Return the answer to one request; an exception that comes out is none that any cell may have."""
    try:
        return call(kind, way.prefix + kind.path(outcome.scope), (*outcome.headers, *way.sends))
    except Exception as error:
        return Answer(0, (), repr(error).encode())


def _refused(way: Way, kind: Kind, call: Call, outcome: Outcome, expected: Answer) -> str:
    with _failures() as failures:
        answer = _answer(way, kind, call, outcome)
    if HEARD or current_visit.get() is not None or (failures and not way.is_logged):
        return f"{WRONG}the endpoint ran, or a failure was logged: {failures}, {answer}"
    logged = ", logged" if failures else ""
    if answer == expected:
        return SAME + logged
    if way.note and way.undo(answer) == way.undo(expected):
        return f"{SAME}, {way.note}"
    if answer.status == way.others.get(kind.name):
        return str(answer.status)
    return f"{WRONG}{answer}"


@contextmanager
def _failures() -> Iterator[list[str]]:
    """Collect what is logged as an error: a refusal is none."""
    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    collector = Collector(logging.ERROR)
    logging.getLogger().addHandler(collector)
    try:
        yield found
    finally:
        logging.getLogger().removeHandler(collector)
