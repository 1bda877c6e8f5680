"""Issuer, audience, subject: who issued a token, for whom, and for whom it stands."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from authmux import profiles
from authmux.verifying.jwt import JWTVerifier
from tests.conformance import attack as outcomes
from tests.conformance.attack import GOOD, MALFORMED, Attack
from tests.conformance.conftest import Strike
from tests.conformance.forgeries import EC, attacker, claiming, without
from tests.conformance.scene import FACES, KEYS, open_scene, published
from tests.faces.rows import Accepted, Outcome, Refused
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, access_token, get_key, jwk, mint

OTHER = "https://other.example.com"
NO_CLASS = Refused(403, "credential_not_allowed", None, {"credential_id": "token-1"})

NO_ISSUERS: tuple[object, ...] = (None, 1, True, [], [ISSUER], {}, "")
NO_NAMES: tuple[object, ...] = (1, None, True, "", "x" * 256, [], {})
NO_SCOPES: tuple[object, ...] = (1, True, {"a": 1}, [1], None, 1.5, [["reports:read"]])
SCOPES: tuple[object, ...] = (
    ["reports:read"], "a  reports:read", 'reports:read "x"', "reports:read a\\b", " reports:read "
)  # fmt: skip

ISSUERS = {
    "trailing slash": ISSUER + "/",
    "no path": "https://idp.example",
    "upper-case host": "https://IDP.example/tenant",
    "upper-case path": "https://idp.example/Tenant",
    "port": "https://idp.example:443/tenant",
    "http": "http://idp.example/tenant",
    "userinfo": "https://x@idp.example/tenant",
    "fragment": ISSUER + "#",
    "query": ISSUER + "?",
    "homoglyph": "https://idp.ехample/tenant",
    "dot": "https://idp.example./tenant",
    "encoded": "https://idp.example/%74enant",
    "blank": ISSUER + " ",
    "NUL": ISSUER + "\0",
    "attacker": "https://evil.example/tenant",
    "internal": "http://169.254.169.254/latest/meta-data",
    "file": "file:///etc/passwd",
    "long": "https://idp.example/" + "x" * 2000,
}


def issuers() -> Iterator[Attack]:
    for name, issuer in ISSUERS.items():
        rule = "A-098" if name in {"attacker", "internal", "file"} else "A-097"
        yield Attack(id=f"{rule} {name}", token=partial(claiming, iss=issuer), outcome=outcomes.ISSUER)
    for value in NO_ISSUERS:
        yield Attack(id=f"A-097 {value!r}", token=partial(claiming, iss=value), outcome=outcomes.ISSUER)
    yield Attack(id="A-097 missing", token=partial(without, "iss"), outcome=outcomes.ISSUER)


AUDIENCES: tuple[tuple[str, object, Outcome], ...] = (
    ("A-103 text", AUDIENCE, GOOD),
    ("A-103 with ours", [OTHER, AUDIENCE], GOOD),
    ("A-103 others", [OTHER, "x"], outcomes.AUDIENCE),
    ("A-103 other", OTHER, outcomes.AUDIENCE),
    ("A-103 slash", AUDIENCE + "/", outcomes.AUDIENCE),
    ("A-103 scheme", AUDIENCE.removeprefix("https://"), outcomes.AUDIENCE),
    ("A-103 case", AUDIENCE.upper(), outcomes.AUDIENCE),
    ("A-103 two in one text", f"{AUDIENCE} {OTHER}", outcomes.AUDIENCE),
    ("A-104 null", None, outcomes.AUDIENCE),
    ("A-104 empty", "", outcomes.AUDIENCE),
    ("A-104 empty list", [], outcomes.AUDIENCE),
    ("A-104 number", 1, outcomes.AUDIENCE),
    ("A-104 object", {}, outcomes.AUDIENCE),
    ("A-104 object of ours", {AUDIENCE: True}, outcomes.AUDIENCE),
    ("A-104 numbers", [1], outcomes.AUDIENCE),
    ("A-104 ours and a number", [AUDIENCE, 1], outcomes.AUDIENCE),
    ("A-104 ours and null", [AUDIENCE, None], outcomes.AUDIENCE),
    ("A-104 list in a list", [[AUDIENCE]], outcomes.AUDIENCE),
)


def audiences() -> Iterator[Attack]:
    for row, aud, outcome in AUDIENCES:
        yield Attack(id=row, token=partial(claiming, aud=aud), outcome=outcome)
    yield Attack(id="A-104 missing", token=partial(without, "aud"), outcome=outcomes.AUDIENCE)
    yield Attack(id="A-104 missing, compatible", token=partial(without, "aud", typ="JWT"), outcome=outcomes.AUDIENCE)
    sole = {"sole_audience": True}
    yield Attack(id="A-106 ours alone", token=partial(claiming, aud=[AUDIENCE]), outcome=GOOD, options=sole)
    token = partial(claiming, aud=[AUDIENCE, OTHER])
    yield Attack(id="A-106 and another", token=token, outcome=outcomes.AUDIENCE, options=sole)


def subjects() -> Iterator[Attack]:
    for sub in NO_NAMES:
        yield Attack(id=f"A-109 {str(sub)[:9]!r}", token=partial(claiming, sub=sub), outcome=MALFORMED)
    yield Attack(id="A-109 missing", token=partial(without, "sub"), outcome=MALFORMED)
    for jti in NO_NAMES:
        yield Attack(id=f"A-112 {str(jti)[:9]!r}", token=partial(claiming, jti=jti), outcome=MALFORMED)
    yield Attack(id="A-112 missing", token=partial(without, "jti"), outcome=MALFORMED)
    named_alike = Accepted("unproven-client client-1 by jwt token-1 -")
    yield Attack(id="A-110 sub is a client's id", token=partial(claiming, sub="client-1"), outcome=named_alike)
    token = partial(claiming, sub="client-1")
    yield Attack(id="A-110 it is no client", token=token, outcome=NO_CLASS, door="/any")
    for scope in NO_SCOPES:
        yield Attack(id=f"A-113 {scope!r}", token=partial(claiming, scope=scope), outcome=MALFORMED)
    for scope in SCOPES:
        yield Attack(id=f"A-113 {scope!r}", token=partial(claiming, scope=scope), outcome=GOOD)


ATTACKS = (*issuers(), *audiences(), *subjects())


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.id)
def test_names(attack: Attack, face: str, strike: Strike) -> None:
    """B-21: issuer and audience are compared to the byte, and a subject is a text that somebody assigned."""
    strike(attack, face)


@pytest.mark.parametrize("face", FACES)
def test_an_attackers_issuer_is_not_asked(face: str) -> None:
    """A-098: a token of an issuer that nobody configured causes no request, though one is listening there."""
    with open_scene() as scene:
        scene.begin()
        text = mint(attacker(EC), access_token(iss=scene.server.url("/evil")))
        outcomes.ISSUER.check(scene.send(text, face=face), method="GET", bank={})
        assert scene.fetched == 0


@pytest.mark.parametrize("face", FACES)
def test_two_tenants_with_the_same_keys(face: str) -> None:
    """A-100: a genuine token of tenant B is refused at an API of tenant A, though B's keys are A's."""
    with open_scene() as scene:
        scene.begin()
        theirs = mint(get_key(EC), access_token(iss="https://idp.example/other"))
        outcomes.ISSUER.check(scene.send(theirs, face=face), method="GET", bank={})
        uri = scene.server.url(KEYS)
        both = JWTVerifier(issuer="https://idp.example/other", audience=AUDIENCE, jwks_uri=uri, keys=scene.keys)
        scene.guard(scene.verifier, both)
        assert scene.status(theirs, face=face) == 200
        assert scene.fetched == 0


TENANT_A, TENANT_B = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"


def entra(tenant: str, **changes: object) -> Mapping[str, object]:
    """Return the claims of an application's token of Entra, version 2."""
    claims: dict[str, object] = {
        "iss": f"https://login.microsoftonline.com/{tenant}/v2.0", "aud": AUDIENCE, "tid": tenant, "ver": "2.0",
        "sub": "o1", "oid": "o1", "azp": "app-1", "azpacr": "1", "roles": ["reports:read"], "iat": NOW,
        "exp": NOW + 3600,
    }  # fmt: skip
    return {**claims, **changes}


