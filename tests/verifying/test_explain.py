"""Why a JWT would be accepted or refused: every rule with what came of it, and no part of the token."""

from typing import Any

import pytest

from authmux import InvalidCredential, profiles
from authmux.flow import run
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.claim_rules import CHECKS
from authmux.verifying.explain import Finding, explain
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.static_keys import FixedKeys
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, access_token, get_key, key_set, mint
from tests.verifying.jwt_door import JWKS_URI, Door
from tests.verifying.scripted_fetch import ScriptedFetch, down

KEY = get_key("ES256")
RULES = len(CHECKS) + 5  # and: readable, alg, caller, key, signature


def verifier(**options: Any) -> JWTVerifier:
    options = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "keys": FixedKeys(key_set(KEY)),
        "clock": ManualClock(),
        **options,
    }
    return JWTVerifier(**options)


def findings(text: str, by: JWTVerifier | None = None) -> list[Finding]:
    return run(explain(text, by or verifier(), now=NOW))


def reasons(text: str, by: JWTVerifier | None = None) -> list[str]:
    return [each.reason for each in findings(text, by) if each.reason is not None]


def test_a_good_token() -> None:
    """Every rule is named, once, and each is met."""
    found = findings(mint(KEY))
    assert [each.reason for each in found] == [None] * RULES
    assert len({each.rule for each in found}) == RULES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("not a token", ["jws_segments"], id="no token at all"),
        pytest.param(mint(KEY, crit=["x"]), ["header_parameter"], id="header"),
        pytest.param(mint(KEY, access_token(exp=NOW - 60)), ["exp"], id="expired"),
        pytest.param(mint(KEY, typ="dpop+jwt"), ["typ"] * 3, id="typ"),
        pytest.param(mint(KEY, alg="HS256"), ["alg", "key_not_for_alg"], id="alg"),
        pytest.param(mint(KEY, access_token(scope=5)), ["scope_type"], id="scope"),
        pytest.param(mint(KEY, access_token(act={})), ["act"], id="actor"),
        pytest.param(mint(get_key("ES256 second"), kid=KEY.kid), ["signature"], id="signature"),
        pytest.param(mint(get_key("ES256 second")), ["unknown_kid"], id="kid"),
        pytest.param(mint(KEY, access_token(cnf={"jkt": "x"}, aud="other")), ["aud", "bound"], id="two at once"),
        pytest.param(mint(KEY, access_token(iss="https://x.example")), ["iss"], id="issuer"),
    ],
)
def test_every_fault_is_named(text: str, expected: list[str]) -> None:
    """All that is wrong is said at once, so that nobody has to mend a token fault by fault."""
    assert reasons(text) == expected


@pytest.mark.parametrize(
    "changes", [{"exp": NOW - 600, "iat": NOW - 900}, {"aud": "x"}, {"scope": 1}, {"act": 1}, {"sub": 1}, {}]
)
def test_it_says_what_the_verifier_does(changes: dict[str, object]) -> None:
    """A token is explained to be good exactly if it is let in, and its first fault is the verifier's reason."""
    door = Door([KEY])
    text = mint(KEY, access_token(**changes))
    found = [each.reason for each in run(explain(text, door.verifier, now=NOW)) if each.reason is not None]
    try:
        door.admit(text)
    except InvalidCredential as refused:
        assert found[0] == refused.reason  # noqa: PT017  # both outcomes are compared
    else:
        assert found == []


def test_an_issuer_that_is_away() -> None:
    """Where the keys cannot be had, the rest is said all the same."""
    away = verifier(keys=None, jwks_uri=JWKS_URI, fetch=ScriptedFetch(down()))
    assert reasons(mint(KEY, access_token(aud="x")), away) == ["aud", "issuer_unreachable"]


def test_accept_is_explained() -> None:
    """B-67: whom a workload's verifier accepts is one of the rules."""
    options = {"issuer": "https://idp.example/k8s", "profile": profiles.KUBERNETES, "accept": {"sub": ["x"]}}
    text = mint(KEY, access_token(iss=options["issuer"], **{"kubernetes.io": {}}), typ=None)
    assert reasons(text, verifier(**options)) == ["profile", "not_accepted"]


def test_no_part_of_the_token_is_shown() -> None:
    """What is said can be pasted into a ticket: it holds rules and short constants."""
    text = mint(get_key("ES256 second"), access_token(sub="s3cret-subject", aud="s3cret-audience"), kid="s3cret-kid")
    shown = repr(findings(text))
    assert "s3cret" not in shown
    assert not [segment for segment in text.split(".") if segment in shown]


def test_only_refusals_are_reasons() -> None:
    """A reason is one of the short constants that the log has."""
    for text in (mint(KEY, access_token(aud=["x"])), mint(KEY, typ=None), "a.b.c"):
        assert all(each.reason is None or each.reason.replace("_", "").isalnum() for each in findings(text))
