"""Many who come at once while no keys are known: one fetch, and an answer for everybody."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Event
from time import monotonic, sleep
from typing import Final

import pytest

from authmux.verifying.remote_keys import WAIT
from tests.conformance.scene import FACES, bearer, open_scene, published, statuses
from tests.faces.callers import Answer
from tests.faces.rows import DOWN
from tests.fault_server import Behaviour, held, status
from tests.jose.token_maker import access_token, get_key, mint

OLD, NEW = get_key("ES256 old"), get_key("ES256 new")


@pytest.mark.parametrize("face", FACES)
def test_a_hundred_tokens_in_the_first_second_of_an_outage(face: str) -> None:
    """A-148: 100 good tokens within a second are told 503, at the price of two fetches; then one step of back-off."""
    with open_scene(status(500)) as scene:
        for number in range(100):
            DOWN.check(scene.send(mint(OLD, access_token(jti=f"t{number}")), face=face), method="GET", bank={})
            scene.pass_time(0.0099)
        assert scene.fetched <= 2
        scene.server.script(published(OLD))
        scene.pass_time(2)
        assert scene.status(mint(OLD), face=face) == 200
        assert scene.fetched <= 3


def test_the_first_token_after_a_failure() -> None:
    """A-149: a second after the first failure the issuer is asked again, and the token is good."""
    with open_scene(status(500), published(OLD)) as scene:
        DOWN.check(scene.send(mint(OLD)), method="GET", bank={})
        scene.pass_time(1)
        assert scene.status(mint(OLD)) == 200
        assert scene.fetched == 2


CROWDS: Final[dict[str, tuple[Behaviour, set[int]]]] = {
    "good": (published(OLD), {200, 503}),
    "down": (status(500), {503}),
}


@pytest.mark.parametrize("name", CROWDS)
def test_fifty_threads_cold(name: str) -> None:
    """A-175: 50 threads that find no keys cause one fetch; four wait for it, and the others are told 503."""
    behaviour, outcomes = CROWDS[name]
    gate, tokens = Event(), [mint(OLD, access_token(jti=f"t{number}")) for number in range(50)]
    with open_scene(held(gate, behaviour)) as scene, ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(scene.send, text, face="wsgi") for text in tokens]
        deadline = monotonic() + WAIT - 0.5
        while sum(each.done() for each in answers) < 46:
            assert monotonic() < deadline, "more than four wait"
            sleep(0.002)
        gate.set()
        assert statuses([each.result() for each in answers]) == outcomes
        assert scene.fetched == 1


@pytest.mark.parametrize("name", CROWDS)
def test_five_hundred_tasks_cold(name: str) -> None:
    """A-175: 500 tasks that find no keys cause one fetch; 256 wait for it, and the others are told 503."""
    behaviour, outcomes = CROWDS[name]
    gate, tokens = Event(), [mint(OLD, access_token(jti=f"t{number}")) for number in range(500)]
    with open_scene(held(gate, behaviour)) as scene:

        async def come() -> list[Answer]:
            tasks = [asyncio.create_task(scene.asgi.call("/read", bearer(text))) for text in tokens]
            for done in islice(asyncio.as_completed(tasks), 244):
                await done
            gate.set()
            return await asyncio.gather(*tasks)

        answers = asyncio.run(asyncio.wait_for(come(), 20))
        assert statuses(answers) == outcomes
        assert sum(answer.status == 503 for answer in answers) in {244, 500}
        assert scene.fetched == 1


def test_a_client_that_goes_away() -> None:
    """A-176: a request that is given up takes nothing along: the fetch goes on, and the others get their answer."""
    gate = Event()
    with open_scene(held(gate, published(OLD))) as scene:

        async def come() -> list[int]:
            tasks = [asyncio.create_task(scene.asgi.call("/read", bearer(mint(OLD)))) for _ in range(20)]
            await asyncio.to_thread(scene.wait_for_request)
            for task in tasks[::2]:
                task.cancel()
            await asyncio.wait(tasks[::2])
            assert all(task.cancelled() for task in tasks[::2])
            gate.set()
            return [answer.status for answer in await asyncio.gather(*tasks[1::2])]

        assert asyncio.run(asyncio.wait_for(come(), 20)) == [200] * 10
        assert scene.fetched == 1


def test_several_loops_wait_for_one_fetch(caplog: pytest.LogCaptureFixture) -> None:
    """A-178: requests of five event loops and of a thread share a fetch; loops that are closed are not missed."""
    gate = Event()
    with open_scene(held(gate, published(OLD))) as scene, ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(scene.status, mint(OLD), face=face) for face in ("asgi",) * 5 + ("wsgi",)]
        scene.wait_for_request()

        async def give_up() -> None:
            await asyncio.wait([asyncio.create_task(scene.asgi.call("/read", bearer(mint(OLD))))], timeout=0.02)

        asyncio.run(give_up())
        gate.set()
        assert [each.result() for each in waiting] == [200] * 6
        assert (scene.fetched, caplog.text) == (1, "")
