"""What could never work refuses to start; what is only away does not."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from starlette.testclient import TestClient

from authmux import (
    APIKeyVerifier,
    Authenticator,
    ConfigurationError,
    MemoryStore,
    Peppers,
    TokenFormat,
    TokenService,
    asgi,
    starlette,
    system,
)
from tests.faces.applications import ASGI_FACES, WSGI_FACES
from tests.faces.site import ClosedStore, Site
from tests.servers.running import ROOT

SENTENCE = "the pepper is not the one that the stored keys were issued under; put that one back"


def with_pepper(byte: int) -> TokenFormat:
    """Return a format whose one pepper is this byte."""
    return TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes([byte]) * 32}))


def keyed_store() -> MemoryStore:
    """Return a store with a key that was issued under the pepper 1."""
    store = MemoryStore()
    TokenService(store, with_pepper(1)).issue_key(name="k", scopes=["a:b"], by=system())
    return store


def live(app: Any) -> list[dict[str, Any]]:
    """Return what an application answers when it is started and stopped."""
    sent: list[dict[str, Any]] = []
    received = [{"type": "lifespan.shutdown"}, {"type": "lifespan.startup"}]

    async def receive() -> Any:
        return received.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    with suppress(ConfigurationError):  # which goes on to the server
        asyncio.run(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
    return sent


COMPLETE = [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]


@pytest.mark.parametrize("face", ASGI_FACES)
def test_starts(face: str) -> None:
    """With the right pepper the application is started and stopped."""
    assert live(ASGI_FACES[face](Authenticator(APIKeyVerifier(keyed_store(), with_pepper(1))))) == COMPLETE


@pytest.mark.parametrize("face", ASGI_FACES)
def test_wrong_pepper(face: str) -> None:
    """With a pepper that the keys were not issued under the start fails, with a sentence."""
    [failed] = live(ASGI_FACES[face](Authenticator(APIKeyVerifier(keyed_store(), with_pepper(2)))))
    assert failed["type"] == "lifespan.startup.failed"
    assert failed["message"].endswith(SENTENCE)


@pytest.mark.parametrize("face", ASGI_FACES)
def test_store_that_is_away(face: str) -> None:
    """A store that is away does not keep the application from starting."""
    assert live(ASGI_FACES[face](Authenticator(APIKeyVerifier(ClosedStore(), with_pepper(1))))) == COMPLETE


@pytest.mark.parametrize("face", ASGI_FACES)
def test_issuer_that_is_away(face: str, site: Site) -> None:
    """So does an issuer that is away."""
    assert live(ASGI_FACES[face](site.authenticator(MemoryStore()))) == COMPLETE


def test_twice_in_one_stack() -> None:
    """Two middlewares start the application once."""
    authenticator = Authenticator(APIKeyVerifier(keyed_store(), with_pepper(1)))
    app = ASGI_FACES["starlette"](authenticator)
    assert live(starlette.AuthMiddleware(app, authenticator=authenticator)) == COMPLETE


def test_bug_in_the_application() -> None:
    """An application that fails to start fails as it would without us."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("a bug in the application")

    authenticator = Authenticator(APIKeyVerifier(keyed_store(), with_pepper(1)))
    with pytest.raises(LookupError, match="a bug in the application"):
        live(asgi.AuthMiddleware(app, authenticator=authenticator))


def mistaken_fastapi() -> Any:
    """Return an application that uvicorn must not start."""
    return ASGI_FACES["fastapi"](Authenticator(APIKeyVerifier(keyed_store(), with_pepper(2))))


def mistaken_flask() -> Any:
    """Return, if it could, an application that gunicorn must not start."""
    return WSGI_FACES["flask"](Authenticator(APIKeyVerifier(keyed_store(), with_pepper(2))))


UVICORN = ["uvicorn", "--factory", "tests.faces.test_lifespan:mistaken_fastapi", "--port=0"]
GUNICORN = ["gunicorn", "tests.faces.test_lifespan:mistaken_flask()", "--bind=127.0.0.1:0", "--no-control-socket"]


@pytest.mark.parametrize("command", [UVICORN, GUNICORN], ids=["uvicorn", "gunicorn"])
def test_server_does_not_start(command: list[str]) -> None:
    """The server prints the sentence and exits, with a status that tells a supervisor not to go on."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    ended = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30
    )
    assert SENTENCE in ended.stderr
    assert ended.returncode == 3


def test_wrong_pepper_in_a_test_client() -> None:
    """Starlette's test client raises what refuses to start, and does not wait for an end that never comes."""
    app = ASGI_FACES["starlette"](Authenticator(APIKeyVerifier(keyed_store(), with_pepper(2))))
    with pytest.raises(ConfigurationError, match="pepper"), TestClient(app):
        pass
