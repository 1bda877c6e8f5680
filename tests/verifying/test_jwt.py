"""The JWT verifier: forged, confused and malformed tokens stay outside, and who comes in is who the claims say.

What becomes of a token that pretends to another algorithm, key or header is in the tables of `tests/conformance`.
"""

import logging
import time
from typing import Any

import joserfc.errors
import joserfc.jwk
import joserfc.jwt
import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jws import JWSRegistry

from authmux import (
    Authenticator,
    Client,
    ConfigurationError,
    Fault,
    FixedKeys,
    InvalidCredential,
    PresentedCredential,
    Principal,
    Unavailable,
    UnprovenClient,
    User,
    profiles,
    run,
)
from authmux.clock import SYSTEM_CLOCK
from authmux.testing import LocalIssuer
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.jwt import JWTVerifier
from tests.conformance.forgeries import attacker, hmac_signed, with_signature
from tests.jose.stopwatch import fastest
from tests.jose.token_maker import (
    ALGORITHMS,
    AUDIENCE,
    ISSUER,
    NOW,
    access_token,
    encode,
    get_key,
    good_header,
    good_payload,
    jwk,
    mint,
    public_key,
    sign_bytes,
)
from tests.verifying.drawn_claims import NAMES, values
from tests.verifying.jwt_door import Door, admit, es256_door
from tests.verifying.scripted_fetch import ScriptedFetch, down

KIDS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA")


@pytest.fixture(scope="module")
def door() -> Door:
    """Return a door for all kinds of keys, each for its one algorithm, that are known already."""
    all_kinds = Door([get_key(kid) for kid in KIDS])
    all_kinds.admit(mint(get_key("ES256")))
    return all_kinds


# Genuine tokens


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_every_algorithm(alg: str) -> None:
    """B-10: a genuine token of every algorithm is believed."""
    principal = Door([get_key(alg)]).admit(mint(get_key(alg)))
    assert (principal.id, principal.issuer, *principal.scopes) == ("subject-1", ISSUER, "reports:read")


def test_ed25519_under_its_own_name() -> None:
    """B-10: a token that says Ed25519 is verified as one that says EdDSA."""
    assert Door([get_key("EdDSA")]).admit(mint(get_key("EdDSA"), alg="Ed25519")).id == "subject-1"


@pytest.mark.parametrize("typ", ["JWT", "jwt", None, "application/JWT", "application/at+jwt", "AT+JWT"])
def test_every_typ_of_an_access_token(typ: str | None) -> None:
    """A-050: the profile AUTO takes at+jwt, JWT and no typ, in any case."""
    assert es256_door().admit(mint(get_key("ES256"), typ=typ)).id == "subject-1"


@pytest.mark.parametrize("alg", ["RS256", "ES384", "EdDSA"])
def test_a_real_issuer(alg: str) -> None:
    """B-57: with discovery and HTTP as they are, a token of a local issuer is believed."""
    with LocalIssuer(algorithm=alg, audience=AUDIENCE) as issuer:
        verifier = JWTVerifier(issuer=issuer.url, audience=AUDIENCE, profile=profiles.RFC9068)
        principal = admit(Authenticator(verifier), issuer.token(subject="job-7", scope="reports:read"))
        assert (principal.id, principal.issuer) == ("job-7", issuer.url)


# Which key it is


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_an_attackers_key(door: Door, alg: str) -> None:
    """B-16: a token that is right in everything but its key is refused."""
    assert door.refusal(mint(attacker(alg), kid=alg)).reason == "signature"
    assert door.admit(mint(get_key(alg), kid=alg)).id == "subject-1"


