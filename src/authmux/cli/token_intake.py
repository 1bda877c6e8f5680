"""One token from standard input: `Bearer` and blanks around it are taken off, and nothing of it is ever repeated."""

import re
import sys
from typing import Final

from authmux.cli.exit_codes import Misuse

_MOST: Final = 1024 * 1024  # characters; far beyond any token
_AROUND: Final = re.compile(r"\s*(?:authorization\s*:\s*)?(?:bearer\s+)?(.*?)\s*", re.IGNORECASE | re.DOTALL)


def read_token() -> str:
    """Return the token.

    Raises:
        Misuse: standard input is closed, a terminal, or holds far too much.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise Misuse("standard input is closed, and the token was to be read from it")
    if sys.stdin.isatty():
        raise Misuse(
            "a token is read from standard input, and this is a terminal, which would show it: hand it in from a file"
            " (< token.txt) or a pipe, and never as an argument, which stays in the shell's history"
        )
    # Bytes, where there are some: what is no UTF-8 is a bad token, and no reason to break.
    raw = getattr(sys.stdin, "buffer", None)
    text = sys.stdin.read(_MOST + 1) if raw is None else raw.read(_MOST + 1).decode("utf-8", "replace")
    if len(text) > _MOST:
        raise Misuse("standard input holds far more than one token")
    return bare_token(text)


def bare_token(text: str) -> str:
    """Return a token without what people copy with it."""
    match = _AROUND.fullmatch(text.removeprefix("\ufeff"))
    return match[1] if match is not None else text
