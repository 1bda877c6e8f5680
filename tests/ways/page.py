"""Writes docs/reference/ways.md from a run of the matrix."""

from collections.abc import Iterator
from pathlib import Path

from tests.ways.frameworks import PARTS, Matrix, Part
from tests.ways.house import OUTCOMES
from tests.ways.matrix import Row
from tests.ways.way import Way

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "ways.md"

_OPENING = """\
# However it is added

The middleware may be added in many ways, and may stand among other middleware. A refusal is the same bytes in all of
them: status, headers in their order, and body. This page is written by `python -m tests.ways`, which tries every way
with every kind of endpoint; a test fails when the page is not what comes of it.

*same* means: the bytes with which the plain face, `authmux.asgi`, refuses that request without any framework.
*accepted* means: the endpoint knew its caller for as long as anything of it ran, in a streamed body and in background
tasks too; the credential was verified once, and once by each of two different authenticators.
*logged* means: the same bytes, but the framework logs the refusal as a failure.
"""

_CLOSING = """\
## What is not in the tables

- A credential that is refused never reaches the application: no hook, no handler and no endpoint runs for it. A refusal
  by a guard goes through the framework's own error handling, so that it is seen there, and is then replaced. Headers
  that an `after_request` hook of Flask or a middleware *inside* of ours has put on the response that is replaced are
  gone with it. What shall be on refusals too, such as CORS headers, is added outside.
- An error handler that turns the refusal into another status, such as a redirect to a login page, has its way.
- Guard the endpoint, not the generator that it streams from: once the response has begun, a refusal can only break it
  off, and the exception goes to the server.
- A server that cannot answer a WebSocket's handshake over HTTP closes it with 1008 before it is accepted, which the
  caller sees as an empty 403.
- Starlette's own `AuthenticationMiddleware` stands outside of ours: inside, it overwrites `request.user` for every
  request. Guards and `current_principal()` go by the credential in either order.

## Frameworks without a face

What speaks ASGI or WSGI is served by `authmux.asgi.AuthMiddleware` or `authmux.wsgi.AuthMiddleware` around the
application, with `authmux.requires` on its handlers; put it below the decorator of the route. Each of these is tested
with handlers that await and that block, and behind a real server; the bytes of a refusal are the same.

| guest | so that a refusal by the guard is not logged as a failure | else to know |
|---|---|---|
| Litestar | nothing; where exceptions are logged (`debug=True`, `log_exceptions="always"`), `disable_stack_trace={AuthError}` | |
| Quart | a handler for `AuthError` that returns `"", 500`: ours is answered in its place | |
| Django | a middleware whose `process_exception` returns a response of 401 for `MissingCredential`, of 403 for any other `AuthError` | it knows no WebSockets; it knows no lifespan either, and what could never work refuses to start all the same |

With a2wsgi, put the face *inside* the bridge, on the application that it is for: `authmux.flask` into a Flask
application that `WSGIMiddleware` mounts in FastAPI, `authmux.fastapi` into an application that `ASGIMiddleware` brings
to a WSGI server.

- What ours has put into scope or environ does not cross the bridge; headers do. Where there is a face on either side,
  the outer one takes the credential out, and to the inner one everybody is nobody, unless the outer one has
  `keep_credential=True`. Then each verifies.
- With only the outer face the guards inside work too, and the framework inside logs their refusals as failures.
- `ASGIMiddleware` never finishes the task of a response that is broken off, as by a caller who hangs up; asyncio warns of
  it later. A refusal that `authmux.wsgi` answers around it breaks one off as well; with the face inside it does not.
- `ASGIMiddleware` sends no lifespan, so that nothing is checked at the start.
"""  # noqa: E501  # a row of a table is one line


def write_page(matrix: Matrix) -> str:
    """Return the page."""
    parts = (line for part in PARTS for line in _part(part, matrix))
    return "\n".join([_OPENING, *parts, _CLOSING])


def _part(part: Part, matrix: Matrix) -> Iterator[str]:
    yield f"## {part.name}\n"
    yield f"*all* endpoints are these {len(part.kinds)}: {'; '.join(kind.name for kind in part.kinds)}.\n"
    yield _line("way", "endpoints", *(_heading(each.name, each.status) for each in OUTCOMES))
    yield "|---|---|" + "---|" * len(OUTCOMES)
    for way in part.ways:
        yield from _rows(way, matrix[part.name, way.name])
    yield ""
    yield from (f"- {way.name}: {way.why}" for way in part.ways if way.why)
    yield ""


def _rows(way: Way, rows: tuple[Row, ...]) -> Iterator[str]:
    """Return a line for all kinds of which the same came, the largest group first."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        groups.setdefault(row.cells, []).append(row.kind)
    by_size = sorted(groups.items(), key=lambda group: -len(group[1]))
    for number, (cells, kinds) in enumerate(by_size):
        others = "all" if len(by_size) == 1 else "all others"
        yield _line(way.name if number == 0 else "", others if number == 0 else "; ".join(kinds), *cells)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _heading(name: str, status: int) -> str:
    return name if status == 200 else f"{name} ({status})"
