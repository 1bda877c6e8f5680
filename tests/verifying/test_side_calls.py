"""Calls that may never return: each once, in a thread of its own, bounded in number, left behind in time (A-190)."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from authmux.flow import run
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.side_calls import Busy, SideCalls


class Place:
    """Calls that answer once the gate is open, and how often each was made."""

    def __init__(self, *, most: int = 2, timeout: float = 30.0) -> None:
        self.clock = ManualClock()
        self.gate = threading.Event()
        self.made: list[str] = []
        self.calls: SideCalls[str] = SideCalls(most=most, timeout=timeout, clock=self.clock)

    def call(self, key: str) -> str:
        def answer() -> str:
            self.made.append(key)
            assert self.gate.wait(60)
            return key.upper()

        return run(self.calls.share(key, lambda: answer))


@pytest.fixture
def place() -> Iterator[Callable[..., Place]]:
    places: list[Place] = []

    def make(**options: Any) -> Place:
        places.append(Place(**options))
        return places[-1]

    yield make
    for each in places:
        each.gate.set()


def test_an_answer(place: Callable[..., Place]) -> None:
    """An answer is had, and the next who wants it causes a new call."""
    open_place = place()
    open_place.gate.set()
    assert [open_place.call("a"), open_place.call("a")] == ["A", "A"]
    assert open_place.made == ["a", "a"]


def test_the_time_is_that_of_the_call(place: Callable[..., Place]) -> None:
    """A-190: who comes late waits for what is left of the time, and past it not at all."""
    slow = place(timeout=0.3)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        slow.call("a")
    assert 0.3 <= time.monotonic() - begun < 10
    slow.clock.advance(0.3)
    begun = time.monotonic()
    for _ in range(50):
        with pytest.raises(TimeoutError):
            slow.call("a")
    assert time.monotonic() - begun < 5
    assert slow.made == ["a"]


def test_as_many_as_may(place: Callable[..., Place]) -> None:
    """A-190: one call more than may be is not made, until one ends."""
    full = place(most=2, timeout=0.01)
    for key in "ab":
        with pytest.raises(TimeoutError):
            full.call(key)
    with pytest.raises(Busy):
        full.call("c")
    full.gate.set()
    deadline = time.monotonic() + 20
    while True:
        try:
            assert full.call("c") == "C"
        except (Busy, TimeoutError):
            assert time.monotonic() < deadline, "no call has ended"
        else:
            break


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(1)], ids=repr)
def test_a_call_that_fails(place: Callable[..., Place], error: BaseException) -> None:
    """Whatever it ends with, who waits is told, and the place is free again."""
    one = place(most=1)
    one.gate.set()

    def fail() -> str:
        raise error

    with pytest.raises((KeyError, RuntimeError)):
        run(one.calls.share("a", lambda: fail))
    deadline = time.monotonic() + 20
    while one.calls._free._value == 0:
        assert time.monotonic() < deadline, "its place is not free"
    assert one.call("a") == "A"


def test_one_that_may_not_begin(place: Callable[..., Place]) -> None:
    """What stops a call before it begins is told to who wants it, and costs no thread."""
    one = place()
    one.gate.set()

    def begin() -> Callable[[], str]:
        raise PermissionError

    before = threading.active_count()
    with pytest.raises(PermissionError):
        run(one.calls.share("a", begin))
    assert threading.active_count() == before
    assert one.call("a") == "A"


def test_a_system_without_threads(place: Callable[..., Place], monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no thread left is busy, and takes no place away."""
    one = place(most=1)
    one.gate.set()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(Busy):
            one.call("a")
    assert one.call("a") == "A"
