"""Opaque tokens of an authorization server: what it says is judged by our rules too (RFC 7662, B-65, A-196)."""

from typing import Any

import pytest

from authmux import (
    Authenticator,
    Client,
    ConfigurationError,
    Fault,
    Principal,
    UnprovenClient,
    profiles,
)
from authmux.verifying.jwt import JWTVerifier
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, get_key, mint
from tests.verifying.introspection_house import TOKEN, House, Server
from tests.verifying.jwt_door import admit, refusal


def test_an_active_token() -> None:
    """B-65: the principal is who the server says, with its scopes and its proof."""
    principal = admit(House().authenticator, TOKEN)
    assert (type(principal), principal.key) == (Principal, (ISSUER, None, "principal", "subject-1"))
    assert principal.scopes == {"reports:read"}
    assert principal.client_id == "client-1"
    assert principal.credential is not None
    assert (principal.credential.kind, principal.credential.id) == ("opaque", "token-1")
    assert principal.credential.expires_at == NOW + 600


@pytest.mark.parametrize("active", ["true", 1, 1.0, "1", [True], None, ..., False], ids=str)
def test_what_is_not_active(active: object) -> None:
    """A-196: active is true, and nothing that somebody might take for it."""
    refused = refusal(House(Server(active=active)).authenticator, TOKEN)
    assert (refused.fault, refused.reason) == (Fault.REVOKED, "inactive")


@pytest.mark.parametrize(
    ("changes", "fault", "reason"),
    [
        pytest.param({"exp": NOW - 30}, Fault.EXPIRED, "exp", id="expired, though active (A-196)"),
        pytest.param({"exp": str(NOW + 60)}, Fault.MALFORMED, "exp_type", id="exp is a text"),
        pytest.param({"exp": True}, Fault.MALFORMED, "exp_type", id="exp is true"),
        pytest.param({"exp": None}, Fault.MALFORMED, "exp_type", id="exp is null"),
        pytest.param({"nbf": NOW + 31}, Fault.NOT_YET_VALID, "nbf", id="not yet valid"),
        pytest.param({"nbf": NOW + 31, "exp": ...}, Fault.NOT_YET_VALID, "nbf", id="not yet valid, without exp"),
        pytest.param({"iat": NOW + 31, "exp": ...}, Fault.NOT_YET_VALID, "iat", id="from the future, without exp"),
        pytest.param({"aud": ...}, Fault.AUDIENCE, "aud", id="no aud"),
        pytest.param({"aud": "other"}, Fault.AUDIENCE, "aud", id="for another"),
        pytest.param({"aud": [AUDIENCE, 1]}, Fault.AUDIENCE, "aud", id="aud of another type"),
        pytest.param({"iss": "https://other.example"}, Fault.ISSUER, "iss", id="of another issuer"),
        pytest.param({"iss": None}, Fault.ISSUER, "iss", id="issuer is null"),
        pytest.param({"cnf": {"jkt": "x"}}, Fault.TYPE, "bound", id="bound to a key"),
        pytest.param({"token_use": "refresh_token"}, Fault.TYPE, "other_class", id="Hydra's refresh token"),
        pytest.param({"token_type": "refresh_token"}, Fault.TYPE, "other_class", id="a refresh token"),
        pytest.param({"token_type": "DPoP"}, Fault.TYPE, "other_class", id="bound by DPoP"),
        pytest.param({"token_type": None}, Fault.TYPE, "other_class", id="token_type is null"),
        pytest.param({"typ": "Refresh"}, Fault.TYPE, "other_class", id="Keycloak's refresh token"),
        pytest.param({"sub": 5}, Fault.MALFORMED, "sub_type", id="sub is a number"),
        pytest.param({"sub": ..., "client_id": ...}, Fault.MALFORMED, "nobody_named", id="nobody"),
        pytest.param({"scope": 5}, Fault.MALFORMED, "scope_type", id="scope is a number"),
        pytest.param({"act": "x"}, Fault.MALFORMED, "act", id="actor is a text"),
    ],
)
def test_answers_that_refuse(changes: dict[str, Any], fault: Fault, reason: str) -> None:
    """B-65: a server may be lax about time, audience and class, and ours is the last word."""
    refused = refusal(House(Server(**changes)).authenticator, TOKEN)
    assert (refused.fault, refused.reason) == (fault, reason)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": ..., "iat": ..., "nbf": ...},
        {"iss": ...},
        {"token_type": ...},
        {"token_type": "bearer"},
        {"token_use": "access_token"},
        {"token_type": "access_token"},
        {"aud": AUDIENCE},
        {"typ": "Bearer"},
        {"exp": NOW + 0.5},
    ],
    ids=str,
)
def test_answers_that_are_good(changes: dict[str, Any]) -> None:
    """RFC 7662 §2.2: most members are optional, and written in several ways."""
    assert House(Server(**changes)).outcome() == "subject-1"


