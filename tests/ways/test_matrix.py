"""Every way of adding the middleware, with every kind of endpoint, refuses with the same bytes and lets the same in."""

from dataclasses import replace

import pytest

from tests.ways.frameworks import PARTS, Matrix, Part, run_all, run_one
from tests.ways.house import REFUSED
from tests.ways.matrix import WRONG
from tests.ways.page import PAGE, write_page

WAYS = [pytest.param(part, way.name, id=f"{part.name}, {way.name}") for part in PARTS for way in part.ways]


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """Run all of it once."""
    return run_all()


@pytest.mark.parametrize(("part", "way"), WAYS)
def test_way(matrix: Matrix, part: Part, way: str) -> None:
    """Nothing comes of any endpoint that is not the same, or known and explained on the page."""
    rows = matrix[part.name, way]
    assert [row for row in rows if any(cell.startswith(WRONG) for cell in row.cells)] == []
    assert len(rows) == len(part.kinds)


def test_differences_are_explained(matrix: Matrix) -> None:
    """A way of which anything but the same comes has a sentence on the page, and no other has."""
    plain = {*("same",) * len(REFUSED), "accepted"}
    for part in PARTS:
        for way in part.ways:
            words = {cell for row in matrix[part.name, way.name] for cell in row.cells}
            assert bool(way.why) == (words != plain), (part.name, way.name, words)


def test_page(matrix: Matrix) -> None:
    """The page of the documentation is what the run gave; `python -m tests.ways` writes it."""
    assert PAGE.read_text(encoding="utf-8") == write_page(matrix)


def test_names_are_unique() -> None:
    """No two ways of a framework, and no two kinds of endpoint, have the same name."""
    for part in PARTS:
        for names in ([way.name for way in part.ways], [kind.name for kind in part.kinds]):
            assert len(set(names)) == len(names)


def test_differences_are_noticed() -> None:
    """What is verified too often, and what is added to a refusal without being known, is wrong in the matrix."""
    part = PARTS[0]
    with_cors = next(way for way in part.ways if way.name == "`CORSMiddleware` outside")
    rows = run_one(part, replace(with_cors, verifications=2, note=""))
    assert {cell[: len(WRONG)] for row in rows if "WebSocket" not in row.kind for cell in row.cells} == {WRONG}
