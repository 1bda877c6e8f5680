"""The pooled connections of a store: how all are closed at once, and how a child leaves them to its parent."""

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Final, Protocol

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

_BOUND: Final = frozenset({"asyncpg"})  # drivers whose connections cannot even be closed once their loop has ended
_PATIENCE: Final = 5.0  # seconds for which another event loop is waited for


class Connections(Protocol):
    """What a database's file or server does with the connections to it."""

    def close(self) -> None:
        """Close every one that is in the pool, at once; those in use are closed when they come back."""
        ...

    def abandon(self) -> None:
        """Leave them all as they are to the process that opened them, and begin with none."""
        ...


class BlockingConnections:
    """Those of one blocking engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._inherited: list[object] = []

    def close(self) -> None:
        """Close them."""
        self._engine.dispose()

    def abandon(self) -> None:
        """Leave them to the parent: nobody collects them here, since closing one speaks to its database."""
        self._inherited.append(self._engine.pool)
        self._engine.dispose(close=False)


class AwaitingConnections:
    """Those of an async engine for each event loop: a pool serves one loop, and asyncpg's connections know no other.

    Arguments:
        make: makes an engine.
        given: the application's engine instead, which serves the loop that the application uses it in.
    """

    def __init__(self, make: Callable[[], AsyncEngine], *, given: AsyncEngine | None = None) -> None:
        self._make = make
        self._given = given
        self._engines: dict[AbstractEventLoop, AsyncEngine] = {}
        self._inherited: list[object] = []

    async def engine(self) -> AsyncEngine:
        """Return the engine of the running loop; those of loops that have ended are let go."""
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        engine = self._engines.get(loop)
        if engine is None:
            engine = self._engines[loop] = self._make()
            for ended in [each for each in list(self._engines) if each.is_closed()]:
                await _let_go(self._engines.pop(ended), ended)
        return engine

    async def dispose(self) -> None:
        """Close those that the store has opened, awaiting; those of another loop are closed there, if it runs."""
        while self._engines:
            loop, engine = self._engines.popitem()
            await _let_go(engine, loop)

    def close(self) -> None:
        """Close them, from wherever: on a loop of its own, in a thread of its own, for there may be a running one."""
        if self._given is None and not self._engines:
            return
        thread = threading.Thread(target=lambda: asyncio.run(self._close()), name="authmux-close")
        thread.start()
        thread.join()

    def abandon(self) -> None:
        """Leave them to the parent: nobody collects them here, since closing one speaks to its database."""
        self._inherited.append(self._engines)
        self._engines = {}
        if self._given is not None:
            self._inherited.append(self._given.pool)
            self._given.sync_engine.dispose(close=False)

    async def _close(self) -> None:
        for engine in [self._given] if self._given is not None else list(self._engines.values()):
            await engine.dispose()


async def _let_go(engine: AsyncEngine, loop: AbstractEventLoop) -> None:
    if loop.is_running() and loop is not asyncio.get_running_loop():
        closing = asyncio.run_coroutine_threadsafe(engine.dispose(), loop)
        await asyncio.wait_for(asyncio.wrap_future(closing), _PATIENCE)
    elif loop.is_running() or engine.dialect.driver not in _BOUND:
        await engine.dispose()
    else:
        engine.sync_engine.dispose(close=False)