@pytest.mark.parametrize("named", ["x5t", "x5t#S256"])
@pytest.mark.parametrize(
    ("in_header", "is_good"), [("right", True), (None, True), ("other", False), (1, False), ([], False)]
)
def test_certificate_thumbprints(named: str, in_header: object, is_good: bool) -> None:
    """A-020: where both the key and the token name a certificate, it is the same one."""
    door = Door([jwk(get_key("ES256"), **{named: "right"})])
    text = get_key("ES256").sign(access_token(), {"typ": "at+jwt", named: in_header})
    if is_good:
        assert door.admit(text).id == "subject-1"
    else:
        assert door.refusal(text).fault is Fault.SIGNATURE


def test_a_certificate_that_only_the_token_names() -> None:
    """B-12: thumbprints are compared if both sides have one."""
    text = get_key("ES256").sign(access_token(), {"typ": "at+jwt", "x5t": "x", "x5t#S256": "y"})
    assert es256_door().admit(text).id == "subject-1"


def test_a_symmetric_key_in_the_set() -> None:
    """A-160: an oct key that the issuer publishes verifies nothing, under no algorithm."""
    secret = b"s" * 32
    oct_jwk: dict[str, object] = {"kty": "oct", "k": encode(secret), "kid": "shared", "alg": "HS256"}
    door = Door([oct_jwk, get_key("RS256"), get_key("ES256")])
    for alg in ("HS256", "RS256", "ES256"):
        assert door.refusal(hmac_signed(secret, alg=alg, kid="shared")).fault is Fault.SIGNATURE


@pytest.mark.parametrize("e", [1, 3])
def test_a_token_that_needs_no_private_key(e: int) -> None:
    """A-161: with e = 1 the padded hash is its own signature, so that such a key is none."""
    n = (1 << 2047) | 1
    door = Door(
        [{"kty": "RSA", "n": encode(n.to_bytes(256, "big")), "e": encode(bytes([e])), "kid": "weak"}, get_key("ES256")]
    )
    text = mint(get_key("RS256"), kid="weak")
    digest = jwt.get_algorithm_by_name("RS256").compute_hash_digest(text.rpartition(".")[0].encode())
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest
    assert (
        door.refusal(with_signature(text, b"\0\1" + b"\xff" * (253 - len(info)) + b"\0" + info)).fault
        is Fault.SIGNATURE
    )


def test_one_secret_and_many_kids() -> None:
    """A-041: a kid is looked up, and no key is tried in another's place."""
    door = Door([get_key("ES256"), get_key("ES256 second")])
    assert door.refusal(mint(get_key("ES256"), kid="ES256 second")).reason == "signature"
    assert door.refusal(mint(get_key("ES256 second"), kid="ES256")).reason == "signature"


def test_no_kid_and_one_key() -> None:
    """B-13: a token without kid is believed where only one key could be meant."""
    assert es256_door().admit(mint(get_key("ES256"), kid=None)).id == "subject-1"


@pytest.mark.parametrize(
    "kid", ["es256", "ES256 ", "ES256\u0301", "../../dev/null", "' OR 1=1", "https://evil.example", "k" * 256]
)
def test_kids_that_are_unknown(kid: str) -> None:
    """A-038: a kid that the issuer does not publish is refused, whatever is written in it."""
    door = es256_door()
    assert (door.refusal(mint(get_key("ES256"), kid=kid)).fault, door.fetched) == (Fault.SIGNATURE, 2)
    assert set(door.fetch.urls) == {"https://idp.example/keys"}


def test_algorithms_that_are_narrowed() -> None:
    """B-10: only the algorithms that were asked for are taken, and no key is fetched for the others."""
    door = Door([get_key("RS256"), get_key("ES256")], algorithms=["ES256"])
    assert (door.refusal(mint(get_key("RS256"))).reason, door.fetched) == ("alg", 0)
    assert door.admit(mint(get_key("ES256"))).id == "subject-1"


