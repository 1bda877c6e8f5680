"""An application that answers for long can ask whether its caller may still be there (K-26)."""

import asyncio
from collections.abc import Iterator
from typing import Any

from authmux import asgi, requires, wsgi
from tests.faces.callers import environ_of, http_scope
from tests.faces.own_keys import OwnKeys

KEYS = OwnKeys()


async def nothing(*_: Any) -> Any:
    """Be a server that says nothing and hears nothing."""


@requires("a:read")
def start() -> None:
    """Begin a long answer."""


def test_still_valid_while_streaming() -> None:
    """An ASGI application that streams can ask between two parts of its answer."""
    key, told = KEYS.key("a:read", "a:write"), []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        start()
        told.append(await asgi.still_valid())
        KEYS.narrow(key, "a:read")
        told.append(await asgi.still_valid())
        KEYS.narrow(key, "a:write")
        told.append(await asgi.still_valid())

    scope = http_scope("/", [("Authorization", f"Bearer {key}".encode())])
    asyncio.run(asgi.AuthMiddleware(app, authenticator=KEYS.authenticator())(scope, nothing, nothing))
    assert told == [True, True, False]


def test_still_valid_in_a_generator() -> None:
    """A WSGI application that streams can ask as well, though its generator runs when the middleware has returned."""
    key = KEYS.key("a:read")

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start()
        start_response("200 OK", [])
        yield str(wsgi.still_valid()).encode()
        KEYS.revoke(key)
        yield str(wsgi.still_valid()).encode()

    environ = environ_of("/", [("Authorization", f"Bearer {key}".encode())])
    body = wsgi.AuthMiddleware(app, authenticator=KEYS.authenticator())(environ, lambda *_: None)
    assert list(body) == [b"True", b"False"]
    assert not wsgi.still_valid(), "outside of a request nothing is valid"
