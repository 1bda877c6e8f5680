"""`Background`: has something written soon and off the request path, by a store of either colour (K-13, K-70)."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Final

from authmux.flow import awaits
from authmux.forking import renew_after_fork

_log = logging.getLogger("authmux.background")

_LONGEST: Final = 60.0  # seconds between two tries while nothing can be written


class _Phase(Enum):
    IDLE = "idle"
    WAITING = "waiting"
    WRITING = "writing"


class Background:
    """Calls one function a little later, however often it is woken until then; never twice at a time.

    Its owner keeps what is to be written: it puts something into a buffer of its own, and calls `wake`; `write` takes
    the whole buffer and writes it. A `write` that blocks runs in a daemon thread, which ends with it; one that awaits
    runs on the event loop of whoever woke it. What `write` raises is logged, and it is called again, less and less
    often: what its owner wants to try again, it puts back.

    Arguments:
        write: takes what there is and writes it; blocking or async.
        name: what the log calls it.
        pause: seconds from the first `wake` to the call, in which more can come together.
    """

    def __init__(self, write: Callable[[], Awaitable[None] | None], *, name: str, pause: float = 2.0) -> None:
        self._write: Callable[[], Any] = write
        self._awaits = awaits(write)
        self._name = name
        self._pause = pause
        self._is_hurried = False
        self._begin()
        renew_after_fork(self)

    def wake(self) -> None:
        """Have `write` called soon; waits for nothing, and may be called from any thread."""
        if self._phase is _Phase.WAITING and not self._is_lost():
            return  # whoever has put something into the buffer before this line is served by the call that comes
        with self._lock:
            if self._phase is _Phase.IDLE or self._is_lost():
                self._schedule(self._pause)
            else:
                self._again = True

    def hurry(self) -> None:
        """Have `write` called now, because so much has come together."""
        with self._lock:
            if self._phase is _Phase.WAITING and not self._is_hurried and self._waiting is not None:
                self._waiting.cancel()
                self._schedule(0.0)
                self._is_hurried = True

    def flush(self) -> None:
        """Call `write` now and wait for it, where a program ends; a failure is logged."""
        try:
            if self._awaits:
                asyncio.run(self._write())
            else:
                self._write()
        except Exception as error:
            self._tell(error)

    async def flush_async(self) -> None:
        """Call `write` now and wait for it, on the running event loop; a failure is logged."""
        try:
            if self._awaits:
                await self._write()
            else:
                await asyncio.to_thread(self._write)
        except Exception as error:
            self._tell(error)

    def after_fork(self) -> None:
        """Begin anew, in a child: what its parent was about to write, the parent writes."""
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._phase = _Phase.IDLE
        self._again = False
        self._failures = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: threading.Timer | asyncio.TimerHandle | None = None
        self._is_hurried = False

    def _is_lost(self) -> bool:
        """Return whether the event loop that was to call has ended."""
        return self._loop is not None and self._loop.is_closed()

    def _schedule(self, pause: float) -> None:
        if self._awaits:
            try:
                self._loop = asyncio.get_running_loop()
            except RuntimeError:  # nobody could await it here: the next who wakes it on a loop will
                return
            self._waiting = self._loop.call_later(pause, self._begin_task)
        else:
            timer = threading.Timer(pause, self._call)
            timer.daemon = True
            timer.name = f"authmux-{self._name}"
            try:
                timer.start()
            except RuntimeError as error:  # the system has no thread left; a request is not to suffer for it
                self._tell(error)
                return
            self._waiting = timer
        self._phase, self._is_hurried = _Phase.WAITING, False

    def _begin_task(self) -> None:
        self._phase = _Phase.WRITING
        self._task = asyncio.get_running_loop().create_task(self._call_async())

    def _call(self) -> None:
        self._phase = _Phase.WRITING
        try:
            self._write()
        except Exception as error:
            self._tell(error)
            self._end(has_failed=True)
        else:
            self._end(has_failed=False)

    async def _call_async(self) -> None:
        try:
            await self._write()
        except Exception as error:
            self._tell(error)
            self._end(has_failed=True)
        else:
            self._end(has_failed=False)

    def _end(self, *, has_failed: bool) -> None:
        with self._lock:
            self._phase = _Phase.IDLE
            self._failures = self._failures + 1 if has_failed else 0
            if self._again or has_failed:
                self._again = False
                self._schedule(min(self._pause * 2 ** min(self._failures, 16), max(_LONGEST, self._pause)))

    def _tell(self, error: Exception) -> None:
        _log.warning("%s could not be written in the background: %s", self._name, type(error).__name__)
