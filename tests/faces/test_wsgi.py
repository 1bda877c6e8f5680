"""The plain WSGI face, around applications that use everything PEP 3333 allows."""

import io
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from authmux import (
    APIKeyVerifier,
    Authenticator,
    ConfigurationError,
    MemoryStore,
    Peppers,
    TokenFormat,
    TokenService,
    find_principal,
    requires,
    system,
)
from authmux.errors import AuthError, MissingCredential
from authmux.visit import current_visit
from authmux.wsgi import AuthMiddleware, install
from tests.faces.callers import WSGICaller, environ_of
from tests.faces.verifiers import ANN, BOB, BUG, NOBODY, UNKNOWN, UserVerifier, open_house

OK = ("200 OK", [("Content-Type", "text/plain")])

App = Callable[[dict[str, Any], Any], Iterable[bytes]]


@requires("reports:read")
def read() -> bytes:
    """Read what only some may."""
    return name()


def name() -> bytes:
    """Return who is calling."""
    principal = find_principal()
    return principal.id.encode() if principal else b"nobody"


def reports(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Be an application that is guarded inside."""
    body = read()
    start_response(*OK)
    return [body]


def names(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Be an application that anybody may call."""
    start_response(*OK)
    return [name()]


def lazy(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """Be an application that does nothing before it is iterated."""
    body = read()
    start_response(*OK)
    yield body
    yield name()


class Body:
    """A body that notes when it is closed, and who was there while it was made."""

    def __init__(self, *, failing: bool = False) -> None:
        self.closed_by: list[bytes] = []
        self._failing = failing

    def __iter__(self) -> Iterator[bytes]:
        yield name()

    def close(self) -> None:
        """Note who is there."""
        self.closed_by.append(name())
        if self._failing:
            raise LookupError("a bug in close()")


def around(app: App) -> AuthMiddleware:
    """Return the application behind the middleware."""
    return AuthMiddleware(app, authenticator=open_house())


def behind(app: App) -> WSGICaller:
    """Return a caller of the application behind the middleware."""
    return WSGICaller(around(app))


def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
    """Be a server that does not look."""
    return lambda _: None


def test_guard_accepts() -> None:
    """The guarded code runs for a caller who holds the scope."""
    assert behind(reports)("/", ANN).body == b"ann"


def test_guard_refuses() -> None:
    """A refusal that comes out of the application as an exception is answered."""
    answer = behind(reports)("/", NOBODY)
    assert (answer.status, answer.header("www-authenticate")) == (401, 'Bearer realm="api", scope="reports:read"')


def test_refused_head_has_no_body() -> None:
    """A refusal of HEAD is the headers of GET, and no body."""
    head, get = (behind(reports)("/", NOBODY, method=method) for method in ("HEAD", "GET"))
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


def test_install() -> None:
    """The application comes back behind the middleware."""
    assert (
        WSGICaller(install(names, open_house(), api_key_header="X-Key"))("/", [("X-Key", b"user_ann")]).body == b"ann"
    )


@pytest.mark.parametrize("method", ["find", "pepper_checks"])
def test_async_store_is_refused(method: str) -> None:
    """A store that awaits is refused at construction, with a sentence."""

    async def awaiting(*_: object) -> None: ...

    store = type("AwaitingStore", (MemoryStore,), {method: awaiting})()
    tokens = TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))
    with pytest.raises(ConfigurationError, match="awaits, and a WSGI application blocks"):
        AuthMiddleware(names, authenticator=Authenticator(APIKeyVerifier(store, tokens)))


def test_wrong_pepper_is_refused() -> None:
    """A pepper that the keys were not issued under is refused at construction, with a sentence."""
    store = MemoryStore()
    right, wrong = (TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes([each]) * 32})) for each in (1, 2))
    TokenService(store, right).issue_key(name="k", scopes=["a:b"], by=system())
    with pytest.raises(ConfigurationError, match="pepper is not the one that the stored keys were issued under"):
        AuthMiddleware(names, authenticator=Authenticator(APIKeyVerifier(store, wrong)))


