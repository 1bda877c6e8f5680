"""Compare what a page shows with what was printed: `…` stands for anything, and no id or date is ever the same."""

import re
from typing import Final

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_CHANGING: Final = (
    (re.compile(r"\b(acme_(?:key|pat))_[0-9a-hjkmnp-tv-z]{16}"), r"\1_<id>"),
    (re.compile(r"(?<![\w-])[0-9a-hjkmnp-tv-z]{16}(?![\w-])"), "<id>"),
    (re.compile(r"\b(127\.0\.0\.1|localhost):\d+"), r"\1:<port>"),
    (re.compile(r"\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "<date>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?"), "<date>"),
    (re.compile(r"\[\d{2,}\]"), "[<process>]"),
)


def without_colours(text: str) -> str:
    """Return a text as it would be without a terminal."""
    return _COLOURS.sub("", text)


def settled(text: str) -> str:
    """Return a text with every id, port, date and process number in it replaced by a word."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def same(shown: str, printed: str) -> bool:
    """Return whether a page shows what was printed."""
    return re.fullmatch(_pattern(shown), settled(printed), re.DOTALL) is not None


def begins(shown: str, printed: str) -> bool:
    """Return whether what was printed so far begins as the page shows."""
    return re.match(_pattern(shown), settled(printed), re.DOTALL) is not None


def _pattern(shown: str) -> str:
    return ".*?".join(re.escape(part) for part in settled(shown).split("…"))
