"""Claims: an access token, of this issuer, for us, in its time: by evidence and in the right types."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux.errors import Fault, InvalidCredential
from authmux.jose.claims import TimeRules
from authmux.profiles import AUTO, RFC9068, Profile
from authmux.verifying.caller import read_scopes
from authmux.verifying.claim_rules import ClaimRules
from authmux.verifying.token_class import client_id
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, access_token
from tests.verifying.drawn_claims import NAMES, values

LEEWAY = 30.0
# fmt: off
OTHER_TYPES = [
    "dpop+jwt", "logout+jwt", "secevent+jwt", "token-introspection+jwt", "oauth-authz-req+jwt", "txntoken+jwt",
    "wit+jwt", "wpt+jwt", "oauth-client-attestation+jwt", "oauth-client-attestation-pop+jwt",
    "client-authentication+jwt", "entity-statement+jwt", "kb+jwt", "dc+sd-jwt", "vc+jwt", "statuslist+jwt", "id+jwt",
    "refresh+jwt", "jose", "jws", "x/at+jwt", "at+jwt;x=1", "", "at+jwt ", " jwt", "JWT",
]
# fmt: on


def rules(
    profile: Profile = AUTO, *, leeway: float = LEEWAY, audiences: frozenset[str] = frozenset({AUDIENCE})
) -> ClaimRules:
    return ClaimRules(issuers={ISSUER: None}, audiences=audiences, profile=profile, time=TimeRules(leeway=leeway))


def check(
    claims: Mapping[str, Any], *, typ: str | None = "at+jwt", now: float = NOW, by: ClaimRules | None = None
) -> None:
    (by or rules()).check(typ, claims, now=now)


def refusal(
    claims: Mapping[str, Any], *, typ: str | None = "at+jwt", now: float = NOW, by: ClaimRules | None = None
) -> tuple[Fault | None, str]:
    """Return how claims are refused."""
    with pytest.raises(InvalidCredential) as caught:
        check(claims, typ=typ, now=now, by=by)
    return caught.value.fault, caught.value.reason


def with_value(name: str, value: object) -> dict[str, object]:
    """Return good claims with one set, to None too."""
    return {**access_token(), name: value}


def id_token(**changes: object) -> dict[str, object]:
    """Return what an ID token holds whose client id is, by mistake, the API's identifier too (A-116)."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "iat": NOW, "exp": NOW + 3600, "auth_time": NOW}
    return {**claims, **changes}


@pytest.mark.parametrize("typ", ["at+jwt", "jwt", None])
def test_a_good_access_token(typ: str | None) -> None:
    """B-08: AUTO takes at+jwt, JWT and no typ."""
    check(access_token(), typ=typ)


@pytest.mark.parametrize("typ", ["jwt", None])
def test_rfc9068_takes_at_jwt_only(typ: str | None) -> None:
    """B-08: the profile RFC9068 takes at+jwt and nothing else."""
    check(access_token(), by=rules(RFC9068))
    assert refusal(access_token(), typ=typ, by=rules(RFC9068)) == (Fault.TYPE, "typ")


@pytest.mark.parametrize("typ", OTHER_TYPES)
@pytest.mark.parametrize("profile", [AUTO, RFC9068], ids=["auto", "rfc9068"])
def test_every_other_typ(profile: Profile, typ: str) -> None:
    """A-047: whatever else a token says it is, it is no access token, however good its claims are."""
    assert refusal(access_token(token_use="access"), typ=typ, by=rules(profile)) == (Fault.TYPE, "typ")


@pytest.mark.parametrize("name", ["iss", "exp", "aud", "sub", "iat", "jti", "client_id"])
def test_what_rfc9068_requires(name: str) -> None:
    """B-27: at+jwt holds every claim of RFC 9068 §2.2, and none of them is null."""
    assert refusal(access_token(**{name: None}))[0] is not None
    assert refusal(with_value(name, None))[0] is not None


@pytest.mark.parametrize("typ", ["jwt", None])
@pytest.mark.parametrize("name", ["iat", "jti", "sub"])
def test_what_the_compatible_rules_do_not_require(name: str, typ: str | None) -> None:
    """B-27: without at+jwt it is iss, exp, aud and a subject or a client."""
    check(access_token(**{name: None}), typ=typ)


@pytest.mark.parametrize("name", ["iss", "exp", "aud"])
def test_what_the_compatible_rules_require(name: str) -> None:
    """B-27: iss, exp and aud are never left out."""
    assert refusal(access_token(**{name: None}), typ="jwt")[0] is not None


