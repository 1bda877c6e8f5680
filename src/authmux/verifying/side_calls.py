"""Calls of a function that may never return: made beside the requests that want them, and left behind (A-190)."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Final, Generic, TypeVar

from authmux.clock import Clock
from authmux.flow import Flow, wait
from authmux.verifying.recent import Flights
from authmux.verifying.waiting_room import NoRoom, WaitingRoom

T = TypeVar("T")

MOMENT: Final = 0.05  # seconds that a request waits where as many wait already as may


class Busy(Exception):
    """As many calls are under way as may be, or no thread is left."""


class SideCalls(Generic[T]):
    """Makes each call in a thread of its own, once for all who want its answer at a time.

    Nothing can end a call, but one can cease to wait for it: whoever comes while it is past its time does not wait at
    all. Its answer, when it comes after all, is for whoever comes then.

    Arguments:
        most: how many may be under way, those that hang for ever among them.
        timeout: seconds from the beginning of a call for which it is waited for.
        clock: where time comes from.
    """

    def __init__(self, *, most: int, timeout: float, clock: Clock) -> None:
        self._most = most
        self._timeout = timeout
        self._clock = clock
        self._flights: Flights[str, T] = Flights()
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew: no call of the parent's is under way here (B-41)."""
        self._flights.clear()
        self._until: dict[str, float] = {}
        self._free = threading.BoundedSemaphore(self._most)
        self._room = WaitingRoom()

    def share(self, key: str, begin: Callable[[], Callable[[], T]]) -> Flow[T]:
        """Return the answer of the call that is under way for this key, or of a new one.

        A few wait for as long as one may, the others for a moment: a fast call serves a crowd all the same, and a slow
        one never holds every thread of a server.

        Arguments:
            begin: returns the call that is to be made, or raises why not; called by the first who comes.

        Raises:
            Busy: it cannot be made.
            TimeoutError: it takes too long.
        """
        answer, is_ours = self._flights.join(key)
        if is_ours:
            self._begin(key, begin)
        now = self._clock.monotonic()
        seconds = max(0.0, self._until.get(key, now + self._timeout) - now)
        try:
            return (yield from self._room.wait(answer, timeout=seconds))
        except NoRoom:
            return (yield from wait(answer, timeout=min(seconds, MOMENT)))

    def _begin(self, key: str, begin: Callable[[], Callable[[], T]]) -> None:
        self._until[key] = self._clock.monotonic() + self._timeout
        try:
            self._start(partial(self._make, key, begin()))
        except Exception as error:
            self._land(key, error=error)

    def _start(self, action: Callable[[], None]) -> None:
        """Do something in a thread, which sees the caller's context variables, as in `asyncio.to_thread`."""
        free, context = self._free, copy_context()
        if not free.acquire(blocking=False):
            raise Busy
        thread = threading.Thread(target=lambda: context.run(_do, action, free), name="authmux-resolve", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread left at this moment
            free.release()
            raise Busy from error

    def _make(self, key: str, call: Callable[[], T]) -> None:
        try:
            answer = call()
        except BaseException as error:  # also what would end the thread: nobody else could tell those who wait
            self._land(key, error=error if isinstance(error, Exception) else RuntimeError(repr(error)))
        else:
            self._land(key, answer=answer)

    def _land(self, key: str, *, answer: T | None = None, error: Exception | None = None) -> None:
        self._until.pop(key, None)
        self._flights.land(key, result=answer, error=error)


def _do(action: Callable[[], None], free: threading.BoundedSemaphore) -> None:
    try:
        action()
    finally:
        free.release()