def test_a_server_that_is_trusted_with_the_audience() -> None:
    """B-22: an answer without aud is good only where the operator said so."""
    assert House(Server(aud=...), audience=None).outcome() == "subject-1"


@pytest.mark.parametrize(
    ("changes", "options", "expected"),
    [
        ({"sub": "client-1"}, {}, UnprovenClient),
        ({"sub": ...}, {}, UnprovenClient),
        ({"sub": "client-1"}, {"subjects_assigned_by_issuer": True}, Client),
        ({}, {"clients": ["client-1"]}, Client),
        ({}, {"clients": ["client-2"]}, Principal),
    ],
    ids=str,
)
def test_classes(changes: dict[str, Any], options: dict[str, Any], expected: type[Principal]) -> None:
    """A-110: the class is proved as for a JWT."""
    assert type(admit(House(Server(**changes), **options).authenticator, TOKEN)) is expected


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [("opaque", True), ("a.b", True), ("a.b.c.d", True), ("a.b.c", False), ("a.b.c.d.e", False), ("..", False)],
)
def test_shapes(text: str, is_taken: bool) -> None:
    """B-03: a JWT is never sent on to be asked about, nor is a JWE."""
    assert House().verifier.recognises(text) is is_taken


def test_a_jwt_goes_to_its_own_verifier_only() -> None:
    """B-03: a bad JWT is not tried a second time by introspection, in whatever order the verifiers stand."""
    house = House()
    jwt_verifier = JWTVerifier(issuer="https://other.example", audience=AUDIENCE)
    authenticator = Authenticator(house.verifier, jwt_verifier, clock=house.clock)
    assert refusal(authenticator, mint(get_key("ES256"))).reason == "unknown_issuer"
    assert admit(authenticator, TOKEN).id == "subject-1"
    assert house.server.asked == [TOKEN]


def test_a_token_that_is_too_long() -> None:
    """B-04: what is too long is neither hashed nor sent anywhere."""
    house = House()
    assert house.outcome("x" * 16_385) == "token_too_long"
    assert house.server.asked == []


@pytest.mark.parametrize(
    "options",
    [
        {"good_for": 31},
        {"good_for": -1},
        {"bad_for": 6},
        {"leeway": 301},
        {"leeway": float("nan")},
        {"remember": 0},
        {"audience": ""},
        {"audience": []},
        {"clients": "nightly-job"},
        {"profile": profiles.KUBERNETES},
        {"profile": profiles.GITHUB_ACTIONS},
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_it_cannot_be_told(options: dict[str, Any]) -> None:
    """B-11: numbers have their limits; and a profile that takes everybody for a client is for JWTs with accept=."""
    with pytest.raises(ConfigurationError):
        House(None, **options)


def test_two_that_take_the_rest() -> None:
    """B-03: of two verifiers for tokens without a shape, the second would never be asked."""
    with pytest.raises(ConfigurationError, match="no shape"):
        Authenticator(House().verifier, House().verifier)


def test_nothing_to_start() -> None:
    """A server can be asked only about a token."""
    assert list(House().verifier.start()) == []
