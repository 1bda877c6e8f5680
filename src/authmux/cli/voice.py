"""Standard error: everything that is said to people, without a secret in it; standard output is for the product."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from authmux.cli.masking import Mask, visible

_log = logging.getLogger("authmux")


class Voice:
    """Speaks on standard error.

    Arguments:
        mask: takes the secrets out.
    """

    def __init__(self, mask: Mask) -> None:
        self.mask = mask

    def say(self, text: str, *, end: str = "\n") -> None:
        """Say one or more lines."""
        if sys.stderr is not None:  # print() would take standard output instead
            lines = [visible(line) for line in self.mask(text).split("\n")]
            print("\n".join(lines), end=end, file=sys.stderr, flush=True)  # noqa: T201  # this is where it is printed

    def complain(self, text: str) -> None:
        """Say what went wrong, and who says so."""
        self.say(f"authmux: {text}")


class _Heard(logging.Handler):
    """Says what authmux logs, a line each."""

    def __init__(self, voice: Voice) -> None:
        super().__init__(logging.WARNING)
        self._voice = voice

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        message = " ".join(record.getMessage().split())
        self._voice.complain(f"{record.levelname.lower()}: {message}")


@contextmanager
def hearing(voice: Voice) -> Iterator[None]:
    """Have the voice say what authmux warns of, and nobody else print it too."""
    heard, propagated = _Heard(voice), _log.propagate
    _log.addHandler(heard)
    _log.propagate = False
    try:
        yield
    finally:
        _log.propagate = propagated
        _log.removeHandler(heard)
