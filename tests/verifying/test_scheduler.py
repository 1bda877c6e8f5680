"""The scheduler: what is due is done on time, on a few threads, and what hangs stalls nothing else."""

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from authmux.clock import SYSTEM_CLOCK
from authmux.verifying.scheduler import SHARED_SCHEDULER, WORKERS, Scheduler

SOON = 5.0  # seconds after which a test gives up


class Alarm:
    """A task that notes when it was run."""

    def __init__(self, name: str = "", rung: "list[str] | None" = None) -> None:
        self.done = threading.Event()
        self.at = 0.0
        self.count = 0
        self._name = name
        self._rung = [] if rung is None else rung

    def run_if_due(self) -> None:
        self.at = SYSTEM_CLOCK.monotonic()
        self.count += 1
        self._rung.append(self._name)
        self.done.set()


def now() -> float:
    return SYSTEM_CLOCK.monotonic()


def test_no_thread_without_a_task() -> None:
    """B-41: threads start with the first task, and all of them are daemons."""
    before = own_threads()
    scheduler = Scheduler()
    assert own_threads() == before
    alarm = Alarm()
    scheduler.watch(alarm, due_at=now())
    assert alarm.done.wait(SOON)
    new = own_threads() - before
    assert sorted(thread.name for thread in new) == ["authmux-fetch-1", "authmux-timekeeper"]
    assert all(thread.daemon for thread in new)


def own_threads() -> set[threading.Thread]:
    """Return the threads of every scheduler."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("authmux-")}


def test_a_task_runs_when_it_is_due() -> None:
    """B-31: a task is run once, at its moment and not before."""
    scheduler, alarm = Scheduler(), Alarm()
    due_at = now() + 0.1
    scheduler.watch(alarm, due_at=due_at)
    assert alarm.done.wait(SOON)
    assert due_at <= alarm.at < due_at + 1
    time.sleep(0.05)
    assert alarm.count == 1


def test_an_earlier_task_is_not_kept_waiting() -> None:
    """B-31: whoever is due first runs first, in whatever order they came."""
    scheduler, rung = Scheduler(), list[str]()
    begun = now()
    alarms = {name: Alarm(name, rung) for name in "abc"}
    for name, wait in (("c", 60), ("b", 0.2), ("a", 0.1)):
        scheduler.watch(alarms[name], due_at=begun + wait)
    assert alarms["b"].done.wait(SOON)
    assert rung == ["a", "b"]


def test_a_task_may_be_watched_again() -> None:
    """B-31: a task that is put back in runs again."""
    scheduler, alarm = Scheduler(), Alarm()
    for count in (1, 2, 3):
        alarm.done.clear()
        scheduler.watch(alarm, due_at=now())
        assert alarm.done.wait(SOON)
        assert alarm.count == count


def test_a_task_that_is_gone_is_not_run() -> None:
    """B-41: a task goes with whom it belongs to; the scheduler does not keep it."""
    scheduler, rung = Scheduler(), list[str]()
    gone, stays = Alarm("gone", rung), Alarm("stays", rung)
    scheduler.watch(gone, due_at=now() + 0.1)
    scheduler.watch(stays, due_at=now() + 0.15)
    reference = weakref.ref(gone)
    del gone
    gc.collect()
    assert reference() is None
    assert stays.done.wait(SOON)
    assert rung == ["stays"]


def test_a_task_that_ran_is_let_go() -> None:
    """B-41: no thread holds a task while it waits for the next one."""
    scheduler, alarm = Scheduler(), Alarm()
    scheduler.watch(alarm, due_at=now())
    assert alarm.done.wait(SOON)
    reference = weakref.ref(alarm)
    del alarm
    deadline = now() + SOON
    while reference() is not None and now() < deadline:
        time.sleep(0.01)
        gc.collect()
    assert reference() is None


def hold(scheduler: Scheduler, count: int) -> Callable[[], None]:
    """Keep so many workers busy until the returned function is called."""
    gate, busy = threading.Event(), threading.Semaphore(0)

    def hang() -> None:
        busy.release()
        gate.wait(20)

    for _ in range(count):
        scheduler.do(hang)
    for _ in range(count):
        assert busy.acquire(timeout=SOON)
    return gate.set


def test_one_that_hangs_stalls_no_other() -> None:
    """B-20, B-34: as many fetches as hang, one less than there are workers, leave room for another issuer."""
    scheduler, done = Scheduler(), threading.Event()
    release = hold(scheduler, WORKERS - 1)
    try:
        scheduler.do(done.set)
        assert done.wait(SOON)
    finally:
        release()


def test_a_bounded_number_of_threads() -> None:
    """B-41: there are 64 workers at most, and what is more waits for one of them."""
    scheduler, done = Scheduler(), threading.Semaphore(0)
    release = hold(scheduler, WORKERS)
    for _ in range(20):
        scheduler.do(done.release)
    assert WORKERS == 64
    assert not done.acquire(timeout=0.05)
    release()
    for _ in range(20):
        assert done.acquire(timeout=SOON)


def test_the_timekeeper_goes_on_while_all_workers_hang() -> None:
    """B-34: what becomes due while every worker hangs is done as soon as one is free."""
    scheduler, alarm = Scheduler(), Alarm()
    release = hold(scheduler, WORKERS)
    scheduler.watch(alarm, due_at=now())
    assert not alarm.done.wait(0.05)
    release()
    assert alarm.done.wait(SOON)


def test_an_idle_worker_is_used_again() -> None:
    """B-41: one thing after the other needs one thread."""
    scheduler, done, names = Scheduler(), threading.Event(), set[str]()

    def work() -> None:
        names.add(threading.current_thread().name)
        done.set()

    for _ in range(20):
        done.clear()
        scheduler.do(work)
        assert done.wait(SOON)
        time.sleep(0.005)  # until the worker says that it is idle
    assert len(names) <= 2


def test_a_task_that_fails_is_logged_and_takes_nothing_along(caplog: pytest.LogCaptureFixture) -> None:
    """B-75: an error in the background is written down, and the next task runs."""
    scheduler, done = Scheduler(), threading.Event()

    def fail() -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, logger="authmux.fetch"):
        for _ in range(WORKERS + 2):
            scheduler.do(fail)
        scheduler.do(done.set)
        assert done.wait(SOON)
    assert "a background task failed" in caplog.messages


def test_after_a_fork_there_is_nothing_to_do() -> None:
    """B-41: the child has no tasks and no threads until it watches something again, and then it has."""
    scheduler, before, after = Scheduler(), Alarm(), Alarm()
    scheduler.watch(before, due_at=now() + 0.1)
    scheduler._changed.acquire()  # as another thread of the parent may hold it
    scheduler.after_fork()
    scheduler.watch(after, due_at=now() + 0.15)
    assert after.done.wait(SOON)
    assert before.count == 0


def test_the_shared_one_works() -> None:
    """B-41: verifiers that say nothing share one scheduler."""
    alarm = Alarm()
    SHARED_SCHEDULER.watch(alarm, due_at=now())
    assert alarm.done.wait(SOON)
