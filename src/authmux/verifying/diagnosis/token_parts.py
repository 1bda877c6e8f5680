"""The header and the claims of a JWT, to be shown: read strictly, but each by itself, and never the signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authmux.credential import MAX_TEXT
from authmux.errors import InvalidCredential
from authmux.jose.compact import CLAIMS_DEPTH, HEADER_DEPTH, decode_segment
from authmux.jose.strict_json import NotStrict, parse_object
from authmux.redaction import MASK, redact

_LEAST: Final = 12  # characters; shorter parts are words that may stand everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a token: its members, or why they cannot be read."""

    members: Mapping[str, Any] | None = None
    reason: str | None = None


def read_parts(text: str) -> tuple[Segment, Segment]:
    """Return the header and the claims; nothing is verified, and a part that cannot be read says why.

    Where somebody wrote the token's own raw text into them, its signature say, that is masked.
    """
    segments = text.split(".")
    raw = sorted((each for each in (text, *segments) if len(each) >= _LEAST), key=len, reverse=True)
    header, claims = (*segments, "")[:2]
    return _read(header, HEADER_DEPTH, raw), _read(claims, CLAIMS_DEPTH, raw)


def _read(segment: str, depth: int, raw: Sequence[str]) -> Segment:
    if len(segment) > MAX_TEXT:
        return Segment(reason="token_too_long")
    try:
        members = parse_object(decode_segment(segment.encode("ascii")), max_depth=depth)
        return Segment(members={_without(name, raw): _without(value, raw) for name, value in members.items()})
    except UnicodeEncodeError:
        return Segment(reason="base64")
    except InvalidCredential as refusal:
        return Segment(reason=refusal.reason)
    except NotStrict as error:
        return Segment(reason=str(error))


def _without(value: Any, raw: Sequence[str]) -> Any:
    """Return a JSON value without these texts in it, nor any other credential."""
    if isinstance(value, dict):
        return {_without(name, raw): _without(member, raw) for name, member in value.items()}
    if isinstance(value, list):
        return [_without(member, raw) for member in value]
    if isinstance(value, str):
        value = redact(value)  # first, for a JWT is known as a whole
        for each in raw:
            value = value.replace(each, MASK)
    return value
