"""Applications that say who is calling, open to nobody too, in every manner that could mix callers up."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from flask import Flask, Response, request, stream_with_context
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from authmux import fastapi, find_principal, flask, starlette
from tests.ways.house import House


def name() -> str:
    """Return who is calling."""
    principal = find_principal()
    return principal.id if principal else "nobody"


class Meeting:
    """Where requests wait for each other, so that they are certain to be under way at the same time.

    Arguments:
        parties: how many requests there are; one waits for nobody.
    """

    def __init__(self, parties: int = 1) -> None:
        self.parties = parties
        self._threads = threading.Barrier(parties, timeout=20)
        self._tasks = asyncio.Barrier(parties)

    def wait(self) -> None:
        """Wait in a thread."""
        self._threads.wait()

    async def wait_later(self) -> None:
        """Wait in a task."""
        async with asyncio.timeout(20):
            await self._tasks.wait()


@dataclass(slots=True)
class Town:
    """An application, and what its background tasks found: for whom they should work, and for whom they did."""

    meeting: Meeting = field(default_factory=Meeting)
    worked: list[tuple[str, str]] = field(default_factory=list)

    def work(self, whom: str) -> None:
        """Do something after the response."""
        self.worked.append((whom, name()))

    async def work_later(self, whom: str) -> None:
        """Do something after the response, on the event loop."""
        await asyncio.sleep(0)
        self.work(whom)

    def starlette(self) -> Any:
        """Return an application of Starlette."""
        app = Starlette(routes=[Route(path, endpoint) for path, endpoint in self._asgi_endpoints().items()])
        app.add_middleware(starlette.AuthMiddleware, authenticator=House().authenticator())
        return app

    def fastapi(self) -> Any:
        """Return an application of FastAPI."""
        app = FastAPI()
        for path, endpoint in self._asgi_endpoints().items():
            app.add_api_route(path, endpoint, response_model=None)
        app.add_middleware(fastapi.AuthMiddleware, authenticator=House().authenticator())
        return app

    def flask(self) -> Any:
        """Return an application of Flask."""
        app = Flask("town")
        app.config["PROPAGATE_EXCEPTIONS"] = True
        for path, view in self._views().items():
            app.add_url_rule(path, path, view)
        flask.install(app, House().authenticator())
        return app

    def _asgi_endpoints(self) -> dict[str, Any]:
        return {
            "/plain": self._plain,
            "/blocking": self._blocking,
            "/stream": self._stream,
            "/stream-blocking": self._stream_blocking,
            "/fail": self._fail,
            "/fail-late": self._fail_late,
        }

    async def _plain(self, request: Request) -> PlainTextResponse:
        await self.meeting.wait_later()
        return PlainTextResponse(name() * 3)

    def _blocking(self, request: Request) -> PlainTextResponse:
        self.meeting.wait()
        return PlainTextResponse(name() * 3)

    async def _stream(self, request: Request) -> StreamingResponse:
        task = BackgroundTask(self.work_later, request.query_params["as"])
        return StreamingResponse(self._parts_later(), background=task)

    def _stream_blocking(self, request: Request) -> StreamingResponse:
        return StreamingResponse(self._parts(), background=BackgroundTask(self.work, request.query_params["as"]))

    async def _fail(self, request: Request) -> PlainTextResponse:
        await self.meeting.wait_later()
        raise LookupError(name())

    async def _fail_late(self, request: Request) -> StreamingResponse:
        return StreamingResponse(self._failing_parts())

    def _views(self) -> dict[str, Any]:
        return {
            "/plain": self._view,
            "/stream": self._streaming_view,
            "/stream-in-context": lambda: Response(stream_with_context(self._parts())),
            "/fail": self._failing_view,
            "/fail-late": lambda: Response(self._failing_parts()),
        }

    def _view(self) -> str:
        self.meeting.wait()
        return name() * 3

    def _streaming_view(self) -> Response:
        response, whom = Response(self._parts()), request.args["as"]
        response.call_on_close(lambda: self.work(whom))
        return response

    def _failing_view(self) -> str:
        self.meeting.wait()
        raise LookupError(name())

    async def _parts_later(self) -> AsyncIterator[str]:
        for _ in range(3):
            await self.meeting.wait_later()
            yield name()

    def _parts(self) -> Iterator[str]:
        for _ in range(3):
            self.meeting.wait()
            yield name()

    def _failing_parts(self) -> Iterator[str]:
        yield name()
        raise LookupError(name())


ASGI_PATHS = ("/plain", "/blocking", "/stream", "/stream-blocking", "/fail", "/fail-late")
WSGI_PATHS = ("/plain", "/stream", "/stream-in-context", "/fail", "/fail-late")
