"""A verb as a method of a service, in each colour: `run` or `await run_async`, and nothing else."""

import inspect
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, get_args

from authmux.flow import Flow, run, run_async
from authmux.issuing.verbs import Verbs

P = ParamSpec("P")
T = TypeVar("T")


class Service(Protocol):
    """Whoever has verbs."""

    _verbs: Verbs


def blocking(verb: Callable[Concatenate[Verbs, P], Flow[T]]) -> Callable[Concatenate[Service, P], T]:
    """Make a verb a method that blocks."""

    @wraps(verb)
    def method(self: Service, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return run(verb(self._verbs, *args, **kwargs))

    vars(method)["__signature__"] = _signature(verb)
    return method


def awaiting(
    verb: Callable[Concatenate[Verbs, P], Flow[T]],
) -> Callable[Concatenate[Service, P], Coroutine[Any, Any, T]]:
    """Make a verb a method that awaits."""

    @wraps(verb)
    async def method(self: Service, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await run_async(verb(self._verbs, *args, **kwargs))

    vars(method)["__signature__"] = _signature(verb)
    return method


def _signature(verb: Callable[..., object]) -> inspect.Signature:
    """Return the signature that help() shows: a method returns what the verb's flow ends with."""
    signature = inspect.signature(verb)
    *_, answer = get_args(signature.return_annotation)
    return signature.replace(return_annotation=answer)
