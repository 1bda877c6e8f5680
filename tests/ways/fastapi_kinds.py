"""The endpoints of the matrix in FastAPI, one of each shape that it takes."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, BackgroundTasks, FastAPI, Response, WebSocket
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel

from authmux.fastapi import CurrentPrincipal, current_principal, install, requires
from tests.faces.callers import Answer
from tests.ways.house import READ, WRITE, House
from tests.ways.kinds import HEARD, Kind, in_body, in_header, in_location, names, names_later

Endpoint = Callable[..., Any]


class Report(BaseModel):
    """What is posted."""

    title: str


def answer(response: Response, principal: CurrentPrincipal) -> str:
    """Say who is calling."""
    response.headers["x-caller"] = principal.id
    return principal.id


async def answer_later(response: Response, principal: CurrentPrincipal) -> str:
    """Say who is calling."""
    return answer(response, principal)


async def answer_unasked() -> str:
    """Say who is calling, without a parameter for it."""
    return current_principal().id


class Answering:
    """Say who is calling, as an object that can be called."""

    async def __call__(self, principal: CurrentPrincipal) -> str:
        return principal.id


def method(scope: str) -> Endpoint:
    """Return a guarded method of an object."""

    class Reports:
        @requires(scope)
        def show(self, principal: CurrentPrincipal) -> str:
            return principal.id

    return Reports().show


def stream() -> StreamingResponse:
    """Stream from a generator that blocks."""
    return StreamingResponse(names())


async def stream_later() -> StreamingResponse:
    """Stream from a generator that awaits."""
    return StreamingResponse(names_later())


def work(name: str) -> None:
    """Say for whom this works, if it is for the one of whom it was told."""
    assert current_principal().id == name
    HEARD.append(name)


async def work_later(name: str) -> None:
    """Do the same on the event loop."""
    work(name)


async def with_tasks(tasks: BackgroundTasks, principal: CurrentPrincipal) -> str:
    """Leave work for a worker thread and for the event loop."""
    tasks.add_task(work, principal.id)
    tasks.add_task(work_later, principal.id)
    return principal.id


async def file(principal: CurrentPrincipal) -> FileResponse:
    """Send a file."""
    return FileResponse(Path(__file__), headers={"x-caller": principal.id})


async def redirect(principal: CurrentPrincipal) -> RedirectResponse:
    """Lead elsewhere."""
    return RedirectResponse(f"/of/{principal.id}")


async def post(report: Report, principal: CurrentPrincipal) -> str:
    """Take a report."""
    assert report.title == "Q3"
    return principal.id


def in_validation(answer: Answer) -> str:
    """Return the name of the one who may learn what is wrong with a body; the answer itself names nobody."""
    return "ann" if answer.status == 422 and b"json_invalid" in answer.body else in_body(answer)


async def talk(websocket: WebSocket, principal: CurrentPrincipal) -> None:
    """Say over a WebSocket who is calling."""
    await websocket.accept()
    await websocket.send_text(principal.id)
    await websocket.close()


def guarding(endpoint: Endpoint) -> Callable[[str], Endpoint]:
    """Return what guards one endpoint with any scope."""
    return lambda scope: requires(scope)(endpoint)


KINDS = (
    Kind("`def`", guarding(answer)),
    Kind("`async def`", guarding(answer_later)),
    Kind("without a parameter", guarding(answer_unasked)),
    Kind("method", method),
    Kind("guarded partial", guarding(functools.partial(answer_later))),
    Kind("partial of a guarded one", lambda scope: functools.partial(requires(scope)(answer_later))),
    Kind("callable object", guarding(Answering())),
    Kind("`BackgroundTasks`", guarding(with_tasks), later=2),
    Kind("stream, blocking", guarding(stream)),
    Kind("stream, async", guarding(stream_later)),
    Kind("file", guarding(file), says=in_header),
    Kind("redirect", guarding(redirect), says=in_location),
    Kind("HEAD", guarding(answer_later), method="HEAD", says=in_header),
    Kind("OPTIONS", guarding(answer), method="OPTIONS", says=in_header),
    Kind("POST, JSON", guarding(post), method="POST", body=b'{"title": "Q3"}'),
    Kind("POST, broken JSON", guarding(post), method="POST", body=b"{", says=in_validation),
    Kind("WebSocket", guarding(talk), protocol="websocket"),
    Kind("WebSocket, server without denial responses", guarding(talk), protocol="bare websocket"),
)


@functools.cache
def _router() -> APIRouter:
    """Return an endpoint of each kind for each scope; made once, for it takes FastAPI a third of a second."""
    router = APIRouter()
    for kind in KINDS:
        for scope in (READ, WRITE):
            if kind.protocol == "http":
                router.add_api_route(kind.path(scope), kind.make(scope), methods=[kind.method], response_model=None)
            else:
                router.add_api_websocket_route(kind.path(scope), kind.make(scope))
    return router


def new_app(**options: Any) -> FastAPI:
    """Return an application with these endpoints, and without the middleware."""
    app = FastAPI(**options)
    app.router.routes.extend(_router().routes)
    return app


def with_router(house: House) -> FastAPI:
    """Return an application behind the middleware that has included the endpoints, under a prefix of their own."""
    app = FastAPI()
    app.include_router(_router(), prefix="/sub")
    install(app, house.authenticator())
    return app
