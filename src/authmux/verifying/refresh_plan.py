"""When to fetch an issuer's keys: decisions only, on monotonic seconds that are handed in (B-30, B-31, B-33, B-37).

Three delays may hold a fetch back, and where they meet the first of these wins: what the server asked for
(Retry-After), the back-off after failures, the cool-down between forced refreshes.
"""

import random
from collections import deque
from typing import Final

DEFAULT_TTL: Final = 600.0  # B-30: no max-age was given
MIN_TTL: Final = 300.0  # B-30: Auth0 says 15 s, and means nothing by it
MAX_TTL: Final = 3600.0  # B-30: Okta says weeks; a stolen key is gone within the hour
REFRESH_AHEAD: Final = 0.8  # B-31: at this part of the TTL, a tenth more or less
HARD_TTL: Final = 86_400.0  # B-32: Entra's advice; older keys are not believed
MAX_HARD_TTL: Final = 7 * 86_400.0  # B-32
FORCED_EVERY: Final = 30.0  # B-33
FORCED_PER_HOUR: Final = 120  # B-34
MAX_BACKOFF: Final = 60.0  # B-37
MAX_RETRY_AFTER: Final = 300.0  # B-37


def fresh_for(max_age: float | None) -> float:
    """Return for how many seconds a set is fresh of which its issuer says `max_age`, or nothing (B-30)."""
    return DEFAULT_TTL if max_age is None else min(max(max_age, MIN_TTL), MAX_TTL)


class RefreshPlan:
    """The timetable of one issuer.

    Arguments:
        now: monotonic seconds; the first fetch is due at once.
        randomness: spreads what many processes would else do at the same moment.
    """

    def __init__(self, *, now: float, randomness: random.Random | None = None) -> None:
        self._random = randomness or random.Random()  # noqa: S311  # spreads load, guards nothing
        self._failures = 0
        self._forced: deque[float] = deque(maxlen=FORCED_PER_HOUR)
        self._not_before = now
        self.due_at = now

    @property
    def failures(self) -> int:
        """Return how many attempts have failed since the last success."""
        return self._failures

    def delay(self, now: float) -> float:
        """Return for how many seconds no fetch at all may begin."""
        return max(0.0, self._not_before - now)

    def may_force(self, now: float) -> bool:
        """Return whether an unknown kid may cause a fetch (B-33, B-34)."""
        if self.delay(now) > 0:
            return False
        if self._forced and now - self._forced[-1] < FORCED_EVERY:
            return False
        return len(self._forced) < FORCED_PER_HOUR or now - self._forced[0] >= 3600

    def began(self, now: float, *, forced: bool) -> None:
        """Note that a fetch begins; a forced one counts whether it succeeds or not (B-33)."""
        self.due_at = float("inf")
        if forced:
            self._forced.append(now)

    def succeeded(self, now: float, *, max_age: float | None) -> None:
        """Note a usable answer and what it said of its freshness (B-30, B-31)."""
        self._failures = 0
        self._not_before = now
        self.due_at = now + fresh_for(max_age) * REFRESH_AHEAD * self._random.uniform(0.9, 1.1)

    def failed(self, now: float, *, retry_after: float | None) -> None:
        """Note a failure; the next attempt is 1, 2, 4 … 60 s away, each drawn from its upper half (B-37)."""
        backoff = min(2.0**self._failures, MAX_BACKOFF)
        self._failures = min(self._failures + 1, 16)
        wait = self._random.uniform(backoff / 2, backoff)
        if retry_after is not None:
            wait = max(wait, min(retry_after, MAX_RETRY_AFTER))
        self._not_before = self.due_at = now + wait
