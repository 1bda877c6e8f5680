"""A verifier of opaque tokens, and the authorization server that it asks: one that says what a test tells it."""

from collections.abc import Mapping
from typing import Any

from authmux import Authenticator, AuthError
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.introspection import IntrospectionVerifier
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW
from tests.verifying.jwt_door import admit

TOKEN = "ory_at_7f3k9x2mq8v1zt5w0ybn4"  # invented
GOOD: Mapping[str, Any] = {
    "active": True,
    "iss": ISSUER,
    "aud": [AUDIENCE],
    "sub": "subject-1",
    "client_id": "client-1",
    "scope": "reports:read",
    "token_type": "Bearer",
    "exp": NOW + 600,
    "iat": NOW,
    "nbf": NOW,
    "jti": "token-1",
}


class Server:
    """An authorization server that says what a test tells it, and counts how often it is asked."""

    def __init__(self, **changes: Any) -> None:
        self.says: Any = {**GOOD, **changes}
        self.asked: list[str] = []

    def __call__(self, text: str, /) -> Mapping[str, Any]:
        self.asked.append(text)
        if isinstance(self.says, Exception):
            raise self.says
        return {name: value for name, value in self.says.items() if value is not ...}


class House:
    """A verifier that asks a server; `...` takes a member of its answer away."""

    def __init__(self, server: Server | None = None, /, **options: Any) -> None:
        self.clock = ManualClock()
        self.server = server or Server()
        options = {"issuer": ISSUER, "audience": AUDIENCE, "clock": self.clock, **options}
        self.verifier = IntrospectionVerifier(self.server, **options)
        self.authenticator = Authenticator(self.verifier, clock=self.clock)

    def outcome(self, text: str = TOKEN) -> str:
        try:
            return admit(self.authenticator, text).id
        except AuthError as error:
            return error.reason
