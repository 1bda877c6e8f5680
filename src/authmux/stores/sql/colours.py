"""An operation as a method of a store, in each colour: `with` or `async with`, and nothing else."""

import inspect
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from authmux.stores.sql.transaction import Operation

P = ParamSpec("P")
T = TypeVar("T")


class Blocks(Protocol):
    """A store whose connections block."""

    def _connection(self) -> AbstractContextManager[Connection]: ...


class Awaits(Protocol):
    """A store whose connections await."""

    def _connection(self) -> AbstractAsyncContextManager[AsyncConnection]: ...


def blocking(operation: Operation[P, T]) -> Callable[Concatenate[Blocks, P], T]:
    """Make an operation a method that blocks."""

    @wraps(operation)
    def method(self: Blocks, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._connection() as connection:
            return operation(connection, *args, **kwargs)

    vars(method)["__signature__"] = _signature(operation)
    return method


def awaiting(operation: Operation[P, T]) -> Callable[Concatenate[Awaits, P], Coroutine[Any, Any, T]]:
    """Make an operation a method that awaits."""

    @wraps(operation)
    async def method(self: Awaits, /, *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._connection() as connection:
            return await connection.run_sync(operation, *args, **kwargs)

    vars(method)["__signature__"] = _signature(operation)
    return method


def _signature(operation: Callable[..., object]) -> inspect.Signature:
    """Return the signature that help() shows: a method has its store where an operation has a connection."""
    signature = inspect.signature(operation)
    _, *rest = signature.parameters.values()
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    return signature.replace(parameters=[itself, *rest])
