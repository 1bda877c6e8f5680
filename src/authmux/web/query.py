"""Take credentials out of a query string, in place: the parameter stays, its value is masked (K-82)."""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from authmux.redaction import MASK, redact_jwts, redact_tokens

_SHORTEST: Final = 32  # bytes: no token, nor a piece of one that is worth hiding, is shorter
_RFC_6750: Final = "access_token"  # §2.3
_DOTS: Final = (2, 4)  # of a JWT that is signed, or encrypted


def redact_query(query: bytes, is_ours: Callable[[str], bool]) -> bytes:
    """Return a query string without credentials; the same object where there is none in it.

    Arguments:
        query: as it came, without the question mark.
        is_ours: whether a text is a credential that the application takes.
    """
    if len(query) < _SHORTEST:
        return query
    parameters = query.split(b"&")
    redacted = [_redact_parameter(each, is_ours) for each in parameters]
    return query if redacted == parameters else b"&".join(redacted)


def _redact_parameter(parameter: bytes, is_ours: Callable[[str], bool]) -> bytes:
    if len(parameter) < _SHORTEST:
        return parameter
    name, equals, value = parameter.partition(b"=")
    as_name, text = _decode(name), _decode(value)
    masked = _mask(text, is_ours)
    if masked == text and as_name == _RFC_6750 and text.count(".") in _DOTS and MASK not in text:
        masked = MASK
    return _encode(name, as_name, _mask(as_name, is_ours)) + equals + _encode(value, text, masked)


def _mask(text: str, is_ours: Callable[[str], bool]) -> str:
    """Return a name or a value without credentials, also where it is an address that has some in its own query."""
    masked = redact_jwts(redact_tokens(text), is_ours)
    return MASK if masked == text and MASK not in text and is_ours(text) else masked


def _decode(part: bytes) -> str:
    return unquote_plus(part.decode("latin-1"))


def _encode(part: bytes, text: str, masked: str) -> bytes:
    """Return a part as it came, to the byte, unless something in it was masked."""
    return part if masked == text else quote_plus(masked, safe="*").encode("ascii")
