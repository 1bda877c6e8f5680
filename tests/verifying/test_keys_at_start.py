"""Keys that are required at the start: fetched by the caller itself, and a sentence where they cannot be had (B-40)."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from authmux import Authenticator, ConfigurationError
from authmux.asgi import AuthMiddleware as ASGIMiddleware
from authmux.flow import run, run_async
from authmux.testing import LocalIssuer, ManualClock
from authmux.verifying.fetch import Fetched
from authmux.verifying.issuer_resolver import IssuerResolver
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.remote_keys import RemoteKeys
from authmux.verifying.snapshot import Limits
from authmux.verifying.static_keys import FixedKeys
from authmux.wsgi import AuthMiddleware as WSGIMiddleware
from tests.fault_server import FaultServer, status
from tests.jose.token_maker import AUDIENCE, ISSUER, get_key, key_set, mint
from tests.verifying.hand_scheduler import HandScheduler
from tests.verifying.jwt_door import admit
from tests.verifying.scripted_fetch import ScriptedFetch, document, down, keys_of
from tests.verifying.test_remote_keys import forks, in_child

KEY = get_key("ES256")
URI = "https://idp.example/keys"

START: dict[str, Callable[[Authenticator], Any]] = {
    "blocking": lambda authenticator: run(authenticator.start()),
    "awaiting": lambda authenticator: asyncio.run(run_async(authenticator.start())),
}
each_colour = pytest.mark.parametrize("start", START.values(), ids=START)


def house(*answers: Any, required: bool = True) -> tuple[Authenticator, ScriptedFetch]:
    clock, fetch = ManualClock(), ScriptedFetch(*answers)
    verifier = JWTVerifier(issuer=ISSUER, audience=AUDIENCE, jwks_uri=URI, fetch=fetch, clock=clock)
    return Authenticator(verifier, require_keys_at_start=required, clock=clock), fetch


@each_colour
def test_keys_that_are_there(start: Callable[[Authenticator], Any]) -> None:
    """B-40: `start` fetches the keys, once however often it is called, and the first token waits for nothing."""
    authenticator, fetch = house(keys_of(KEY))
    for _ in range(2):
        start(authenticator)
    assert fetch.urls == [URI]
    assert authenticator.health().is_ready
    assert admit(authenticator, mint(KEY)).id == "subject-1"


@each_colour
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(down(), "status_503", id="an issuer that is away"),
        pytest.param(document(b"{}"), "keys", id="no key set"),
        pytest.param(document(b'{"keys":[]}'), "no_usable_key", id="no key"),
        pytest.param(OSError("no route"), "no route", id="an error of a fetch of one's own"),
    ],
)
def test_keys_that_are_not(start: Callable[[Authenticator], Any], answer: Any, says: str) -> None:
    """B-40: where they cannot be had, `start` says in a sentence whose, and why."""
    authenticator, fetch = house(answer)
    with pytest.raises(ConfigurationError, match=f"{ISSUER}.*{says}.*require_keys_at_start"):
        start(authenticator)
    assert len(fetch.requests) == 1


def test_by_default_nothing_is_required() -> None:
    """B-40: an issuer that is away stops no start, and is not even asked."""
    authenticator, fetch = house(down(), required=False)
    run(authenticator.start())
    assert fetch.requests == []


def test_every_issuer_of_the_table() -> None:
    """B-40: each has to answer; keys that are given are there, and of what a resolver would find nothing is known."""
    given = JWTVerifier(issuer="https://given.example", audience=AUDIENCE, keys=FixedKeys(key_set(KEY)))
    fetch = ScriptedFetch(keys_of(KEY))
    fetch.script(down(), at="https://b.example/keys")
    resolver = IssuerResolver(lambda _: None)

    def verifier(name: str) -> JWTVerifier:
        issuer = f"https://{name}.example"
        return JWTVerifier(issuer=issuer, audience=AUDIENCE, jwks_uri=f"{issuer}/keys", fetch=fetch)

    run(Authenticator(given, resolver, verifier("a"), require_keys_at_start=True).start())
    with pytest.raises(ConfigurationError, match=r"b\.example"):
        run(Authenticator(given, resolver, verifier("a"), verifier("b"), require_keys_at_start=True).start())


def test_wsgi_refuses_to_be_made() -> None:
    """B-40: a WSGI middleware is started where it is made: an import that fails stops the server."""
    with FaultServer(status(503)) as server:
        verifier = JWTVerifier(issuer=server.url(""), audience=AUDIENCE)
        with pytest.raises(ConfigurationError, match="status_503"):
            WSGIMiddleware(lambda *_: [], authenticator=Authenticator(verifier, require_keys_at_start=True))


def test_asgi_fails_in_its_lifespan() -> None:
    """B-40: on ASGI it is the lifespan that fails, with the sentence for the server's log."""
    authenticator, _ = house(down())
    said: list[Any] = []

    async def application(*_: Any) -> None:
        raise AssertionError("the application was started")

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        said.append(message)

    middleware = ASGIMiddleware(application, authenticator=authenticator)
    with pytest.raises(ConfigurationError):
        asyncio.run(middleware({"type": "lifespan"}, receive, send))
    assert [each["type"] for each in said] == ["lifespan.startup.failed"]
    assert "require_keys_at_start" in said[0]["message"]


def remote(fetch: ScriptedFetch) -> tuple[RemoteKeys, HandScheduler]:
    clock = ManualClock()
    scheduler = HandScheduler(clock)
    keys = RemoteKeys(ISSUER, jwks_uri=URI, fetch=fetch, clock=clock, scheduler=scheduler, limits=Limits())
    return keys, scheduler


def test_keys_are_refreshed_from_the_first_token_on() -> None:
    """B-41: what was fetched at the start is taken over by whoever comes first, and fetched again at its time."""
    fetch = ScriptedFetch(keys_of(KEY))
    keys, scheduler = remote(fetch)
    run(keys.load())
    assert scheduler._watched == []
    assert scheduler.run(keys.find("ES256", KEY.kid)).kid == KEY.kid
    assert len(fetch.requests) == 1
    scheduler.pass_time(1)
    assert len(fetch.requests) == 2


def test_an_answer_of_the_start_that_comes_late() -> None:
    """B-39: keys that the background has fetched meanwhile are newer, and stay."""
    newer = get_key("ES256 second")
    fetch = ScriptedFetch()
    keys, scheduler = remote(fetch)

    def late() -> Fetched:
        fetch.script(keys_of(newer))
        keys.preload()
        scheduler.work()
        return keys_of(KEY)

    fetch.script(late)
    run(keys.load())
    assert scheduler.run(keys.find("ES256", newer.kid)).kid == newer.kid
    assert len(fetch.requests) == 2


@forks
def test_before_a_fork() -> None:
    """B-41: a start before the fork leaves no thread in the parent, and the child has the keys."""
    with LocalIssuer(algorithm="ES256", audience=AUDIENCE) as issuer:
        before = set(threading.enumerate())
        authenticator = Authenticator(
            JWTVerifier(issuer=issuer.url, audience=AUDIENCE, subjects_assigned_by_issuer=True),
            require_keys_at_start=True,
        )
        run(authenticator.start())
        for thread in set(threading.enumerate()) - before:
            thread.join(5)  # the fetch's own, which ends by itself
            assert not thread.is_alive()
        text = issuer.token(subject="job")
        assert in_child(lambda: admit(authenticator, text).id) == "job"
