"""The plain ASGI face, around applications that do what frameworks never do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from authmux import Authenticator, ConfigurationError, find_principal, requires
from authmux.asgi import AuthMiddleware, install
from authmux.errors import AuthError, MissingCredential
from authmux.visit import current_visit
from tests.faces.callers import Answer, ASGICaller, http_scope
from tests.faces.verifiers import ANN, BOB, BUG, NOBODY, UNKNOWN, UserVerifier, open_house

START = {"type": "http.response.start", "status": 200, "headers": []}

App = Callable[[Any, Any, Any], Awaitable[None]]


@requires("reports:read")
async def read() -> bytes:
    """Read what only some may."""
    return name()


def name() -> bytes:
    """Return who is calling."""
    principal = find_principal()
    return principal.id.encode() if principal else b"nobody"


async def respond(send: Any, *bodies: bytes, status: int = 200) -> None:
    """Answer with a body in one or several messages."""
    await send(START | {"status": status})
    for body in bodies:
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})


def behind(app: App, **options: Any) -> ASGICaller:
    """Return a caller of the application behind the middleware."""
    return ASGICaller(AuthMiddleware(app, authenticator=open_house(), **options))


async def reports(scope: Any, receive: Any, send: Any) -> None:
    """Be an application that is guarded inside."""
    await respond(send, await read())


async def names(scope: Any, receive: Any, send: Any) -> None:
    """Be an application that anybody may call."""
    await respond(send, name())


def test_guard_accepts() -> None:
    """The guarded code runs for a caller who holds the scope."""
    assert behind(reports)("/", ANN).body == b"ann"


def test_guard_refuses() -> None:
    """A refusal that comes out of the application as an exception is answered."""
    answer = behind(reports)("/", NOBODY)
    assert (answer.status, answer.header("www-authenticate")) == (401, 'Bearer realm="api", scope="reports:read"')


def test_realm() -> None:
    """The challenge names the realm that the middleware was told."""
    assert behind(reports, realm="The Reports")("/").header("www-authenticate") == (
        'Bearer realm="The Reports", scope="reports:read"'
    )


def test_realm_that_would_split_the_header() -> None:
    """A realm that cannot be written into the challenge is refused at once."""
    with pytest.raises(ConfigurationError, match="realm"):
        behind(reports, realm='a"\r\nX: y')


def test_api_key_header_that_is_none() -> None:
    """A name that is no header's is refused at once."""
    with pytest.raises(ConfigurationError, match="api_key_header"):
        behind(reports, api_key_header="X API Key")


def test_install() -> None:
    """The application comes back behind the middleware."""
    assert (
        ASGICaller(install(names, open_house(), api_key_header="X-Key"))("/", [("X-Key", b"user_ann")]).body == b"ann"
    )


def test_bug_in_verifier() -> None:
    """A bug in a verifier goes to the server, and the application is never reached."""
    reached: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])

    with pytest.raises(RuntimeError, match="a bug in a verifier"):
        behind(app)("/", BUG)
    assert not reached


def test_bug_in_application() -> None:
    """An exception of the application goes to the server as it is."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read()
        raise LookupError("a bug in the application")

    with pytest.raises(LookupError, match="a bug in the application"):
        behind(app)("/", ANN)


def test_bug_after_a_refusal_was_caught() -> None:
    """An application that catches a refusal and then fails for a reason of its own has failed: nothing hides that."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with suppress(AuthError):
            await read()
        raise LookupError("a bug in the application")

    with pytest.raises(LookupError, match="a bug in the application"):
        behind(app)("/", NOBODY)


def test_refusal_after_the_start() -> None:
    """A refusal that comes once the response has begun goes to the server, for nothing can be answered any more."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await read()

    with pytest.raises(MissingCredential):
        behind(app)("/", NOBODY)


def test_refusal_that_another_exception_carries() -> None:
    """A refusal that the application has wrapped in an exception of its own is still answered."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await read()
        except AuthError as refusal:
            raise LookupError("not found") from refusal

    assert behind(app)("/", NOBODY).status == 401


@pytest.mark.parametrize("status", [200, 302, 404], ids=str)
def test_application_takes_care_itself(status: int) -> None:
    """A response of another status shows that the application has dealt with the refusal: it stands."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await read()
        except AuthError:
            await respond(send, b"come in all the same", status=status)

    answer = behind(app)("/", NOBODY)
    assert (answer.status, answer.body) == (status, b"come in all the same")


@pytest.mark.parametrize("status", [401, 500], ids=str)
def test_application_writes_the_refusal_itself(status: int) -> None:
    """A response that only reports the refusal gives way to ours, whole."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await read()
        except AuthError:
            await respond(send, b"go", b"away", status=status)

    answer = behind(app)("/", NOBODY)
    assert (answer.status, answer.header("content-type")) == (401, "application/problem+json")
    assert b"away" not in answer.body


