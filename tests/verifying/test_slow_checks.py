"""Digests that take long are computed one at a time, by one thread, and not for ever more who wait (K-14)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from authmux.errors import Unavailable
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.slow_checks import Question, SlowChecks


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that stands."""
    return ManualClock()


@pytest.fixture
def checks(clock: ManualClock) -> SlowChecks:
    """Give what is tested."""
    return SlowChecks(clock)


def question(number: int, credential_id: str | None = None) -> Question:
    """Return a question of its own, about a credential of its own."""
    return (credential_id or f"{number}", b"kept", b"%d" % number)


class Work:
    """Answers that wait at a gate, and of which one sees how many were under way at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.calls = self.at_once = self.most = 0

    def __call__(self) -> bool:
        self.calls += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        assert self.gate.wait(10)
        self.at_once -= 1
        return True


@contextmanager
def held_up() -> Iterator[Work]:
    """Give work that is held up within the block."""
    work = Work()
    try:
        yield work
    finally:
        work.gate.set()


def test_one_at_a_time(checks: SlowChecks) -> None:
    """Many questions are answered one after the other."""
    with held_up() as work:
        futures = [checks.ask(question(number), work) for number in range(10)]
    assert [future.result(10) for future in futures] == [True] * 10
    assert (work.calls, work.most) == (10, 1)


def test_who_asks_the_same(checks: SlowChecks) -> None:
    """Who asks what is being answered gets the same answer, and is counted no second time."""
    with held_up() as work:
        futures = [checks.ask(question(1), work) for _ in range(50)]
    assert {future.result(10) for future in futures} == {True}
    assert work.calls == 1


def test_too_many_wait(checks: SlowChecks) -> None:
    """The seventeenth that waits is told to come again; when one is done there is room (K-14)."""
    with held_up() as work:
        futures = [checks.ask(question(number), work) for number in range(16)]
        with pytest.raises(Unavailable, match="slow_digests_busy"):
            checks.ask(question(16), work)
    for future in futures:
        future.result(10)
    assert checks.ask(question(16), lambda: False).result(10) is False


def test_two_in_a_second(checks: SlowChecks, clock: ManualClock) -> None:
    """One credential is asked for twice in any second, and no more often (K-14)."""
    served = []
    for tenth in range(30):
        with suppress(Unavailable):
            checks.ask(question(tenth, "one"), lambda: True).result(10)
            served.append(tenth)
        clock.advance(0.1)
    assert len(served) == 6
    assert all(later - earlier >= 10 for earlier, later in zip(served, served[2:], strict=False))


def test_a_failure_is_the_askers(checks: SlowChecks) -> None:
    """What goes wrong in an answer is raised where it is waited for, and nothing is stuck."""

    def fail() -> bool:
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        checks.ask(question(1), fail).result(10)
    assert checks.ask(question(1), lambda: True).result(10) is True


def test_after_a_fork(checks: SlowChecks) -> None:
    """A child has a thread of its own, and none of its parent's questions (B-41)."""
    with held_up() as work:
        checks.ask(question(1), work)
        checks.after_fork()
        assert checks.ask(question(1), lambda: False).result(10) is False
