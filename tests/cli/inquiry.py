"""`doctor` and `explain`, run in this process with a text on standard input; what they say is heard."""

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final

from authmux.cli import main
from tests.cli.shop import Ran
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, get_key, key_set

KEY: Final = get_key("ES256")
PIECE: Final = 12  # characters in a row of a token's text are a leak


def ask(*words: str, stdin: str | bytes = "") -> Ran:
    """Run a command, and return what came of it."""
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    raw = stdin.encode("utf-8", "surrogatepass") if isinstance(stdin, str) else stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(raw))
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(words)
    finally:
        sys.stdin = before
    return Ran(code, out.getvalue(), "".join(_own(err.getvalue(), words)))


def _own(said: str, words: Sequence[str]) -> Iterator[str]:
    """Return what was said of what was asked; in this process, issuers of tests that are over may be warned of too."""
    for line in said.splitlines(keepends=True):
        if not line.startswith("authmux: warning: issuer ") or any(word in line for word in words):
            yield line


def explain(text: str | bytes, keys: Path, *words: str, issuer: str = ISSUER, audience: str = AUDIENCE) -> Ran:
    """Explain a token by the keys in a file, at the moment for which the tests' tokens are made."""
    told = ("--issuer", issuer, "--audience", audience, "--keys", str(keys), "--at", str(NOW))
    return ask("explain", *told, *words, stdin=text)


def write_keys(directory: Path) -> Path:
    """Write the key set that the tests' tokens are signed by, and return its file."""
    path = directory / "keys.json"
    path.write_bytes(key_set(KEY))
    return path


def pieces(text: str) -> set[str]:
    """Return every piece of the parts of a token that would be a leak."""
    parts = text.split(".")
    return {part[start : start + PIECE] for part in parts for start in range(len(part) - PIECE + 1)}


def leaked(text: str, ran: Ran) -> list[str]:
    """Return which pieces of a token's raw text were said."""
    return sorted(piece for piece in pieces(text) if piece in ran.out or piece in ran.err)
