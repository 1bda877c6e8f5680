"""Verification written once, for callers that block and for callers that await.

A *flow* is a generator that yields what it wants done, is sent the answer, and returns a result. `run` does what is
wanted by blocking, `run_async` by awaiting; neither knows what the flow is about. A flow that wants nothing ends at
its first `next`, and then awaits nothing at all.

    record = yield from ask(store.find, key_id)      # reads like an await, and keeps its type
    keys = yield from wait(future, timeout=3.0)
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar, cast, overload

from authmux.errors import ConfigurationError

P = ParamSpec("P")
T = TypeVar("T")


class Want(Protocol):
    """Something that a flow wants done, in either colour."""

    def perform(self) -> object:
        """Do it, blocking."""
        ...

    async def perform_async(self) -> object:
        """Do it, awaiting."""
        ...


Flow: TypeAlias = Generator[Want, Any, T]
"""Something that is done when `run` or `run_async` drives it, and not before."""


def run(flow: Flow[T]) -> T:
    """Drive a flow by blocking; return its result, raise what it raises.

    Raises:
        ConfigurationError: the flow asks a function that awaits, which a blocking caller cannot.
    """
    try:
        want = next(flow)
        while True:
            try:
                answer = want.perform()
            except BaseException as error:
                want = flow.throw(error)
            else:
                want = flow.send(answer)
    except StopIteration as stop:
        return cast("T", stop.value)


async def run_async(flow: Flow[T]) -> T:
    """Drive a flow by awaiting; return its result, raise what it raises.

    A cancellation is thrown into the flow, so that it can let go of what others wait for.
    """
    try:
        want = next(flow)
        while True:
            try:
                answer = await want.perform_async()
            except BaseException as error:
                want = flow.throw(error)
            else:
                want = flow.send(answer)
    except StopIteration as stop:
        return cast("T", stop.value)


@overload
def ask(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> Flow[T]: ...
@overload
def ask(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Flow[T]: ...
def ask(function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Flow[Any]:
    """Ask a port or a user's callback, blocking or async; return its answer.

    An awaiting caller runs a blocking function in a worker thread, so that the event loop is never held.
    """
    return (yield Ask(function, args, kwargs))


def wait(future: "Future[T]", *, timeout: float) -> Flow[T]:
    """Wait for a future that somebody else completes, at most `timeout` seconds; giving up never cancels it.

    Raises:
        TimeoutError: the time is over.
    """
    return cast("T", (yield Wait(future, timeout)))


class Ask:
    """A function to be called."""

    __slots__ = ("_args", "_function", "_kwargs")

    def __init__(self, function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, Any]) -> None:
        self._function = function
        self._args = args
        self._kwargs = kwargs

    def perform(self) -> object:
        """Call it."""
        answer = self._function(*self._args, **self._kwargs)
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise ConfigurationError(f"{self._function!r} awaits, and this is a blocking face: give a blocking one")
        return answer

    async def perform_async(self) -> object:
        """Await it if it is a coroutine function, else call it in a worker thread."""
        _refuse_trio()
        if awaits(self._function):
            return await self._function(*self._args, **self._kwargs)  # type: ignore[misc]  # awaits() has looked
        answer = await asyncio.to_thread(self._call)
        return await answer if inspect.isawaitable(answer) else answer

    def _call(self) -> object:
        try:
            return self._function(*self._args, **self._kwargs)
        except StopIteration as error:  # asyncio cannot put it into a future: before 3.13 the caller would hang
            raise RuntimeError(f"{self._function!r} raised StopIteration") from error


class Wait:
    """A future to be waited for."""

    __slots__ = ("_future", "_timeout")

    def __init__(self, future: "Future[Any]", timeout: float) -> None:
        self._future = future
        self._timeout = timeout

    def perform(self) -> object:
        """Block until it is done."""
        return self._future.result(self._timeout)

    async def perform_async(self) -> object:
        """Await it, shielded: a caller that goes away takes nobody else's answer with it."""
        _refuse_trio()
        future = asyncio.wrap_future(self._future)
        future.add_done_callback(_read)
        async with asyncio.timeout(self._timeout):  # before 3.12 wait_for loses a cancellation that comes with the end
            return await asyncio.shield(future)


def _read(future: "asyncio.Future[Any]") -> None:
    """Look at the outcome, so that asyncio does not report an error for which nobody waited to the end."""
    if not future.cancelled():
        future.exception()


def awaits(function: Callable[..., object]) -> bool:
    """Return whether a function, method or callable object is to be awaited."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _refuse_trio() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "authmux awaits on asyncio; trio is not supported: run the server on asyncio"
        ) from None
