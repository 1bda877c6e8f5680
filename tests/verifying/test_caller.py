"""Who is calling: the class that claims prove, the name, the rights, and who acts for whom (B-28, B-66…B-68)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux import Client, Fault, InvalidCredential, Principal, User, VerifiedCredential, profiles
from authmux.principal import Actor, UnprovenClient
from authmux.profiles import AUTO, Profile, Signs
from authmux.verifying.caller import CallerRules, read_actors, read_tenant
from tests.jose.token_maker import AUDIENCE, ISSUER, access_token

PROOF = VerifiedCredential(kind="jwt", id="token-1")
DEMO = replace(
    AUTO,
    name="demo",
    client=(Signs(equal={"kind": "service"}),),
    user=(Signs(equal={"kind": "person"}),),
    tenant="org",
    permissions=(("permissions",),),
    roles=(("realm", "roles"), ("access", "{audience}", "roles")),
    groups=(("groups",),),
)


def rules(profile: Profile = DEMO, **more: Any) -> CallerRules:
    return CallerRules(profile=profile, audiences=frozenset({AUDIENCE}), **more)


def caller(by: CallerRules | None = None, /, **changes: object) -> Principal:
    return (by or rules()).principal(access_token(**changes), issuer=ISSUER, credential=PROOF)


@pytest.mark.parametrize(
    ("claims", "more", "expected"),
    [
        pytest.param({"kind": "service"}, {}, Client, id="proved to be a client"),
        pytest.param({"kind": "person"}, {}, User, id="proved to be a user"),
        pytest.param({}, {}, Principal, id="nothing is proved"),
        pytest.param({"sub": "client-1"}, {}, UnprovenClient, id="subject is the client, which a user may choose"),
        pytest.param({"sub": None}, {}, UnprovenClient, id="no subject"),
        pytest.param({"sub": "client-1"}, {"clients_by_subject": True}, Client, id="subjects are the issuer's"),
        pytest.param(
            {"sub": None}, {"clients_by_subject": True}, UnprovenClient, id="no subject, subjects the issuer's"
        ),
        pytest.param({}, {"clients_by_subject": True}, Principal, id="another subject, subjects the issuer's"),
        pytest.param({}, {"clients": frozenset({"client-1"})}, Client, id="client on the list"),
        pytest.param({"client_id": "x"}, {"clients": frozenset({"client-1"})}, Principal, id="client not on the list"),
        pytest.param({"client_id": None}, {"clients": frozenset({"subject-1"})}, Principal, id="subject on the list"),
        pytest.param(
            {"kind": "person"}, {"clients": frozenset({"client-1"})}, User, id="a user, by a client on the list"
        ),
        pytest.param({"kind": "person", "sub": "client-1"}, {"clients_by_subject": True}, User, id="a user named so"),
        pytest.param({"kind": True}, {}, Principal, id="a sign of another type"),
    ],
)
def test_classes(claims: dict[str, Any], more: dict[str, Any], expected: type[Principal]) -> None:
    """A-110: a class is what is proved, and a name that somebody could choose proves none."""
    assert type(caller(rules(**more), **claims)) is expected


@pytest.mark.parametrize(
    ("profile", "more", "classes"),
    [
        (AUTO, {}, {Principal, UnprovenClient}),
        (AUTO, {"clients": frozenset({"x"})}, {Principal, UnprovenClient, Client}),
        (AUTO, {"clients_by_subject": True}, {Principal, UnprovenClient, Client}),
        (DEMO, {}, {Principal, UnprovenClient, Client, User}),
        (profiles.HYDRA, {}, {Principal, UnprovenClient, User}),
        (profiles.KUBERNETES, {}, {Principal, UnprovenClient, Client}),
    ],
    ids=["auto", "auto, clients", "auto, subjects", "demo", "hydra", "kubernetes"],
)
def test_classes_that_are_possible(profile: Profile, more: dict[str, Any], classes: set[type[Principal]]) -> None:
    """B-66: a guard for a class that nobody can prove can be told at start-up."""
    assert set(rules(profile, **more).classes) == classes


def test_identities_are_apart() -> None:
    """RFC 9700 §4.15: a user, a client and a caller of no proved class are three, even under one name."""
    named = [caller(kind="person"), caller(kind="service"), caller(), caller(client_id="subject-1")]
    assert {each.id for each in named} == {"subject-1"}
    assert len(set(named)) == 4


def test_rights_are_kept_apart() -> None:
    """B-68: permissions, roles and groups are no scopes (A-208)."""
    principal = caller(
        permissions=["reports:delete"],
        realm={"roles": ["admin"]},
        access={AUDIENCE: {"roles": ["editor"]}, "https://other.example": {"roles": ["owner"]}},
        groups=["staff"],
    )
    assert principal.scopes == {"reports:read"}
    assert principal.permissions == {"reports:delete"}
    assert principal.roles == {"admin", "editor"}
    assert principal.groups == {"staff"}


def test_more_scopes_on_purpose() -> None:
    """B-68: what is no scope becomes one only where the verifier was told so, and never a wildcard."""
    by = rules(more_scopes=(("permissions",), ("realm", "roles")))
    principal = caller(by, permissions=["reports:delete", "*", "a b"], realm={"roles": "admin"})
    assert principal.scopes == {"reports:read", "reports:delete", "admin"}


ODD: list[object] = [None, 1, True, "text", [], [1, None, "a"], {}, {"roles": 1}, {"roles": {"a": {}}}, [["a"]]]


@pytest.mark.parametrize("value", ODD, ids=ascii)
def test_rights_of_another_shape(value: object) -> None:
    """B-75: rights that are written otherwise than expected are none, and nothing else happens."""
    principal = caller(permissions=value, realm=value, access=value, groups=value)
    assert all(isinstance(each, str) for each in principal.permissions | principal.roles | principal.groups)


def test_claims_cannot_be_changed() -> None:
    """B-66: a principal is shared between requests, so that its claims are read-only in depth."""
    principal = caller(extra={"list": [{"a": 1}]})
    with pytest.raises(TypeError):
        principal.claims["extra"]["list"][0]["a"] = 2


@pytest.mark.parametrize(
    ("claims", "actors"),
    [
        ({}, ()),
        ({"act": {"sub": "a"}}, (Actor(id="a"),)),
        ({"act": {"sub": "a", "iss": "https://x.example"}}, (Actor(id="a", issuer="https://x.example"),)),
        ({"act": {"sub": "now", "act": {"sub": "before", "email": 5}}}, (Actor(id="now"), Actor(id="before"))),
        ({"may_act": {"sub": "a"}}, ()),
    ],
    ids=ascii,
)
def test_actors(claims: dict[str, Any], actors: tuple[Actor, ...]) -> None:
    """B-28: whoever acts now comes first; who may act does not act."""
    assert read_actors(claims) == actors
    assert caller(**claims).actors == actors


def chain(length: int) -> dict[str, object]:
    claims: dict[str, object] = {}
    for number in range(length):
        claims = {"act": {"sub": f"actor-{number}", **claims}}
    return claims


def test_the_longest_chain_of_actors() -> None:
    """B-28: eight actors are read, and nine are refused."""
    assert len(read_actors(chain(8))) == 8
    with pytest.raises(InvalidCredential, match="act"):
        read_actors(chain(9))


@pytest.mark.parametrize(
    "act",
    [None, "a", [], ["a"], 1, {}, {"sub": ""}, {"sub": 1}, {"sub": None}, {"sub": "a" * 513}, {"client_id": "a"},
     {"sub": "a", "iss": 1}, {"sub": "a", "iss": None}, {"sub": "a", "act": None}, {"sub": "a", "act": {}}],
    ids=ascii,
)  # fmt: skip
def test_actors_that_cannot_be_read(act: object) -> None:
    """B-28: an actor whom nobody could name refuses the token, rather than being left out."""
    with pytest.raises(InvalidCredential) as caught:
        read_actors({"act": act})
    assert (caught.value.fault, caught.value.reason) == (Fault.MALFORMED, "act")


URN = "urn:logto:organization:"


@pytest.mark.parametrize(
    ("profile", "claims", "tenant"),
    [
        (AUTO, {"org": "o1"}, None),
        (DEMO, {}, None),
        (DEMO, {"org": "o1"}, "o1"),
        (profiles.LOGTO, {"aud": f"{URN}o1"}, "o1"),
        (profiles.LOGTO, {"aud": [AUDIENCE, f"{URN}o1"]}, "o1"),
        (profiles.LOGTO, {"aud": AUDIENCE, "organization_id": "o1"}, "o1"),
        (profiles.LOGTO, {"aud": f"{URN}o1", "organization_id": "o1"}, "o1"),
        (profiles.LOGTO, {"aud": 5}, None),
        (profiles.LOGTO, {"aud": [5, None]}, None),
    ],
    ids=ascii,
)
def test_tenants(profile: Profile, claims: dict[str, Any], tenant: str | None) -> None:
    """B-66: the tenant is what the profile's claim names, or the organisation that the token is for."""
    assert read_tenant(claims, profile) == tenant


