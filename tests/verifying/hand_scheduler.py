"""A scheduler without threads: the test says when work is done and how time passes."""

from collections.abc import Callable
from typing import TypeVar

from authmux.flow import Flow
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.scheduler import Scheduler, Task

T = TypeVar("T")


class HandScheduler(Scheduler):
    """Collects what it is given: `work` does it, `pass_time` lets what is due come due.

    Arguments:
        clock: the one that `pass_time` moves.
    """

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock=clock)
        self._hands = clock
        self._actions_left: list[Callable[[], None]] = []
        self._watched: list[tuple[float, Task]] = []

    def do(self, action: Callable[[], None]) -> bool:
        """Take an action in, for `work`."""
        self._actions_left.append(action)
        return True

    def watch(self, task: Task, *, due_at: float) -> None:
        """Take a task in, for `pass_time`."""
        self._watched.append((due_at, task))

    @property
    def next_due(self) -> float:
        """Return in how many seconds the next task is due."""
        return min(due_at for due_at, _ in self._watched) - self._hands.monotonic()

    def work(self) -> None:
        """Do everything that was handed in."""
        while self._actions_left:
            self._actions_left.pop(0)()

    def pass_time(self, seconds: float) -> None:
        """Let time pass on both clocks, and run what comes due at its moment."""
        end = self._hands.monotonic() + seconds
        while (due := min(self._watched, key=lambda each: each[0], default=(end + 1, None)))[0] <= end:
            due_at, task = due
            assert task is not None
            self._watched.remove((due_at, task))
            self._hands.advance(max(0.0, due_at - self._hands.monotonic()) + 1e-9)
            task.run_if_due()
            self.work()
        self._hands.advance(max(0.0, end - self._hands.monotonic()))

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow by doing what it waits for, in this thread."""
        try:
            want = next(flow)
            while True:
                self.work()
                try:
                    answer = want.perform()
                except BaseException as error:
                    want = flow.throw(error)
                else:
                    want = flow.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
