"""One thing that an examination found: a value that a program can look at, and a sentence that a person can read."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from authmux.redaction import redact

_LONGEST: Final = 200  # characters


class Mark(StrEnum):
    """How it stands."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Part(StrEnum):
    """What was looked at."""

    OPTIONS = "options"
    DISCOVERY = "discovery"
    KEYS = "keys"
    CLOCK = "clock"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was found.

    Arguments:
        part: what was looked at.
        mark: how it stands; WRONG is what keeps a verifier from its work, or a secret that is out.
        says: what was found; it may quote the issuer, control characters and all.
        advice: what to do; empty where nothing is to be done.
    """

    part: Part
    mark: Mark
    says: str
    advice: str = ""


def quoted(value: object) -> str:
    """Return what somebody else wrote as it stands in a sentence: short, in quotes, and without credentials."""
    text = redact(value if isinstance(value, str) else json.dumps(value))  # before it is cut, and known no more
    if isinstance(value, str):
        return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}…"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
