"""Signs and names: what a profile may ask of claims, and that a claim of another type shows nothing (B-09, B-27)."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux.errors import Fault, InvalidCredential
from authmux.profiles import AUTO, COGNITO, KINDE, Profile, Signs, TokenRules
from authmux.verifying.token_class import check_class, check_names, check_presence, client_id, find_member, shows

SIGNS: Mapping[str, tuple[Signs, list[dict[str, Any]], list[dict[str, Any]]]] = {
    "nothing": (Signs(), [{}, {"a": 1}], []),
    "equal": (Signs(equal={"a": "x"}), [{"a": "x"}], [{}, {"a": "X"}, {"a": ["x"]}, {"a": None}]),
    "equal to true": (Signs(equal={"a": True}), [{"a": True}], [{}, {"a": 1}, {"a": "true"}, {"a": 1.0}]),
    "holding": (Signs(holding={"a": "x"}), [{"a": ["x"]}, {"a": ["y", "x"]}], [{}, {"a": "x"}, {"a": {"x": 1}}]),
    "matching": (Signs(matching={"a": "x+"}), [{"a": "xx"}], [{}, {"a": "xy"}, {"a": "yx"}, {"a": "x\n"}, {"a": 1}]),
    "matching a claim": (
        Signs(matching={"a": "(?P<b>.+)@c"}),
        [{"a": "x@c", "b": "x"}],
        [{"a": "x@c"}, {"a": "x@c", "b": "y"}, {"a": "xy@c", "b": "x"}, {"a": "@c", "b": ""}, {"a": "x@c", "b": ["x"]}],
    ),
    "matching two claims": (
        Signs(matching={"a": "(?P<b>.+):(?P<c>.+)"}),
        [{"a": "x:y", "b": "x", "c": "y"}],
        [{"a": "x:y", "b": "x"}, {"a": "x:y", "c": "y"}, {"a": "x:y", "b": "x", "c": "x"}],
    ),
    "same": (Signs(same=(("a", "b"),)), [{"a": 1, "b": 1}], [{}, {"a": 1}, {"b": 1}, {"a": 1, "b": 2}]),
    "different": (Signs(different=(("a", "b"),)), [{"a": 1, "b": 2}], [{}, {"a": 1}, {"b": 1}, {"a": 1, "b": 1}]),
    "present": (Signs(present=frozenset("ab")), [{"a": 1, "b": 1}], [{}, {"a": 1}]),
    "absent": (Signs(absent=frozenset("ab")), [{}, {"c": 1}], [{"a": None}, {"b": 1}]),
    "one of": (Signs(one_of=(frozenset("ab"),)), [{"a": 1}, {"b": "x"}], [{}, {"a": ""}, {"a": [], "b": None}]),
    "one of each": (Signs(one_of=(frozenset("ab"), frozenset("c"))), [{"a": 1, "c": 1}], [{"a": 1, "b": 1}, {"c": 1}]),
    "either": (
        Signs(either=(Signs(equal={"a": 1}, present=frozenset("b")), Signs(equal={"a": 2}))),
        [{"a": 1, "b": 1}, {"a": 2}],
        [{}, {"a": 1}, {"b": 1}, {"a": 3, "b": 1}],
    ),
    "all of it": (
        Signs(equal={"a": "x"}, absent=frozenset("c"), present=frozenset("b")),
        [{"a": "x", "b": 1}],
        [{"a": "x"}, {"b": 1}, {"a": "x", "b": 1, "c": 1}],
    ),
}  # fmt: skip
SHOWN = [(signs, claims) for signs, good, _ in SIGNS.values() for claims in good]
NOT_SHOWN = [(signs, claims) for signs, _, bad in SIGNS.values() for claims in bad]


@pytest.mark.parametrize(("signs", "claims"), SHOWN, ids=str)
def test_signs_that_are_shown(signs: Signs, claims: dict[str, Any]) -> None:
    """B-67: claims show signs if they show all of them."""
    assert shows(claims, signs)


@pytest.mark.parametrize(("signs", "claims"), NOT_SHOWN, ids=str)
def test_signs_that_are_not_shown(signs: Signs, claims: dict[str, Any]) -> None:
    """B-67: what is missing, or of another type, shows nothing."""
    assert not shows(claims, signs)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("xa@c", max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None, max_examples=80)
@given(st.sampled_from([signs for signs, _, _ in SIGNS.values()]), st.dictionaries(st.sampled_from("abc"), ANY))
def test_signs_and_any_claims(signs: Signs, claims: dict[str, Any]) -> None:
    """B-75: signs are shown or not, whatever stands in the claims."""
    assert shows(claims, signs) in {True, False}


def refusal(claims: dict[str, Any], *, profile: Profile = AUTO, evidence: bool = True) -> str | None:
    """Return why claims are no access token's, or None."""
    try:
        check_class(claims, TokenRules(required=frozenset(), evidence=evidence), profile)
    except InvalidCredential as error:
        return error.reason if error.fault is Fault.TYPE else f"{error.fault}?"
    return None


