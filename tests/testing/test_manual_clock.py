"""The clock of our users' tests stands until it is moved."""

from authmux.clock import Clock
from authmux.testing import ManualClock


def test_it_stands() -> None:
    """Time does not pass by itself, on either clock."""
    clock: Clock = ManualClock(5.0)
    assert (clock.time(), clock.time()) == (5.0, 5.0)
    assert clock.monotonic() == clock.monotonic()


def test_advance_moves_both_clocks() -> None:
    """When time passes, it passes for deadlines and for ages alike (B-76)."""
    clock = ManualClock(5.0)
    before = clock.monotonic()
    clock.advance(2.5)
    clock.advance(0.5)
    assert (clock.time(), clock.monotonic() - before) == (8.0, 3.0)


def test_set_wall_moves_the_wall_clock_alone() -> None:
    """Somebody who corrects the time of day, backwards too, makes nothing older or younger (B-76)."""
    clock = ManualClock(5.0)
    before = clock.monotonic()
    clock.set_wall(1.0)
    assert (clock.time(), clock.monotonic()) == (1.0, before)
