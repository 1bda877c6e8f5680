"""What is remembered of an authorization server's answers, for how long, and who waits for whom (B-65)."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from authmux import Authenticator, ConfigurationError, PresentedCredential, Unavailable
from authmux.flow import run_async
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.introspection import IntrospectionVerifier
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW
from tests.verifying.introspection_house import GOOD, TOKEN, House, Server
from tests.verifying.jwt_door import admit


def test_a_good_answer_is_remembered_for_thirty_seconds() -> None:
    """B-65: a token is asked about once in thirty seconds, and judged each time."""
    house = House()
    for seconds, asked in ((0, 1), (29.9, 1), (0.1, 2)):
        house.clock.advance(seconds)
        assert (house.outcome(), len(house.server.asked)) == ("subject-1", asked)


def test_a_bad_answer_is_remembered_for_five_seconds() -> None:
    """B-65: a flood of one bad token costs the server a question in five seconds."""
    house = House(Server(active=False))
    for seconds, asked in ((0, 1), (4.9, 1), (0.1, 2)):
        house.clock.advance(seconds)
        assert (house.outcome(), len(house.server.asked)) == ("inactive", asked)


def test_an_answer_is_not_remembered_beyond_its_token() -> None:
    """B-65: a remembered answer falls with the token's own time."""
    house = House(Server(exp=NOW + 10), leeway=0)
    assert house.outcome() == "subject-1"
    house.clock.advance(9.9)
    assert (house.outcome(), len(house.server.asked)) == ("subject-1", 1)
    house.clock.advance(0.1)
    assert (house.outcome(), len(house.server.asked)) == ("exp", 2)


def test_a_revoked_token_is_out_within_thirty_seconds() -> None:
    """B-65: what the server took back is refused as soon as it is asked again."""
    house = House()
    assert house.outcome() == "subject-1"
    house.server.says = {"active": False}
    house.clock.advance(30)
    assert house.outcome() == "inactive"


@pytest.mark.parametrize("remember", [1, 3])
def test_memory_is_bounded(remember: int) -> None:
    """B-65: only so many answers are held."""
    house = House(remember=remember)
    for number in range(10):
        house.outcome(f"token-{number}")
    house.outcome("token-9")
    assert len(house.server.asked) == 10
    house.outcome("token-0")
    assert len(house.server.asked) == 11


@pytest.mark.parametrize("error", [Unavailable("introspection_timeout", retry_after=7), RuntimeError("bug")], ids=repr)
def test_a_server_that_is_away(error: Exception) -> None:
    """B-65: a server that cannot be asked is an outage, nobody is let in, and nothing of it is remembered."""
    house = House()
    house.server.says = error
    for _ in range(2):
        with pytest.raises(type(error)):
            admit(house.authenticator, TOKEN)
    house.server.says = dict(GOOD)
    assert (house.outcome(), len(house.server.asked)) == ("subject-1", 3)


def test_a_remembered_answer_outlives_an_outage() -> None:
    """B-65: within its thirty seconds an answer does not need the server."""
    house = House()
    assert house.outcome() == "subject-1"
    house.server.says = Unavailable("introspection_connect")
    house.clock.advance(29)
    assert house.outcome() == "subject-1"
    house.clock.advance(1)
    assert house.outcome() == "introspection_connect"


def test_one_question_for_all_who_come_at_once() -> None:
    """B-65: many who bring one token cause one question, and get one answer."""
    gate, arrived = threading.Event(), threading.Event()
    server = Server()

    def introspect(text: str, /) -> Mapping[str, Any]:
        arrived.set()
        assert gate.wait(20)
        return server(text)

    house = House(introspect)  # type: ignore[arg-type]  # a function will do
    with ThreadPoolExecutor(8) as threads:
        found = [threads.submit(house.outcome) for _ in range(8)]
        assert arrived.wait(20)
        gate.set()
        assert {each.result(20) for each in found} == {"subject-1"}
    assert server.asked == [TOKEN]


def test_one_failure_for_all_who_wait() -> None:
    """B-65: where the question fails, whoever waits for its answer learns that, and does not ask again."""
    verifier = House().verifier
    leading, waiting = (verifier.verify(PresentedCredential(TOKEN)) for _ in range(2))
    next(leading)
    want = next(waiting)
    with pytest.raises(Unavailable, match="down"):
        leading.throw(Unavailable("down"))
    with pytest.raises(Unavailable, match="down"):
        want.perform()


def test_who_waits_too_long() -> None:
    """B-65: a request that waits for another's question gives up in time, and says 503."""
    gate, arrived = threading.Event(), threading.Event()

    def introspect(_: str, /) -> Mapping[str, Any]:
        arrived.set()
        assert gate.wait(20)
        return GOOD

    house = House(introspect, timeout=0.05)  # type: ignore[arg-type]  # a function will do
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(house.outcome)
        assert arrived.wait(20)
        assert house.outcome() == "introspection_slow"
        gate.set()
        assert first.result(20) == "subject-1"


def test_an_async_server() -> None:
    """`introspect` may await; a request that goes away takes nobody's answer with it."""
    calls = 0

    async def introspect(_: str, /) -> Mapping[str, Any]:
        nonlocal calls
        calls += 1
        if calls == 1:
            has_begun.set()
            await asyncio.Event().wait()  # for ever
        return GOOD

    has_begun = asyncio.Event()
    clock = ManualClock()
    verifier = IntrospectionVerifier(introspect, issuer=ISSUER, audience=AUDIENCE, clock=clock)  # type: ignore[arg-type]
    authenticator = Authenticator(verifier, clock=clock)
    with pytest.raises(ConfigurationError, match="awaits"):
        authenticator.require_blocking()

    async def main() -> str:
        first = asyncio.create_task(run_async(authenticator.verify(PresentedCredential(TOKEN))))
        await has_begun.wait()
        second = asyncio.create_task(run_async(authenticator.verify(PresentedCredential(TOKEN))))
        await asyncio.sleep(0)
        first.cancel()
        async with asyncio.timeout(20):
            return (await second).id

    assert (asyncio.run(main()), calls) == ("subject-1", 2)


def test_a_forked_child_asks_anew() -> None:
    """B-41: a child shares neither memory nor key with its parent."""
    house = House()
    before = house.verifier._names.of(TOKEN)
    assert house.outcome() == "subject-1"
    house.verifier.after_fork()
    assert (house.outcome(), len(house.server.asked)) == ("subject-1", 2)
    assert house.verifier._names.of(TOKEN) != before


def test_the_token_is_not_kept() -> None:
    """B-60: an answer is held under a keyed hash, so that no token stands in memory for long."""
    house = House()
    house.outcome()
    name = house.verifier._names.of(TOKEN)
    assert (len(name), TOKEN.encode() in name) == (32, False)
    assert house.verifier._said.get(name) is not None