def test_bug_in_verifier() -> None:
    """A bug in a verifier goes to the server, and the application is never reached."""
    reached: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        reached.append(environ["PATH_INFO"])
        return []

    with pytest.raises(RuntimeError, match="a bug in a verifier"):
        behind(app)("/", BUG)
    assert not reached


def test_bug_in_application() -> None:
    """An exception of the application goes to the server as it is."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        read()
        raise LookupError("a bug in the application")

    with pytest.raises(LookupError, match="a bug in the application"):
        behind(app)("/", ANN)


def test_bug_after_a_refusal_was_caught() -> None:
    """An application that catches a refusal and then fails for a reason of its own has failed: nothing hides that."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with suppress(AuthError):
            read()
        raise LookupError("a bug in the application")

    with pytest.raises(LookupError, match="a bug in the application"):
        behind(app)("/", NOBODY)


def test_header_beyond_latin_1() -> None:
    """A value that no server could have received is unreadable, and no crash."""
    answers: list[str] = []
    environ = environ_of("/") | {"HTTP_AUTHORIZATION": "Bearer \u2028"}
    around(names)(environ, lambda status, headers: answers.append(status))
    assert answers == ["400 Bad Request"]


@pytest.mark.parametrize(("headers", "body"), [(ANN, b"annann"), (BOB, b"bobbob")], ids=["ann", "bob"])
def test_lazy_application(headers: Any, body: bytes) -> None:
    """An application that starts its response while it is iterated has its principal then."""
    assert behind(lazy)("/", headers).body == body


def test_lazy_application_refuses() -> None:
    """A guard that is reached only while the body is iterated refuses with the usual bytes."""
    assert behind(lazy)("/", NOBODY).refusal() == behind(reports)("/", NOBODY).refusal()


def test_lazy_application_refuses_head() -> None:
    """The same refusal of HEAD has no body."""
    assert behind(lazy)("/", NOBODY, method="HEAD").body == b""


@pytest.mark.parametrize("status", ["401 Unauthorized", "500 Internal Server Error"])
def test_lazy_application_writes_the_refusal_itself(status: str) -> None:
    """A response that only reports the refusal gives way to ours, though it starts while the body is iterated."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        try:
            read()
        except AuthError:
            start_response(status, OK[1])
        yield b"go"
        yield b"away"

    assert behind(app)("/", NOBODY).refusal() == behind(reports)("/", NOBODY).refusal()


def test_application_that_refuses_in_iter() -> None:
    """A body whose `__iter__` is guarded refuses with the usual bytes."""

    class Guarded:
        def __iter__(self) -> Iterator[bytes]:
            return iter([read()])

    assert behind(lambda _, __: Guarded())("/", NOBODY).refusal() == behind(reports)("/", NOBODY).refusal()


def test_lazy_application_of_nothing() -> None:
    """A body without any part stays empty."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response(*OK)
        yield from ()

    environ = environ_of("/", ANN)
    assert list(around(app)(environ, start)) == []


def test_refusal_after_the_first_chunk() -> None:
    """A refusal that comes once the response has begun goes to the server."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response(*OK)
        yield b"first"
        yield read()

    with pytest.raises(MissingCredential):
        behind(app)("/", NOBODY)


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "404 Not Found"])
def test_application_takes_care_itself(status: str) -> None:
    """A response of another status shows that the application has dealt with the refusal: it stands."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            read()
        except AuthError:
            start_response(status, OK[1])
        return [b"come in all the same"]

    answer = behind(app)("/", NOBODY)
    assert (answer.status, answer.body) == (int(status[:3]), b"come in all the same")


@pytest.mark.parametrize("status", ["401 Unauthorized", "500 Internal Server Error"])
def test_application_writes_the_refusal_itself(status: str) -> None:
    """A response that only reports the refusal gives way to ours, whole, what was written by `write` too."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            read()
        except AuthError:
            start_response(status, OK[1])(b"go")
        return [b"away"]

    assert behind(app)("/", NOBODY).refusal() == behind(reports)("/", NOBODY).refusal()


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "500 Internal Server Error"])
def test_own_response_of_the_application(status: str) -> None:
    """Where our guard has refused nothing, the application's response stands, whatever its status."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, OK[1])
        return [b"my own"]

    answer = behind(app)("/", ANN)
    assert (answer.status, answer.body) == (int(status[:3]), b"my own")


