"""A bounded number of requests may wait for keys, so that made-up kids never hold every thread (B-33)."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar, cast

from authmux.flow import Flow, Wait

T = TypeVar("T")


class NoRoom(Exception):
    """As many wait already as may."""


class WaitingRoom:
    """Counts who waits: threads are dear, tasks are cheap.

    Arguments:
        blocking: how many blocking callers may wait at once.
        awaiting: how many awaiting callers may.
    """

    def __init__(self, *, blocking: int = 4, awaiting: int = 256) -> None:
        self._blocking = threading.BoundedSemaphore(blocking)
        self._awaiting = threading.BoundedSemaphore(awaiting)

    def wait(self, future: "Future[T]", *, timeout: float) -> Flow[T]:
        """Wait for a future, if there is room; give up after `timeout` seconds.

        Raises:
            NoRoom: there is none.
            TimeoutError: the time is over.
        """
        return cast("T", (yield _RoomWait(Wait(future, timeout), self)))

    @contextmanager
    def seat(self, *, blocking: bool) -> Iterator[None]:
        """Take a place, and give it back."""
        seats = self._blocking if blocking else self._awaiting
        if not seats.acquire(blocking=False):
            raise NoRoom
        try:
            yield
        finally:
            seats.release()


class _RoomWait:
    __slots__ = ("_room", "_wait")

    def __init__(self, wait: Wait, room: WaitingRoom) -> None:
        self._wait = wait
        self._room = room

    def perform(self) -> object:
        with self._room.seat(blocking=True):
            return self._wait.perform()

    async def perform_async(self) -> object:
        with self._room.seat(blocking=False):
            return await self._wait.perform_async()
