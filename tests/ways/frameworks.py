"""The three frameworks of the matrix, each with its ways and its kinds of endpoint, and the run of all of it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from authmux import fastapi, starlette
from tests.ways import asgi_ways, fastapi_kinds, flask_kinds, flask_ways, starlette_kinds
from tests.ways.callers import ASGICalls, Call, WSGICalls
from tests.ways.kinds import Kind
from tests.ways.matrix import PlainFace, Row, run_way
from tests.ways.way import Way


@dataclass(frozen=True, slots=True)
class Part:
    """One framework's part of the matrix."""

    name: str
    ways: tuple[Way, ...]
    kinds: tuple[Kind, ...]
    is_asgi: bool = True


PARTS = (
    Part(
        "Starlette",
        asgi_ways.ways_of(asgi_ways.Framework(starlette, starlette_kinds.new_app)),
        starlette_kinds.KINDS,
    ),
    Part(
        "FastAPI",
        (
            *asgi_ways.ways_of(asgi_ways.Framework(fastapi, fastapi_kinds.new_app)),
            Way("endpoints in an `APIRouter`", fastapi_kinds.with_router, "/sub"),
        ),
        fastapi_kinds.KINDS,
    ),
    Part("Flask", flask_ways.WAYS, flask_kinds.KINDS, is_asgi=False),
)

Matrix = Mapping[tuple[str, str], tuple[Row, ...]]
"""The rows of every way, by the names of its framework and its own."""


def run_all() -> Matrix:
    """Run every way of every framework."""
    with asyncio.Runner() as runner:
        expected = PlainFace(runner)
        return {
            (part.name, way.name): tuple(run_way(way, part.kinds, _calls(part, runner), expected))
            for part in PARTS
            for way in part.ways
        }


def run_one(part: Part, way: Way) -> tuple[Row, ...]:
    """Run one way with a framework's endpoints."""
    with asyncio.Runner() as runner:
        return tuple(run_way(way, part.kinds, _calls(part, runner), PlainFace(runner)))


def _calls(part: Part, runner: asyncio.Runner) -> Callable[[Any], Call]:
    return (lambda app: ASGICalls(app, runner)) if part.is_asgi else WSGICalls
