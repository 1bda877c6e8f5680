"""The two clocks: wall time for what is written in credentials, monotonic time for how long ago."""

import time as machine
from collections.abc import Callable
from functools import partial
from typing import Protocol


class Clock(Protocol):
    """Where time enters; every constructor that needs one takes it as `clock=`."""

    def time(self) -> float:
        """Return seconds since the epoch: what `exp` and `expires_at` are judged by (B-76)."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards: what ages, back-offs and cool-downs are counted in (B-76)."""
        ...


def _running_while_suspended() -> Callable[[], float]:
    """Return a monotonic clock that counts the time in which the machine slept: what is held ages meanwhile (K-22).

    Linux has one for that, and macOS's CLOCK_MONOTONIC is one; Windows' own counts it anyway.
    """
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        if hasattr(machine, name):
            return partial(machine.clock_gettime, getattr(machine, name))
    return machine.monotonic


class SystemClock:
    """The machine's own clocks."""

    time = staticmethod(machine.time)
    monotonic = staticmethod(_running_while_suspended())


SYSTEM_CLOCK = SystemClock()
