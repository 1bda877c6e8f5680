"""A real OAuth 2 authorization server on loopback, for tests and demonstrations."""

import secrets
from collections.abc import Collection, Mapping
from typing import Self

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError
from authmux.testing.loopback_server import Answer, LoopbackServer, Request, Route
from authmux.testing.signing_key import SigningKey
from authmux.testing.token_endpoint import LIFETIME, TokenEndpoint


class LocalIssuer:
    """Mints access tokens as RFC 9068 writes them, publishes its keys, and serves the client-credentials flow.

    Its subjects are yours to choose, so a `JWTVerifier` believes in a `Client` only if it is told so:
    `subjects_assigned_by_issuer=True`. Otherwise the caller is an `UnprovenClient`, with its scopes.

    Arguments:
        algorithm: what the first key signs with.
        audience: the one API that tokens are for.
        typ: the `typ` header of tokens, or None for none.
        jwks_max_age: seconds for which the key set may be cached, or None to say nothing of it.
        clock: where `iat` and `exp` are counted from.

    Raises:
        ConfigurationError: the algorithm is not supported.
    """

    def __init__(
        self,
        *,
        algorithm: str = "RS256",
        audience: str = "https://api.example.com",
        typ: str | None = "at+jwt",
        jwks_max_age: int | None = 600,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._keys: tuple[SigningKey, ...] = (SigningKey.generate(algorithm),)
        self._audience = audience
        self._typ = typ
        self._jwks_headers = {} if jwks_max_age is None else {"Cache-Control": f"max-age={jwks_max_age}"}
        self._clock = clock
        self._endpoint = TokenEndpoint(audience, self.token)
        self._served: list[str] = []
        self._port = 0
        self._server: LoopbackServer | None = None

    def __repr__(self) -> str:
        """Show where it listens and how it signs, and no secret."""
        return f"<LocalIssuer port={self._port} {self.key!r}>"

    def __enter__(self) -> Self:
        """Start, and return itself."""
        self.start()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        """Stop, whatever happened."""
        self.stop()

    def start(self) -> None:
        """Listen on 127.0.0.1: on a free port the first time, on the same one after a stop.

        Raises:
            ConfigurationError: it is running already.
        """
        if self._server:
            raise ConfigurationError(f"The issuer at {self.url} is running already: stop it before starting it again.")
        routes = {
            "/.well-known/oauth-authorization-server": Route("GET", self._describe),
            "/.well-known/openid-configuration": Route("GET", self._describe),
            "/jwks": Route("GET", self._publish),
            "/token": Route("POST", self._endpoint.answer),
        }
        server = LoopbackServer(self._port, routes, self._served)
        self._port = server.server_port
        server.start()
        self._server = server

    def stop(self) -> None:
        """Stop listening and hang up on whoever is connected; the issuer keeps its name and can still mint."""
        server, self._server = self._server, None
        if server:
            server.stop()

    @property
    def url(self) -> str:
        """Return the issuer identifier, without a trailing slash; raise `ConfigurationError` before the first start."""
        if not self._port:
            raise ConfigurationError("A LocalIssuer has no URL before it is started: use it in a with block.")
        return f"http://127.0.0.1:{self._port}"

    @property
    def jwks_uri(self) -> str:
        """Return where the public keys are."""
        return f"{self.url}/jwks"

    @property
    def token_endpoint(self) -> str:
        """Return where clients get their tokens."""
        return f"{self.url}/token"

    @property
    def key(self) -> SigningKey:
        """Return the key that signs now."""
        return self._keys[0]

    @property
    def keys(self) -> tuple[SigningKey, ...]:
        """Return every published key, the current one first."""
        return self._keys

    @property
    def requests(self) -> list[str]:
        """Return the path of every request so far, in the order they came."""
        return list(self._served)

    def fetches(self, path: str) -> int:
        """Return how often a path was requested, such as `/jwks`."""
        return self._served.count(path)

    def add_client(self, client_id: str, secret: str, *, scopes: Collection[str] = ()) -> None:
        """Register a client, or replace it, with the scopes that it may ask for.

        Raises:
            ConfigurationError: the id or the secret is empty, or `scopes` is one string, a scope per letter.
        """
        self._endpoint.add_client(client_id, secret, scopes)

    def token(
        self,
        *,
        subject: str,
        client_id: str | None = None,
        scope: str | None = None,
        expires_in: int = LIFETIME,
        claims: Mapping[str, object] | None = None,
        headers: Mapping[str, object] | None = None,
    ) -> str:
        """Mint an access token directly (RFC 9068 §2).

        Arguments:
            subject: whom the token stands for.
            client_id: the client it was given to; the subject itself if not said.
            scope: what it grants, separated by spaces; no claim if not said.
            expires_in: seconds from now; negative for a token that has expired.
            claims: put over the claims above; None removes one.
            headers: put over `typ`, `alg` and `kid`; None removes one.
        """
        now = int(self._clock.time())
        about = {"sub": subject, "client_id": client_id or subject, "scope": scope, "jti": secrets.token_urlsafe(16)}
        where = {"iss": self.url, "aud": self._audience, "iat": now, "exp": now + expires_in}
        return self.key.sign({**where, **about, **(claims or {})}, {"typ": self._typ, **(headers or {})})

    def rotate(self, *, algorithm: str | None = None, keep_old: bool = True) -> SigningKey:
        """Make a new key the current one and return it; `keep_old` says whether the others stay published.

        Raises:
            ConfigurationError: the algorithm is not supported.
        """
        key = SigningKey.generate(algorithm or self.key.algorithm)
        self._keys = (key, *self._keys) if keep_old else (key,)
        return key

    def _describe(self, _request: Request) -> Answer:
        """Answer with the metadata of RFC 8414 §2, which serve OpenID Connect Discovery too."""
        metadata: dict[str, object] = {
            "issuer": self.url,
            "jwks_uri": self.jwks_uri,
            "token_endpoint": self.token_endpoint,
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "id_token_signing_alg_values_supported": sorted({key.algorithm for key in self._keys}),
            "response_types_supported": ["none"],  # a required member, though there is no authorization endpoint
            "subject_types_supported": ["public"],
        }
        if scopes := sorted(self._endpoint.scopes):  # an empty list is left out (RFC 8414 §3.2)
            metadata["scopes_supported"] = scopes
        return Answer(metadata)

    def _publish(self, _request: Request) -> Answer:
        """Answer with the public keys (RFC 7517 §5)."""
        return Answer({"keys": [key.public_jwk for key in self._keys]}, headers=self._jwks_headers)