def test_a_token_that_names_nobody() -> None:
    """B-27: a token has a subject or a client."""
    claims = access_token(sub=None, client_id=None)
    assert refusal(claims, typ="jwt") == (Fault.MALFORMED, "nobody_named")
    check({**claims, "azp": "client-1"}, typ="jwt")


@pytest.mark.parametrize(
    "issuer",
    [
        ISSUER + "/",
        ISSUER.upper(),
        ISSUER.replace("https", "http"),
        ISSUER.replace("idp.example", "IDP.example"),
        ISSUER.replace("idp.example", "idp.example:443"),
        ISSUER.replace("idp.example", "u@idp.example"),
        ISSUER.replace("idp.example", "іdp.example"),
        ISSUER + "#",
        ISSUER + " ",
        "",
        None,
        1,
        [ISSUER],
        {},
    ],
    ids=ascii,
)
def test_an_issuer_that_only_looks_the_same(issuer: object) -> None:
    """B-21: iss is compared to the byte (A-097)."""
    assert refusal(with_value("iss", issuer)) == (Fault.ISSUER, "iss")


@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE], ["other", AUDIENCE], [AUDIENCE, AUDIENCE]], ids=ascii)
def test_audiences_that_hold_ours(aud: object) -> None:
    """A-103: aud is ours, or an array that holds it."""
    check(with_value("aud", aud))


@pytest.mark.parametrize(
    "aud",
    [
        None,
        "",
        [],
        1,
        {},
        True,
        [1],
        [AUDIENCE, 1],
        [AUDIENCE, None],
        [[AUDIENCE]],
        {AUDIENCE: 1},
        "other",
        ["other"],
        AUDIENCE + "/",
        AUDIENCE.upper(),
        AUDIENCE.replace("https:", "http:"),
        f"{AUDIENCE} other",
        f"{AUDIENCE},other",
        AUDIENCE[:-1],
    ],
    ids=ascii,
)
def test_audiences_that_do_not_hold_ours(aud: object) -> None:
    """A-104: any other value, or an array with anything but texts, is refused."""
    assert refusal(with_value("aud", aud)) == (Fault.AUDIENCE, "aud")


def test_no_audience() -> None:
    """A-104: a token without aud is for nobody."""
    assert refusal(access_token(aud=None)) == (Fault.AUDIENCE, "aud")


def test_one_audience_of_several() -> None:
    """B-22: any of the configured audiences will do."""
    several = rules(audiences=frozenset({"first", "second"}))
    check(access_token(aud="second"), by=several)
    check(access_token(aud=["x", "first"]), by=several)
    assert refusal(access_token(), by=several) == (Fault.AUDIENCE, "aud")


WRONG_TIMES: list[object] = [
    None,
    True,
    False,
    "1",
    str(NOW),
    [],
    {},
    [NOW],
    0,
    -1,
    0.0,
    -0.5,
    10**12,
    253_402_300_800,
    10**400,
    1e300,
]


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", WRONG_TIMES, ids=lambda value: ascii(value)[:20])
def test_times_that_are_none(name: str, value: object) -> None:
    """B-23: a time is a number between 1970 and the year 9999, in exp, nbf and iat alike (A-080…A-085, A-092)."""
    assert refusal(with_value(name, value)) == (Fault.MALFORMED, f"{name}_type")


def test_no_expiry() -> None:
    """A-080: a token without exp is refused."""
    assert refusal(access_token(exp=None)) == (Fault.MALFORMED, "exp_missing")


@pytest.mark.parametrize(("exp", "iat"), [(NOW + 60.5, NOW - 0.25), (253_402_300_799, NOW), (NOW + 1, 1)])
def test_times_that_are_legal(exp: float, iat: float) -> None:
    """A-086: a NumericDate may have a fraction, and the year 9999 is a year."""
    check(access_token(exp=exp, iat=iat))


@pytest.mark.parametrize("leeway", [0, 30, 300])
@pytest.mark.parametrize(
    ("name", "offset", "fault"),
    [
        ("exp", -0.5, None),
        ("exp", 0, Fault.EXPIRED),
        ("exp", 0.5, Fault.EXPIRED),
        ("nbf", -0.5, None),
        ("nbf", 0, None),
        ("nbf", 0.5, Fault.NOT_YET_VALID),
        ("nbf", 1, Fault.NOT_YET_VALID),
        ("iat", -0.5, None),
        ("iat", 0, None),
        ("iat", 0.5, Fault.NOT_YET_VALID),
    ],
)
def test_the_edges_of_time(name: str, offset: float, fault: Fault | None, leeway: int) -> None:
    """B-25: leeway is granted to exp and to nbf and iat, each on its side, to the moment (A-088…A-091)."""
    edge = NOW - leeway - offset if name == "exp" else NOW + leeway + offset
    claims = access_token(**{"iat": None, name: edge}, **({} if name == "exp" else {"exp": NOW + 1000}))
    by = rules(leeway=leeway)
    if fault is None:
        check(claims, typ="jwt", by=by)
    else:
        assert refusal(claims, typ="jwt", by=by) == (fault, name)