@pytest.mark.parametrize(
    ("profile", "claims"),
    [
        (DEMO, {"org": None}),
        (DEMO, {"org": ""}),
        (DEMO, {"org": 1}),
        (DEMO, {"org": ["o1"]}),
        (DEMO, {"org": {}}),
        (DEMO, {"org": "o" * 513}),
        (profiles.LOGTO, {"aud": URN}),
        (profiles.LOGTO, {"aud": [f"{URN}o1", f"{URN}o2"]}),
        (profiles.LOGTO, {"aud": f"{URN}o1", "organization_id": "o2"}),
    ],
    ids=ascii,
)
def test_tenants_that_cannot_be_read(profile: Profile, claims: dict[str, Any]) -> None:
    """B-66: a tenant that is no text, or two of them, must not come out as a caller of none."""
    with pytest.raises(InvalidCredential) as caught:
        read_tenant(claims, profile)
    assert (caught.value.fault, caught.value.reason) == (Fault.MALFORMED, "tenant")


NAMES = st.sampled_from(
    ["sub", "scope", "scp", "act", "org", "permissions", "realm", "access", "groups", "kind", "azp"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sub", "roles", "act"]), inner),
    max_leaves=5,
)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_claims(changes: dict[str, Any]) -> None:
    """B-75: whatever stands in the claims, it is a principal with texts for rights, or a refusal."""
    claims = access_token(**{name: value for name, value in changes.items() if name not in {"sub", "azp"}})
    try:
        principal = rules().principal(claims, issuer=ISSUER, credential=PROOF)
    except InvalidCredential:
        return
    assert all(type(each) is str for each in principal.scopes | principal.roles | principal.groups)
    assert principal.tenant is None or type(principal.tenant) is str
