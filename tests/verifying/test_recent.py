"""What is remembered lately, and look-ups that several wait for."""

import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux.verifying.recent import Abandoned, Flights, Recent


def test_what_was_put_is_there() -> None:
    """B-60: a value is held under its key, the last one that was put."""
    recent: Recent[str, int] = Recent(2)
    assert recent.get("a") is None
    recent.put("a", 1)
    recent.put("a", 2)
    assert (recent.get("a"), len(recent)) == (2, 1)


def test_the_one_not_asked_for_longest_is_forgotten() -> None:
    """B-60: the memory is bounded, and asking keeps."""
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.get("a")
    recent.put("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]


@settings(deadline=None)
@given(st.integers(1, 5), st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=60))
def test_the_memory_is_an_lru(size: int, steps: list[tuple[bool, int]]) -> None:
    """B-60: after any history it holds the keys used last, and never more than its size."""
    recent: Recent[int, int] = Recent(size)
    model: OrderedDict[int, int] = OrderedDict()
    for value, (is_put, key) in enumerate(steps):
        if is_put:
            recent.put(key, value)
            model[key] = value
        elif key in model:
            assert recent.get(key) == model[key]
        else:
            assert recent.get(key) is None
            continue
        model.move_to_end(key)
        if len(model) > size:
            model.popitem(last=False)
    assert len(recent) == len(model)


def test_clear_forgets_everything_and_keeps_the_size() -> None:
    """B-41: a memory that was cleared is empty, as large as before, and its lock is free."""
    recent: Recent[int, int] = Recent(3)
    recent.put(1, 1)
    recent._lock.acquire()  # as a thread of the parent may hold it while the process forks
    recent.clear()
    assert recent.get(1) is None
    for number in range(10):
        recent.put(number, number)
    assert len(recent) == 3


def test_many_threads() -> None:
    """B-60: eight threads at once break nothing (an unlocked cachetools breaks for good)."""
    recent: Recent[int, int] = Recent(16)
    begin = threading.Barrier(8)

    def use(thread: int) -> None:
        begin.wait(5)
        for step in range(2_000):
            key = (step * 7 + thread * 13) % 64
            recent.put(key, key)
            assert recent.get(key) in {key, None}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(8)))
    assert len(recent) == 16
    assert sum(recent.get(key) is not None for key in range(64)) == 16


def test_one_does_it_and_the_others_wait() -> None:
    """K-23: who comes first does the look-up, and everybody gets its outcome."""
    flights: Flights[str, int] = Flights()
    first, is_first = flights.join("a")
    second, is_second = flights.join("a")
    assert (is_first, is_second, first is second) == (True, False, True)
    assert flights.join("b")[1]
    flights.land("a", result=7)
    assert second.result(0) == 7


def test_after_the_landing_somebody_begins_anew() -> None:
    """K-23: an outcome is shared by those who waited, and remembered by no one here."""
    flights: Flights[str, int] = Flights()
    flights.join("a")
    flights.land("a", result=7)
    assert flights.join("a")[1]


def test_an_error_reaches_everybody() -> None:
    """K-23: who waits gets the error of the look-up."""
    flights: Flights[str, int] = Flights()
    future, _ = flights.join("a")
    flights.land("a", error=LookupError("down"))
    with pytest.raises(LookupError, match="down"):
        future.result(0)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), GeneratorExit(), SystemExit()], ids=lambda error: type(error).__name__
)
def test_who_went_away_leaves_it_to_another(error: BaseException) -> None:
    """A-176: where the one who did it was cancelled, those who wait learn that they must begin again."""
    flights: Flights[str, int] = Flights()
    future, _ = flights.join("a")
    flights.land("a", error=error)
    with pytest.raises(Abandoned):
        future.result(0)


def test_no_waiter_can_cancel() -> None:
    """A-176: the future of a look-up counts as running from the start."""
    future, _ = Flights[str, int]().join("a")
    assert not future.cancel()


def test_clear_forgets_what_was_under_way() -> None:
    """B-41: in a forked child the first to ask does it, though the parent's lock was taken."""
    flights: Flights[str, int] = Flights()
    flights.join("a")
    flights._lock.acquire()
    flights.clear()
    assert flights.join("a")[1]


def test_many_threads_join_one_flight() -> None:
    """A-175: of 50 threads one does it."""
    flights: Flights[str, int] = Flights()
    begin = threading.Barrier(50)

    def join(_: int) -> "tuple[Future[int], bool]":
        begin.wait(5)
        return flights.join("a")

    with ThreadPoolExecutor(50) as pool:
        joined = list(pool.map(join, range(50)))
    assert sum(ours for _, ours in joined) == 1
    flights.land("a", result=1)
    assert all(future.result(0) == 1 for future, _ in joined)
