"""The fields of a credential as they are written on a command line."""

import json
import re
from collections.abc import Iterable
from typing import Any

from authmux.cli.exit_codes import Misuse


def read_scopes(texts: Iterable[str]) -> list[str]:
    """Return scopes, which may be written with commas or blanks between them."""
    return [each for text in texts for each in re.split(r"[,\s]+", text) if each]


def read_meta(text: str | None) -> dict[str, Any] | None:
    """Return the application's notes.

    Raises:
        Misuse: they are no JSON object.
    """
    if text is None:
        return None
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError):
        meta = None
    if not isinstance(meta, dict):
        raise Misuse("""--meta: write a JSON object, such as '{"team": "billing"}'""")
    return meta