ENTRA: tuple[tuple[str, Mapping[str, object], Refused | None], ...] = (
    ("A-101 its own tenant", entra(TENANT_A), None),
    ("A-101 tid of another", entra(TENANT_A, tid=TENANT_B), outcomes.ISSUER),
    ("A-101 iss of another", entra(TENANT_B, tid=TENANT_A), outcomes.ISSUER),
    ("A-101 tenant that is not allowed", entra(TENANT_B), outcomes.ISSUER),
    ("A-101 v1 issuer, ver 2.0", entra(TENANT_A, iss=f"https://sts.windows.net/{TENANT_A}/"), outcomes.ISSUER),
    ("A-101 tid missing", {k: v for k, v in entra(TENANT_A).items() if k != "tid"}, outcomes.ISSUER),
)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("claims", "refused"), [row[1:] for row in ENTRA], ids=[row[0] for row in ENTRA])
def test_tenants(claims: Mapping[str, object], refused: Refused | None, face: str) -> None:
    """A-101: one set of keys signs for all tenants, so that issuer and tenant have to agree, and to be allowed."""
    issuer = "https://login.microsoftonline.com/{tenantid}/v2.0"
    with open_scene(issuer=issuer, profile=profiles.ENTRA, tenants=[TENANT_A]) as scene:
        scene.begin()
        answer = scene.send(mint(get_key(EC), claims, typ="JWT"), face=face, door="/open")
        if refused is None:
            assert answer.status == 200
        else:
            refused.check(answer, method="GET", bank={})
        assert scene.fetched == 0


