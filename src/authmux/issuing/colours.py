"""A verb as a method of a service, in each colour: `run` or `await run_async`, and nothing else."""

import inspect
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, get_args

from authmux.flow import Flow, run, run_async
from authmux.issuing.bench import Bench

P = ParamSpec("P")
T = TypeVar("T")


class Service(Protocol):
    """Whoever has a bench."""

    _bench: Bench


def blocking(verb: Callable[Concatenate[Bench, P], Flow[T]]) -> Callable[Concatenate[Service, P], T]:
    """Make a verb a method that blocks."""

    @wraps(verb)
    def method(self: Service, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return run(verb(self._bench, *args, **kwargs))

    vars(method)["__signature__"] = _signature(verb)
    return method


def awaiting(
    verb: Callable[Concatenate[Bench, P], Flow[T]],
) -> Callable[Concatenate[Service, P], Coroutine[Any, Any, T]]:
    """Make a verb a method that awaits."""

    @wraps(verb)
    async def method(self: Service, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await run_async(verb(self._bench, *args, **kwargs))

    vars(method)["__signature__"] = _signature(verb)
    return method


def _signature(verb: Callable[..., object]) -> inspect.Signature:
    """Return the signature that help() shows: a method has its service where a verb has a bench, and no flow."""
    signature = inspect.signature(verb)
    *_, answer = get_args(signature.return_annotation)
    _, *rest = signature.parameters.values()
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return signature.replace(parameters=[itself, *rest], return_annotation=answer)
