"""Every target for a moment: its seeds, what is almost right, and bytes of any kind. `make fuzz` takes its time."""

import pytest
from hypothesis import strategies as st

from tests.fuzz.campaign import run_for
from tests.fuzz.table import TARGETS
from tests.fuzz.target import SEEDS, Target

SECONDS = 60.0
"""For all targets together: this is the budget of fuzzing in the test run."""

_EACH = SECONDS / len(TARGETS)
_ALMOST = 0.75  # of the time; random bytes seldom get past a parser's first check

each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


@each_target
def test_seeds(target: Target) -> None:
    """What was written down for a target is judged like everything else, what was found once among it."""
    seeds = target.seeds()
    assert seeds
    for seed in seeds:
        target.judge(seed)


@each_target
def test_what_is_almost_right(target: Target) -> None:
    """B-75: input that gets past the first checks raises what is documented, or means one thing to everybody."""
    assert run_for(_EACH * _ALMOST, target.judge, target.almost) > 0


@each_target
def test_any_bytes(target: Target) -> None:
    """B-75: so does whatever else somebody sends."""
    assert run_for(_EACH * (1 - _ALMOST), target.judge, st.binary(max_size=200)) > 0


def test_every_file_of_seeds_is_read() -> None:
    """No seeds lie about under a name that no target has."""
    assert {path.stem for path in SEEDS.iterdir()} == {target.name for target in TARGETS}