@pytest.mark.parametrize("status", [401, 403, 500, 503], ids=str)
def test_own_response_of_the_application(status: int) -> None:
    """Where our guard has refused nothing, the application's response stands, whatever its status."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"my own", status=status)

    answer = behind(app)("/", ANN)
    assert (answer.status, answer.body) == (status, b"my own")


def test_principal_while_streaming() -> None:
    """The principal is there until the last part of the body is sent."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        for _ in range(3):
            await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": name(), "more_body": True})
        await send({"type": "http.response.body"})

    assert behind(app)("/", ANN).body == b"annannann"


@pytest.mark.parametrize("first", [ANN, UNKNOWN, NOBODY], ids=["accepted", "refused", "absent"])
def test_nothing_stays(first: Any) -> None:
    """After a request the task has no principal, and the next request on it is its own."""
    caller = behind(reports)
    anonymous = behind(names)

    async def calls() -> tuple[object, Answer]:
        await caller.call("/", first)
        return current_visit.get(), await anonymous.call("/", NOBODY)

    visit, answer = asyncio.run(calls())
    assert (visit, answer.body) == (None, b"nobody")


def test_nothing_stays_after_a_bug() -> None:
    """After an exception the task has no principal."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError

    async def call() -> object:
        with pytest.raises(LookupError):
            await behind(app).call("/", ANN)
        return current_visit.get()

    assert asyncio.run(call()) is None


def test_requests_that_interleave() -> None:
    """Requests that run at the same time each see their own principal."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)
        await names(scope, receive, send)

    caller = behind(app)

    async def calls() -> list[Answer]:
        return await asyncio.gather(*(caller.call("/", headers) for headers in (ANN, NOBODY, BOB) * 5))

    assert [answer.body for answer in asyncio.run(calls())] == [b"ann", b"nobody", b"bob"] * 5


def test_other_connections_pass() -> None:
    """A connection of a type that is not known here goes to the application untouched."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    scope = {"type": "raven"}
    asyncio.run(AuthMiddleware(app, authenticator=open_house())(scope, None, None))  # type: ignore[arg-type]
    assert seen == [{"type": "raven"}]


def test_twice_verifies_once() -> None:
    """A second middleware with the same authenticator has nothing to do."""
    verifier = UserVerifier()
    authenticator = Authenticator(verifier)
    app = AuthMiddleware(AuthMiddleware(reports, authenticator=authenticator), authenticator=authenticator)
    assert ASGICaller(app)("/", ANN).body == b"ann"
    assert verifier.asked == 1


def test_twice_refuses_as_once() -> None:
    """Two middlewares refuse with the bytes of one."""
    authenticator = open_house()
    once = AuthMiddleware(reports, authenticator=authenticator)
    twice = AuthMiddleware(once, authenticator=authenticator)
    assert ASGICaller(twice)("/").refusal() == ASGICaller(once)("/").refusal()


def test_twice_notes_a_refusal_once(caplog: pytest.LogCaptureFixture) -> None:
    """Two middlewares tell the operator of one refusal, once."""
    caplog.set_level(logging.INFO, "authmux.web")
    authenticator = open_house()
    app = AuthMiddleware(AuthMiddleware(reports, authenticator=authenticator), authenticator=authenticator)
    ASGICaller(app)("/", NOBODY)
    assert caplog.messages == ["refused: MissingCredential, missing, credential not proved"]


def test_second_authenticator_asks_again() -> None:
    """A second middleware with another authenticator knows nothing of what the first one believes."""
    inner, outer = UserVerifier(), UserVerifier()
    app = AuthMiddleware(names, authenticator=Authenticator(inner))
    assert ASGICaller(AuthMiddleware(app, authenticator=Authenticator(outer)))("/", ANN).body == b"ann"
    assert (inner.asked, outer.asked) == (1, 1)


def test_visit_of_the_client_is_not_believed() -> None:
    """A header cannot pretend that a request was let in already."""
    answer = behind(reports)("/", [("authmux.visit", b"1"), ("Authmux-Visit", b"1")])
    assert answer.status == 401


def test_refused_body_is_not_read() -> None:
    """A refused request is answered without reading its body."""
    reads: list[str] = []

    async def receive() -> Any:
        reads.append("read")
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        pass

    scope = http_scope("/", UNKNOWN, method="POST")
    asyncio.run(AuthMiddleware(names, authenticator=open_house())(scope, receive, send))
    assert not reads
