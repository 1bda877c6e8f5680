"""How long something takes, on a machine that does other things too."""

import time
from collections.abc import Callable


def fastest(action: Callable[[], object]) -> float:
    """Return the seconds of the fastest of three runs."""
    return min(_seconds(action) for _ in range(3))


def _seconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun
