"""The waiting room: a bounded number waits, and every seat is given back."""

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from authmux.flow import run, run_async
from authmux.verifying.waiting_room import NoRoom, WaitingRoom


def running() -> "Future[str]":
    future: Future[str] = Future()
    future.set_running_or_notify_cancel()
    return future


def test_who_waits_gets_the_result() -> None:
    """B-33: a waiter gets what the future brings, in both colours."""
    future = running()
    future.set_result("keys")
    assert run(WaitingRoom().wait(future, timeout=1)) == "keys"
    assert asyncio.run(run_async(WaitingRoom().wait(future, timeout=1))) == "keys"


@pytest.mark.parametrize(("blocking", "seats"), [(True, 4), (False, 256)], ids=["blocking", "awaiting"])
def test_the_usual_size(blocking: bool, seats: int) -> None:
    """B-33: four threads or 256 tasks may wait, and no more."""
    room = WaitingRoom()
    with ExitStack() as taken:
        for _ in range(seats):
            taken.enter_context(room.seat(blocking=blocking))
        with pytest.raises(NoRoom), room.seat(blocking=blocking):
            pass
        with room.seat(blocking=not blocking):
            pass
    with room.seat(blocking=blocking):
        pass


def test_a_full_room_refuses_at_once() -> None:
    """B-33: who finds no seat does not wait for one."""
    room, future = WaitingRoom(blocking=2), running()
    with ThreadPoolExecutor(2) as pool:
        waiters = [pool.submit(run, room.wait(future, timeout=10)) for _ in range(2)]
        wait_until_full(room)
        with pytest.raises(NoRoom):
            run(room.wait(future, timeout=10))
        future.set_result("keys")
        assert [waiter.result(5) for waiter in waiters] == ["keys", "keys"]


def wait_until_full(room: WaitingRoom) -> None:
    """Return once no thread finds a seat any more."""
    pause = threading.Event()
    for _ in range(1000):
        try:
            with room.seat(blocking=True):
                pause.wait(0.005)
        except NoRoom:
            return
    raise AssertionError("nobody waits")


def test_a_full_room_of_tasks() -> None:
    """B-33: of ten tasks three wait and seven are turned away."""
    room, future = WaitingRoom(awaiting=3), running()

    async def wait_together() -> list[object]:
        waiters = [asyncio.create_task(run_async(room.wait(future, timeout=10))) for _ in range(10)]
        await asyncio.sleep(0.01)
        future.set_result("keys")
        return list(await asyncio.gather(*waiters, return_exceptions=True))

    outcomes = asyncio.run(wait_together())
    assert outcomes[:3] == ["keys"] * 3
    assert all(isinstance(each, NoRoom) for each in outcomes[3:])


def test_a_timeout_gives_the_seat_back() -> None:
    """B-33: who waited in vain makes room, in both colours, and the future goes on."""
    room, future = WaitingRoom(blocking=1, awaiting=1), running()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            run(room.wait(future, timeout=0.001))
        with pytest.raises(TimeoutError):
            asyncio.run(run_async(room.wait(future, timeout=0.001)))
    assert future.running()


def test_a_cancelled_task_gives_the_seat_back() -> None:
    """A-176: who goes away makes room, and takes nothing from the others."""
    room, future = WaitingRoom(awaiting=2), running()

    async def come_and_go() -> str:
        stays = asyncio.create_task(run_async(room.wait(future, timeout=10)))
        for _ in range(5):
            goes = asyncio.create_task(run_async(room.wait(future, timeout=10)))
            await asyncio.sleep(0)
            goes.cancel()
            with pytest.raises(asyncio.CancelledError):
                await goes
        future.set_result("keys")
        return await stays

    assert asyncio.run(come_and_go()) == "keys"