@pytest.mark.parametrize(
    "claims",
    [
        access_token(exp=NOW - 30),
        access_token(iat=NOW + 31),
        access_token(aud="other"),
        access_token(aud=None),
        access_token(events={}),
        access_token(sub=None),
        access_token(cnf={"jkt": "x"}),
    ],
    ids=["expired", "future", "other audience", "no audience", "logout", "no subject", "bound"],
)
def test_what_refuses_without_a_key(claims: dict[str, object]) -> None:
    """B-33: a token that is no good whoever signed it neither waits for keys nor fetches any."""
    door = es256_door()
    door.fetch.script(down())
    door.refusal(mint(get_key("ES256"), claims))
    door.refusal(mint(attacker("ES256"), claims, kid="made-up"))
    assert door.fetched == 0


def test_an_issuer_that_is_down() -> None:
    """B-32: without any keys a good token cannot be checked, which is not the same as bad."""
    door = es256_door()
    door.fetch.script(down())
    with pytest.raises(Unavailable) as caught:
        door.admit(mint(get_key("ES256")))
    assert 1 <= caught.value.retry_after <= 30


# Who it is


def test_a_principal_of_no_proved_class() -> None:
    """A-110: where users may choose their subject, one who chose a client's id is no client, and not the user of it."""
    door = es256_door()
    either = door.admit(mint(get_key("ES256"), access_token(sub="client-1")))
    user = door.admit(mint(get_key("ES256"), access_token(sub="client-1", client_id="another")))
    assert (type(either), type(user)) == (UnprovenClient, Principal)
    assert not isinstance(either, Client | User)
    assert either != user


@pytest.mark.parametrize("by_profile", [True, False], ids=["profile", "argument"])
def test_a_client(by_profile: bool) -> None:
    """B-66: where the issuer assigns subjects, a subject that is the client's id is a client, and no other is."""
    profile = profiles.Profile(name="own", types=profiles.AUTO.types, client_if_subject_is_client=True)
    door = es256_door(**({"profile": profile} if by_profile else {"subjects_assigned_by_issuer": True}))
    client = door.admit(mint(get_key("ES256"), access_token(sub="client-1")))
    other = door.admit(mint(get_key("ES256"), access_token(sub="user-1")))
    assert (type(client), client.id) == (Client, "client-1")
    assert type(other) is Principal
    assert not isinstance(other, Client | User)


def test_a_token_without_subject() -> None:
    """B-27: under the compatible rules the client stands in for a subject, and is no proved client for it."""
    door = es256_door(subjects_assigned_by_issuer=True)
    principal = door.admit(mint(get_key("ES256"), access_token(sub=None), typ="JWT"))
    assert (type(principal), principal.id) == (UnprovenClient, "client-1")


def test_what_a_principal_says() -> None:
    """B-66: issuer, id, scopes, token id, expiry and claims come from the token, and the text does not stay."""
    text = mint(get_key("ES256"), access_token(exp=NOW + 60.5, scope="a b", roles=["x", {"y": [1]}]))
    principal = es256_door().admit(text)
    assert principal.key == (ISSUER, None, "principal", "subject-1")
    assert principal.scopes == {"a", "b"}
    assert principal.credential is not None
    assert (principal.credential.kind, principal.credential.id, principal.credential.expires_at) == (
        "jwt",
        "token-1",
        NOW + 60.5,
    )
    assert principal.claims["roles"] == ("x", {"y": (1,)})
    assert text not in repr(principal)


def test_claims_cannot_be_changed() -> None:
    """B-66: the claims that requests share are read-only in depth."""
    claims: Any = es256_door().admit(mint(get_key("ES256"), access_token(roles=[{"a": [1]}]))).claims
    with pytest.raises(TypeError):
        claims["sub"] = "admin"
    with pytest.raises(TypeError):
        claims["roles"][0]["a"] = 2
    with pytest.raises(AttributeError):
        claims["roles"].append(1)


