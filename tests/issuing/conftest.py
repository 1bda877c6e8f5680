"""The houses that the verbs are tested in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuing.house import House, house_on


@pytest.fixture(params=["memory", "sqlite"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Give a house on each kind of store."""
    with house_on(request.param, tmp_path) as house:
        yield house