@pytest.mark.parametrize("face", FACES)
def test_a_key_of_one_tenant(face: str) -> None:
    """A-101: a key that says of which tenant it is speaks for no other (B-21)."""
    issuer = "https://login.microsoftonline.com/{tenantid}/v2.0"
    keys = [jwk(get_key(EC), issuer=f"https://login.microsoftonline.com/{TENANT_B}/v2.0")]
    options: dict[str, Any] = {"profile": profiles.ENTRA, "tenants": [TENANT_A, TENANT_B]}
    with open_scene(published(*keys), issuer=issuer, **options) as scene:
        scene.begin()
        ours, theirs = (mint(get_key(EC), entra(tenant), typ="JWT") for tenant in (TENANT_A, TENANT_B))
        outcomes.SIGNATURE.check(scene.send(ours, face=face, door="/open"), method="GET", bank={})
        assert scene.send(theirs, face=face, door="/open").status == 200


COGNITO: Mapping[str, object] = {
    "iss": "https://cognito-idp.eu-west-1.amazonaws.com/pool", "token_use": "access", "client_id": "c1", "sub": "c1",
    "jti": "token-1", "scope": f"{AUDIENCE}/read", "iat": NOW, "exp": NOW + 3600,
}  # fmt: skip

COGNITOS: tuple[tuple[str, Mapping[str, object], Refused | None], ...] = (
    ("A-107 scope of ours", COGNITO, None),
    ("A-107 scope of others", {**COGNITO, "scope": "https://other.example.com/read"}, outcomes.AUDIENCE),
    ("A-107 scope that begins like ours", {**COGNITO, "scope": f"{AUDIENCE}x/read"}, outcomes.AUDIENCE),
    ("A-107 no scope", {**COGNITO, "scope": ""}, outcomes.AUDIENCE),
    ("A-118 token_use id", {**COGNITO, "token_use": "id", "aud": AUDIENCE}, outcomes.TYPE),
    ("A-118 no token_use", {name: value for name, value in COGNITO.items() if name != "token_use"}, outcomes.TYPE),
)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("claims", "refused"), [row[1:] for row in COGNITOS], ids=[row[0] for row in COGNITOS])
def test_tokens_without_audience(claims: Mapping[str, object], refused: Refused | None, face: str) -> None:
    """A-107: where a provider writes no `aud`, a scope of ours stands for it, and nothing else does."""
    with open_scene(issuer=str(COGNITO["iss"]), profile=profiles.COGNITO) as scene:
        scene.begin()
        answer = scene.send(mint(get_key(EC), claims, typ=None), face=face, door="/open")
        if refused is None:
            assert answer.status == 200
        else:
            refused.check(answer, method="GET", bank={})
