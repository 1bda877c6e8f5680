"""Makes tokens for the tests: genuine ones, and every forgery that a genuine key can sign."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import jwt
from jwt.utils import base64url_encode

from authmux.jose.jwk import PublicKey, parse_key
from authmux.testing.signing_key import SigningKey

ISSUER = "https://idp.example/tenant"
AUDIENCE = "https://api.example.com"
NOW = 1_800_000_000  # where `ManualClock` begins

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


@cache
def get_key(name: str) -> SigningKey:
    """Return the one key of this name, such as `RS256` or `RS256 second`; all RSA algorithms share a private key."""
    algorithm, _, number = name.partition(" ")
    if algorithm[0] in "RP" and algorithm != "RS256":
        return rename(replace(get_key(f"RS256 {number}".strip()), algorithm=algorithm), name)
    return rename(SigningKey.generate(algorithm), name)


def rename(key: SigningKey, kid: str) -> SigningKey:
    """Return the same key under another kid, and the algorithm that it has now."""
    return replace(key, kid=kid, public_jwk={**key.public_jwk, "kid": kid, "alg": key.algorithm})


def jwk(key: SigningKey, **members: object) -> dict[str, object]:
    """Return the public JWK with some members changed; None takes one away."""
    return {name: value for name, value in {**key.public_jwk, **members}.items() if value is not None}


def public_key(key: SigningKey, **members: object) -> PublicKey:
    """Return the key as authmux reads it."""
    return parse_key(jwk(key, **members))


def key_set(*keys: SigningKey | Mapping[str, object]) -> bytes:
    """Return a JWK set."""
    return json.dumps({"keys": [key.public_jwk if isinstance(key, SigningKey) else key for key in keys]}).encode()


def access_token(**changes: object) -> dict[str, object]:
    """Return the claims of a good RFC 9068 access token, some changed; None takes one away."""
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "subject-1",
        "client_id": "client-1",
        "iat": NOW,
        "exp": NOW + 3600,
        "jti": "token-1",
        "scope": "reports:read",
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def mint(key: SigningKey, claims: Mapping[str, object] | None = None, /, **header: object) -> str:
    """Return a token over the claims, or those of a good access token, with some header parameters changed."""
    return key.sign(access_token() if claims is None else claims, {"typ": "at+jwt", **header})


def sign_bytes(key: SigningKey, header: bytes, payload: bytes) -> str:
    """Return a token over exactly these bytes, whatever they are."""
    return sign_text(key, f"{encode(header)}.{encode(payload)}")


def sign_text(key: SigningKey, signing_input: str) -> str:
    """Return a token over exactly this text, which need not be base64url at all."""
    signature = jwt.get_algorithm_by_name(key.algorithm).sign(signing_input.encode(), key.private_key)
    return f"{signing_input}.{encode(signature)}"


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64url_encode(data).decode()


def good_header(key: SigningKey, **changes: object) -> bytes:
    """Return the header of a good access token as bytes; None stays and is JSON's null."""
    return json.dumps({"alg": key.algorithm, "kid": key.kid, "typ": "at+jwt", **changes}).encode()


def good_payload(**changes: object) -> bytes:
    """Return the claims of a good access token as bytes; None stays and is JSON's null."""
    return json.dumps({**access_token(), **changes}).encode()
