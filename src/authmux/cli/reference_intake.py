"""Many ids: from the command line, or from standard input, one a line."""

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from authmux.cli.desk import read_reference
from authmux.cli.exit_codes import Misuse

_FROM_STDIN: Final = "-"


def is_from_stdin(references: Sequence[str]) -> bool:
    """Return whether standard input is where ids come from, so that nobody can be asked there."""
    return _FROM_STDIN in references


def read_ids(references: Sequence[str]) -> list[str]:
    """Return the ids, each once, in their order.

    Raises:
        Misuse: one is none; or standard input is closed, and was to be read.
    """
    return list(dict.fromkeys(_read(references)))


def _read(references: Sequence[str]) -> Iterator[str]:
    for place, reference in enumerate(references, start=1):
        if reference == _FROM_STDIN:
            yield from _read_stdin()
        else:
            yield read_reference(reference, where=f"argument {place}")


def _read_stdin() -> Iterator[str]:
    if sys.stdin is None:
        raise Misuse("standard input is closed, and the ids were to be read from it")
    for number, line in enumerate(sys.stdin, start=1):
        if line.strip():
            yield read_reference(line, where=f"line {number} of standard input", is_typed=False)
