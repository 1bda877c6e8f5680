"""Take credentials out of a query string, in place: the parameter stays, its value is masked (K-82)."""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from authmux.redaction import MASK, redact_tokens

_SHORTEST: Final = 32  # bytes: no token, nor a piece of one that is worth hiding, is shorter
_RFC_6750: Final = "access_token"  # §2.3


def redact_query(query: bytes, is_ours: Callable[[str], bool]) -> bytes:
    """Return a query string without credentials; the same object where there is none in it.

    Arguments:
        query: as it came, without the question mark.
        is_ours: whether a whole value is a credential that the application takes.
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
    masked_name, masked = redact_tokens(as_name), redact_tokens(text)
    if masked == text and (is_ours(text) or (as_name == _RFC_6750 and text.count(".") == 2)):
        masked = MASK
    return _encode(name, as_name, masked_name) + equals + _encode(value, text, masked)


def _decode(part: bytes) -> str:
    return unquote_plus(part.decode("latin-1"))


def _encode(part: bytes, text: str, masked: str) -> bytes:
    """Return a part as it came, to the byte, unless something in it was masked."""
    return part if masked == text else quote_plus(masked, safe="*").encode("ascii")
