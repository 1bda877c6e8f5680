"""Whatever a path is made to look like, what a router serves to nobody lies on a public path (A-142)."""

import functools
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.faces import doors_on_paths
from tests.faces.doors_on_paths import ASGI, METHODS, OPEN, PUBLIC, WSGI, call_asgi, call_wsgi, flask_app, made
from tests.faces.verifiers import ANN, NOBODY

Ask = Callable[..., tuple[int, list[str]]]


@pytest.fixture(params=[*ASGI, *WSGI])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Give a way to ask an application on each face."""
    return functools.partial(doors_on_paths.ask, request.param)


TRICKS = [
    "//admin", "///admin", "/%61dmin", "/%2561dmin", "/ADMIN", "/admin/", "/admin//", "/admin;x", "/admin;/docs/x",
    "/admin%3Bx", "/admin?/docs/x", "/admin%3F/docs/x", "/admin%23/docs/x", "/admin%00", "/admin%0A", "/admin%20",
    "/%0Aadmin", "/.%2Fadmin", "/./admin", "/docs/../admin", "/docs/%2e%2e/admin", "/docs/..%2Fadmin",
    "/docs/%2e%2e%2fadmin",
    "/docs/%252e%252e/admin", "/docs/..;/admin", "/docs/..%5Cadmin", "/docs%5C..%5Cadmin", "/docs/x/../../admin",
    "/docs//admin", "/docs//../admin", "//docs/../admin", "/docs/%c0%ae%c0%ae/admin", "/docs/%ff/../admin",
    "/docs/%00/../admin", "/docs/..%00/admin", "/docs/..%0A/admin", "/docs/.%0A./admin",
    "/docs/%EF%BC%8E%EF%BC%8E/admin", "/docs", "/docs/..", "/docs/.", "/health/",
    "/health/../admin", "/health;/../admin", "/health%0A", "/health%00",
    "//health", "/v1/docs/../admin", "/v1//admin", "/v1/docs/..%2F..%2Fadmin", "", "admin", "*", "%2Fadmin",
    "http://x.example/admin", "/%E4", "/%FF%FE", "/docs/\u00e9",
]  # fmt: skip


@pytest.mark.parametrize("wire", TRICKS)
def test_tricks(ask: Ask, wire: str) -> None:
    """However a path is written, what the framework's own router serves to nobody lies on a public path."""
    for method in METHODS:
        status, served = ask(wire, method=method)
        assert set(served) <= OPEN
        assert status in (401, 307, 308, 404) or served


@pytest.mark.parametrize("wire", ["//admin", "/%61dmin", "/docs/../admin", "/docs/%2e%2e/admin", "/admin/"])
def test_tricks_with_a_credential(ask: Ask, wire: str) -> None:
    """With a credential a path is the framework's own affair."""
    assert ask(wire, ANN)[0] != 401


PIECES = st.lists(
    st.sampled_from(
        ["/", "//", "docs", "admin", "health", "v1", "..", ".", "%2e", "%2f", "%5c", ";", "%00", "%0a", "%ff", "x"]
    ),
    max_size=9,
)  # fmt: skip


def paths_with(ask_for: Callable[[str], list[str]]) -> Callable[[], None]:
    """Return a search for a path that lets nobody into what is not public."""

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(PIECES)
    def search(pieces: Sequence[str]) -> None:
        assert set(ask_for("/" + "".join(pieces))) <= OPEN

    return search


@pytest.mark.parametrize("face", [*ASGI, *WSGI])
def test_any_path(face: str) -> None:
    """No path that a search comes upon is served to nobody by an endpoint that is not public."""
    app, served = made(face)
    call = call_asgi if face in ASGI else call_wsgi

    def ask_for(wire: str) -> list[str]:
        served.clear()
        call(app, wire, NOBODY)
        return served

    paths_with(ask_for)()


