"""What may stand in the fields of a new record; everything else is refused with a sentence."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from authmux.errors import NotPossible
from authmux.jose.claims import MAX_TIME
from authmux.principal import frozen
from authmux.scopes import parse_grants
from authmux.stores.record import Owner, OwnerType
from authmux.token_format import Kind

MAX_META: Final = 8 * 1024  # bytes of JSON (K-11)
MAX_TEXT: Final = 255  # characters
MAX_NOTE: Final = 4 * 1024  # characters


def read_name(name: str) -> str:
    """Return a name for people (K-30)."""
    if not name.strip() or len(name) > MAX_TEXT or not name.isprintable():
        raise NotPossible(f"a name is 1 to {MAX_TEXT} printable characters (K-30)")
    return name


def read_owner(owner: Owner | None, kind: Kind, *, issuer: str) -> Owner:
    """Return to whom a credential belongs; without one, to nobody under our own name."""
    if owner is None:
        owner = Owner(OwnerType.NONE, issuer)
    if kind is Kind.PAT and owner.type is not OwnerType.USER:
        raise NotPossible("the owner of a personal access token is a user")
    if owner.type is not OwnerType.NONE and not 1 <= len(owner.id) <= MAX_TEXT:
        raise NotPossible(f"the owner's id is 1 to {MAX_TEXT} characters")
    read_text("the owner's id", owner.id)
    read_text("the owner's issuer", owner.issuer)
    return owner


def read_text(field: str, text: str, *, limit: int = MAX_TEXT) -> str:
    """Return a text that every database can keep."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotPossible(f"{field} is no text: it holds half a character") from None
    if len(text) > limit or "\0" in text:
        raise NotPossible(f"{field} has at most {limit} characters, and no NUL")
    return text


def read_note(text: str) -> str:
    """Return a description."""
    return read_text("description", text, limit=MAX_NOTE)


def read_reason(reason: str | None) -> str | None:
    """Return a reason in somebody's own words, if he gave one."""
    return None if reason is None else read_text("reason", reason)


def read_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Return the grants; there is no implicit `*` (K-30, K-50)."""
    try:
        grants = parse_grants(scopes)
    except ValueError as error:
        raise NotPossible(str(error)) from None
    if not grants:
        raise NotPossible("say which scopes it holds: there are none by default, and no implicit '*' (K-30)")
    return grants


def read_deadline(expires_in: timedelta | None, now: float) -> float | None:
    """Return the moment of expiry, in seconds since the epoch."""
    if expires_in is None:
        return None
    if expires_in <= timedelta(0):
        raise NotPossible("expires_in lies in the past")
    return now + expires_in.total_seconds()


def read_moment(field: str, moment: float | None) -> float | None:
    """Return a moment, in seconds since the epoch, that every database can keep; NaN would come before none."""
    if moment is None:
        return None
    if type(moment) not in (int, float) or not 0 <= moment <= MAX_TIME:
        raise NotPossible(f"{field} {moment!r}: write seconds since the epoch, up to the year 9999, or None")
    return float(moment)


def read_meta(meta: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the application's notes, read-only, as they will be read again (K-11)."""
    try:
        text = json.dumps(dict(meta or {}), allow_nan=False)
        notes: Mapping[str, Any] = frozen(json.loads(text))
    except (TypeError, ValueError, RecursionError):
        raise NotPossible("meta is a JSON object, nested no deeper than one can read") from None
    if len(text.encode()) > MAX_META:
        raise NotPossible(f"meta is larger than {MAX_META} bytes (K-11)")
    return notes


def meta_text(meta: Mapping[str, Any]) -> str:
    """Return notes as JSON, by which one tells whether they are the same."""
    return json.dumps(meta, default=dict, sort_keys=True)
