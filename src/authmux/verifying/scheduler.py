"""One thread that knows when what is due, and a few that do it: no request ever fetches anything itself."""

import heapq
import itertools
import logging
import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, Protocol

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.forking import renew_after_fork

_log = logging.getLogger("authmux.fetch")

WORKERS: Final = 64  # they start as needed; one issuer has one fetch in flight, so that 63 that hang stall no other


class Task(Protocol):
    """Something that has to be done now and then."""

    def run_if_due(self) -> None:
        """Do it, if it is due."""
        ...


class Scheduler:
    """Runs tasks when they are due, on daemon threads that start with the first task.

    A task is held weakly: it goes with the verifier that it belongs to. After a fork the child has no tasks until
    they are watched again.
    """

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Start without threads and without tasks."""
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, weakref.ref[Task]]] = []
        self._order = itertools.count()
        self._timekeeper: threading.Thread | None = None
        self._actions: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._workers = 0

    def watch(self, task: Task, *, due_at: float) -> None:
        """Run a task once, at a monotonic second."""
        with self._changed:
            heapq.heappush(self._due, (due_at, next(self._order), weakref.ref(task)))
            if self._timekeeper is None:
                self._timekeeper = _daemon("authmux-timekeeper", self._keep_time)
            self._changed.notify()

    def do(self, action: Callable[[], None]) -> bool:
        """Do something now, or as soon as a worker thread is free; return False where not one thread can be had."""
        with self._changed:
            if not self._idle.acquire(blocking=False) and self._workers < WORKERS:
                self._workers += _daemon(f"authmux-fetch-{self._workers + 1}", self._work) is not None
            if self._workers:
                self._actions.put(action)
            return self._workers > 0

    def _keep_time(self) -> None:
        while True:
            task = self._next_due()
            if task is not None and not self.do(task.run_if_due):
                self.watch(task, due_at=self._clock.monotonic() + 1)
            del task  # hold nothing while waiting

    def _next_due(self) -> Task | None:
        """Wait until something is due, or was added; return the task, None where there is none after all."""
        with self._changed:
            wait = self._due[0][0] - self._clock.monotonic() if self._due else threading.TIMEOUT_MAX
            if wait > 0:
                self._changed.wait(min(wait, threading.TIMEOUT_MAX))
                return None
            return heapq.heappop(self._due)[2]()

    def _work(self) -> None:
        while True:
            action = self._actions.get()
            try:
                action()
            except BaseException:  # a thread that ended here would be missed for ever
                _log.exception("a background task failed")
            del action
            self._idle.release()


SHARED_SCHEDULER = Scheduler()


def _daemon(name: str, target: Callable[[], None]) -> threading.Thread | None:
    """Start a thread; return None where the system has none left at this moment."""
    thread = threading.Thread(target=target, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        _log.error("%s: %s", name, error)  # it says all in one line
        return None
    return thread
