"""The two clocks: wall time for what is written in credentials, monotonic time for how long ago."""

import time as machine
from typing import Protocol


class Clock(Protocol):
    """Where time enters; every constructor that needs one takes it as `clock=`."""

    def time(self) -> float:
        """Return seconds since the epoch: what `exp` and `expires_at` are judged by (B-76)."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards: what ages, back-offs and cool-downs are counted in (B-76)."""
        ...


class SystemClock:
    """The machine's own clocks."""

    time = staticmethod(machine.time)
    monotonic = staticmethod(machine.monotonic)


SYSTEM_CLOCK = SystemClock()