@pytest.mark.parametrize("scope", [1, True, {"a": 1}, [1], None], ids=ascii)
def test_a_scope_of_another_type(scope: object) -> None:
    """A-113: a scope that is no text and no list of texts refuses the token."""
    text = sign_bytes(get_key("ES256"), good_header(get_key("ES256")), good_payload(scope=scope))
    assert es256_door().refusal(text).reason == "scope_type"


@pytest.mark.parametrize(
    ("claims", "is_good"),
    [
        ({"aud": [f"a{number}" for number in range(1200)] + [AUDIENCE]}, True),
        ({"aud": [AUDIENCE] * 400 + [1]}, False),
        ({"scope": " ".join(f"s:{number}" for number in range(1400))}, True),
        ({"groups": [f"g{number}" for number in range(1200)]}, True),
        ({f"n{number}": 0 for number in range(900)}, False),
    ],
    ids=["many audiences", "many audiences, one bad", "many scopes", "many groups", "many names"],
)
def test_large_tokens(claims: dict[str, object], is_good: bool) -> None:
    """A-077: what is large within the size that is allowed costs milliseconds, good or bad."""
    door = es256_door()
    text = mint(get_key("ES256"), access_token(**claims))
    door.admit(mint(get_key("ES256")))
    come = door.admit if is_good else door.refusal
    assert fastest(lambda: come(text)) < 0.05


# Configuration


@pytest.mark.parametrize(
    "options",
    [
        {"issuer": "http://idp.example"},
        {"issuer": "idp.example"},
        {"issuer": ""},
        {"issuer": "https://"},
        {"issuer": "ftp://idp.example"},
        {"issuer": "file:///etc/passwd"},
        {"issuer": "https://idp.example?tenant=1"},
        {"issuer": "https://idp.example#x"},
        {"issuer": "https://user:secret@idp.example"},
        {"issuer": "https://[::1"},
        {"issuer": "http://127.0.0.1.evil.example"},
        {"jwks_uri": "http://idp.example/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "data:application/json,{}"},
        {"jwks_uri": "https://[::1"},
        {"audience": ""},
        {"audience": []},
        {"audience": ["api", ""]},
        {"algorithms": []},
        {"algorithms": ["none"]},
        {"algorithms": ["HS256"]},
        {"algorithms": ["RS256", "HS256"]},
        {"algorithms": ["rs256"]},
        {"algorithms": "ES256K"},
        {"leeway": -1},
        {"leeway": 301},
        {"leeway": float("nan")},
        {"leeway": float("inf")},
    ],
    ids=ascii,
)
def test_configurations_that_are_refused(options: dict[str, Any]) -> None:
    """B-11: what could never be safe is refused when the verifier is made, and with a sentence."""
    with pytest.raises(ConfigurationError) as caught:
        JWTVerifier(**{"issuer": ISSUER, "audience": AUDIENCE, "fetch": ScriptedFetch(), **options})
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize(
    "options",
    [
        {"issuer": "https://tenant.eu.auth0.com/"},
        {"issuer": "http://127.0.0.1:8080"},
        {"issuer": "http://localhost:8080/realms/a"},
        {"issuer": "http://[::1]:8080"},
        {"jwks_uri": "https://idp.example/keys"},
        {"audience": ["api", "other"]},
        {"algorithms": "RS256"},
        {"algorithms": ["EdDSA", "Ed25519"]},
        {"leeway": 0},
        {"leeway": 300},
    ],
    ids=ascii,
)
def test_configurations_that_are_taken(options: dict[str, Any]) -> None:
    """B-11: an https issuer, or one on loopback, with an audience is all it takes, and nothing is fetched for it."""
    fetch = ScriptedFetch()
    JWTVerifier(**{"issuer": ISSUER, "audience": AUDIENCE, "fetch": fetch, **options})
    assert fetch.requests == []


def test_a_jwks_uri_may_have_a_query() -> None:
    """RFC 8414 §2: only an issuer has no query; Entra's own documentation gives `…/keys?appid=…`."""
    assert JWTVerifier(
        issuer=ISSUER, audience=AUDIENCE, jwks_uri="https://idp.example/keys?appid=1", fetch=ScriptedFetch()
    )


def test_the_leeway_is_half_a_minute() -> None:
    """B-25: a token is believed for 30 seconds after its expiry, unless it is said otherwise."""
    text = mint(get_key("ES256"), access_token(iat=NOW - 60, exp=NOW - 29))
    assert es256_door().admit(text).id == "subject-1"
    assert es256_door(leeway=0).refusal(text).fault is Fault.EXPIRED


# Everything else that somebody may send


FUZZED = Door([get_key("ES256"), get_key("EdDSA")])
"""Known keys and a clock that stands, for the fuzz."""

HEADER_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        "RS256",
        "ES256",
        "EdDSA",
        "none",
        "HS256",
        "JWT",
        "at+jwt",
        "dpop+jwt",
        "",
        "x",
        "\u0130",
        0,
        1.5,
        True,
        None,
        [],
        ["b64"],
        {},
    ]
)
CLAIM_VALUES = values(st.floats() | st.sampled_from([AUDIENCE, ISSUER, NOW]))
HEADER_NAMES = ["alg", "kid", "typ", "cty", "crit", "b64", "zip", "jwk", "jku", "x5c", "x5t", "nonce"]


