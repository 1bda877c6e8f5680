"""Where a credential stands in a request's headers: where the grammar says, read slowly, and nowhere else."""

from authmux.errors import InvalidCredential, MalformedCredential
from authmux.token_format import Kind
from authmux.web.headers import Locations
from tests.fuzz.fixed import TOKENS
from tests.fuzz.judges import request_grammar
from tests.fuzz.judges.outcome import Refused, outcome

MARKS = (*TOKENS.marks(Kind.KEY), *TOKENS.marks(Kind.PAT))
LOCATIONS = Locations(api_key_header="X-API-Key", basic=lambda text: text.startswith(MARKS))


def judge_headers(data: bytes) -> None:
    """B-02, K-80: what is found in three headers is what the grammar, read slowly, says is there."""
    values = data.split(b"\n\n", 2)
    found = outcome(lambda: LOCATIONS.find(*values), MalformedCredential, InvalidCredential)
    if isinstance(found, Refused):
        is_long = isinstance(found.error, InvalidCredential)
        assert _expected(values) == (request_grammar.TOO_LONG if is_long else request_grammar.UNREADABLE)
    elif found.value is None:
        assert _expected(values) == request_grammar.NOTHING
    else:
        assert _expected(values) == (found.value.location.value, found.value.text.encode("latin-1"))


def _expected(values: list[bytes]) -> str | tuple[str, bytes]:
    """Return where the one token stands and what it is, or why there is none; the first header that is wrong counts."""
    found: str | tuple[str, bytes] = request_grammar.NOTHING
    for where, value in zip(("authorization", "header", "subprotocol"), values, strict=False):
        where_exactly, token = _read(where, value)
        if token in (request_grammar.UNREADABLE, request_grammar.TOO_LONG):
            return str(token)
        if isinstance(token, bytes):
            if found != request_grammar.NOTHING:
                return request_grammar.UNREADABLE
            found = where_exactly, token
    return found


def _read(where: str, value: bytes) -> tuple[str, bytes | str]:
    if where == "header":
        return where, request_grammar.read_bare(value)
    if where == "subprotocol":
        return where, request_grammar.read_offers(value)
    token = request_grammar.read_authorization(value)
    if token != request_grammar.NOTHING:
        return where, token
    return "basic", request_grammar.read_basic(value, tuple(mark.encode() for mark in MARKS))
