"""A WebSocket stays open only for as long as its caller may keep it (K-26)."""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Final

from authmux.asgi.messages import INTERNAL_ERROR, POLICY_VIOLATION, TRY_AGAIN_LATER, Message, Receive, Send
from authmux.errors import Unavailable
from authmux.flow import run_async
from authmux.visit import Visit

_log = logging.getLogger("authmux.web")

MAX_UNPROVED: Final = 30.0  # seconds (K-26)
_TO_CLOSE: Final = 1.0  # seconds; a caller who reads nothing may let a server wait for longer


class SocketClosed(OSError):
    """The WebSocket was closed under the application, which may not send any more; as servers raise it."""


class OpenSocket:
    """Passes messages on in both directions, until the caller loses the right to them.

    Arguments:
        visit: who came, by which credential, and what guards have asked.
        every: seconds between two checks.
        receive, send: to and from the server.
        patience: seconds that the caller may stay without a proof while none can be had.
    """

    def __init__(
        self, visit: Visit, *, every: float, receive: Receive, send: Send, patience: float = MAX_UNPROVED
    ) -> None:
        self._visit = visit
        self._every = every
        self._patience = patience
        self._receive = receive
        self._send = send
        self._code: int | None = None
        self._is_closed = asyncio.Event()
        self._waiting: asyncio.Timeout | None = None
        self._watch: asyncio.Task[None] | None = None

    async def receive(self) -> Message:
        """Give the application a message, or the end."""
        message = None if self._code is not None else await self._next()
        if self._code is not None or message is None:
            await self._until_closed()
            return {"type": "websocket.disconnect", "code": self._code, "reason": ""}
        return message

    async def send(self, message: Message) -> None:
        """Take a message from the application; once it has accepted the connection, watch over it.

        Raises:
            SocketClosed: the connection was closed.
        """
        if self._code is not None:
            await self._until_closed()
            raise SocketClosed("the caller has lost the right to this connection")
        await self._send(message)
        if message["type"] == "websocket.close":
            self.leave()
        elif message["type"] == "websocket.accept" and self._visit.credential is not None:
            self._watch = asyncio.create_task(self._watch_over())

    def leave(self) -> None:
        """Stop watching: the application is done. A close that is being sent goes its way."""
        if self._watch is not None and self._code is None:
            self._watch.cancel()

    async def close(self, code: int) -> None:
        """End the connection, in the application's place."""
        if self._code is None:
            self._code = code
            if self._waiting is not None:
                self._waiting.reschedule(0.0)
            with suppress(Exception):  # the caller has gone, the application or an outer middleware was faster
                await self._send({"type": "websocket.close", "code": code})
            self._is_closed.set()

    async def _until_closed(self) -> None:
        """Keep the application until the server knows the code: granian ends with none when it is done before."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_closed.wait(), _TO_CLOSE)

    async def _next(self) -> Message | None:
        """Wait for a message; None where the connection was closed meanwhile. Not every server says so by itself."""
        if self._visit.credential is None:  # nobody will
            return await self._receive()
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await self._receive()
        except TimeoutError:
            if self._code is None:
                raise
            return None
        finally:
            self._waiting = None

    async def _watch_over(self) -> None:
        proved_at = time.monotonic()
        while True:
            await asyncio.sleep(self._pause())
            try:
                if not await run_async(self._visit.recheck()):
                    code = POLICY_VIOLATION
                    break
                proved_at = time.monotonic()
            except Unavailable:
                if not self._has_expired() and time.monotonic() - proved_at < self._patience - self._every:
                    continue
                code = TRY_AGAIN_LATER
                break
            except Exception:
                _log.exception("a check of an open WebSocket failed; it is closed")
                code = INTERNAL_ERROR
                break
        _log.info("an open WebSocket is closed with %d", code)
        await self.close(code)

    def _pause(self) -> float:
        """Return how long to wait: at most until the credential expires."""
        left = self._left()
        return min(left, self._every) if left > 0 else self._every

    def _has_expired(self) -> bool:
        """Return whether the time is over that the credential was known to have: no store need be asked for that."""
        return self._left() <= 0

    def _left(self) -> float:
        """Return the seconds until the credential expires, as far as is known."""
        principal = self._visit.principal
        deadline = principal.credential.expires_at if principal and principal.credential else None
        return float("inf") if deadline is None else deadline - time.time()