def fuzz(text: str, door: Door = FUZZED) -> Principal | None:
    """Return who was let in, or None; every other end than a refusal is an error of ours."""
    try:
        return admit(door.authenticator, text)
    except (InvalidCredential, Unavailable):
        return None


@settings(deadline=None, max_examples=300)
@given(
    st.text()
    | st.binary(max_size=100).map(lambda data: data.decode("latin-1"))
    | st.text(alphabet="abcXYZ019-_.=", max_size=60)
)
def test_any_text(text: str) -> None:
    """B-75: no text that is no token gets in, or raises anything but a refusal."""
    assert fuzz(text) is None


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_any_mutation(data: st.DataObject) -> None:
    """A-212: a genuine token with any characters changed is refused, and nothing else happens."""
    genuine = mint(get_key(data.draw(st.sampled_from(["ES256", "EdDSA"]))))
    text = genuine
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        inserted = data.draw(st.text(alphabet="ABCabc019-_.=+/ \n\0é", max_size=3) | st.text(max_size=2))
        text = text[:at] + inserted + text[at + data.draw(st.integers(0, 4)) :]
    assert fuzz(text) is None or text == genuine


@settings(deadline=None, max_examples=400)
@given(
    st.dictionaries(st.sampled_from(HEADER_NAMES), HEADER_VALUES, max_size=3),
    st.dictionaries(NAMES, CLAIM_VALUES, max_size=3),
)
def test_any_signed_token(header: dict[str, Any], claims: dict[str, Any]) -> None:
    """B-75: whatever a genuine key signs, a caller comes in by the rules, or is refused, and nothing else happens."""
    key = get_key("ES256")
    principal = fuzz(sign_bytes(key, good_header(key, **header), good_payload(**claims)))
    if principal is not None:
        assert principal.issuer == ISSUER
        assert AUDIENCE in principal.claims["aud"]
        assert not {"crit", "b64", "zip", "cty"} & header.keys()
        assert principal.claims["exp"] > NOW - 30


# What others say


OFFSETS = [-100_000, -3600, -60, -20, 0, 20, 60, 3600, 100_000]
TIMES = st.sampled_from(["exp", "nbf", "iat"])
PLAIN_HEADERS = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit", "b64"]),
    st.sampled_from(["RS256", "ES256", "EdDSA", "HS256", "none", "JWT", "at+jwt", "x", 1, None, [], ["b64"], False]),
    max_size=2,
)


@pytest.fixture(scope="module")
def living_door() -> Door:
    """Return a door whose clock runs, as the clocks of other libraries do."""
    return Door([get_key(kid) for kid in ("RS256", "ES256", "EdDSA")], clock=SYSTEM_CLOCK)


