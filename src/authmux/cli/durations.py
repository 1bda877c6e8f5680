"""Durations as people write them (`90d`, `1d12h`, `1 hour 30 minutes`) and as ISO 8601 does (`P30D`, `PT12H`); pure."""

import re
from datetime import timedelta
from typing import Final

MAX_DURATION: Final = timedelta(days=36_500)  # about 100 years; whoever wants more wants no end

_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPELLED: Final = {
    "w": ("week", "weeks"),
    "d": ("day", "days"),
    "h": ("hour", "hours", "hr", "hrs"),
    "m": ("minute", "minutes", "min", "mins"),
    "s": ("second", "seconds", "sec", "secs"),
}
_UNIT_OF: Final = {word: unit for unit, words in _SPELLED.items() for word in (unit, *words)}
_UNEQUAL: Final = {"M", "mo", "mos", "month", "months", "y", "yr", "yrs", "year", "years"}

_PART: Final = re.compile(r"([0-9]+)\s*([A-Za-z]+)\s*")
_PLAIN: Final = re.compile(rf"(?:{_PART.pattern})+")
_ISO: Final = re.compile(r"P(?=.)((?:[0-9]+[YMWD])*)(?:T((?:[0-9]+[HMS])+))?")
_ISO_DATE: Final = {"Y": "y", "M": "M", "W": "w", "D": "d"}  # before the T an M is a month, behind it a minute

_ADVICE: Final = "is no duration: write 90d, 12h, 1d12h, '90 days' or P30D"


def parse_duration(text: str) -> timedelta:
    """Return how long a text says; the largest unit stands first, and each stands once.

    Raises:
        ValueError: it says nothing of the kind, counts in months or years, or is longer than 100 years.
    """
    parts = _read_parts(text.strip())
    if not parts:
        raise ValueError(f"{text[:40]!r} {_ADVICE}")
    if any(unit in _UNEQUAL for _, unit in parts):
        raise ValueError("months and years differ in length: write days or weeks, such as 30d or 52w")
    order = [_SECONDS[unit] for _, unit in parts]
    if order != sorted(set(order), reverse=True):
        raise ValueError(f"{text[:40]!r} {_ADVICE}, the largest unit first and each unit once")
    seconds = sum(number * _SECONDS[unit] for number, unit in parts)
    if seconds > MAX_DURATION.total_seconds():
        raise ValueError("a duration is at most 100 years")
    return timedelta(seconds=seconds)


def _read_parts(text: str) -> list[tuple[int, str]]:
    """Return numbers and their units, or nothing where the text is of no known form."""
    if (iso := _ISO.fullmatch(text)) is not None:
        date = [(number, _ISO_DATE[unit]) for number, unit in _PART.findall(iso[1])]
        time = [(number, unit.lower()) for number, unit in _PART.findall(iso[2] or "")]
        return [(_read_number(number), unit) for number, unit in date + time]
    if _PLAIN.fullmatch(text) is None:
        return []
    parts = [(_read_number(number), _read_unit(word)) for number, word in _PART.findall(text)]
    return [] if any(unit == "" for _, unit in parts) else parts


def _read_unit(word: str) -> str:
    """Return the unit that a word means; `M` is kept, for nobody can tell whether it is a month."""
    lower = word.lower()
    return word if word == "M" else lower if lower in _UNEQUAL else _UNIT_OF.get(lower, "")


def _read_number(digits: str) -> int:
    """Return a number that cannot be too large to be multiplied; one of ten digits is too long in any unit."""
    return int(digits) if len(digits) < 10 else 10**10
