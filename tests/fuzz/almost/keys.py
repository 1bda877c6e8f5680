"""JWKs, key sets and metadata that are almost right."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.almost.json_text import literals, objects
from tests.fuzz.almost.mutation import mostly, mutated, texts
from tests.fuzz.fixed import ED25519, P256, RSA_JWK
from tests.jose.token_maker import ISSUER

_JWKS: tuple[dict[str, Any], ...] = (ED25519.public_jwk, P256.public_jwk, RSA_JWK)
_BASE64URL = st.from_regex(r"\A[A-Za-z0-9_-]{0,90}=?\Z")


def _respelt(value: str) -> st.SearchStrategy[str]:
    """Return a number in base64url, as it is or in a spelling that might be read the same."""
    spellings = [value + "=", value + "==", "AA" + value, "AAAA" + value, value[:-1] + "-", " " + value, value + "\n"]
    return mostly(
        st.just(json.dumps(value)), st.sampled_from([*spellings, value[:-1], value * 2]).map(json.dumps), one_in=8
    )  # fmt: skip


def _jwk(good: dict[str, Any]) -> st.SearchStrategy[bytes]:
    members = {name: _respelt(value) if name in ("n", "x", "y") else literals(value) for name, value in good.items()}
    odd = {"alg": literals(good.get("alg", "RS256"), "HS256", "none"), "use": literals("sig", "enc")}
    more = {
        "crv": literals("P-256", "P-384", "Ed25519", "X25519", "secp256k1"),
        "d": literals("AQAB"),
        "k": literals(""),
    }
    usual = objects(members, one_in=30)
    return mostly(usual, objects(members | odd) | objects(members | more), one_in=4)


jwks = mutated(st.sampled_from(_JWKS).flatmap(_jwk))


def _key_set(members: list[bytes]) -> bytes:
    return b'{"keys":[' + b",".join(members) + b"]}"


key_sets = mutated(st.lists(jwks, max_size=5).map(_key_set) | st.just(_key_set([b"{}"] * 129)))

urls = mutated(
    st.builds(
        lambda *parts: b"".join(parts),
        mostly(texts("https://", "http://"), texts("HTTPS://", "https:", "https:/", "file://", "ftp://", "//", "")),
        mostly(st.just(b""), texts("a@", "@", "a:b@", "a%40b@", "127.0.0.1@", "127.0.0.1:80@", "%")),
        texts(
            "idp.example", "IDP.example", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "LOCALHOST",
            "0x7f.1", "2130706433", "127.1", "localhost.", "[::1%25lo]", "[", "]", "[::1", "a..b", "é.example", "%6c",
            "127.0.0.1%00.example", "127.0.0.1\\@evil.example", "evil.example\t",
        ),
        mostly(st.just(b""), texts(":443", ":80", ":", ":65535", ":65536", ":9999999999", ":-1", ":\u0664", ": 1")),
        texts("", "/", "/keys", "/a/../b", "//x", "?a=b", "/keys?x", "#", "/#x", "/%2e%2e/", "/k\u00e9ys", ";a"),
    )
)  # fmt: skip
metadata = mutated(
    objects(
        {
            "issuer": literals(ISSUER, ISSUER, ISSUER + "/"),
            "jwks_uri": urls.map(lambda url: json.dumps(url.decode("utf-8", "replace"))),
        },
        one_in=12,
    )
)
