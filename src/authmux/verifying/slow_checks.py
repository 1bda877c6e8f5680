"""Digests that take long to compute: off the event loop, one at a time, and seldom for one credential (K-14)."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeAlias

from authmux.clock import Clock
from authmux.errors import Unavailable
from authmux.verifying.recent import Recent

_PER_SECOND: Final = 2
_WAITING: Final = 16  # how many are waited for at most, a second or so each
_REMEMBERED: Final = 10_000  # credentials, of which it is known when they were last checked

Question: TypeAlias = tuple[str, bytes, bytes]
"""The id of a credential, what is kept of it, and a digest under our pepper of the text: never the text itself."""


class SlowChecks:
    """Has questions answered by one thread, which begins with the first; who asks the same waits for the same answer.

    Arguments:
        clock: for how often one credential is asked for.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew, in a child."""
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="authmux-digest")
        self._under_way: dict[Question, Future[bool]] = {}
        self._begun: Recent[str, deque[float]] = Recent(_REMEMBERED)

    def ask(self, question: Question, answer: Callable[[], bool]) -> "Future[bool]":
        """Return what will hold the answer.

        Raises:
            Unavailable: there are too many, or too many for this credential.
        """
        with self._lock:
            future = self._under_way.get(question)
            if future is not None:
                return future
            if len(self._under_way) >= _WAITING:
                raise Unavailable("slow_digests_busy")
            self._count(question[0])
            future = self._under_way[question] = self._executor.submit(answer)
        future.add_done_callback(lambda _: self._under_way.pop(question, None))
        return future

    def _count(self, credential_id: str) -> None:
        now = self._clock.monotonic()
        begun = self._begun.get(credential_id)
        if begun is None:
            begun = deque(maxlen=_PER_SECOND)
            self._begun.put(credential_id, begun)
        if len(begun) == _PER_SECOND and now - begun[0] < 1:
            raise Unavailable("slow_digest_limit")
        begun.append(now)