def thawed(value: Any) -> Any:
    """Return claims as JSON has them."""
    if isinstance(value, tuple):
        return [thawed(each) for each in value]
    return {name: thawed(each) for name, each in value.items()} if hasattr(value, "items") else value


def by_pyjwt(text: str, alg: str) -> dict[str, Any]:
    """Return the claims as PyJWT reads them."""
    key = public_key(get_key(alg)).key
    return jwt.decode(text, key, algorithms=[alg], audience=AUDIENCE, issuer=ISSUER, leeway=30)


def by_joserfc(text: str, alg: str) -> dict[str, Any]:
    """Return the claims as joserfc reads them; it refuses header parameters that it does not know, unless told."""
    key = joserfc.jwk.import_key(get_key(alg).public_jwk)
    registry = JWSRegistry(algorithms=["RS256", "ES256", "EdDSA"], strict_check_header=False)
    claims = joserfc.jwt.decode(text, key, algorithms=[alg], registry=registry).claims
    rules = joserfc.jwt.JWTClaimsRegistry(
        leeway=30,
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
    )
    rules.validate(claims)
    return claims


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    alg=st.sampled_from(["RS256", "ES256", "EdDSA"]),
    header=PLAIN_HEADERS,
    claims=st.dictionaries(NAMES, CLAIM_VALUES, max_size=2),
    times=st.dictionaries(TIMES, st.sampled_from(OFFSETS), max_size=3),
    fraction=st.sampled_from([0, 0.5]),
)
def test_what_is_believed_here_is_believed_elsewhere(
    living_door: Door, alg: str, header: dict[str, Any], claims: dict[str, Any], times: dict[str, int], fraction: float
) -> None:
    """B-77: every token that gets in is good for PyJWT and for joserfc too, with the same claims."""
    key, now = get_key(alg), int(time.time())
    moments: dict[str, Any] = {
        "exp": now + 600,
        "iat": now,
        **{name: now + offset + fraction for name, offset in times.items()},
    }
    text = sign_bytes(key, good_header(key, **header), good_payload(**{**moments, **claims}))
    principal = fuzz(text, living_door)
    if principal is not None:
        claims_here = thawed(principal.claims)
        assert claims_here == by_pyjwt(text, alg)
        assert claims_here == by_joserfc(text, alg)


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_the_others_believe_a_genuine_token(living_door: Door, alg: str) -> None:
    """B-77: the comparison is not empty: a genuine token is believed by all three."""
    now = int(time.time())
    text = mint(get_key(alg), access_token(iat=now, exp=now + 600))
    assert thawed(living_door.admit(text).claims) == by_pyjwt(text, alg) == by_joserfc(text, alg)


@pytest.mark.parametrize(
    ("options", "life", "warnings"),
    [
        pytest.param({}, 25 * 3600, 0, id="25 hours"),
        pytest.param({}, 25 * 3600 + 1, 1, id="a second more"),
        pytest.param({"max_lifetime": 30 * 3600}, 26 * 3600, 0, id="a limit that was set"),
    ],
)
def test_tokens_that_live_long(
    options: dict[str, Any], life: int, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    """B-26: tokens of more than 25 hours are taken, and warned of once, where no limit was set."""
    keys = FixedKeys({"keys": [get_key("ES256").public_jwk]})
    clock = ManualClock()
    verifier = JWTVerifier(issuer=ISSUER, audience=AUDIENCE, keys=keys, clock=clock, **options)
    authenticator = Authenticator(verifier, clock=clock)
    for number in range(2):
        text = mint(get_key("ES256"), access_token(jti=f"t{number}", iat=NOW, exp=NOW + life))
        assert run(authenticator.verify(PresentedCredential(text))).id
    assert [each.levelno for each in caplog.records] == [logging.WARNING] * warnings
