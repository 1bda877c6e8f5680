"""Something is written soon and off the request path, in either colour (K-13, K-70)."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable

import pytest

from authmux.background import Background

PAUSE = 0.05


class Writer:
    """A buffer with a `write` of each colour; it sees in which thread it is called, and how many at once."""

    def __init__(self) -> None:
        self.buffer: list[int] = []
        self.written: list[list[int]] = []
        self.threads: list[int] = []
        self.under_way = self.most = 0
        self.failures = 0
        self.gate = threading.Event()
        self.gate.set()

    def write(self) -> None:
        """Take the buffer and write it, or fail and put it back."""
        taken = self._take()
        assert self.gate.wait(10)
        self._end(taken)

    async def write_async(self) -> None:
        """Do the same, awaiting."""
        taken = self._take()
        await asyncio.sleep(0)
        self._end(taken)

    def _take(self) -> list[int]:
        self.threads.append(threading.get_ident())
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        taken, self.buffer = self.buffer, []
        return taken

    def _end(self, taken: list[int]) -> None:
        self.under_way -= 1
        if self.failures:
            self.failures -= 1
            self.buffer = taken + self.buffer
            raise OSError("no room")
        self.written.append(taken)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes soon or never."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_many_wakes_are_one_call() -> None:
    """What comes together within the pause is written at once, in another thread than the request's."""
    writer = Writer()
    background = Background(writer.write, name="things", pause=PAUSE)
    for number in range(1000):
        writer.buffer.append(number)
        background.wake()
    assert writer.written == []
    wait_until(lambda: bool(writer.written))
    assert writer.written == [list(range(1000))]
    assert threading.get_ident() not in writer.threads


def test_a_wake_during_a_call() -> None:
    """What comes while the last is being written is written after it, and never at the same time."""
    writer = Writer()
    background = Background(writer.write, name="things", pause=PAUSE)
    writer.gate.clear()
    writer.buffer.append(1)
    background.wake()
    wait_until(lambda: writer.under_way == 1)
    writer.buffer.append(2)
    background.wake()
    background.wake()
    writer.gate.set()
    wait_until(lambda: len(writer.written) == 2)
    assert (writer.written, writer.most) == ([[1], [2]], 1)


def test_no_wake_no_thread() -> None:
    """Without anything to write there is no thread, and after the last writing neither."""
    writer = Writer()
    background = Background(writer.write, name="nothing-to-do", pause=PAUSE)

    def threads() -> int:
        return sum(thread.name == "authmux-nothing-to-do" for thread in threading.enumerate())

    assert threads() == 0
    background.wake()
    assert threads() == 1
    wait_until(lambda: threads() == 0)
    assert writer.written == [[]]


def test_a_failure_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be written is logged by its name alone, and tried again, later and later."""
    writer = Writer()
    writer.failures = 2
    background = Background(writer.write, name="things", pause=0.01)
    writer.buffer.append(7)
    with caplog.at_level(logging.WARNING, "authmux.background"):
        background.wake()
        wait_until(lambda: bool(writer.written))
    assert writer.written == [[7]]
    assert [record.getMessage() for record in caplog.records] == [
        "things could not be written in the background: OSError"
    ] * 2


def test_flush() -> None:
    """Where a program ends what there is, is written at once."""
    writer = Writer()
    background = Background(writer.write, name="things", pause=60.0)
    writer.buffer.append(1)
    background.wake()
    background.flush()
    assert writer.written == [[1]]
    assert writer.threads == [threading.get_ident()]


def test_flush_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """A program ends, also where nothing can be written any more."""
    writer = Writer()
    writer.failures = 1
    with caplog.at_level(logging.WARNING, "authmux.background"):
        Background(writer.write, name="things").flush()
    assert "OSError" in caplog.text


def test_awaiting() -> None:
    """A `write` that awaits runs on the loop of whoever woke it."""
    writer = Writer()

    async def serve() -> int:
        background = Background(writer.write_async, name="things", pause=PAUSE)
        for number in range(3):
            writer.buffer.append(number)
            background.wake()
        for _ in range(500):
            if writer.written:
                break
            await asyncio.sleep(0.01)
        return threading.get_ident()

    assert asyncio.run(serve()) == writer.threads[0]
    assert writer.written == [[0, 1, 2]]


def test_awaiting_after_a_failure() -> None:
    """A `write` that awaits is tried again, too."""
    writer = Writer()
    writer.failures = 1

    async def serve() -> None:
        background = Background(writer.write_async, name="things", pause=0.01)
        writer.buffer.append(1)
        background.wake()
        for _ in range(500):
            if writer.written:
                return
            await asyncio.sleep(0.01)

    asyncio.run(serve())
    assert writer.written == [[1]]


def test_a_loop_that_has_ended() -> None:
    """What a loop did not get to do before its end, the next loop does."""
    writer = Writer()
    background = Background(writer.write_async, name="things", pause=PAUSE)

    async def serve(number: int, seconds: float) -> None:
        writer.buffer.append(number)
        background.wake()
        await asyncio.sleep(seconds)

    asyncio.run(serve(1, 0))
    assert writer.written == []
    asyncio.run(serve(2, PAUSE * 6))
    assert writer.written == [[1, 2]]


@pytest.mark.parametrize("is_async", [False, True], ids=["blocking", "awaiting"])
def test_flush_on_a_loop(is_async: bool) -> None:
    """An application's lifespan ends with a flush, which holds no loop."""
    writer = Writer()
    background = Background(writer.write_async if is_async else writer.write, name="things", pause=60.0)

    async def serve() -> int:
        writer.buffer.append(1)
        background.wake()
        await background.flush_async()
        return threading.get_ident()

    on_loop = asyncio.run(serve()) == writer.threads[0]
    assert (writer.written, on_loop) == ([[1]], is_async)


def test_flush_of_an_awaiting_write_without_a_loop() -> None:
    """At the very end of a program there is no loop any more, and it is written all the same."""
    writer = Writer()
    background = Background(writer.write_async, name="things", pause=60.0)
    writer.buffer.append(1)
    background.wake()  # nobody could await it here
    background.flush()
    assert writer.written == [[1]]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_after_a_fork() -> None:
    """A child that was forked between wake and call begins anew, and its own wakes are heard."""
    writer = Writer()
    background = Background(writer.write, name="things", pause=PAUSE)
    background._phase = type(background._phase).WAITING  # as in a child, whose parent's timer it does not have
    background.after_fork()
    background.wake()
    wait_until(lambda: bool(writer.written))
