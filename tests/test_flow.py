"""A flow is written once and driven in two colours, which must not differ in what comes of it."""

import asyncio
import functools
import gc
import threading
import warnings
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any

import pytest

from authmux.errors import ConfigurationError
from authmux.flow import Flow, ask, awaits, run, run_async, wait

Drive = Callable[[Flow[Any]], Any]

GIVE_UP_AFTER = 0.05
"""Seconds for which a test waits for what never comes."""


def awaiting(flow: Flow[Any]) -> Any:
    """Drive a flow by awaiting, and not for ever."""
    return asyncio.run(asyncio.wait_for(run_async(flow), 3))


either_colour = pytest.mark.parametrize("drive", [run, awaiting], ids=["blocking", "awaiting"])


def add(one: int, other: int) -> int:
    """Add, blocking."""
    return one + other


async def add_async(one: int, other: int) -> int:
    """Add, awaiting."""
    await asyncio.sleep(0)
    return one + other


class Adder:
    """Adds, as a method and as an object that is called, awaiting."""

    async def add(self, one: int, other: int) -> int:
        """Add."""
        return one + other

    async def __call__(self, one: int, other: int) -> int:
        """Add."""
        return one + other


def add_soon(one: int, other: int) -> Awaitable[int]:
    """Return an awaitable that adds, from a function that is none."""
    return add_async(one, other)


class Later:
    """An answer that can be awaited and is no coroutine, as a driver's own."""

    def __init__(self, one: int, other: int) -> None:
        self.answer = one + other

    def __await__(self) -> Generator[None, None, int]:
        yield from ()
        return self.answer


AWAITED = {
    "function": add_async,
    "method": Adder().add,
    "object": Adder(),
    "partial": functools.partial(add_async),
    "partial of an object": functools.partial(Adder()),
    "returns a coroutine": add_soon,
    "returns an awaitable": Later,
}

each_awaited = pytest.mark.parametrize("function", AWAITED.values(), ids=AWAITED)


def nothing() -> Flow[str]:
    """Want nothing."""
    yield from ()
    return "done"


@either_colour
def test_answers_come_back(drive: Drive) -> None:
    """What was asked is answered where it was asked, with positional and keyword arguments."""

    def flow() -> Flow[tuple[int, int]]:
        three = yield from ask(add, 1, 2)
        seven = yield from ask(add, three, other=4)
        return three, seven

    assert drive(flow()) == (3, 7)


@either_colour
def test_a_flow_that_wants_nothing_returns(drive: Drive) -> None:
    """A flow may end before it asks anything."""
    assert drive(nothing()) == "done"


def test_a_flow_that_wants_nothing_awaits_nothing() -> None:
    """A warm verification ends at its first step, without an event loop."""
    with pytest.raises(StopIteration) as ended:
        run_async(nothing()).send(None)
    assert ended.value.value == "done"


def fail() -> int:
    """Fail as a port does that is away."""
    raise ConnectionError("away")


async def fail_async() -> int:
    """Fail as an async port does that is away."""
    raise ConnectionError("away")


@either_colour
def test_errors_are_thrown_into_the_flow(drive: Drive) -> None:
    """A flow may catch what a port raises, and go on asking."""

    def flow() -> Flow[int]:
        try:
            return (yield from ask(fail))
        except ConnectionError:
            return (yield from ask(add, 0, -1))

    assert drive(flow()) == -1


@pytest.mark.parametrize(
    ("drive", "port"),
    [(run, fail), (awaiting, fail), (awaiting, fail_async)],
    ids=["blocking", "awaiting a blocking port", "awaiting an async port"],
)
def test_errors_that_nobody_catches_come_out(drive: Drive, port: Callable[..., Any]) -> None:
    """What the flow does not catch, its caller gets."""
    with pytest.raises(ConnectionError, match="away"):
        drive(ask(port))


@either_colour
def test_errors_of_the_flow_come_out(drive: Drive) -> None:
    """What the flow itself raises after an answer, its caller gets."""

    def flow() -> Flow[int]:
        yield from ask(add, 1, 2)
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        drive(flow())


@either_colour
def test_stop_iteration_of_a_port_is_an_error(drive: Drive) -> None:
    """A port that runs out of an iterator neither ends the flow with an answer, nor hangs it."""

    def first_of_none() -> int:
        return next(iter([]))

    with pytest.raises(RuntimeError):
        drive(ask(first_of_none))


def test_blocking_asks_in_the_callers_thread() -> None:
    """A blocking caller hops to no other thread."""
    assert run(ask(threading.get_ident)) == threading.get_ident()


def test_awaiting_asks_a_blocking_function_in_a_worker_thread() -> None:
    """The event loop is not held by a store that blocks, or a callback of the user's."""
    assert awaiting(ask(threading.get_ident)) != threading.get_ident()


