"""Bounded memories of what was seen lately, and look-ups that several wait for. The only locks of the core are here.

cachetools is not thread-safe: every call of it stands under the lock.
"""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

from cachetools import LRUCache

from authmux.flow import Flow, wait

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping that forgets what was not asked for the longest.

    Arguments:
        size: how many entries it holds, or how much they may weigh together; 0 holds none.
        weigh: says what an entry weighs, which is 1 by default; one that weighs more than everything is not held.
    """

    def __init__(self, size: int, *, weigh: Callable[[V], int] | None = None) -> None:
        self._weigh = weigh
        # Re-entrant: a flow that was dropped lands when it is collected, which may be in the midst of these calls.
        self._lock = threading.RLock()
        self._cache: LRUCache[K, V] = LRUCache(size, weigh)

    def __len__(self) -> int:
        return len(self._cache)

    def get(self, key: K) -> V | None:
        """Return what is held under the key, or None."""
        with self._lock:
            try:
                return self._cache[key]
            except KeyError:
                return None

    def __contains__(self, key: K) -> bool:
        with self._lock:
            return key in self._cache

    def values(self) -> list[V]:
        """Return what is held at this moment; that does not count as asking for it."""
        with self._lock:
            return list(self._cache.values())

    def put(self, key: K, value: V) -> None:
        """Hold a value."""
        with self._lock:
            self._cache.pop(key, None)
            with suppress(ValueError):  # it weighs too much
                self._cache[key] = value

    def drop(self, key: K) -> None:
        """Forget what is held under the key, if anything is."""
        with self._lock:
            self._cache.pop(key, None)

    def clear(self) -> None:
        """Forget everything; also right in a forked child, whose copy of the lock may be taken for ever."""
        # Re-entrant: a flow that was dropped lands when it is collected, which may be in the midst of these calls.
        self._lock = threading.RLock()
        self._cache = LRUCache(self._cache.maxsize, self._weigh)


class Abandoned(Exception):
    """Who had begun a look-up went away before its end: whoever waits for it begins his own."""


class Flights(Generic[K, V]):
    """Look-ups under way, so that many who want the same at once cause one (K-23)."""

    def __init__(self) -> None:
        # Re-entrant: a flow that was dropped lands when it is collected, which may be in the midst of these calls.
        self._lock = threading.RLock()
        self._futures: dict[K, Future[V]] = {}

    def share(self, key: K, look_up: Callable[[], Flow[V]], *, timeout: float) -> Flow[V]:
        """Return what the first who wants it looks up for all who come meanwhile.

        Arguments:
            look_up: looks first whether the look-up before this one has ended just now, where that is remembered.
            timeout: seconds to wait for somebody else's.

        Raises:
            TimeoutError: somebody else's takes longer.
        """
        while True:
            future, is_ours = self.join(key)
            if is_ours:
                return (yield from self._lead(key, look_up()))
            try:
                return (yield from wait(future, timeout=timeout))
            except Abandoned:
                continue

    def _lead(self, key: K, look_up: Flow[V]) -> Flow[V]:
        try:
            result = yield from look_up
        except BaseException as error:
            self.land(key, error=error)
            raise
        self.land(key, result=result)
        return result

    def join(self, key: K) -> tuple["Future[V]", bool]:
        """Return the look-up that is under way, and whether it is the caller who has to do it and `land` it."""
        with self._lock:
            future = self._futures.get(key)
            if future is not None:
                return future, False
            future = self._futures[key] = Future()
            # Marked as running, so that no waiter who goes away can cancel it for the others.
            future.set_running_or_notify_cancel()
            return future, True

    def land(self, key: K, *, result: V | None = None, error: BaseException | None = None) -> None:
        """Hand the outcome to everybody who waits."""
        with self._lock:
            future = self._futures.pop(key)
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]  # one of the two is given
        else:
            future.set_exception(error if isinstance(error, Exception) else Abandoned())

    def clear(self) -> None:
        """Forget what was under way: in a forked child nobody does it."""
        # Re-entrant: a flow that was dropped lands when it is collected, which may be in the midst of these calls.
        self._lock = threading.RLock()
        self._futures = {}
