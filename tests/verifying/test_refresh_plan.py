"""The timetable: when an issuer's keys are fetched, as plain numbers."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux.verifying.refresh_plan import FORCED_EVERY, FORCED_PER_HOUR, HARD_TTL, RefreshPlan

START = 1_000.0


def new_plan(seed: int = 1) -> RefreshPlan:
    return RefreshPlan(now=START, randomness=random.Random(seed))


def fresh_plan(max_age: float | None = None, *, seed: int = 1) -> RefreshPlan:
    """Return a plan whose first fetch has succeeded."""
    plan = new_plan(seed)
    plan.began(START, forced=False)
    plan.succeeded(START, max_age=max_age)
    return plan


def failed_plan(times: int, *, seed: int = 1, retry_after: float | None = None) -> tuple[RefreshPlan, float]:
    """Return a plan after so many failures in a row, each attempt at the moment it was due, and the last moment."""
    plan, now = new_plan(seed), START
    for _ in range(times):
        now = plan.due_at
        plan.began(now, forced=False)
        plan.failed(now, retry_after=retry_after)
    return plan, now


def test_the_first_fetch_is_due_at_once() -> None:
    """B-40: a plan begins with a fetch."""
    plan = new_plan()
    assert (plan.due_at, plan.delay(START), plan.failures) == (START, 0.0, 0)


def test_nothing_is_due_while_a_fetch_is_under_way() -> None:
    """B-37: one attempt is in flight at a time."""
    plan = new_plan()
    plan.began(START, forced=False)
    assert plan.due_at == float("inf")


@pytest.mark.parametrize(
    ("max_age", "ttl"),
    [
        (None, 600),
        (0, 300),
        (15, 300),
        (299, 300),
        (300, 300),
        (1234, 1234),
        (3600, 3600),
        (3601, 3600),
        (86_400, 3600),
        (5_184_000, 3600),
        (9_999_999_999, 3600),
    ],
)
def test_freshness(max_age: float | None, ttl: float) -> None:
    """B-30: what the issuer says counts within 300 and 3600 seconds, and 600 where it says nothing (A-173)."""
    due = [fresh_plan(max_age, seed=seed).due_at - START for seed in range(200)]
    # B-31: at 80 % of it, a tenth more or less
    assert all(0.72 * ttl <= each <= 0.88 * ttl for each in due)
    assert min(due) < 0.74 * ttl
    assert max(due) > 0.86 * ttl


def test_two_processes_do_not_fetch_together() -> None:
    """B-31: the moment is drawn, so that a fleet spreads."""
    assert len({fresh_plan(seed=seed).due_at for seed in range(50)}) == 50


def test_randomness_of_its_own() -> None:
    """B-31: without randomness handed in, two plans differ."""
    plans = [RefreshPlan(now=START) for _ in range(2)]
    for plan in plans:
        plan.succeeded(START, max_age=None)
    assert plans[0].due_at != plans[1].due_at


@pytest.mark.parametrize(
    ("failures", "longest"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60), (20, 60), (2000, 60)]
)
def test_back_off(failures: int, longest: float) -> None:
    """B-37: the waits are 1, 2, 4 … 60 seconds, each drawn from its upper half."""
    waits = []
    for seed in range(60):
        plan, now = failed_plan(failures, seed=seed)
        waits.append(plan.due_at - now)
        assert plan.delay(now) == pytest.approx(plan.due_at - now)
    assert all(longest / 2 - 1e-6 <= wait <= longest + 1e-6 for wait in waits)
    assert min(waits) < 0.6 * longest
    assert max(waits) > 0.9 * longest


def test_a_success_ends_the_back_off() -> None:
    """B-37: after a success the next failure waits a second at most again."""
    plan, now = failed_plan(6)
    assert plan.failures == 6
    plan.succeeded(now, max_age=None)
    assert (plan.failures, plan.delay(now)) == (0, 0.0)
    plan.failed(now, retry_after=None)
    assert plan.delay(now) <= 1


@pytest.mark.parametrize(
    ("retry_after", "shortest", "longest"),
    [(0, 0.5, 1), (0.2, 0.5, 1), (20, 20, 20), (300, 300, 300), (301, 300, 300), (1e9, 300, 300), (-5, 0.5, 1)],
)
def test_retry_after(retry_after: float, shortest: float, longest: float) -> None:
    """B-37: what the server asks for is honoured up to 300 seconds, and never shortens the back-off."""
    plan, now = failed_plan(1, retry_after=retry_after)
    assert shortest <= plan.due_at - now <= longest
    assert plan.delay(now) == pytest.approx(plan.due_at - now)


def test_retry_after_before_back_off_before_cooldown() -> None:
    """B-34: where delays meet, Retry-After counts before the back-off, and both before the cool-down."""
    plan = fresh_plan()
    plan.began(START + 100, forced=True)
    plan.failed(START + 100, retry_after=200)
    assert not plan.may_force(START + 100 + FORCED_EVERY)  # the cool-down alone would allow it
    assert not plan.may_force(START + 299.9)
    assert plan.may_force(START + 300)


def test_a_known_set_may_be_forced_at_once() -> None:
    """B-33: a scheduled fetch starts no cool-down, so that a key published right after it is found."""
    assert fresh_plan().may_force(START)


@pytest.mark.parametrize("succeeds", [True, False], ids=["success", "failure"])
def test_the_cooldown(succeeds: bool) -> None:
    """B-33: one forced fetch in 30 seconds, counted from its beginning, whatever came of it."""
    plan = fresh_plan()
    plan.began(START + 10, forced=True)
    if succeeds:
        plan.succeeded(START + 12, max_age=None)
    else:
        plan.failed(START + 12, retry_after=None)
    assert FORCED_EVERY == 30
    assert not plan.may_force(START + 12)
    assert not plan.may_force(START + 39.9)
    assert plan.may_force(START + 40)


def test_a_scheduled_fetch_does_not_extend_the_cooldown() -> None:
    """B-33: between two forced fetches a scheduled one counts for nothing."""
    plan = fresh_plan()
    plan.began(START + 10, forced=True)
    plan.succeeded(START + 10, max_age=None)
    plan.began(START + 35, forced=False)
    plan.succeeded(START + 36, max_age=None)
    assert plan.may_force(START + 40)


def test_nothing_is_forced_during_the_back_off() -> None:
    """B-34: an issuer that is down is left alone, also by unknown kids."""
    plan, now = failed_plan(7)
    assert not plan.may_force(now + 29.9)
    assert plan.may_force(plan.due_at)


def test_a_flood_does_not_delay_the_scheduled_fetch() -> None:
    """B-34: after a forced fetch the next scheduled one is still due within the freshness, as after any."""
    plan = fresh_plan()
    plan.began(START + 470, forced=True)
    plan.succeeded(START + 470, max_age=None)
    assert plan.due_at <= START + 470 + 0.88 * 600


def test_the_budget_of_an_hour() -> None:
    """B-34: a flood forces at most 120 fetches in any hour, and the budget comes back."""
    plan = fresh_plan()
    forced = []
    for second in range(3 * 3600):
        now = START + second
        if plan.may_force(now):
            plan.began(now, forced=True)
            plan.succeeded(now, max_age=None)
            forced.append(second)
    assert FORCED_PER_HOUR == 120
    assert all(later - earlier >= 30 for earlier, later in itertools.pairwise(forced))
    for start in range(0, 3 * 3600, 600):
        assert sum(start <= each < start + 3600 for each in forced) <= 120
    assert forced[-1] > 3 * 3600 - 60


def test_the_day() -> None:
    """B-32: keys that were not confirmed for 24 hours are not believed."""
    assert HARD_TTL == 24 * 3600


EVENTS = st.lists(
    st.tuples(
        st.floats(0, 200),
        st.sampled_from(["force", "due"]),
        st.sampled_from(["ok", "bad"]),
        st.none() | st.floats(0, 1e7),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=200)
@given(EVENTS, st.integers(0, 1000))
def test_whatever_happens(events: list[tuple[float, str, str, float | None]], seed: int) -> None:
    """B-34: after any history the next fetch is due within the hour, and forced ones keep their distance."""
    plan, now = new_plan(seed), START
    forced: list[float] = []
    for pause, cause, outcome, said in events:
        now += pause
        is_forced = cause == "force" and plan.may_force(now)
        if not is_forced and plan.due_at > now:
            continue
        assert plan.delay(now) == 0  # no fetch begins during a back-off, forced or due
        plan.began(now, forced=is_forced)
        forced += [now] if is_forced else []
        if outcome == "ok":
            plan.succeeded(now, max_age=said)
        else:
            plan.failed(now, retry_after=said)
        assert now < plan.due_at <= now + 0.88 * 3600
    assert all(later - earlier >= FORCED_EVERY for earlier, later in itertools.pairwise(forced))
