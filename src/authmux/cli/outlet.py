"""Standard output: the product of a verb, written whole or known to be lost."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class OutputLost(Exception):
    """Standard output could not be written to; `is_quiet` where the reader went away, which is his right."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(getattr(error, "strerror", None) or type(error).__name__)
        self.is_quiet = isinstance(error, BrokenPipeError)


def prepare() -> None:
    """Have a character that the terminal cannot show be written out, since nothing may be lost over it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def is_open() -> bool:
    """Return whether there is a standard output at all; a shell's `>&-` takes it away."""
    return sys.stdout is not None and not sys.stdout.closed


def is_terminal() -> bool:
    """Return whether a person is looking at standard output."""
    return is_open() and sys.stdout.isatty()


def write(text: str) -> None:
    """Write a text and a line's end, and have it out of our hands.

    Raises:
        OutputLost: nobody takes it.
    """
    with flushed():
        sys.stdout.write(f"{text}\n")


@contextmanager
def flushed() -> Iterator[None]:
    """Have what is written out of our hands at the end.

    Raises:
        OutputLost: nobody takes it.
    """
    try:
        yield
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        _give_up()
        raise OutputLost(error) from None


def _give_up() -> None:
    """Point the descriptor elsewhere: the interpreter would try to write the same bytes again at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
