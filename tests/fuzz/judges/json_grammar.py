"""Strict JSON, read slowly and by other means than authmux: the two must agree on every text."""

import json
import math
from typing import Any

from authmux.jose.strict_json import MAX_NAMES


class Pairs(list[tuple[str, Any]]):
    """An object with all its names, the doubled ones too."""


def read_strictly(text: bytes, *, max_depth: int) -> dict[str, Any] | None:
    """Return the object that a text is, or None where it is not JSON with one meaning."""
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, Pairs) or not _is_strict(value, max_depth):
        return None
    return json.loads(text)  # type: ignore[no-any-return]


def _is_strict(value: object, depth: int) -> bool:
    match value:
        case Pairs():
            names = [name for name, _ in value]
            fits = depth > 0 and len(set(names)) == len(names) <= MAX_NAMES
            return fits and all(_is_strict(each, depth - 1) for pair in value for each in pair)
        case list():
            return depth > 0 and all(_is_strict(each, depth - 1) for each in value)
        case str():
            return not any("\ud800" <= character <= "\udfff" for character in value)
        case float():
            return math.isfinite(value)
    return True
