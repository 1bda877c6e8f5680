"""The page that an operator searches in knows every line and every reason of the code."""

import re
from pathlib import Path

import pytest

from tests.docs.operator_words import LogLine, fetch_reasons, key_reasons, log_lines, reasons
from tests.docs.pages import SITE

PAGE = SITE / "reference" / "log-messages.md"
FILLED_IN = re.compile(r"%[srd]")


def rows(chapter: str) -> set[str]:
    """Return what stands in the first column of a chapter's tables."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {chapter}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


def test_lines() -> None:
    """Each line that may be logged is on the page, below its logger, and no other."""
    text = PAGE.read_text(encoding="utf-8").partition("\n## Lines\n")[2].partition("\n## ")[0]
    shown = set()
    for section in text.split("\n### ")[1:]:
        logger, _, table = section.partition("\n")
        shown |= {LogLine(logger, line) for line in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)}
    assert shown == {LogLine(line.logger, FILLED_IN.sub("…", line.message)) for line in log_lines()}


@pytest.mark.parametrize(
    ("chapter", "known"),
    [
        pytest.param("Reasons of refusals", reasons(), id="refusals"),
        pytest.param("Why keys cannot be fetched", fetch_reasons(), id="fetching"),
        pytest.param("Why a key is skipped", key_reasons(), id="skipping"),
    ],
)
def test_reasons(chapter: str, known: set[str]) -> None:
    """Each reason that stands in the code is on the page, and no other."""
    assert rows(chapter) == known


def test_loggers() -> None:
    """All loggers are named at the head of the page."""
    head = Path(PAGE).read_text(encoding="utf-8").partition("\n## ")[0]
    assert {line.logger for line in log_lines()} == set(re.findall(r"`(authmux\.\w+)`", head))
