"""Durations are read as people mean them, or refused."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.cli.durations import MAX_DURATION, parse_duration

UNITS = ["w", "d", "h", "m", "s"]
SPELLED = {"w": ["week", "weeks"], "d": ["day", "Days"], "h": ["hours", "hr"], "m": ["min", "minutes"], "s": ["sec"]}
SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}

amounts = st.dictionaries(st.sampled_from(UNITS), st.integers(0, 1000), min_size=1)


def length(parts: dict[str, int]) -> timedelta:
    """Return how long numbers of units are."""
    return timedelta(seconds=sum(number * SECONDS[unit] for unit, number in parts.items()))


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90d", timedelta(days=90)),
        ("12h", timedelta(hours=12)),
        ("30m", timedelta(minutes=30)),
        ("2w", timedelta(weeks=2)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("90 days", timedelta(days=90)),
        ("1 hour 30 minutes", timedelta(hours=1, minutes=30)),
        (" 45 Sec ", timedelta(seconds=45)),
        ("P30D", timedelta(days=30)),
        ("PT12H", timedelta(hours=12)),
        ("P1DT12H30M", timedelta(days=1, hours=12, minutes=30)),
        ("P2W", timedelta(weeks=2)),
        ("0s", timedelta(0)),
        ("36500d", MAX_DURATION),
    ],
)
def test_what_people_write(text: str, duration: timedelta) -> None:
    """Short, spelled out and ISO 8601 forms mean what they say."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["3mo", "1 month", "2 years", "1y", "P1M", "P1Y", "P1Y2M3D", "1 Year", "30M", "1d 2M"])
def test_months_and_years(text: str) -> None:
    """Months and years are refused with the reason: they differ in length, and an M may be either."""
    with pytest.raises(ValueError, match="months and years differ in length"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "90", "d", "1.5h", "-1d", "+1d", "1d1d", "12h1d", "P", "PT", "P1H", "PT1D", "P1D2W", "1x"),
        *("1d,2h", "1d then", "p30d", "PT1.5H", "٣d", "½h", "1d\0", "never", "1h P1D"),
    ],
)
def test_nonsense(text: str) -> None:
    """What says no duration, or says it twice or upside down, is refused with an example."""
    with pytest.raises(ValueError, match="is no duration: write 90d"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36501d", "876001h", "P36501D", "9999999999s", f"{'9' * 5000}d", f"P{'9' * 5000}W"])
def test_overflow(text: str) -> None:
    """A number of any length is refused, and never computed with."""
    with pytest.raises(ValueError, match="at most 100 years"):
        parse_duration(text)


@given(amounts, st.sampled_from(["", " "]), st.sampled_from(["", " "]))
def test_plain_form(parts: dict[str, int], before_unit: str, between: str) -> None:
    """Every sum of units is read as itself, with or without spaces."""
    text = between.join(f"{parts[unit]}{before_unit}{unit}" for unit in UNITS if unit in parts)
    assert parse_duration(text) == length(parts)


@given(amounts, st.data())
def test_spelled_form(parts: dict[str, int], data: st.DataObject) -> None:
    """Every spelling of a unit is that unit."""
    words = [f"{parts[unit]} {data.draw(st.sampled_from(SPELLED[unit]))}" for unit in UNITS if unit in parts]
    assert parse_duration(" ".join(words)) == length(parts)


@given(amounts)
def test_iso_form(parts: dict[str, int]) -> None:
    """ISO 8601 says the same."""
    date = "".join(f"{parts[unit]}{unit.upper()}" for unit in "wd" if unit in parts)
    time = "".join(f"{parts[unit]}{unit.upper()}" for unit in "hms" if unit in parts)
    assert parse_duration(f"P{date}{f'T{time}' if time else ''}") == length(parts)


@given(st.text() | st.text(alphabet="0123456789PTDHMSWYdhms ", max_size=30))
def test_any_text(text: str) -> None:
    """Any text at all is a duration within bounds, or a ValueError of one short line."""
    said = ""
    try:
        assert timedelta(0) <= parse_duration(text) <= MAX_DURATION
    except ValueError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1
    assert len(said) < 400
