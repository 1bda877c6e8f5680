"""What is written down: no token stays in a query string or a log, and a public path leads nowhere else."""

from urllib.parse import unquote_plus

from authmux.errors import InvalidCredential
from authmux.redaction import MASK, redact
from authmux.web.public_paths import PublicPaths
from authmux.web.query import redact_query
from tests.fuzz.fixed import TOKENS, door, jwt_text
from tests.fuzz.judges.headers import MARKS
from tests.fuzz.judges.outcome import Refused, outcome

PUBLIC = PublicPaths(["/health", "/docs/*"])


def judge_query(data: bytes) -> None:
    """K-82: no token of ours stays in a query string, the other parameters stay to the byte, and twice is enough."""
    is_ours = door().is_ours
    redacted = redact_query(data, is_ours)
    again = redact_query(redacted, is_ours)  # it may take the rest of a value that still looks like a token
    assert redact_query(again, is_ours) == again
    before, after = data.split(b"&"), redacted.split(b"&")
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        text = new.decode("latin-1")
        assert old == new or MASK in text
        assert not shows_a_token(text)
        assert not shows_a_token(unquote_plus(text))


def judge_redaction(data: bytes) -> None:
    """K-82: no key, token or JWT stays in a text that is written down, and once is enough."""
    text = data.decode("utf-8", "surrogateescape")
    redacted = redact(text)
    assert redact(redacted) == redacted
    assert not shows_a_token(redacted)
    assert jwt_text() not in redacted


def shows_a_token(text: str) -> bool:
    """Return whether a text holds a token that some verifier could take: found without the expression under test."""
    return any(
        _is_token(text[begin : begin + length])
        for mark in MARKS
        for begin in _places(text, mark)
        for length in _LENGTHS
    )


_LENGTHS = [len("_key_") + prefix + env + 16 + 1 + 49 for prefix in (4,) for env in (0, *range(3, 10))]


def _places(text: str, mark: str) -> list[int]:
    return [begin for begin in range(len(text)) if text.startswith(mark, begin)]


def _is_token(text: str) -> bool:
    return not isinstance(outcome(lambda: TOKENS.parse(text), InvalidCredential), Refused)


def judge_public_paths(data: bytes) -> None:
    """A-142: a public path is one that was written down, or lies below one and climbs nowhere."""
    path = data.decode("utf-8", "surrogateescape")
    if path in PUBLIC:
        parts = path.split("/")
        assert path == "/health" or parts[:2] == ["", "docs"]
        plain = [part.partition(";")[0] for part in path.replace("\\", "/").split("/")]
        assert not {".", ".."} & set(plain)
        assert "" not in parts[1:-1]