@pytest.mark.parametrize("name", ["events", "at_hash", "c_hash", "s_hash"])
@pytest.mark.parametrize("value", [None, "", {}, "x"], ids=ascii)
def test_signs_of_another_class(name: str, value: object) -> None:
    """B-09: some claims are in no access token, whatever else says that it is one."""
    assert refusal({"scope": "a", "typ": "Bearer", "token_use": "access", name: value}) == "other_class"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("token_use", "access", ["id", "Access", "", None, ["access"]]),
        ("typ", "Bearer", ["ID", "Refresh", "Offline", "Logout", "bearer", "DPoP", None, 1]),
        ("tok_type", "AT", ["IT", "at", None]),
    ],
)
def test_claims_that_name_the_class(name: str, good: str, bad: list[object]) -> None:
    """B-09: where the payload says what class it is of, it says that of an access token."""
    assert refusal({"scope": "a", name: good}) is None
    assert {refusal({"scope": "a", name: value}) for value in bad} == {"other_class"}


def test_evidence_by_the_class_alone() -> None:
    """B-09: token_use and payload typ are evidence enough, and certain enough to have a nonce beside them."""
    assert refusal({"token_use": "access", "nonce": "n"}) is None
    assert refusal({"typ": "Bearer", "nonce": "n", "azp": "a", "aud": "a"}) is None
    assert refusal({"nonce": "n", "gty": "x", "azp": "a", "aud": ["a"]}) is None
    assert refusal({"nonce": "n", "scope": "x"}) == "id_token"
    assert refusal({"azp": "a", "aud": ["a"], "scope": "x"}) == "id_token"
    assert refusal({"aud": "a"}) == "no_evidence"
    assert refusal({"aud": "a"}, evidence=False) is None


def test_the_profile_must_be_shown() -> None:
    """B-67: what a profile asks of every token refuses without it."""
    assert refusal({"client_id": "c"}, profile=COGNITO) == "profile"
    assert refusal({"client_id": "c", "token_use": "access"}, profile=COGNITO) is None


@pytest.mark.parametrize("name", ["sub", "jti", "client_id", "azp", "cid", "appid"])
@pytest.mark.parametrize("value", [None, "", 1, True, [], ["a"], {}, "x" * 256], ids=ascii)
def test_names_that_are_none(name: str, value: object) -> None:
    """B-27: who is named is a text of 1 to 255 characters (A-109, A-112)."""
    with pytest.raises(InvalidCredential) as caught:
        check_names({"sub": "s", name: value}, AUTO)
    assert (caught.value.fault, caught.value.reason) == (Fault.MALFORMED, f"{name}_type")


def test_nobody_is_named() -> None:
    """B-27: a token names a subject or a client, by a claim of its provider."""
    check_names({"azp": "c"}, KINDE)
    for claims in ({}, {"client_id": "c"}, {"jti": "j"}):
        with pytest.raises(InvalidCredential, match="nobody_named"):
            check_names(claims, KINDE)


def test_what_is_required() -> None:
    """B-27: a claim that is required is there."""
    rules = TokenRules(required=frozenset({"ver"}), evidence=False)
    check_presence({"sub": "s", "ver": 1}, rules, AUTO)
    with pytest.raises(InvalidCredential, match="claim_missing"):
        check_presence({"sub": "s"}, rules, AUTO)


@pytest.mark.parametrize(
    ("claims", "expected"), [({"azp": "a", "client_id": "b"}, "a"), ({"client_id": "b"}, None), ({}, None)], ids=ascii
)
def test_the_client_of_a_profile(claims: dict[str, Any], expected: str | None) -> None:
    """B-27: only the profile's claims name the client."""
    assert client_id(claims, KINDE) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", {"b": {"c": "x"}}),
        (("a", "b", "c"), "x"),
        (("a", "b", "c", "d"), None),
        (("a", "x"), None),
        ("b", None),
        ((), {"a": {"b": {"c": "x"}}}),
    ],
    ids=str,
)
def test_members(path: Any, expected: object) -> None:
    """B-67: a path leads through members, and to nothing where there are none."""
    assert find_member({"a": {"b": {"c": "x"}}}, path) == expected