def test_write() -> None:
    """What an application sends by `write` goes out before its body."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response(*OK)
        write(name())
        return [b"!"]

    assert behind(app)("/", ANN).body == b"ann!"


def test_exc_info() -> None:
    """What an application says of an exception reaches the server, which may raise it."""
    seen: list[object] = []

    def server(status: str, headers: Any, exc_info: Any = None) -> Any:
        seen.append((status, exc_info))

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(*OK)
        start_response("500 Internal Server Error", OK[1], ("class", "value", "traceback"))
        return [b""]

    around(app)(environ_of("/", ANN), server)
    assert seen == [("200 OK", None), ("500 Internal Server Error", ("class", "value", "traceback"))]


def test_file_wrapper() -> None:
    """A file that the server can send by itself reaches it as it is."""
    file = FileWrapper(io.BytesIO(b"content"))

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(*OK)
        return file

    environ = environ_of("/", ANN) | {"wsgi.file_wrapper": FileWrapper}
    assert around(app)(environ, start) is file
    assert current_visit.get() is None


def test_file_wrapper_that_is_a_function() -> None:
    """A server may offer a function as its file wrapper, as uWSGI and mod_wsgi do: PEP 3333 asks for a callable."""
    environ = environ_of("/", ANN) | {"wsgi.file_wrapper": lambda file, size=8192: file}
    body = around(lazy)(environ, start)
    assert b"".join(body) == b"annann"


@pytest.mark.parametrize("body", [[b"a", b"b"], (b"a", b"b")], ids=["list", "tuple"])
def test_whole_body(body: Any) -> None:
    """A body that is made already goes out as it is, and the principal is gone."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(*OK)
        return body

    assert around(app)(environ_of("/", ANN), start) is body
    assert current_visit.get() is None


def test_close() -> None:
    """The application's body is closed once, while its principal is still there."""
    body = Body()

    def app(environ: dict[str, Any], start_response: Any) -> Body:
        start_response(*OK)
        return body

    assert behind(app)("/", ANN).body == b"ann"
    assert body.closed_by == [b"ann"]


def test_close_without_reading() -> None:
    """A body that is closed before it is read, as for HEAD, leaves no principal behind."""
    body = Body()

    def app(environ: dict[str, Any], start_response: Any) -> Body:
        start_response(*OK)
        return body

    response: Any = around(app)(environ_of("/", ANN), start)
    response.close()
    assert (body.closed_by, current_visit.get()) == ([b"ann"], None)


def test_close_of_a_response_that_gave_way() -> None:
    """A response that a refusal takes the place of is closed too."""
    body = Body()

    def app(environ: dict[str, Any], start_response: Any) -> Body:
        try:
            read()
        except AuthError:
            start_response("500 Internal Server Error", OK[1])
        return body

    assert behind(app)("/", NOBODY).status == 401
    assert body.closed_by == [b"nobody"]


@pytest.mark.parametrize("refused", [False, True], ids=["sent", "gave-way"])
def test_close_that_fails(*, refused: bool) -> None:
    """A failing `close` goes to the server, and leaves no principal behind."""

    def app(environ: dict[str, Any], start_response: Any) -> Body:
        try:
            if refused:
                read()
        except AuthError:
            start_response("500 Internal Server Error", OK[1])
        else:
            start_response(*OK)
        return Body(failing=True)

    with pytest.raises(LookupError, match=r"a bug in close\(\)"):
        behind(app)("/", NOBODY)
    assert current_visit.get() is None


@pytest.mark.parametrize("first", [ANN, UNKNOWN, NOBODY], ids=["accepted", "refused", "absent"])
@pytest.mark.parametrize("app", [reports, lazy], ids=["whole", "lazy"])
def test_nothing_stays(app: App, first: Any) -> None:
    """After a request the thread has no principal, and the next request on it is its own."""
    behind(app)("/", first)
    assert current_visit.get() is None
    assert behind(names)("/", NOBODY).body == b"nobody"


