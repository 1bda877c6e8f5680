"""Token-class confusion: what is genuine, and no access token for us."""

from collections.abc import Iterator, Mapping
from functools import partial

import pytest

from authmux import profiles
from tests.conformance.attack import AUDIENCE, GOOD, MALFORMED, TYPE, UNREAD, Attack
from tests.conformance.attack import ISSUER as ISSUER_REFUSED
from tests.conformance.conftest import Strike
from tests.conformance.forgeries import EC, es256, without
from tests.conformance.scene import FACES
from tests.faces.rows import Accepted, Outcome
from tests.jose.token_maker import ISSUER, NOW, encode, get_key, mint

CLIENT = "client-1"
UNNAMED = Accepted("principal subject-1 by jwt None -")


def told(typ: str | None, claims: Mapping[str, object]) -> str:
    """Return a genuine token with these claims, an issuer and a time, and no others."""
    return mint(get_key(EC), {"iss": ISSUER, "iat": NOW, "exp": NOW + 300, "sub": "subject-1", **claims}, typ=typ)


OURS = "https://api.example.com"
ID_TOKEN = {"nonce": "n", "at_hash": "h", "auth_time": NOW}
LOGOUT = {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}, "sid": "s"}
CASES: tuple[tuple[str, str | None, dict[str, object], Outcome], ...] = (
    ("A-115 ID token", "JWT", {"aud": CLIENT, **ID_TOKEN}, AUDIENCE),
    ("A-115 ID token, no typ", None, {"aud": CLIENT, **ID_TOKEN}, AUDIENCE),
    ("A-116 ID token for the API's id", "JWT", {"aud": OURS, **ID_TOKEN}, TYPE),
    ("A-116 with at_hash", "JWT", {"aud": OURS, "at_hash": "h", "scope": "reports:read"}, TYPE),
    ("A-116 with c_hash", None, {"aud": OURS, "c_hash": "h", "scope": "reports:read"}, TYPE),
    ("A-116 with nonce", "JWT", {"aud": OURS, "nonce": "n", "scope": "reports:read"}, TYPE),
    ("A-116 bare", "JWT", {"aud": OURS}, TYPE),
    ("A-116 the API is the client", "JWT", {"aud": OURS, "azp": OURS, "scope": "reports:read"}, TYPE),
    ("A-116 the API is the client, in a list", "JWT", {"aud": [OURS], "azp": OURS, "scope": "reports:read"}, TYPE),
    ("A-116 at+jwt with at_hash", "at+jwt", {"aud": OURS, "client_id": CLIENT, "jti": "j", "at_hash": "h"}, TYPE),
    ("A-118 token_use id", None, {"aud": OURS, "token_use": "id", "scope": "reports:read"}, TYPE),
    ("A-118 Keycloak's ID token", "JWT", {"aud": OURS, "typ": "ID", "azp": CLIENT, "scope": "reports:read"}, TYPE),
    ("A-119 DPoP proof", "dpop+jwt", {"htm": "GET", "htu": OURS, "jti": "j"}, TYPE),
    ("A-119 DPoP proof without its typ", "JWT", {"htm": "GET", "htu": OURS, "jti": "j"}, AUDIENCE),
    ("A-119 client assertion", "JWT", {"sub": CLIENT, "aud": ISSUER, "jti": "j"}, AUDIENCE),
    ("A-119 client assertion for us", "JWT", {"sub": CLIENT, "aud": OURS, "jti": "j"}, TYPE),
    ("A-119 request object", "oauth-authz-req+jwt", {"aud": OURS, "client_id": CLIENT, "scope": "reports:read"}, TYPE),
    ("A-119 logout token", "logout+jwt", {"aud": OURS, "jti": "j", **LOGOUT}, TYPE),
    ("A-119 logout token without its typ", "JWT", {"aud": OURS, "jti": "j", "scope": "x", **LOGOUT}, TYPE),
    ("A-121 vc+jwt", "vc+jwt", {"aud": OURS, "scope": "reports:read", "vc": {}}, TYPE),
    ("A-121 SD-JWT", "dc+sd-jwt", {"aud": OURS, "scope": "reports:read", "_sd_alg": "sha-256"}, TYPE),
    ("A-122 refresh token", None, {"aud": ISSUER, "jti": "j", "scope": "reports:read"}, AUDIENCE),
    ("A-122 Keycloak's refresh token", "JWT", {"aud": OURS, "typ": "Refresh", "azp": CLIENT, "scope": "x"}, TYPE),
    ("A-122 Keycloak's offline token", "JWT", {"aud": OURS, "typ": "Offline", "azp": CLIENT, "scope": "x"}, TYPE),
    ("A-124 for a sibling", "at+jwt", {"aud": "https://sibling.example", "client_id": CLIENT, "jti": "j"}, AUDIENCE),
    ("A-205 cnf jkt", "JWT", {"aud": OURS, "scope": "reports:read", "cnf": {"jkt": "x"}}, TYPE),
    ("A-205 cnf x5t#S256", "JWT", {"aud": OURS, "scope": "reports:read", "cnf": {"x5t#S256": "x"}}, TYPE),
    ("A-205 cnf with an unknown member", "JWT", {"aud": OURS, "scope": "reports:read", "cnf": {"new": "x"}}, TYPE),
    ("A-205 cnf with two members", "JWT", {"aud": OURS, "scope": "x", "cnf": {"jkt": "x", "x5t#S256": "y"}}, TYPE),
    ("A-205 cnf is a text", "JWT", {"aud": OURS, "scope": "reports:read", "cnf": "x"}, TYPE),
    ("A-205 cnf is empty", "JWT", {"aud": OURS, "scope": "reports:read", "cnf": {}}, TYPE),
    ("A-205 cnf is false", "JWT", {"aud": OURS, "scope": "reports:read", "cnf": False}, TYPE),
    ("A-115 an access token after all", "JWT", {"aud": OURS, "client_id": CLIENT, "scope": "reports:read"}, UNNAMED),
)  # fmt: skip


def confusions() -> Iterator[Attack]:
    for row, typ, claims, outcome in CASES:
        yield Attack(id=row, token=partial(told, typ, claims), outcome=outcome)
    disclosed = "~".join(("", encode(b'["salt","scope","admin"]'), ""))
    yield Attack(id="A-121 with disclosures", token=lambda: es256() + disclosed, outcome=MALFORMED)
    yield Attack(id="A-121 key binding behind", token=lambda: f"{es256()}{disclosed}{es256()}", outcome=MALFORMED)
    yield Attack(id="A-121 with a comma", token=lambda: f"{es256()},{es256()}", outcome=UNREAD)
    for typ in ("JWT", None):
        only = {"profile": profiles.RFC9068}
        yield Attack(id=f"A-122 {typ}, RFC 9068 only", token=partial(es256, typ=typ), outcome=TYPE, options=only)
    for name in ("iss", "exp", "aud", "sub", "iat", "jti", "client_id"):
        refused = {"iss": ISSUER_REFUSED, "aud": AUDIENCE}.get(name, MALFORMED)
        yield Attack(id=f"A-119 at+jwt without {name}", token=partial(without, name), outcome=refused)
    yield Attack(id="A-119 the good one", token=es256, outcome=GOOD)


ATTACKS = tuple(confusions())


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.id)
def test_token_classes(attack: Attack, face: str, strike: Strike) -> None:
    """B-09: a token is an access token by evidence, and never for lack of a reason against it."""
    strike(attack, face)
