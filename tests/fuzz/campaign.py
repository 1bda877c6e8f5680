"""Hypothesis for so many seconds instead of so many examples, with other examples in every run."""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

_BATCH = 200  # examples; Hypothesis learns within a batch, and begins elsewhere with the next

UNHURRIED = settings(
    max_examples=_BATCH,
    deadline=None,
    database=None,
    derandomize=False,
    print_blob=True,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example),
)


class TimeIsOver(BaseException):
    """Ends a batch in its middle: Hypothesis takes it for an interruption, and not for a failure."""


def run_for(seconds: float, judge: Callable[[bytes], None], inputs: st.SearchStrategy[bytes]) -> int:
    """Judge what a strategy makes until the time is over; return how much it was.

    What is found is made as small as it goes, which may take longer, and raised with the bytes beside it.
    """
    until = monotonic() + seconds
    executions, is_found = 0, False

    def judge_in_time(data: bytes) -> None:
        nonlocal executions, is_found
        if not is_found and monotonic() >= until:
            raise TimeIsOver
        executions += 1
        try:
            judge(data)
        except Exception:
            is_found = True
            raise

    with suppress(TimeIsOver):
        while True:
            UNHURRIED(given(data=inputs)(judge_in_time))()
    return executions
