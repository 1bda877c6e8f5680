"""Read JSON as a security boundary must: one meaning, or none (B-06)."""

import json
import re
from math import isinf
from typing import Any, Final

MAX_NAMES: Final = 256  # in one object; more only serves to burn time

# Possessive, and content with a string that does not end: so every byte is looked at once.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


class NotStrict(ValueError):
    """The text is not JSON, or has more than one reading; the message is a short constant."""


def parse_object(text: bytes, *, max_depth: int) -> dict[str, Any]:
    """Return the object that the text is.

    Refused: anything but UTF-8 without BOM, duplicate names at any depth, NaN and Infinity, numbers beyond a float,
    lone surrogates, more than `max_depth` levels, more than 256 names in one object.

    Raises:
        NotStrict: it is refused.
    """
    _limit_depth(text, max_depth)
    try:
        value = _decode(text.decode("utf-8"))
        if b"\\u" in text:  # only an escape can bring a lone surrogate, and it cannot be encoded again
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except NotStrict:
        raise
    except ValueError:  # UnicodeDecodeError, UnicodeEncodeError and JSONDecodeError are ValueErrors
        raise NotStrict("json") from None
    if type(value) is not dict:
        raise NotStrict("json_not_object")
    return value


def _limit_depth(text: bytes, limit: int) -> None:
    """Refuse deep nesting before the parser, which is recursive, sees it."""
    if text.count(b"{") + text.count(b"[") <= limit:
        return
    depth = 0
    for byte in _STRING.sub(b"", text):
        if byte in b"{[":
            depth += 1
            if depth > limit:
                raise NotStrict("json_depth")
        elif byte in b"}]":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrict("json_duplicate_name")
    if len(pairs) > MAX_NAMES:
        raise NotStrict("json_names")
    return members


def _float(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise NotStrict("json_number")
    return number


def _constant(_: str) -> float:
    raise NotStrict("json_number")


_decode = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant).decode
