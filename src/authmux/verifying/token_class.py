"""Whether a JWT is an access token that may be used as it came: by evidence, and not by hope (B-08, B-09, B-27)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from authmux.errors import Fault, InvalidCredential
from authmux.profiles import Path, Profile, Signs, TokenRules

_EVIDENCE: Final = frozenset({"scope", "scp", "client_id", "cid", "appid", "azpacr", "appidacr", "gty", "permissions"})
_MUST_BE: Final = {"token_use": "access", "typ": "Bearer", "tok_type": "AT"}
_OTHER_CLASS: Final = frozenset({"events", "at_hash", "c_hash", "s_hash"})


def check_presence(claims: Mapping[str, Any], rules: TokenRules, profile: Profile) -> None:
    """Return if the claims that must be there are, and those that name somebody are texts (B-27).

    Raises:
        InvalidCredential: one is missing, empty, too long, or of another type.
    """
    if not rules.required <= claims.keys():
        raise InvalidCredential(Fault.MALFORMED, "claim_missing")
    check_names(claims, profile)


def check_names(claims: Mapping[str, Any], profile: Profile) -> None:
    """Return if somebody is named, and by texts (B-27).

    Raises:
        InvalidCredential: nobody is, or a name is empty, too long, or of another type.
    """
    for name in ("sub", "jti", *profile.client_id):
        value = claims.get(name, "-")
        if type(value) is not str or not 1 <= len(value) <= 255:
            raise InvalidCredential(Fault.MALFORMED, f"{name}_type")
    if "sub" not in claims and client_id(claims, profile) is None:
        raise InvalidCredential(Fault.MALFORMED, "nobody_named")


def check_class(claims: Mapping[str, Any], rules: TokenRules, profile: Profile) -> None:
    """Return if this is an access token.

    Raises:
        InvalidCredential: it is an ID token, a logout token or another kind; or it is bound to a key (`cnf`), which
            a plain bearer did not prove to have (RFC 9449 §7.1, RFC 8705 §3).
    """
    if not _OTHER_CLASS.isdisjoint(claims):
        raise InvalidCredential(Fault.TYPE, "other_class")
    if "cnf" in claims:
        raise InvalidCredential(Fault.TYPE, "bound")
    named = [name for name, value in _MUST_BE.items() if name in claims and claims[name] == value]
    if any(name in claims and name not in named for name in _MUST_BE):
        raise InvalidCredential(Fault.TYPE, "other_class")
    if not shows(claims, profile.must):
        raise InvalidCredential(Fault.TYPE, "profile")
    if not rules.evidence:
        return
    if not named and _EVIDENCE.isdisjoint(claims):
        raise InvalidCredential(Fault.TYPE, "no_evidence")
    certain = "token_use" in named or "typ" in named or "gty" in claims
    if not certain and ("nonce" in claims or claims.get("aud") in _spellings(client_id(claims, profile))):
        raise InvalidCredential(Fault.TYPE, "id_token")


def client_id(claims: Mapping[str, Any], profile: Profile) -> str | None:
    """Return the client that a token was issued to, or None where it names none."""
    return next((claims[name] for name in profile.client_id if name in claims), None)


def shows(claims: Mapping[str, Any], signs: Signs) -> bool:
    """Return whether claims show all of what is asked; a claim that is missing equals nothing."""
    return (
        signs.present <= claims.keys()
        and signs.absent.isdisjoint(claims)
        and all(type(claims.get(name)) is type(value) and claims[name] == value for name, value in signs.equal.items())
        and all(_holds(claims.get(name), value) for name, value in signs.holding.items())
        and all(_matches(claims, name, pattern) for name, pattern in signs.matching.items())
        and all(one in claims and claims[one] == claims.get(other) for one, other in signs.same)
        and all(one in claims and other in claims and claims[one] != claims[other] for one, other in signs.different)
        and all(any(claims.get(name) for name in group) for group in signs.one_of)
        and (not signs.either or any(shows(claims, each) for each in signs.either))
    )


def find_member(claims: Mapping[str, Any], path: str | Path) -> object:
    """Return what stands at a name, or at a path of names; None where there is nothing."""
    found: object = claims
    for name in (path,) if isinstance(path, str) else path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _holds(value: object, text: str) -> bool:
    return isinstance(value, list) and text in value


def _matches(claims: Mapping[str, Any], name: str, pattern: str) -> bool:
    value = claims.get(name)
    match = re.fullmatch(pattern, value) if isinstance(value, str) else None  # `re` keeps what it has compiled
    return match is not None and all(claims.get(each) == found for each, found in match.groupdict().items())


def _spellings(audience: str | None) -> tuple[object, ...]:
    return (audience, [audience]) if audience else ()