def test_issued_after_its_expiry() -> None:
    """A-092: iat is not after exp, within the leeway too."""
    assert refusal(access_token(exp=NOW + 10, iat=NOW + 11)) == (Fault.NOT_YET_VALID, "iat")
    check(access_token(exp=NOW + 10, iat=NOW + 10))


@settings(deadline=None)
@given(st.integers(0, 300), st.floats(-400, 400), st.none() | st.floats(-400, 400), st.none() | st.floats(-400, 400))
def test_time_as_a_formula(leeway: int, exp: float, nbf: float | None, iat: float | None) -> None:
    """B-23…B-25: a token is in its time exactly when the three inequalities hold."""
    times = {"exp": NOW + exp, "nbf": None if nbf is None else NOW + nbf, "iat": None if iat is None else NOW + iat}
    claims = access_token(**times)
    moments = {name: value - NOW for name, value in times.items() if value is not None}
    is_in_time = (
        leeway > -moments["exp"]
        and moments.get("nbf", -1e9) <= leeway
        and moments.get("iat", -1e9) <= min(leeway, moments["exp"])
    )
    try:
        check(claims, typ="jwt", by=rules(leeway=leeway))
        fault = None
    except InvalidCredential as error:
        fault = error.fault
    assert is_in_time == (fault is None)
    assert fault in {None, Fault.EXPIRED, Fault.NOT_YET_VALID}


@pytest.mark.parametrize("name", ["sub", "jti", "client_id", "azp", "cid", "appid"])
@pytest.mark.parametrize(
    "value", [1, 1.5, None, True, [], ["x"], {}, "", "x" * 256], ids=lambda value: ascii(value)[:12]
)
@pytest.mark.parametrize("typ", ["at+jwt", "jwt"])
def test_names_that_are_no_texts(typ: str, name: str, value: object) -> None:
    """B-27: whoever and whatever a token names is a text of 1 to 255 (A-109, A-112)."""
    assert refusal(with_value(name, value), typ=typ) == (Fault.MALFORMED, f"{name}_type")


def test_the_longest_names() -> None:
    """B-27: 255 characters are a name."""
    check(access_token(sub="s" * 255, jti="j" * 255, client_id="c" * 255))


@pytest.mark.parametrize(
    "evidence",
    [
        {"scope": "reports:read"},
        {"scope": ""},
        {"scp": ["reports:read"]},
        {"client_id": "client-1"},
        {"cid": "client-1"},
        {"appid": "client-1"},
        {"azpacr": "1"},
        {"appidacr": "1"},
        {"gty": "client-credentials"},
        {"permissions": []},
        {"token_use": "access"},
        {"typ": "Bearer"},
    ],
    ids=",".join,
)
@pytest.mark.parametrize("typ", ["jwt", None])
def test_evidence(typ: str | None, evidence: dict[str, object]) -> None:
    """B-09: without at+jwt, one sign of an access token must be there, and one is enough."""
    bare = id_token(auth_time=None)
    del bare["auth_time"]
    assert refusal(bare, typ=typ) == (Fault.TYPE, "no_evidence")
    check({**bare, **evidence}, typ=typ)


@pytest.mark.parametrize(
    "claim", ["azp", "email", "name", "roles", "groups", "sid", "acr", "amr", "ver", "uid", "entitlements"]
)
def test_what_is_no_evidence(claim: str) -> None:
    """B-09: what an ID token may hold as well says nothing."""
    assert refusal(id_token(**{claim: "x"}), typ="jwt") == (Fault.TYPE, "no_evidence")


@pytest.mark.parametrize(
    "changes",
    [
        {"token_use": "id"},
        {"token_use": "Access"},
        {"token_use": None},
        {"token_use": ["access"]},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"typ": "Offline"},
        {"typ": "Logout"},
        {"typ": "bearer"},
        {"typ": None},
        {"typ": "Bearer", "token_use": "id"},
        {"tok_type": "RT"},
        {"tok_type": 1},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}, "token_use": "access"},
        {"at_hash": "x"},
        {"c_hash": "x", "typ": "Bearer"},
        {"s_hash": None},
    ],
    ids=ascii,
)
@pytest.mark.parametrize("typ", ["at+jwt", "jwt", None])
def test_signs_of_another_class(typ: str | None, changes: dict[str, object]) -> None:
    """B-09: what another class of token says of itself refuses, whatever else speaks for it (A-118)."""
    assert refusal({**access_token(), **changes}, typ=typ) == (Fault.TYPE, "other_class")


