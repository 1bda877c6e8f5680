"""An authorization server with Authlib's Flask integration: `python -m … DESCRIPTOR PORT`.

Client credentials with JWT access tokens (RFC 9068), opaque ones for one client, introspection (RFC 7662), metadata
(RFC 8414). What is here is what Authlib leaves to an application: clients, keys, memory.
"""

import os
import socket
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

import waitress
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask, Response
from joserfc.jwk import ECKey, KeySet

AUDIENCE: Final = "https://api.example.com"
SCOPES: Final = frozenset({"reports:read", "reports:write"})
JOB, OPAQUE_JOB, API = ("job", "job-secret"), ("opaque-job", "opaque-secret"), ("api", "api-secret")
_SECRETS: Final = dict((JOB, OPAQUE_JOB, API))
_LIFETIME: Final = 600  # seconds


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):  # type: ignore[misc]
    """A client, as Authlib asks about it."""

    client_id: str

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: Any) -> str:
        return " ".join(sorted(SCOPES.intersection((scope or "").split())))

    def check_client_secret(self, client_secret: str) -> bool:
        return _SECRETS[self.client_id] == client_secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


@dataclass(frozen=True, slots=True)
class Token(TokenMixin):  # type: ignore[misc]
    """An opaque token that was granted."""

    client_id: str
    scope: str
    issued_at: int

    def is_expired(self) -> bool:
        return time.time() >= self.issued_at + _LIFETIME

    def is_revoked(self) -> bool:
        return False


class JWTs(JWTBearerTokenGenerator):  # type: ignore[misc]
    """Makes access tokens after RFC 9068."""

    def __init__(self, issuer: str, key: ECKey) -> None:
        super().__init__(issuer, alg="ES256", expires_generator=_LIFETIME)
        self._key = key

    def get_jwks(self) -> KeySet:
        return KeySet([self._key])

    def get_audiences(self, client: Client, user: object, scope: str) -> str:
        return AUDIENCE


class Server:
    """The application: routes, and what is remembered."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
        self.tokens: dict[str, Token] = {}
        self.app = Flask(__name__)
        self.app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"client_credentials": _LIFETIME}
        self._authlib: Any = AuthorizationServer(self.app, query_client=self._find_client, save_token=self._save)
        self._authlib.register_grant(grants.ClientCredentialsGrant)
        self._authlib.register_token_generator("default", self._generate)
        self._authlib.register_endpoint(self._introspection())
        path = issuer[issuer.index("/", len("http://")) :]
        self.app.get(f"/.well-known/oauth-authorization-server{path}")(self.metadata)
        self.app.get(f"{path}/keys")(lambda: {"keys": [self.key.as_dict(private=False)]})
        self.app.post(f"{path}/token")(self._authlib.create_token_response)
        self.app.post(f"{path}/introspect")(self._introspect)

    def metadata(self) -> dict[str, Any]:
        """Return what Authlib calls well-formed metadata, but for its https, which loopback does not have."""
        document = AuthorizationServerMetadata({
            "issuer": self.issuer,
            "token_endpoint": f"{self.issuer}/token",
            "introspection_endpoint": f"{self.issuer}/introspect",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
        })  # fmt: skip
        document.validate_grant_types_supported()
        return dict(document)

    def _find_client(self, client_id: str) -> Client | None:
        return Client(client_id) if client_id in _SECRETS else None

    def _generate(self, grant_type: str, client: Client, **options: Any) -> dict[str, Any]:
        """Let one of Authlib's generators make the token."""
        opaque = self._authlib.create_bearer_token_generator(self.app.config)
        generator = opaque if client.client_id == OPAQUE_JOB[0] else JWTs(self.issuer, self.key)
        token: dict[str, Any] = BearerTokenGenerator.__call__(generator, grant_type, client, **options)
        return token

    def _save(self, token: dict[str, Any], request: Any) -> None:
        self.tokens[token["access_token"]] = Token(request.client.client_id, token["scope"], int(time.time()))

    def _introspect(self) -> Response:
        answer: Response = self._authlib.create_endpoint_response(IntrospectionEndpoint.ENDPOINT_NAME)
        return answer

    def _introspection(self) -> type[Any]:
        server = self

        class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
            def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
                return server.tokens.get(token_string)

            def check_permission(self, token: Token, client: Client, request: object) -> bool:
                return client.client_id == API[0]

            def introspect_token(self, token: Token) -> dict[str, Any]:
                return {
                    "active": True, "client_id": token.client_id, "sub": token.client_id, "scope": token.scope,
                    "aud": AUDIENCE, "iss": server.issuer, "iat": token.issued_at, "exp": token.issued_at + _LIFETIME,
                }  # fmt: skip

        return Introspection


if __name__ == "__main__":
    listener = socket.socket(fileno=os.dup(int(sys.argv[1])))
    waitress.serve(Server(f"http://127.0.0.1:{sys.argv[2]}/tenant").app, sockets=[listener], threads=4)