def test_nothing_stays_after_a_bug() -> None:
    """After an exception the thread has no principal."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise LookupError

    with pytest.raises(LookupError):
        behind(app)("/", ANN)
    assert current_visit.get() is None


def test_bodies_that_interleave() -> None:
    """Two responses that one thread sends in turns each keep their own principal, and leave none behind."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response(*OK)
        for _ in range(3):
            yield name()

    middleware = around(app)
    first: Any = middleware(environ_of("/", ANN), start)
    second: Any = middleware(environ_of("/", BOB), start)
    seen = [next(first), next(second), next(first)]
    first.close()
    seen.append(next(second))
    second.close()
    assert (seen, current_visit.get()) == ([b"ann", b"bob", b"ann", b"bob"], None)


def test_body_sent_by_another_thread() -> None:
    """A server may send, and close, the body in another thread than it called the application in."""
    response: Any = around(lazy)(environ_of("/", ANN), start)
    with ThreadPoolExecutor(1) as other:
        body = other.submit(lambda: b"".join(response)).result()
        other.submit(response.close).result()
    assert (body, current_visit.get()) == (b"annann", None)


def test_threads() -> None:
    """Requests in several threads each see their own principal."""
    meeting = threading.Barrier(4, timeout=10)

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response(*OK)
        meeting.wait()
        yield name()

    caller = behind(app)
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda headers: caller("/", headers).body, (ANN, BOB, NOBODY, ANN))
        assert list(answers) == [b"ann", b"bob", b"nobody", b"ann"]


def test_twice_verifies_once() -> None:
    """A second middleware with the same authenticator has nothing to do."""
    verifier = UserVerifier()
    authenticator = Authenticator(verifier)
    app = AuthMiddleware(AuthMiddleware(reports, authenticator=authenticator), authenticator=authenticator)
    assert WSGICaller(app)("/", ANN).body == b"ann"
    assert verifier.asked == 1


def test_twice_refuses_as_once() -> None:
    """Two middlewares refuse with the bytes of one."""
    authenticator = open_house()
    once = AuthMiddleware(reports, authenticator=authenticator)
    twice = AuthMiddleware(once, authenticator=authenticator)
    assert WSGICaller(twice)("/").refusal() == WSGICaller(once)("/").refusal()


def test_twice_notes_a_refusal_once(caplog: pytest.LogCaptureFixture) -> None:
    """Two middlewares tell the operator of one refusal, once."""
    caplog.set_level(logging.INFO, "authmux.web")
    authenticator = open_house()
    app = AuthMiddleware(AuthMiddleware(reports, authenticator=authenticator), authenticator=authenticator)
    WSGICaller(app)("/", NOBODY)
    assert caplog.messages == ["refused: MissingCredential, missing, credential not proved"]


PRELOADED = """
import os, signal, time
from authmux import Authenticator, JWTVerifier
from authmux.verifying.fetch import FetchFailed
from authmux.wsgi import AuthMiddleware

def fetch(url, headers):
    import slow_module
    raise FetchFailed("connect")

verifier = JWTVerifier(issuer="https://issuer.example", audience="a", fetch=fetch)
AuthMiddleware(None, authenticator=Authenticator(verifier))
time.sleep(0.3)
if child := os.fork():
    print(os.waitpid(child, 0)[1])
else:
    signal.alarm(5)
    import slow_module
    print(slow_module.VALUE, flush=True)
    os._exit(0)
"""


def test_fork_after_construction(tmp_path: Path) -> None:
    """A server that makes the application first and forks then has whole workers.

    A thread that fetches at the moment of the fork is gone in the child, and what it was importing stays half made
    there for good: gunicorn --preload had workers that knew no encoding "idna" and answered every request with 500.
    """
    (tmp_path / "slow_module.py").write_text("import time; time.sleep(1); VALUE = 'whole'")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    ended = subprocess.run(
        [sys.executable, "-c", PRELOADED],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.stdout.split() == ["whole", "0"], ended.stderr
