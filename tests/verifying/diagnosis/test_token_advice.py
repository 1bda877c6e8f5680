"""Each reason for which a token is refused comes with what to do, and with the values that differ."""

import re

import pytest

from authmux.verifying.diagnosis.token_advice import ADVICE, advice_for, is_time, moment
from tests.docs.test_operator_words import PAGE
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, access_token
from tests.verifying.test_explain import verifier

RULES = verifier().rules
OF_A_TABLE = {"unknown_issuer", "resolver_busy", "resolver_failed", "resolver_mixed_up", "resolver_slow"}


def advice(reason: str, claims: dict[str, object] | None = None, **header: object) -> str:
    return advice_for(reason, header=header, claims=access_token(**claims or {}), rules=RULES, now=NOW)


def test_every_reason_has_advice() -> None:
    """The reasons that the reference lists for JWTs all have some, and nothing else has."""
    chapter = PAGE.read_text(encoding="utf-8").partition("\n### JWTs\n")[2].partition("\n### ")[0]
    listed = set(re.findall(r"^\| `([^`]+)` \|", chapter, re.MULTILINE))
    assert listed - OF_A_TABLE - {"*_type"} == ADVICE.keys() - {"token_too_long"}  # which stands among those of keys


@pytest.mark.parametrize(
    ("reason", "claims", "header", "says"),
    [
        ("iss", {"iss": f"{ISSUER}/"}, {}, "only the slash at the end differs"),
        ("iss", {"iss": "https://evil.example"}, {}, f"'https://evil.example', and the verifier believes '{ISSUER}'"),
        ("iss", {"iss": None}, {}, "it has no iss"),
        ("aud", {"aud": ["a", "b"]}, {}, f'its aud is ["a", "b"], and this API is \'{AUDIENCE}\''),
        ("aud", {"aud": None}, {}, "it has no aud"),
        ("exp", {"exp": NOW - 60}, {}, "exp is 2027-01-15 07:59:00 UTC, and it is 2027-01-15 08:00:00 UTC now"),
        ("nbf", {"nbf": NOW + 60}, {}, "nbf is 2027-01-15 08:01:00 UTC"),
        ("typ", {}, {"typ": "logout+jwt"}, "'logout+jwt', and profile auto takes 'at+jwt', 'jwt' and no typ"),
        ("typ", {}, {}, "it has no typ"),
        ("alg", {}, {"alg": "none"}, "its alg is 'none'"),
        ("claim_missing", {"jti": None, "sub": None}, {"typ": "application/AT+JWT"}, "jti and sub are missing"),
        ("claim_missing", {"jti": None}, {"typ": "at+jwt"}, "jti is missing"),
        ("claim_missing", {}, {"typ": 5}, "another class"),
        ("unknown_kid", {}, {"kid": "k" * 300}, "kkk'…"),
        ("sub_type", {"sub": 5}, {}, "sub is of the wrong type"),
        ("client_id_type", {}, {}, "client_id is of the wrong type"),
    ],
)  # fmt: skip
def test_what_differs(reason: str, claims: dict[str, object], header: dict[str, object], says: str) -> None:
    """What the token has and what the verifier wants stand side by side."""
    assert says in advice(reason, claims, **header)


@pytest.mark.parametrize("value", [True, None, "1", 1e300, 10**400, float("inf"), float("nan"), [1]], ids=repr)
def test_what_is_no_time(value: object) -> None:
    """What could be no moment is not shown as one, and breaks nothing."""
    assert not is_time(value)
    assert advice("exp", {"exp": value})


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01 00:00:00 UTC"), (1e14, "no moment of a calendar"), (-1e14, "no moment of a calendar")],
)
def test_moments(seconds: float, text: str) -> None:
    """A moment is told in UTC; in milliseconds it is none."""
    assert moment(seconds) == text
