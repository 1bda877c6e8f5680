"""A test server with Logto's ways: ES384, keys that must not be cached, metadata in one place only, organisations."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from authmux.testing.loopback_server import Answer, LoopbackServer, Refused, Request, Route
from authmux.testing.signing_key import SigningKey
from authmux.testing.token_endpoint import TokenEndpoint

RESOURCE: Final = "https://api.example.com"
MACHINE, PERSON, APPLICATION = "m2m1kx0a9zq8w7e6r5t4", "u5er1d0abc12", "spa1kx0a9zq8w7e6r5t4"
"""Ids as Logto makes them itself: of a machine-to-machine application, a user, and a user's application."""
SECRET: Final = "logto-secret"


class Logto:
    """A server whose keys are swapped by assignment.

    Arguments:
        key: signs from the beginning on.
    """

    def __init__(self, key: SigningKey) -> None:
        self.signs: SigningKey = key
        self.published: list[dict[str, Any]] = [public_jwk(key)]
        self.served: list[str] = []
        self._tokens = TokenEndpoint(RESOURCE, self._mint)
        self._tokens.add_client(MACHINE, SECRET, ("reports:read", "reports:write"))
        routes = {
            "/oidc/.well-known/openid-configuration": Route("GET", self._metadata),
            "/oidc/jwks": Route("GET", self._jwks),
            "/oidc/token": Route("POST", self._tokens.answer),
        }
        self.server = LoopbackServer(0, routes, self.served)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}/oidc"

    def rotate(self, key: SigningKey, *, keep: Sequence[dict[str, Any]]) -> None:
        """Sign with another key from now on, and publish it before those that are kept."""
        self.published = [public_jwk(key), *keep]
        self.signs = key

    def token(self, **changes: object) -> str:
        """Return an access token for a user, some of its claims changed; None takes one away."""
        now = int(time.time())
        claims = {
            "jti": f"jti-{time.monotonic_ns()}",
            "sub": PERSON,
            "iat": now,
            "exp": now + 3600,
            "scope": "reports:read",
            "client_id": APPLICATION,
            "iss": self.issuer,
            "aud": RESOURCE,
        }
        return self.signs.sign(claims | changes, {"typ": "at+jwt"})

    def _mint(self, *, subject: str, scope: str | None, expires_in: int) -> str:
        return self.token(sub=subject, client_id=subject, scope=scope, exp=int(time.time()) + expires_in)

    def _metadata(self, _: Request) -> Answer:
        return Answer({
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES384"],
        })  # fmt: skip

    def _jwks(self, _: Request) -> Answer:
        if not self.published:
            raise Refused("internal_server_error", status=500)
        return Answer({"keys": self.published}, headers={"Cache-Control": "no-cache, max-age=0"})


def public_jwk(key: SigningKey) -> dict[str, Any]:
    """Return a key as Logto publishes it: without `alg` where it is an RSA key."""
    return {name: value for name, value in key.public_jwk.items() if name != "alg" or key.public_jwk["kty"] == "EC"}


@contextmanager
def running_logto() -> Iterator[Logto]:
    """Run one, with an ES384 key."""
    logto = Logto(SigningKey.generate("ES384"))
    logto.server.start()
    try:
        yield logto
    finally:
        logto.server.stop()
