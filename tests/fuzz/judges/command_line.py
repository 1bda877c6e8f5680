"""What people type after a command: a duration or an id is what it says, or is refused without showing a secret."""

import re
from datetime import timedelta

from authmux.cli.durations import MAX_DURATION, parse_duration
from authmux.cli.references import WholeToken, parse_reference
from tests.fuzz.judges.outcome import Accepted, outcome


def judge_duration(data: bytes) -> None:
    """A duration is nothing that could overflow a clock, and is the same in seconds."""
    text = data.decode("utf-8", "surrogateescape")
    read = outcome(lambda: parse_duration(text), ValueError)
    if isinstance(read, Accepted):
        assert timedelta(0) <= read.value <= MAX_DURATION
        seconds = int(read.value.total_seconds())
        days, rest = divmod(seconds, 86_400)
        assert parse_duration(f"{days}d{rest}s") == parse_duration(f"P{days}DT{rest}S") == read.value


def judge_reference(data: bytes) -> None:
    """K-04: an id is the id that the store knows, however it is written; a token is never taken for one, nor shown."""
    text = data.decode("utf-8", "surrogateescape")
    read = outcome(lambda: parse_reference(text), ValueError, WholeToken)
    if isinstance(read, Accepted):
        assert re.fullmatch("[0-9a-hjkmnp-tv-z]{16}", read.value)
        for spelling in (read.value, read.value.upper(), f"key:{read.value}", f"acme_pat_live_{read.value}"):
            assert parse_reference(spelling) == read.value
        return
    for word in re.findall(r"[0-9A-Za-z]{17,}", text):
        assert word not in str(read.error)