@pytest.mark.parametrize(
    ("changes", "is_refused"),
    [
        pytest.param({"nonce": "n"}, True, id="nonce"),
        pytest.param({"nonce": None}, True, id="nonce is null"),
        pytest.param({"client_id": AUDIENCE}, True, id="aud is the client"),
        pytest.param({"aud": [AUDIENCE], "client_id": AUDIENCE}, True, id="aud is an array of the client"),
        pytest.param({"client_id": None, "azp": AUDIENCE}, True, id="aud is azp"),
        pytest.param({"client_id": None, "cid": AUDIENCE}, True, id="aud is cid"),
        pytest.param({"aud": [AUDIENCE, "other"], "client_id": AUDIENCE}, False, id="aud is the client and another"),
        pytest.param({"nonce": "n", "typ": "Bearer"}, False, id="nonce, Bearer"),
        pytest.param({"nonce": "n", "token_use": "access"}, False, id="nonce, token_use"),
        pytest.param({"nonce": "n", "gty": "password"}, False, id="nonce, gty"),
        pytest.param({"client_id": AUDIENCE, "typ": "Bearer"}, False, id="aud is the client, Bearer"),
        pytest.param({"nonce": "n", "scp": "x"}, True, id="nonce, scp"),
    ],
)
def test_signs_of_an_id_token(changes: dict[str, object], is_refused: bool) -> None:
    """B-09: a nonce, or an audience that is the client itself, refuses unless the token says what it is."""
    claims = {
        name: value for name, value in {**access_token(), **changes}.items() if (name, value) != ("client_id", None)
    }
    if is_refused:
        assert refusal(claims, typ="jwt") == (Fault.TYPE, "id_token")
    else:
        check(claims, typ="jwt")


TWINS: dict[str, tuple[str | None, dict[str, object]]] = {
    "ID token of another client (A-115)": ("jwt", id_token(aud="client-1", nonce="n", azp="client-1")),
    "ID token, same id, nonce and at_hash (A-116)": ("jwt", id_token(nonce="n", at_hash="h", azp=AUDIENCE)),
    "ID token, same id, no nonce": ("jwt", id_token(azp=AUDIENCE, email="a@b.example")),
    "ID token with scope, as Auth0 may": ("jwt", id_token(scope="openid", nonce="n", azp=AUDIENCE)),
    "ID token with scope, same client": ("jwt", id_token(scope="openid", azp=AUDIENCE)),
    "ID token without typ, as Okta's": (None, id_token(amr=["pwd"], idp="00o", ver=1, auth_time=NOW, at_hash="h")),
    "ID token of Cognito (A-118)": (None, id_token(token_use="id", **{"cognito:username": "u"})),
    "ID token of Keycloak": ("jwt", id_token(typ="ID", azp=AUDIENCE, scope="openid", sid="s")),
    "refresh token of Keycloak (A-122)": ("jwt", id_token(typ="Refresh", azp="client-1", scope="openid")),
    "offline token of Keycloak": ("jwt", id_token(typ="Offline", azp="client-1", scope="openid", client_id="client-1")),
    "refresh token without typ (A-122)": (None, id_token(aud=ISSUER, jti="r")),
    "refresh token without typ, our audience": (None, id_token(jti="r", sid="s")),
    "logout token": ("logout+jwt", id_token(events={}, jti="l", sid="s")),
    "logout token of old, typ JWT": ("jwt", id_token(events={}, jti="l", client_id="client-1")),
    "security event": ("secevent+jwt", id_token(events={}, jti="l", client_id="client-1")),
    "DPoP proof (A-119)": ("dpop+jwt", {"jti": "p", "htm": "GET", "htu": AUDIENCE, "iat": NOW, "ath": "h"}),
    "DPoP proof with our claims": ("dpop+jwt", access_token(htm="GET", htu=AUDIENCE)),
    "client assertion (A-119)": ("jwt", id_token(iss="client-1", sub="client-1", aud=ISSUER, jti="c")),
    "client assertion, our audience": ("jwt", id_token(iss="client-1", sub="client-1", jti="c", client_id="client-1")),
    "client assertion, new typ": ("client-authentication+jwt", access_token(iss="client-1")),
    "request object": ("oauth-authz-req+jwt", access_token(response_type="code")),
    "introspection answer": ("token-introspection+jwt", access_token(token_introspection={"active": True})),
    "transaction token": ("txntoken+jwt", access_token(txn="t")),
    "entity statement": ("entity-statement+jwt", access_token()),
    "verifiable credential (A-121)": ("vc+jwt", access_token(vc={})),
}


