"""Keys, tokens and JWTs that are almost right."""

import base64
import json

from hypothesis import strategies as st

from authmux.token_format import checksum
from tests.fuzz.almost.json_text import literals, objects
from tests.fuzz.almost.mutation import joined, mostly, mutated, texts
from tests.fuzz.fixed import ED25519, OPAQUE_TEXTS, P256, claims_of, dumps, jwt_text
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, sign_bytes

headers = objects(
    {
        "alg": literals("EdDSA", "EdDSA", "ES256", "RS256", "Ed25519", "none", "HS256", "eddsa"),
        "kid": literals("EdDSA", "EdDSA", "ES256", "RS256", "unknown"),
        "typ": literals("at+jwt", "at+jwt", "application/at+jwt", "AT+JWT", "JWT", "logout+jwt"),
    }
)
_times = st.sampled_from([-86_400, -31, -30, -1, 0, 0.5, 1, 29.5, 30, 31, 600, 1e18]).map(
    lambda away: json.dumps(NOW + away)
)
claims = objects(
    {
        "iss": literals(ISSUER, ISSUER, ISSUER, ISSUER + "/"),
        "aud": literals(AUDIENCE, AUDIENCE, [AUDIENCE], ["other", AUDIENCE], "other", []),
        "sub": literals("ada", "job", "a" * 255),
        "client_id": literals("job", "job", "ada"),
        "iat": mostly(literals(NOW), _times),
        "exp": mostly(literals(NOW + 600), _times),
        "nbf": mostly(literals(NOW), _times),
        "jti": literals("1", "2"),
        "scope": literals("reports:read", "a b", "", "*", "reports:*", "  a", 'q"uote', "back\\slash", "é", "a\nb"),
    },
    one_in=24,
)
judged = objects(
    {"typ": literals("at+jwt", "jwt", None), "claims": claims.map(lambda text: text.decode("utf-8", "replace"))},
    one_in=20,
)
"""A `typ` and claims, as one object."""


def _segment(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _signed(header: bytes, payload: bytes) -> bytes:
    return sign_bytes(P256 if b"ES256" in header else ED25519, header, payload).encode()


signed = st.builds(_signed, headers, claims)
"""Tokens whose signature is right, whatever they say."""

unsigned = joined(
    b".", mutated(headers.map(_segment)), mutated(claims.map(_segment)), mutated(st.binary(max_size=66).map(_segment))
)


def _forged(header: bytes, payload: bytes, signature: bytes) -> bytes:
    return b".".join((_segment(header), _segment(payload), signature))


forged = st.builds(_forged, headers, claims, st.sampled_from([_segment(bytes(64)), jwt_text().encode().split(b".")[2]]))
"""Tokens whose signature has the right length, and is of something else."""


def _respelt(token: bytes, part: int, last: bytes) -> bytes:
    """Return a token with another last character in one of its parts, which may stand for the same bytes."""
    parts = token.split(b".")
    parts[part] = parts[part][:-1] + last
    return b".".join(parts)


_last = st.binary(min_size=1, max_size=1) | texts(*"ABQRgwEIxyz-_=+/")
respelt = st.builds(_respelt, signed, st.integers(0, 2), _last)
_good_header = dumps({"alg": "EdDSA", "kid": "EdDSA", "typ": "at+jwt"})
jwts = mutated(
    signed
    | unsigned
    | forged
    | respelt
    | st.just(jwt_text().encode())
    | st.just(_signed(_good_header, dumps(claims_of())))
)


def _checked(body: bytes) -> bytes:
    return body + checksum(body.decode("latin-1").encode("ascii", "replace").decode()).encode()


opaque = mutated(
    texts(*OPAQUE_TEXTS)
    | joined(
        b"_",
        mutated(texts("acme", "old1", "other", "ACME")),
        mutated(texts("key", "pat", "sec", "pub")),
        mutated(texts("live", "l", "abcdefghi", "5g2v9k0m3x7q1b8n", "5g2v9k0m3x7q1b8u")),
        mutated(texts("5g2v9k0m3x7q1b8n", "64f8yptwdstsahwy", "aaaaaaaaaaaaaaaa")),
        mutated(st.from_regex(rb"\A[0-9A-Za-z]{43}\Z")),
    ).map(_checked)
)
credentials = mutated(opaque | jwts | st.binary(max_size=40) | texts("", "a.b", "..", "a.b.c.d.e"))
