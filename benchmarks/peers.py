"""What people write today, as their documentation shows it: the recipes that authmux is compared with."""

from collections.abc import Callable
from typing import Any

import jwt
from joserfc import jwt as jose_jwt
from joserfc.jwk import KeySet
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection

from authmux.testing import LocalIssuer
from benchmarks.stage import AUDIENCE, bare_starlette

ReadToken = Callable[[str], dict[str, Any]]


class _TokenBackend(AuthenticationBackend):
    """Starlette's own authentication, with a function that reads a bearer token."""

    def __init__(self, read: ReadToken) -> None:
        self._read = read

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser]:
        scheme, _, token = conn.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationError("no bearer token")
        claims = self._read(token)
        return AuthCredentials(claims.get("scope", "").split()), SimpleUser(claims["sub"])


def pyjwt_recipe(issuer: LocalIssuer) -> ReadToken:
    """Return PyJWT's documented way: a `PyJWKClient`, which caches keys, and `jwt.decode`."""
    keys = jwt.PyJWKClient(issuer.jwks_uri, cache_keys=True)

    def read(token: str) -> dict[str, Any]:
        key = keys.get_signing_key_from_jwt(token)
        options = {"algorithms": [issuer.key.algorithm], "audience": AUDIENCE, "issuer": issuer.url}
        return dict(jwt.decode(token, key, **options))  # type: ignore[arg-type]  # the option table is typed apart

    return read


def joserfc_recipe(issuer: LocalIssuer) -> ReadToken:
    """Return joserfc's documented way, over a key set that was fetched before."""
    keys = KeySet.import_key_set({"keys": [dict(issuer.key.public_jwk)]})
    registry = jose_jwt.JWTClaimsRegistry(iss={"essential": True, "value": issuer.url}, aud={"value": AUDIENCE})

    def read(token: str) -> dict[str, Any]:
        decoded = jose_jwt.decode(token, keys, algorithms=[issuer.key.algorithm])
        registry.validate(decoded.claims)
        return dict(decoded.claims)

    return read


def peer_starlette(read: ReadToken) -> Any:
    """Return the bare application behind Starlette's own middleware with one of the recipes."""
    app = bare_starlette()
    app.add_middleware(AuthenticationMiddleware, backend=_TokenBackend(read))
    return app
