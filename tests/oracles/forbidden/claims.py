"""Claims of another time, issuer, audience or class, or of a wrong type (A-080…A-124, A-205)."""

from typing import Any, Final

from tests.oracles.forbidden.bench import AUDIENCE, ISSUER, claims, header, sign, without

_ISSUERS: Final[tuple[Any, ...]] = (
    f"{ISSUER}/", ISSUER.upper(), ISSUER.replace("example", "example:443"), ISSUER.replace("https", "http"),
    ISSUER.replace("//", "//a@"), f"{ISSUER}#a", ISSUER.replace("e", "\u0435"), "https://attacker.example", "",
    None, [ISSUER], {"a": ISSUER},
)  # fmt: skip
_AUDIENCES: Final[tuple[Any, ...]] = (
    None, "", [], 1, {}, [1], [AUDIENCE, 1], [[AUDIENCE]], {AUDIENCE: 1}, f"{AUDIENCE}/", AUDIENCE.upper(),
    "https://other.example", ["https://other.example"], f"{AUDIENCE} https://other.example", AUDIENCE[:-1],
)  # fmt: skip
_EXPIRIES: Final[tuple[Any, ...]] = (None, True, [], {}, 0, -1, 1e12, 253_402_300_800, "4102444800", "", "soon")
_SUBJECTS: Final[tuple[Any, ...]] = (1, None, "", "x" * 256, [], ["ada"], {}, True)
_SCOPES: Final[tuple[Any, ...]] = (1, {"a": 1}, [1], [["a"]], None, True)
_OTHER_CLASSES: Final[tuple[dict[str, Any], ...]] = (
    {"at_hash": "x"}, {"c_hash": "x"}, {"s_hash": "x"}, {"events": {}}, {"token_use": "id"}, {"typ": "Refresh"},
    {"typ": "ID"}, {"cnf": {"jkt": "x"}}, {"cnf": {"x5t#S256": "x"}}, {"cnf": {}}, {"cnf": 1},
    {"act": {}}, {"act": "x"}, {"act": {"act": {"sub": "x"}}}, {"jti": 1}, {"client_id": 1}, {"client_id": ""},
)  # fmt: skip


def wrong_claims(now: int) -> dict[str, str]:
    """Return tokens with a good signature over claims that must not be believed."""
    return {
        **{f"A-080 exp {exp!r}": _token(now, exp=exp) for exp in _EXPIRIES},
        "A-088 an hour past its end": _token(now, exp=now - 3600, iat=now - 7200),
        "A-089 not before an hour from now": _token(now, nbf=now + 3600),
        "A-089 nbf is a text": _token(now, nbf=str(now)),
        "A-091 issued an hour from now": _token(now, iat=now + 3600, exp=now + 7200),
        "A-092 issued after its end": _token(now, iat=now + 20, exp=now + 10),
        "A-092 iat is a text": _token(now, iat=str(now)),
        "A-092 iat is true": _token(now, iat=True),
        **{f"A-097 iss {issuer!r}": _token(now, iss=issuer) for issuer in _ISSUERS},
        **{f"A-104 aud {audience!r}": _token(now, aud=audience) for audience in _AUDIENCES},
        **{f"A-109 sub {str(subject)[:9]!r} {type(subject).__name__}": _token(now, sub=subject)
           for subject in _SUBJECTS},
        **{f"A-113 scope {scope!r}": _token(now, scope=scope) for scope in _SCOPES},
        **{f"A-115 {extra}": _token(now, **extra) for extra in _OTHER_CLASSES},
        **{f"B-27 no {name}": sign(header(), without(claims(now), name))
           for name in ("iss", "aud", "exp", "sub", "iat", "jti", "client_id")},
        "A-115 an ID token": sign(
            header({"typ": "JWT"}),
            without(claims(now, {"aud": "job", "nonce": "n"}), "scope", "client_id", "jti"),
        ),
        "A-116 an ID token of a client that is the API": sign(
            header({"typ": "JWT"}),
            without(claims(now, {"azp": AUDIENCE, "nonce": "n", "auth_time": now}), "scope", "client_id", "jti"),
        ),
        "A-119 a client assertion": sign(
            header({"typ": "JWT"}),
            without(claims(now, {"iss": "job", "sub": "job", "aud": f"{ISSUER}/token"}), "scope", "client_id"),
        ),
        "A-122 a refresh token for its issuer": sign(without(header(), "typ"), claims(now, {"aud": ISSUER})),
        "B-09 no sign of an access token": sign(header({"typ": "JWT"}), without(claims(now), "scope", "client_id")),
    }  # fmt: skip


def _token(now: int, **changes: object) -> str:
    return sign(header(), claims(now, changes))
