"""The token endpoint of the local issuer: it authenticates clients and grants them tokens (RFC 6749 §4.4)."""

import base64
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import parse_qsl, unquote_plus

from authmux.errors import ConfigurationError
from authmux.testing.loopback_server import Answer, Refused, Request

LIFETIME = 3600  # seconds


class Mint(Protocol):
    """What makes the tokens."""

    def __call__(self, *, subject: str, scope: str | None, expires_in: int) -> str:
        """Return a token that lives for `expires_in` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class _Client:
    """A registered client: how it proves itself, and what it may ask for."""

    secret: str = field(repr=False)
    scopes: tuple[str, ...]


class TokenEndpoint:
    """Grants its clients tokens for one audience."""

    def __init__(self, audience: str, mint: Mint) -> None:
        self._audience = audience
        self._mint = mint
        self._clients: Mapping[str, _Client] = {}

    @property
    def scopes(self) -> set[str]:
        """Return every scope that some client may ask for."""
        return {scope for client in self._clients.values() for scope in client.scopes}

    def add_client(self, client_id: str, secret: str, scopes: Collection[str]) -> None:
        """Register a client, or replace it; raise `ConfigurationError` as `LocalIssuer.add_client` says."""
        if not (client_id and secret):
            raise ConfigurationError("A client needs an id and a secret, neither of them empty.")
        if isinstance(scopes, str):
            raise ConfigurationError(f"scopes must be a collection of scopes, such as ({scopes!r},), not one string.")
        self._clients = {**self._clients, client_id: _Client(secret, tuple(scopes))}

    def answer(self, request: Request) -> Answer:
        """Answer with a token or the reason for none, neither of which may be cached (RFC 6749 §5.1)."""
        try:
            answer = self._grant(request)
        except Refused as refused:
            answer = refused.answer
        return replace(answer, headers={**answer.headers, "Cache-Control": "no-store"})

    def _grant(self, request: Request) -> Answer:
        form = _parse_form(request)
        client_id, secret = _parse_credentials(request, form)
        client = self._get_client(client_id, secret)
        if (grant_type := form.get("grant_type")) != "client_credentials":
            raise Refused("unsupported_grant_type" if grant_type else "invalid_request")
        if not {form.get("audience"), form.get("resource")} <= {None, self._audience}:
            raise Refused("invalid_target")
        scope = _choose_scopes(form.get("scope"), client.scopes)
        token = self._mint(subject=client_id, scope=scope or None, expires_in=LIFETIME)
        return Answer({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME, "scope": scope})

    def _get_client(self, client_id: str, secret: str) -> _Client:
        client = self._clients.get(client_id)
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise Refused("invalid_client", status=401, headers={"WWW-Authenticate": 'Basic realm="local issuer"'})
        return client


def _parse_form(request: Request) -> dict[str, str]:
    """Return the parameters, each given once and not empty (RFC 6749 §3.2)."""
    if request.headers.get_content_type() != "application/x-www-form-urlencoded":
        raise Refused("invalid_request")
    try:
        pairs = parse_qsl(request.body.decode(), max_num_fields=32)
    except ValueError as error:
        raise Refused("invalid_request") from error
    if len(form := dict(pairs)) != len(pairs):
        raise Refused("invalid_request")
    return form


def _parse_credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Return a client's id and secret, which must be in one place only (RFC 6749 §2.3); no client has an empty id."""
    authorization = request.headers.get("Authorization")
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise Refused("invalid_request")
    return _parse_basic(authorization)


def _parse_basic(authorization: str) -> tuple[str, str]:
    """Return the two halves of a Basic credential; each is form-urlencoded within (RFC 6749 §2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(user), unquote_plus(password)


def _choose_scopes(asked: str | None, allowed: Collection[str]) -> str:
    """Return the scopes asked for, or all that are allowed if none were (RFC 6749 §3.3)."""
    scopes = allowed if asked is None else asked.split(" ")
    if not set(scopes) <= set(allowed):
        raise Refused("invalid_scope")
    return " ".join(dict.fromkeys(scopes))
