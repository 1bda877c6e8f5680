"""The health of issuers: what a dashboard reads, and when it says that all is well (B-74)."""

import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from authmux import Authenticator
from authmux.flow import run
from authmux.testing import LocalIssuer
from authmux.verifying.health import Health, IssuerHealth
from authmux.verifying.jwt import JWTVerifier
from tests.jose.token_maker import AUDIENCE

GOOD = IssuerHealth(
    issuer="https://idp.example",
    age=12.5,
    generation=1,
    keys=2,
    set_hash="0123456789abcdef",
    failures=0,
    next_attempt_in=0.0,
    fetches={"fetched": 1},
)


@pytest.mark.parametrize(
    ("changes", "is_ready", "is_stale"),
    [
        pytest.param({}, True, False, id="fresh"),
        pytest.param({"age": 3600.0}, True, False, id="an hour"),
        pytest.param({"age": 3600.1}, True, True, id="more than an hour"),
        pytest.param({"age": 86399.0}, True, True, id="nearly a day"),
        pytest.param({"age": 86400.0}, False, True, id="a day: they are not believed any more"),
        pytest.param({"age": 60.0, "believed_for": 60.0}, False, False, id="as old as they may be"),
        pytest.param({"age": 86400.0, "believed_for": 604800.0}, True, True, id="a day of a week"),
        pytest.param({"age": None, "keys": 0, "generation": 0, "set_hash": None}, False, False, id="never"),
        pytest.param({"failures": 3, "next_attempt_in": 8.0}, True, False, id="failing, with keys"),
    ],
)
def test_one_issuer(changes: dict[str, Any], is_ready: bool, is_stale: bool) -> None:
    """B-32, B-74: an issuer is ready with keys, and stale when they were not confirmed for an hour."""
    health = replace(GOOD, **changes)
    assert (health.is_ready, health.is_stale) == (is_ready, is_stale)


def test_age_in_words() -> None:
    """The log says how old the keys are."""
    assert GOOD.age_in_words() == "those in use are 12 s old"
    assert replace(GOOD, age=None).age_in_words() == "there are none so far"


@pytest.mark.parametrize(
    ("issuers", "is_ready"), [([], True), ([GOOD], True), ([GOOD, replace(GOOD, keys=0)], False)], ids=["0", "1", "2"]
)
def test_all_issuers(issuers: list[IssuerHealth], is_ready: bool) -> None:
    """B-74: all is well when every issuer's tokens can be verified."""
    assert Health(issuers=issuers).is_ready is is_ready


@pytest.mark.parametrize(
    "fetches", [{"fetched": 1, "status_503": 2}, MappingProxyType({"fetched": 1})], ids=["dict", "proxy"]
)
def test_as_json(fetches: Any) -> None:
    """B-74: the JSON has every number, by names that do not change."""
    told = json.loads(Health(issuers=[replace(GOOD, fetches=fetches)]).as_json())
    assert told["ready"] is True
    assert told["issuers"] == [
        {
            "issuer": "https://idp.example",
            "age": 12.5,
            "generation": 1,
            "keys": 2,
            "set_hash": "0123456789abcdef",
            "failures": 0,
            "next_attempt_in": 0.0,
            "fetches": dict(fetches),
            "believed_for": 86400.0,
            "ready": True,
            "stale": False,
        }
    ]
    assert told["found"] == []


def test_issuers_that_were_found() -> None:
    """B-74: what a resolver found is told apart, and does not make the application unready."""
    health = Health(issuers=[GOOD], found=[replace(GOOD, issuer="https://customer.example", keys=0)])
    assert health.is_ready
    told = json.loads(health.as_json())
    assert [(each["issuer"], each["ready"]) for each in told["found"]] == [("https://customer.example", False)]


def test_of_a_real_issuer() -> None:
    """B-74: before the first fetch there is nothing, after it what the issuer has told; a table without one is well."""
    with LocalIssuer(algorithm="ES256", audience=AUDIENCE) as issuer:
        authenticator = Authenticator(JWTVerifier(issuer=issuer.url, audience=AUDIENCE))
        before = authenticator.health()
        assert (before.is_ready, [each.keys for each in before.issuers]) == (False, [0])
        assert run(authenticator.ready())
        (after,) = authenticator.health().issuers
        assert (after.issuer, after.keys, after.generation, after.failures) == (issuer.url, 1, 1, 0)
        assert after.fetches == {"fetched": 1}
        assert json.loads(authenticator.health().as_json())["ready"] is True
