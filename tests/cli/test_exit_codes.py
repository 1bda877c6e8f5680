"""The number that the program ends with says what went wrong."""

import re
from pathlib import Path

import pytest

from authmux.cli.exit_codes import EXIT_OF, Exit, Misuse, exit_for
from authmux.cli.options import Reason
from authmux.errors import ConfigurationError, Conflict, NotFound, NotPossible
from authmux.issuing.rules import REASONS
from authmux.stores.port import StoreUnavailable

DOCUMENT = Path(__file__).parents[2] / "docs" / "how-to" / "command-line.md"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Misuse(), 2),
        (NotFound(), 3),
        (Conflict(), 4),
        (NotPossible(), 4),
        (ConfigurationError(), 4),
        (StoreUnavailable(), 5),
        (KeyError(), 1),
        (type("Sub", (NotFound,), {})(), 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_codes(error: Exception, code: int) -> None:
    """Each error has its number, and one that nobody thought of is 1."""
    assert exit_for(error) == code


def test_every_number_is_documented() -> None:
    """The table of the documentation lists these numbers and no others."""
    listed = re.findall(r"^\| (\d+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number in listed] == sorted(Exit)
    assert set(EXIT_OF.values()) | {Exit.FINE, Exit.NOT_WELL, Exit.NOT_CHECKED} == set(Exit)


def test_reasons() -> None:
    """The reasons that can be given are those that there are (K-35)."""
    assert {reason.value for reason in Reason} == REASONS
