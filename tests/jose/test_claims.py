"""Time and audience: the claims that every JWT has, judged at a moment that is handed in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux.errors import Fault, InvalidCredential
from authmux.jose.claims import MAX_TIME, TimeRules, check_audience, read_time
from tests.jose.token_maker import AUDIENCE, NOW


def refusal(rules: TimeRules, claims: dict[str, Any], now: float = NOW) -> tuple[Fault | None, str]:
    """Return how times are refused."""
    with pytest.raises(InvalidCredential) as caught:
        rules.check(claims, now=now)
    return caught.value.fault, caught.value.reason


PLAIN = TimeRules(leeway=30)


@pytest.mark.parametrize(
    ("claims", "now", "reason"),
    [
        pytest.param({"exp": NOW + 1}, NOW, None, id="one second left"),
        pytest.param({"exp": NOW}, NOW + 29.9, None, id="within the leeway"),
        pytest.param({"exp": NOW}, NOW + 30, "exp", id="at the end of the leeway"),
        pytest.param({"exp": NOW + 60, "nbf": NOW + 30}, NOW, None, id="nbf within the leeway"),
        pytest.param({"exp": NOW + 60, "nbf": NOW + 31}, NOW, "nbf", id="nbf beyond it"),
        pytest.param({"exp": NOW + 60, "iat": NOW + 30}, NOW, None, id="iat within the leeway"),
        pytest.param({"exp": NOW + 60, "iat": NOW + 31}, NOW, "iat", id="iat beyond it"),
        pytest.param({"exp": NOW, "iat": NOW + 1}, NOW, "iat", id="iat after exp"),
        pytest.param({"exp": NOW, "iat": NOW}, NOW, None, id="iat at exp"),
        pytest.param({"iat": NOW}, NOW, "exp_missing", id="no exp"),
        pytest.param({"exp": NOW + 0.5}, NOW, None, id="a fraction"),
        pytest.param({"exp": MAX_TIME}, NOW, None, id="the year 9999"),
    ],
)
def test_times(claims: dict[str, Any], now: float, reason: str | None) -> None:
    """B-23…B-25: exp, nbf and iat hold up to the leeway, to each side separately."""
    if reason is None:
        PLAIN.check(claims, now=now)
    else:
        assert refusal(PLAIN, claims, now)[1] == reason


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value", ["1800003600", True, None, [], {}, 0, -1, MAX_TIME + 1, 10**400, float("inf"), float("nan")], ids=ascii
)
def test_what_is_no_time(name: str, value: object) -> None:
    """B-23, B-24: a time is a number from 1970 to 9999, and nothing that could be read as one."""
    assert refusal(PLAIN, {"exp": NOW + 60, name: value}) == (Fault.MALFORMED, f"{name}_type")


@pytest.mark.parametrize(
    ("claims", "now", "reason"),
    [
        pytest.param({"exp": NOW + 600, "iat": NOW}, NOW, None, id="as long as it may live"),
        pytest.param({"exp": NOW + 601, "iat": NOW}, NOW, "max_lifetime", id="a second longer"),
        pytest.param({"exp": NOW + 60}, NOW, "iat_missing", id="nobody knows since when"),
        pytest.param({"exp": NOW + 600, "iat": NOW}, NOW + 329, None, id="as old as it may be, with leeway"),
        pytest.param({"exp": NOW + 600, "iat": NOW}, NOW + 330, "max_age", id="a second older"),
    ],
)
def test_lifetimes(claims: dict[str, Any], now: float, reason: str | None) -> None:
    """B-26: max_lifetime is counted from iat to exp, max_age from iat to now; both need an iat."""
    rules = TimeRules(leeway=30, max_lifetime=600, max_age=300)
    if reason is None:
        rules.check(claims, now=now)
    else:
        assert refusal(rules, claims, now)[1] == reason


TIMES = st.integers(NOW - 900, NOW + 900)


@settings(deadline=None, max_examples=100)
@given(
    TIMES, st.none() | TIMES, st.none() | TIMES, st.sampled_from([0, 30, 300]), st.none() | st.integers(1, 600), TIMES
)
def test_the_span_is_what_check_says(
    exp: int, nbf: int | None, iat: int | None, leeway: int, max_age: int | None, now: int
) -> None:
    """B-60: a token that was checked is in its time exactly within its span, so that a remembered verdict is right."""
    rules = TimeRules(leeway=leeway, max_age=max_age)
    given_times = {"exp": exp, "nbf": nbf, "iat": iat}
    claims = {name: value for name, value in given_times.items() if value is not None}
    try:
        rules.check(claims, now=now)
        is_good = True
    except InvalidCredential as refused:
        is_good = False
        if refused.reason in {"iat_missing", "iat"}:  # of no moment, or of the two claims with each other
            return
    begins, ends = rules.span(claims)
    assert is_good == (begins <= now < ends)


@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE], ["other", AUDIENCE]], ids=ascii)
def test_audiences_with_ours(aud: object) -> None:
    """B-22: `aud` is ours, or a list with ours in it (A-103)."""
    check_audience(aud, frozenset({AUDIENCE, "second"}))


@pytest.mark.parametrize(
    "aud",
    [None, "", [], 1, {}, [1], [AUDIENCE, 1], [[AUDIENCE]], (AUDIENCE,), AUDIENCE + "/", AUDIENCE.upper(),
     [AUDIENCE, None]],
    ids=ascii,
)  # fmt: skip
def test_audiences_without_ours(aud: object) -> None:
    """B-22: nothing is stripped, folded or guessed, and one element of another type spoils the list (A-104)."""
    with pytest.raises(InvalidCredential) as caught:
        check_audience(aud, frozenset({AUDIENCE}))
    assert (caught.value.fault, caught.value.reason) == (Fault.AUDIENCE, "aud")


@pytest.mark.parametrize(("aud", "is_good"), [(AUDIENCE, True), ([AUDIENCE, "second"], True), ([AUDIENCE, "x"], False)])
def test_a_sole_audience(aud: object, is_good: bool) -> None:
    """A-106: where ours must be alone, every other audience refuses."""
    if is_good:
        check_audience(aud, frozenset({AUDIENCE, "second"}), sole=True)
        return
    with pytest.raises(InvalidCredential, match="aud_not_sole"):
        check_audience(aud, frozenset({AUDIENCE, "second"}), sole=True)


def test_read_time() -> None:
    """B-24: a time that is missing is None, and one that is there a float."""
    assert (read_time({}, "nbf"), read_time({"nbf": 5}, "nbf")) == (None, 5.0)
