"""Moments as people write them: a date, a date and a time, seconds since 1970, or how far away it is; pure."""

import re
from datetime import UTC, datetime
from typing import Final

from authmux.cli.durations import parse_duration

_SECONDS: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")


def parse_moment(text: str) -> float:
    """Return a moment in seconds since the epoch; one without a time zone is in UTC.

    Raises:
        ValueError: it is none.
    """
    try:
        if _SECONDS.fullmatch(text):
            return float(text)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("write a moment such as 2026-01-31T12:00:00Z, or seconds since 1970") from None


def parse_ahead(text: str, now: float) -> float:
    """Return a moment that lies ahead: `30d` is 30 days from now.

    Raises:
        ValueError: it is no moment and no duration.
    """
    return _parse_either(text, now, 1)


def parse_ago(text: str, now: float) -> float:
    """Return a moment that has passed: `24h` is 24 hours ago.

    Raises:
        ValueError: it is no moment and no duration.
    """
    return _parse_either(text, now, -1)


def _parse_either(text: str, now: float, direction: int) -> float:
    try:
        return parse_moment(text)
    except ValueError:
        pass
    try:
        return now + direction * parse_duration(text).total_seconds()
    except ValueError:
        raise ValueError("write a moment such as 2026-01-31T12:00:00Z, or a duration such as 30d") from None
