"""Everything that the measured cases share: a store, an issuer, credentials, and the applications."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from authmux import (
    APIKeyVerifier,
    Authenticator,
    JWTVerifier,
    PATVerifier,
    Peppers,
    TokenFormat,
    TokenService,
    system,
)
from authmux.flask import AuthMiddleware as FlaskAuth
from authmux.starlette import AuthMiddleware as StarletteAuth
from authmux.stores.sql import SQLStore
from authmux.testing import LocalIssuer

AUDIENCE = "https://api.example.com"


@dataclass(frozen=True)
class Stage:
    """A store with one key and one PAT, and an issuer that mints as many tokens as are wanted."""

    service: TokenService
    issuers: dict[str, LocalIssuer]
    authenticator: Callable[..., Authenticator]
    key: str
    pat: str

    def jwts(self, algorithm: str, count: int) -> list[str]:
        """Return distinct access tokens."""
        issuer = self.issuers[algorithm]
        return [issuer.token(subject="job", scope="reports:read") for _ in range(count)]


@contextmanager
def open_stage(algorithms: Sequence[str]) -> Iterator[Stage]:
    """Set everything up on a SQLite file and real issuers on loopback; take it down again."""
    issuers = {name: LocalIssuer(algorithm=name, audience=AUDIENCE) for name in algorithms}
    with tempfile.TemporaryDirectory() as directory:
        for issuer in issuers.values():
            issuer.start()
        store = SQLStore(f"sqlite:///{directory}/keys.db")
        store.create_schema()
        tokens = TokenFormat(prefix="acme", peppers=Peppers.file(f"{directory}/pepper", create=True))
        service = TokenService(store, tokens)

        def authenticator(*, remember_keys: int = 1000, remember_jwts: int = 4096) -> Authenticator:
            verifiers = [JWTVerifier(issuer=issuer.url, audience=AUDIENCE) for issuer in issuers.values()]
            return Authenticator(
                APIKeyVerifier(store, tokens, remember=remember_keys),
                PATVerifier(store, tokens),
                *verifiers,
                remember=remember_jwts,
            )

        try:
            yield Stage(
                service,
                issuers,
                authenticator,
                key=service.issue_key(name="bench", scopes=["reports:read"], by=system()).text,
                pat=service.issue_pat(user="u1", name="bench", scopes=["reports:read"], by=system()).text,
            )
        finally:
            store.close()
            for issuer in issuers.values():
                issuer.stop()


def bare_starlette() -> Any:
    """Return one route, and nothing else."""

    async def hello(_: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    return Starlette(routes=[Route("/", hello)])


def bare_flask() -> Any:
    """Return one route, and nothing else."""
    app = Flask(__name__)
    app.add_url_rule("/", "hello", lambda: "hello")
    return app


def guarded_starlette(authenticator: Authenticator) -> Any:
    """Return the same application with the middleware as the README adds it."""
    app = bare_starlette()
    app.add_middleware(StarletteAuth, authenticator=authenticator)
    return app


def guarded_flask(authenticator: Authenticator) -> Any:
    """Return the same application with the middleware as the README adds it."""
    app = bare_flask()
    app.wsgi_app = FlaskAuth(app.wsgi_app, authenticator=authenticator)
    return app
