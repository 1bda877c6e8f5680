"""The issuer of the forbidden tokens: its keys, and tokens of it that are good but for what is asked for."""

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.jose.token_maker import encode, get_key, jwk, sign_text

ISSUER: Final = "https://idp.example/tenant"
AUDIENCE: Final = "https://api.example.com"
KEYS: Final = ("RS256", "ES256", "ES384", "EdDSA", "PS256 second")


def key_set() -> dict[str, Any]:
    """Return what the issuer publishes."""
    return {"keys": [jwk(get_key(name)) for name in KEYS]}


def claims(now: int, changes: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Return the claims of a good access token (RFC 9068), some changed."""
    good: dict[str, Any] = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "client_id": "job", "iat": now - 10, "exp": now + 3600,
        "jti": "token-1", "scope": "reports:read",
    }  # fmt: skip
    return good | dict(changes or {})


def header(changes: Mapping[str, object] | None = None, *, key: str = "ES256") -> dict[str, Any]:
    """Return the header of a good access token, some of it changed."""
    return {"alg": get_key(key).algorithm, "kid": get_key(key).kid, "typ": "at+jwt"} | dict(changes or {})


def without(members: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return all members but some."""
    return {name: value for name, value in members.items() if name not in names}


def dump(value: object) -> bytes:
    """Return JSON."""
    return json.dumps(value).encode()


def sign(header_text: bytes | Mapping[str, Any], claims_text: bytes | Mapping[str, Any], *, key: str = "ES256") -> str:
    """Return a token over a header and claims, which may be bytes of any kind."""
    parts = (each if isinstance(each, bytes) else dump(each) for each in (header_text, claims_text))
    return sign_text(get_key(key), ".".join(map(encode, parts)))