@pytest.mark.parametrize(("typ", "claims"), TWINS.values(), ids=TWINS.keys())
@pytest.mark.parametrize("profile", [AUTO, RFC9068], ids=["auto", "rfc9068"])
def test_twins(profile: Profile, typ: str | None, claims: dict[str, object]) -> None:
    """B-09: another class of token from the same issuer, under the same key, is no access token."""
    assert refusal(claims, typ=typ, by=rules(profile))[0] in {Fault.TYPE, Fault.AUDIENCE, Fault.ISSUER}


@pytest.mark.parametrize(
    "cnf", [{"jkt": "x"}, {"x5t#S256": "x"}, {"made-up": 1}, {}, None, "x", {"jkt": "x", "jwk": {}}], ids=ascii
)
@pytest.mark.parametrize("typ", ["at+jwt", "jwt"])
def test_a_token_that_is_bound_to_a_key(typ: str, cnf: object) -> None:
    """A-205: a bearer has not proved that he holds the key of cnf, whatever cnf holds."""
    assert refusal(with_value("cnf", cnf), typ=typ) == (Fault.TYPE, "bound")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"client_id": "a", "azp": "b", "cid": "c", "appid": "d"}, "a"),
        ({"azp": "b", "cid": "c", "appid": "d"}, "b"),
        ({"cid": "c", "appid": "d"}, "c"),
        ({"appid": "d"}, "d"),
        ({"sub": "s"}, None),
    ],
    ids=ascii,
)
def test_the_client(claims: dict[str, Any], expected: str | None) -> None:
    """B-27: the client is named by the first of the profile's claims that is there."""
    assert client_id(claims, AUTO) == expected


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({}, set()),
        ({"scope": ""}, set()),
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": "a  b "}, {"a", "b"}),
        ({"scope": "a\tb c"}, {"c"}),
        ({"scope": 'a "b" c\\d'}, {"a"}),
        ({"scope": "é a"}, {"a"}),
        ({"scope": "a\u00a0b a\u2003b"}, set()),
        ({"scope": ["a", "b c"]}, {"a"}),
        ({"scope": []}, set()),
        ({"scp": "a b"}, {"a", "b"}),
        ({"scp": ["a", "b"]}, {"a", "b"}),
        ({"scope": "a", "scp": ["b"]}, {"a"}),
        ({"scope": "reports:* * a"}, {"a"}),
        ({"scope": "a*b https://x/.default"}, {"a*b", "https://x/.default"}),
        ({"permissions": ["a"], "roles": ["b"], "groups": ["c"]}, set()),
    ],
    ids=lambda value: ascii(sorted(value) if isinstance(value, set) else value),
)
def test_scopes(claims: dict[str, Any], scopes: set[str]) -> None:
    """A-113: what is no scope-token is left out, wildcards too, and permissions and roles are no scopes."""
    assert read_scopes(claims) == scopes


@pytest.mark.parametrize("name", ["scope", "scp"])
@pytest.mark.parametrize("value", [1, 1.5, True, None, {}, {"a": 1}, [1], ["a", None], [["a"]]], ids=ascii)
def test_scopes_of_another_type(name: str, value: object) -> None:
    """A-113: a scope that is neither a text nor a list of texts is refused, and nothing else happens."""
    with pytest.raises(InvalidCredential) as caught:
        read_scopes({name: value})
    assert (caught.value.fault, caught.value.reason) == (Fault.MALFORMED, "scope_type")


VALUES = values(st.floats(allow_nan=False, allow_infinity=False))
"""What strict JSON has."""


@settings(deadline=None, max_examples=400)
@given(st.dictionaries(NAMES, VALUES, max_size=4), st.sampled_from(["at+jwt", "jwt", None, "x"]))
def test_any_claims(changes: dict[str, Any], typ: str | None) -> None:
    """B-75: whatever JSON stands in the claims, they are good or InvalidCredential, and nothing else."""
    claims = json.loads(json.dumps({**access_token(), **changes}))
    try:
        check(claims, typ=typ)
        read_scopes(claims)
    except InvalidCredential:
        return
    assert claims["iss"] == ISSUER
    assert AUDIENCE in claims["aud"]
    assert "cnf" not in claims
