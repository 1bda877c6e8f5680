"""A line to PostgreSQL through a driver that awaits, on an event loop that runs only while the line is used."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from authmux.stores.port import Revision
from authmux.stores.sql.bell import Bell
from authmux.stores.sql.line import ask_revision, find_channel, make_ours

_PATIENCE: Final = 2.0  # seconds for which an answer is waited for, and a connection


class AwaitingLine:
    """See `Line`.

    Arguments:
        engine: opens the connection.
        listen: whether to.
    """

    def __init__(self, engine: Engine, *, listen: bool) -> None:
        self._runner = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)  # psycopg takes no other on Windows
        self._heard = asyncio.Event()
        self._descriptor: int | None = None
        self._connection: AsyncConnection | None = None
        try:
            self.is_told = self._runner.run(self._open(AsyncEngine(engine), listen=listen))
        except BaseException:
            self.close()
            raise

    def ask(self) -> Revision | None:
        """Ask."""
        return self._runner.run(self._ask())

    def rest(self, bell: Bell, seconds: float) -> None:
        """Wait on the loop."""
        self._runner.run(self._rest(bell, seconds))

    def cut(self) -> None:
        """Do nothing: whatever is awaited here has a deadline."""

    def close(self) -> None:
        """Close the connection, and the loop."""
        try:
            if self._connection is not None:
                self._runner.run(self._close(self._connection))
        finally:
            self._runner.close()

    async def _open(self, engine: AsyncEngine, *, listen: bool) -> bool:
        async with asyncio.timeout(_PATIENCE):
            connection = self._connection = await engine.connect()
            await connection.run_sync(make_ours)
            channel = await connection.run_sync(find_channel) if listen else None
            if channel is not None:
                await self._listen(connection, channel)
            return channel is not None

    async def _listen(self, connection: AsyncConnection, channel: str) -> None:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        if hasattr(driver, "add_listener"):  # asyncpg, which reads by itself while the loop runs
            await driver.add_listener(channel, lambda *_: self._heard.set())
            driver.add_termination_listener(lambda *_: self._heard.set())
        else:
            self._descriptor = driver.fileno()
            await connection.exec_driver_sql(f"LISTEN {channel}")

    async def _ask(self) -> Revision | None:
        assert self._connection is not None
        async with asyncio.timeout(_PATIENCE):
            return await self._connection.run_sync(ask_revision)

    async def _rest(self, bell: Bell, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        descriptors = [each for each in (bell.fileno(), self._descriptor) if each is not None]
        for each in descriptors:
            loop.add_reader(each, self._heard.set)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._heard.wait()
        finally:
            for each in descriptors:
                loop.remove_reader(each)
            self._heard.clear()

    async def _close(self, connection: AsyncConnection) -> None:
        async with asyncio.timeout(_PATIENCE):
            await connection.invalidate()
            await connection.close()
