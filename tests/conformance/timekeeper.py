"""A scheduler that fetches in real threads, and whose time passes by hand."""

from collections.abc import Callable
from threading import Lock, Thread
from typing import Final

from authmux.testing.manual_clock import ManualClock
from authmux.verifying.scheduler import Scheduler, Task

_PATIENCE: Final = 20.0  # seconds of real time that any fetch may take


class HandTimekeeper(Scheduler):
    """Does at once what it is given, in a thread of its own; `pass_time` lets what is due come due.

    Arguments:
        clock: the one that `pass_time` moves.
    """

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock=clock)
        self._hands = clock
        self._lock = Lock()
        self._threads: list[Thread] = []
        self._watched: list[tuple[float, Task]] = []

    def do(self, action: Callable[[], None]) -> bool:
        """Do it now."""
        thread = Thread(target=action, name="conformance-fetch", daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()
        return True

    def watch(self, task: Task, *, due_at: float) -> None:
        """Take a task in, for `pass_time`."""
        with self._lock:
            self._watched.append((due_at, task))

    def settle(self) -> None:
        """Return once everything that was begun has ended."""
        while self._threads:
            with self._lock:
                thread = self._threads.pop()
            thread.join(timeout=_PATIENCE)
            assert not thread.is_alive(), "a fetch does not end"

    def pass_time(self, seconds: float, *, waiting: bool = True) -> None:
        """Let time pass on both clocks, and run what comes due at its moment.

        Arguments:
            waiting: whether each fetch ends before time goes on.
        """
        end = self._hands.monotonic() + seconds
        while (due := self._next(end)) is not None:
            due_at, task = due
            self._hands.advance(max(0.0, due_at - self._hands.monotonic()) + 1e-9)
            task.run_if_due()
            if waiting:
                self.settle()
        self._hands.advance(max(0.0, end - self._hands.monotonic()))

    def _next(self, end: float) -> tuple[float, Task] | None:
        with self._lock:
            first = min(self._watched, key=lambda each: each[0], default=None)
            if first is None or first[0] > end:
                return None
            self._watched.remove(first)
            return first