def test_awaiting_asks_an_async_function_on_the_loop() -> None:
    """An async store is awaited where it belongs, in the thread of its event loop."""

    async def where() -> int:
        return threading.get_ident()

    assert awaiting(ask(where)) == threading.get_ident()


word: ContextVar[str] = ContextVar("word", default="none")


@either_colour
def test_functions_see_the_callers_context(drive: Drive) -> None:
    """A callback finds the context variables of the request, in a worker thread too."""
    token = word.set("of the caller")
    try:
        assert drive(ask(word.get)) == "of the caller"
    finally:
        word.reset(token)


@each_awaited
def test_whatever_awaits_is_awaited(function: Callable[[int, int], Any]) -> None:
    """Functions, methods, objects and partials that await are awaited, and so is an awaitable that comes back."""
    assert awaiting(ask(function, 1, 2)) == 3


@each_awaited
def test_whatever_awaits_is_refused_by_a_blocking_caller(function: Callable[[int, int], Any]) -> None:
    """A blocking caller is told to give a blocking function, and no coroutine is left unawaited."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(ConfigurationError, match="give a blocking one"):
            run(ask(function, 1, 2))
        gc.collect()
    assert warned == []


@pytest.mark.parametrize(
    ("function", "expected"),
    [(add, False), (add_soon, False), (Later, False), (functools.partial(add), False)]
    + [(AWAITED[name], True) for name in ("function", "method", "object", "partial")],
)
def test_awaits_knows_what_is_to_be_awaited(function: Callable[..., object], expected: bool) -> None:
    """Functions, methods, partials and objects that are called are told apart without calling them."""
    assert awaits(function) is expected


def test_cancellation_is_thrown_into_the_flow() -> None:
    """A flow whose caller goes away can let go of what others wait for."""
    let_go: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield from ask(asyncio.sleep, 60)
        except asyncio.CancelledError:
            let_go.append("of the flight")
            raise

    async def go_away() -> None:
        task = asyncio.create_task(run_async(flow()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go_away())
    assert let_go == ["of the flight"]


@either_colour
def test_wait_returns_what_somebody_else_found(drive: Drive) -> None:
    """A flow waits for a future that another thread completes."""
    future: Future[str] = Future()
    threading.Timer(0.02, future.set_result, ["keys"]).start()
    assert drive(wait(future, timeout=10)) == "keys"


@either_colour
def test_wait_returns_at_once_what_is_there(drive: Drive) -> None:
    """A future that is done already is not waited for."""
    future: Future[str] = Future()
    future.set_result("keys")
    assert drive(wait(future, timeout=10)) == "keys"


@either_colour
def test_wait_raises_what_somebody_else_raised(drive: Drive) -> None:
    """All who wait get the error of the one who looked."""
    future: Future[str] = Future()
    future.set_exception(ConnectionError("away"))
    with pytest.raises(ConnectionError, match="away"):
        drive(wait(future, timeout=10))


@either_colour
def test_wait_gives_up_and_cancels_nothing(drive: Drive) -> None:
    """When the time is over the caller gets a `TimeoutError`, and the future is still there for the others."""
    future: Future[str] = Future()
    with pytest.raises(TimeoutError):
        drive(wait(future, timeout=GIVE_UP_AFTER))
    assert not future.cancelled()
    future.set_result("keys")


def test_a_waiter_who_goes_away_takes_nothing_with_him() -> None:
    """One request that is cancelled leaves the future to the others and to who completes it."""
    future: Future[str] = Future()

    async def go_away_and_stay() -> str:
        gone, staying = (asyncio.create_task(run_async(wait(future, timeout=10))) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert not future.cancelled()
        future.set_result("keys")
        return await staying

    assert asyncio.run(go_away_and_stay()) == "keys"


def test_a_cancellation_that_comes_with_the_end() -> None:
    """Who is cancelled in the very step in which the future ends is cancelled, and no error is reported as lost."""
    future: Future[str] = Future()
    reported: list[object] = []

    async def be_cancelled() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
        gone = asyncio.create_task(run_async(wait(future, timeout=10)))
        await asyncio.sleep(0)
        future.set_exception(KeyError("late"))
        for _ in range(2):  # until the waiter's own future has it, and he has not
            await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(be_cancelled())
    gc.collect()
    assert reported == []


@pytest.mark.parametrize("flow", [lambda: ask(add_async, 1, 2), lambda: wait(Future(), timeout=1)], ids=["ask", "wait"])
def test_trio_is_refused(flow: Callable[[], Flow[Any]]) -> None:
    """On a loop that is not asyncio's, a flow that has to await is refused with a sentence."""
    with pytest.raises(ConfigurationError, match="trio is not supported"):
        run_async(flow()).send(None)
