"""The endpoints of the matrix in Flask, one of each shape that it takes."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, redirect, send_file, stream_with_context
from flask.views import MethodView, View

from authmux.flask import current_principal, requires
from tests.ways.house import READ, WRITE
from tests.ways.kinds import HEARD, Kind, in_header, in_location, names

Endpoint = Callable[..., Any]


def answer() -> Response:
    """Say who is calling."""
    name = current_principal().id
    return Response(name, headers={"X-Caller": name})


async def answer_later() -> Response:
    """Say who is calling."""
    return answer()


class Answering:
    """Say who is calling, as an object that can be called."""

    def __call__(self) -> Response:
        return answer()


def method(scope: str) -> Endpoint:
    """Return a guarded method of an object."""

    class Reports:
        @requires(scope)
        def show(self) -> Response:
            return answer()

    return Reports().show


def method_view(scope: str) -> Endpoint:
    """Return a class whose one method is guarded."""

    class Reports(MethodView):
        @requires(scope)
        def get(self) -> Response:
            return answer()

    return Reports.as_view("reports")


def decorated_view(scope: str) -> Endpoint:
    """Return a class that is guarded whole."""

    class Reports(View):
        decorators = [requires(scope)]  # noqa: RUF012  # Flask has it so

        def dispatch_request(self) -> Response:
            return answer()

    return Reports.as_view("reports")


def stream() -> Response:
    """Stream from a generator."""
    return Response(names())


def stream_in_context() -> Response:
    """Stream with Flask's request at hand."""
    return Response(stream_with_context(names()))


@stream_with_context
def stream_within() -> Iterator[str]:
    """Be a generator with Flask's request at hand."""
    yield from names()


def close_later() -> Response:
    """Leave work for when the response is closed."""
    response = answer()
    response.call_on_close(lambda: HEARD.append(current_principal().id))
    return response


def file() -> Response:
    """Send a file."""
    response = send_file(Path(__file__), mimetype="text/plain")
    response.headers["X-Caller"] = current_principal().id
    return response


def redirected() -> Any:
    """Lead elsewhere."""
    return redirect(f"/of/{current_principal().id}", 307)


def guarding(endpoint: Endpoint) -> Callable[[str], Endpoint]:
    """Return what guards one endpoint with any scope."""
    return lambda scope: requires(scope)(endpoint)


def in_blueprint(app: Flask, path: str, endpoint: Endpoint) -> None:
    """Put an endpoint into a blueprint."""
    app.register_blueprint(_blueprint(path, path, endpoint))


def in_nested_blueprint(app: Flask, path: str, endpoint: Endpoint) -> None:
    """Put an endpoint into a blueprint within another."""
    first, _, last = path[1:].partition("/")
    outer = Blueprint(f"outer-{last}", __name__, url_prefix=f"/{first}")
    outer.register_blueprint(_blueprint("inner", f"/{last}", endpoint))
    app.register_blueprint(outer)


def behind_blueprint(app: Flask, path: str, guard: Endpoint) -> None:
    """Put an endpoint into a blueprint that is guarded whole."""
    blueprint = _blueprint(path, path, answer)
    blueprint.before_request(guard)
    app.register_blueprint(blueprint)


def _blueprint(name: str, path: str, endpoint: Endpoint) -> Blueprint:
    blueprint = Blueprint(name.replace("/", "-"), __name__)
    blueprint.add_url_rule(path, "reports", endpoint)
    return blueprint


def pass_on() -> None:
    """Let the request go on."""


KINDS = (
    Kind("`def`", guarding(answer)),
    Kind("`async def`", guarding(answer_later)),
    Kind("`MethodView`", method_view),
    Kind("`View` with `decorators`", decorated_view),
    Kind("method", method),
    Kind("guarded partial", guarding(functools.partial(answer))),
    Kind("partial of a guarded one", lambda scope: functools.partial(requires(scope)(answer))),
    Kind("callable object", guarding(Answering())),
    Kind("stream", guarding(stream)),
    Kind("stream, `stream_with_context`", guarding(stream_in_context)),
    Kind("guarded generator", guarding(stream_within)),
    Kind("`call_on_close`", guarding(close_later), later=1),
    Kind("file", guarding(file), says=in_header),
    Kind("redirect", guarding(redirected), says=in_location),
    Kind("HEAD", guarding(answer), method="HEAD", says=in_header),
    Kind("OPTIONS", guarding(answer), method="OPTIONS", says=in_header),
    Kind("blueprint", guarding(answer), add=in_blueprint),
    Kind("nested blueprint", guarding(answer), add=in_nested_blueprint),
    Kind("`before_request` of a blueprint", guarding(pass_on), add=behind_blueprint),
)


def new_app(**config: Any) -> Flask:
    """Return an application with an endpoint of each kind for each scope, and without the middleware."""
    app = Flask("reports")
    app.config.update(config)
    for kind in KINDS:
        for scope in (READ, WRITE):
            (kind.add or _add(kind))(app, kind.path(scope), kind.make(scope))
    return app


def _add(kind: Kind) -> Callable[[Flask, str, Endpoint], None]:
    def add(app: Flask, path: str, endpoint: Endpoint) -> None:
        app.add_url_rule(path, path, endpoint, methods=[kind.method], provide_automatic_options=False)

    return add
