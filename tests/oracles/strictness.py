"""What we ask of an accepted token and the other libraries do not, written a second time and plainly (B-05…B-08)."""

import base64
import json
from typing import Any

from authmux.profiles import Profile

_UNDERSTOOD_NOWHERE = {"crit", "b64", "zip", "enc", "cty", "epk", "p2s", "p2c"}
_OTHER_CLASSES = {"at_hash", "c_hash", "s_hash", "events", "cnf"}


def find_laxity(text: str, profile: Profile) -> str | None:
    """Return what an accepted token should have been refused for, or None."""
    segments = text.split(".")
    plain = [base64.urlsafe_b64decode(segment + "==") for segment in segments]
    if [base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in plain] != segments:
        return "it can be spelt in another way"
    try:
        header, claims = (json.loads(part.decode("utf-8"), object_pairs_hook=_unique) for part in plain[:2])
    except ValueError as error:
        return str(error)
    typ = header.get("typ")
    if (typ if typ is None else typ.lower().removeprefix("application/")) not in profile.types:
        return f"its typ is {typ!r}"
    if not _UNDERSTOOD_NOWHERE.isdisjoint(header) or not _OTHER_CLASSES.isdisjoint(claims):
        return "it has a member that changes what it is"
    return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return dict(pairs)
