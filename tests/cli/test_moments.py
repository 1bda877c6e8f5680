"""Moments as people write them."""

import pytest

from authmux.cli.moments import parse_ago, parse_ahead, parse_moment

NOW = 1_000_000_000.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2001-09-09T01:46:40Z", NOW),
        ("2001-09-09T03:46:40+02:00", NOW),
        ("2001-09-09 01:46:40", NOW),
        ("2001-09-09", NOW - 6_400),
        ("1000000000", NOW),
        ("1000000000.5", NOW + 0.5),
    ],
)
def test_moments(text: str, moment: float) -> None:
    """A date, a date and a time, or seconds; without a zone it is UTC."""
    assert parse_moment(text) == parse_ago(text, 0.0) == parse_ahead(text, 0.0) == moment


def test_durations() -> None:
    """A duration lies ahead or behind, as the option means it."""
    assert parse_ahead("1h", NOW) == NOW + 3_600
    assert parse_ago("1d12h", NOW) == NOW - 129_600


@pytest.mark.parametrize("text", ["", "soon", "2001-13-01", "-5", "1e9", "٣", "9" * 400, "1 month"])
def test_no_moments(text: str) -> None:
    """Anything else is refused, and what to write is said."""
    for parse in (parse_moment, lambda each: parse_ago(each, NOW), lambda each: parse_ahead(each, NOW)):
        with pytest.raises(ValueError, match="write a moment such as 2026-01-31T12:00:00Z"):
            parse(text)