ROOTS: dict[str, tuple[str, str, bool]] = {
    "public": ("/api", "/api/health", True),
    "tree": ("/api", "/api/docs/x", True),
    "guarded": ("/api", "/api/admin", False),
    "root-alone": ("/api", "/api", False),
    "root-alike": ("/api", "/apihealth", False),
    "root-twice": ("/api", "/api/api/health", False),
    "path-without-root": ("/api", "/health", True),
    "climbs-over-the-root": ("/api", "/api/docs/../admin", False),
    "root-is-the-public-path": ("/docs", "/docs/admin", False),
    "root-begins-as-a-public-path": ("/docs/x", "/docs/x/admin", False),
    "root-with-a-slash": ("/v1/", "/v1/admin", False),
    "root-with-a-slash-before-a-tree": ("/docs/", "/docs/admin", True),
    "root-with-a-slash-is-none": ("/v1/", "/v1/health", False),
    "root-with-a-slash-and-two": ("/v1/", "/v1//health", True),
    "root-is-a-slash": ("/", "/admin", False),
    "root-is-a-slash-and-public": ("/", "/health", True),
}


@pytest.mark.parametrize("face", ["starlette", "fastapi"])
@pytest.mark.parametrize(("root", "path", "is_open"), ROOTS.values(), ids=ROOTS)
def test_root_path(face: str, root: str, path: str, *, is_open: bool) -> None:
    """Behind a proxy that leaves its prefix in the path, patterns are for the path that the router sees."""
    app, served = made(face)
    served.clear()
    status = call_asgi(app, path, NOBODY, root_path=root)
    assert (status != 401) is is_open
    assert set(served) <= OPEN


@pytest.mark.parametrize("face", ["starlette", "fastapi"])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(root=st.lists(st.sampled_from(["/", "docs", "v1", "x"]), max_size=4).map("".join), path=PIECES.map("".join))
def test_any_root_path(face: str, root: str, path: str) -> None:
    """Whatever the server says of its root, what is served to nobody is public."""
    app, served = made(face)
    served.clear()
    call_asgi(app, root + path, NOBODY, root_path=root)
    assert set(served) <= OPEN


@pytest.mark.parametrize("face", ["starlette", "fastapi"])
@pytest.mark.parametrize(
    ("path", "is_open"),
    [("/sub/health", True), ("/sub/docs/x", True), ("/sub/admin", False), ("/sub/docs/../admin", False)],
)
def test_mounted(face: str, path: str, *, is_open: bool) -> None:
    """In a mounted application patterns are for the paths of that application."""
    served: list[str] = []
    app = Starlette(routes=[Mount("/sub", app=ASGI[face](served, required=True, public=PUBLIC))])
    assert (call_asgi(app, path, NOBODY) == 401) is not is_open
    assert set(served) <= OPEN
    assert bool(served) is is_open


@pytest.mark.parametrize("face", ["wsgi", "flask"])
@pytest.mark.parametrize(
    ("path", "is_open"), [("/sub/health", True), ("/sub/docs/x", True), ("/sub/admin", False), ("/sub//admin", False)]
)  # fmt: skip
def test_mounted_by_werkzeug(face: str, path: str, *, is_open: bool) -> None:
    """Behind a dispatcher, which moves a part of the path into SCRIPT_NAME, patterns are for what is left."""
    served: list[str] = []
    inner = WSGI[face](served, required=True, public=PUBLIC)
    app = DispatcherMiddleware(lambda environ, start: [], {"/sub": inner.wsgi_app if face == "flask" else inner})
    assert (call_wsgi(app, path, NOBODY) == 401) is not is_open
    assert set(served) <= OPEN
    assert bool(served) is is_open


def test_no_path_at_all() -> None:
    """An empty PATH_INFO is the application's root (PEP 3333), and is guarded as that."""
    served: list[str] = []
    assert call_wsgi(flask_app(served, required=True, public=PUBLIC), "", NOBODY) == 401
    assert call_wsgi(flask_app(served, required=True, public=["/"]), "", NOBODY) != 401
