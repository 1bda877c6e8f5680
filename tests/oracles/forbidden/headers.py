"""Headers that say what is not understood, or that the token is of another class (A-032…A-055)."""

from typing import Any, Final

from tests.jose.token_maker import get_key
from tests.oracles.forbidden.bench import KEYS, claims, dump, header, sign, without

_KIDS: Final[tuple[Any, ...]] = (1, None, True, [], {}, "", "es256", "ES256 ", "../../dev/null", "a' OR 1=1 --", "\r\n")
_CRITS: Final[tuple[Any, ...]] = (["exp"], ["x"], ["alg"], [], "b64", None, {}, ["b64", "b64"], [1])
_TYPES: Final[tuple[Any, ...]] = (
    "dpop+jwt", "logout+jwt", "secevent+jwt", "txntoken+jwt", "wit+jwt", "wpt+jwt", "entity-statement+jwt",
    "token-introspection+jwt", "oauth-authz-req+jwt", "kb+jwt", "vc+jwt", "client-authentication+jwt",
    "application/x/at+jwt", "at+jwt;x=1", "at+jwt ", 1, None, [],
)  # fmt: skip
_PARAMETERS: Final[tuple[dict[str, Any], ...]] = (
    {"zip": "DEF"}, {"b64": False}, {"b64": True}, {"b64": False, "crit": ["b64"]}, {"cty": "JWT"},
    {"cty": "application/jwt"}, {"enc": "A128GCM"}, {"epk": {}}, {"p2s": "c2FsdA", "p2c": 2**31},
    {"jwk": {"kty": "oct", "k": "AAAA"}}, {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}},
)  # fmt: skip
_TEXTS: Final[dict[str, bytes]] = {
    "A-053 an array": b"[]",
    "A-053 a text": b'"ES256"',
    "A-053 a number": b"1",
    "A-053 null": b"null",
    "A-053 an empty object": b"{}",
    "A-055 nested 1 500 deep": b'{"alg":"ES256","kid":"ES256","a":' + b"[" * 1500 + b"]" * 1500 + b"}",
    "A-044 alg twice, none first": b'{"alg":"none","alg":"ES256","kid":"ES256","typ":"at+jwt"}',
    "A-044 alg twice, none last": b'{"alg":"ES256","alg":"none","kid":"ES256","typ":"at+jwt"}',
    "A-044 kid twice": b'{"alg":"ES256","kid":"x","kid":"ES256","typ":"at+jwt"}',
    "A-044 typ twice": b'{"alg":"ES256","kid":"ES256","typ":"dpop+jwt","typ":"at+jwt"}',
    "A-071 a byte order mark": b'\xef\xbb\xbf{"alg":"ES256","kid":"ES256","typ":"at+jwt"}',
    "A-071 UTF-16": '{"alg":"ES256","kid":"ES256","typ":"at+jwt"}'.encode("utf-16"),
    "A-070 NaN": b'{"alg":"ES256","kid":"ES256","typ":"at+jwt","a":NaN}',
}


def wrong_headers(now: int) -> dict[str, str]:
    """Return tokens with a good signature over a header that must not be taken."""
    good = claims(now)
    return {
        **{f"A-037 kid {kid!r}": sign(header({"kid": kid}), good) for kid in _KIDS},
        **{
            f"A-035 an unknown kid, signed with {key}": sign(header({"kid": "x"}, key=key), good, key=key)
            for key in KEYS
        },
        "A-037 a kid of 257 letters": sign(header({"kid": "k" * 257}), good),
        "A-043 no kid, two candidates": sign(without(header(key="RS256"), "kid"), good, key="RS256 second"),
        **{f"A-046 crit {crit!r}": sign(header({"crit": crit}), good) for crit in _CRITS},
        "A-046 crit ['exp'], exp in the header": sign(header({"crit": ["exp"], "exp": 1}), good),
        **{f"A-047 typ {typ!r}": sign(header({"typ": typ}), good) for typ in _TYPES},
        **{f"A-032 {extra}": sign(header(extra), good) for extra in _PARAMETERS},
        **{f"{name} for a header": sign(text, good) for name, text in _TEXTS.items()},
        "A-053 no alg": sign(without(header(), "alg"), good),
        "A-053 alg is a list": sign(header({"alg": ["ES256"]}), good),
        "B-04 a header of 9000 bytes": sign(header({"x5c": ["A" * 9000]}), good),
        "A-119 a DPoP proof": sign(
            header({"typ": "dpop+jwt", "jwk": get_key("ES256").public_jwk}),
            dump({"jti": "1", "htm": "GET", "htu": "https://api.example.com", "iat": now}),
        ),
    }
