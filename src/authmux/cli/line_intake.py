"""A file that is read line by line, or standard input in its place."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from authmux.cli.exit_codes import Misuse


@contextmanager
def lines_of(path: str) -> Iterator[Iterable[str]]:
    """Open a file, `-` for standard input; what is no UTF-8 in it becomes what no parser takes.

    Raises:
        Misuse: it cannot be opened.
    """
    if path == "-":
        if sys.stdin is None:
            raise Misuse("standard input is closed, and was to be read")
        yield sys.stdin
        return
    try:
        file = open(path, encoding="utf-8", errors="replace")  # noqa: SIM115  # closed below, whoever reads it
    except OSError as error:
        raise Misuse(f"{path!r} cannot be read: {error.strerror}") from None
    with file:
        yield file
