"""The way out: the application's response passes, or the guard's refusal is answered in its place."""

from typing import Final, Protocol

from authmux.asgi.messages import POLICY_VIOLATION, Message, Scope, Send, write
from authmux.visit import Visit
from authmux.web.challenge import Challenge

FAILED: Final[Message] = {"type": "http.response.start", "status": 500}
"""What the server would begin to answer if the refusal went on as an exception."""


class Judge(Protocol):
    """Who says what becomes of a response: the middleware."""

    def answer(self, message: Message, scope: Scope, visit: Visit) -> Challenge | None:
        """Return what to answer in place of the response that a message begins; None where that response stands."""
        ...

    def mark(self, message: Message, visit: Visit) -> Message:
        """Return the beginning of a response that stands, with what caches must know of it."""
        ...

    def record(self, scope: Scope, visit: Visit, status: int) -> None:
        """Note how a request is answered."""
        ...


class WayOut:
    """Passes a response on.

    Arguments:
        judge: says what becomes of it.
        visit: where a guard leaves its refusal.
        scope: of the request.
        send: to the server.
    """

    __slots__ = ("_answered", "_judge", "_open", "_scope", "_send", "_started", "_visit")

    def __init__(self, judge: Judge, visit: Visit, scope: Scope, send: Send) -> None:
        self._judge = judge
        self._visit = visit
        self._scope = scope
        self._send = send
        self._open = False  # as a WebSocket
        self._started = False
        self._answered = False

    async def send(self, message: Message) -> None:
        """Take a message from the application."""
        if not self._started:
            self._started = True
            challenge = self._judge.answer(message, self._scope, self._visit)
            self._judge.record(self._scope, self._visit, _told_by(message) if challenge is None else challenge.status)
            if challenge is not None:
                self._answered = True
                await write(challenge, self._scope, self._send)
            else:
                message = self._judge.mark(message, self._visit)
                self._open = message["type"] == "websocket.accept"
        elif self._open:
            await self._look_after_socket(message)
        if not self._answered:
            await self._send(message)

    async def after(self, error: Exception) -> None:
        """Answer a refusal that came out as an exception; raise every other one again."""
        if not self._visit.explains(error):
            raise error
        if not self._started:
            await self.send(FAILED)
        elif self._open:
            await self.finish()
        elif not self._answered:
            raise error

    def leave(self) -> None:
        """Note a request that was not answered: the server does that, or nobody waits any more."""
        if not self._started:
            self._judge.record(self._scope, self._visit, 500)

    async def finish(self) -> None:
        """Close a WebSocket that the application has left open after a guard refused its caller (K-26)."""
        if self._open and self._visit.refusal is not None:
            self._open, self._answered = False, True
            await self._send({"type": "websocket.close", "code": POLICY_VIOLATION})

    async def _look_after_socket(self, message: Message) -> None:
        if message["type"] == "websocket.close":
            self._open = False
        elif message["type"] == "websocket.http.response.start":
            await self.finish()  # a framework that answers the refusal as if there still were a request to answer


def _told_by(message: Message) -> int:
    """Return the status that a caller sees; a WebSocket that is closed unaccepted is a 403 to him."""
    return 403 if message["type"] == "websocket.close" else int(message.get("status", 101))
