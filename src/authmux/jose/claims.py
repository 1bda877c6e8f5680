"""Judge the claims of a token whose signature was verified: pure, at a moment that is handed in (B-08…B-27)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authmux.errors import Fault, InvalidCredential
from authmux.profiles import Profile, TokenRules

MAX_TIME: Final = 253_402_300_799  # the last second of the year 9999 (B-23)

_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_EVIDENCE: Final = frozenset({"scope", "scp", "client_id", "cid", "appid", "azpacr", "appidacr", "gty", "permissions"})
_MUST_BE: Final = {"token_use": "access", "typ": "Bearer", "tok_type": "AT"}
_OTHER_CLASS: Final = frozenset({"events", "at_hash", "c_hash", "s_hash"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """What one verifier asks of the claims.

    Arguments:
        issuer: what `iss` must be, to the byte (B-21).
        audiences: `aud` must hold one of them (B-22).
        profile: how the issuer writes its access tokens.
        leeway: seconds by which clocks may differ (B-25).
    """

    issuer: str
    audiences: frozenset[str]
    profile: Profile
    leeway: float

    def check(self, typ: str | None, claims: Mapping[str, Any], *, now: float) -> None:
        """Return if the token is an access token, of this issuer, for us, and in its time.

        Raises:
            InvalidCredential: it is not; the reason says which rule refused it.
        """
        rules = self.profile.types.get(typ)
        if rules is None:
            raise InvalidCredential(Fault.TYPE, "typ")
        if claims.get("iss") != self.issuer:
            raise InvalidCredential(Fault.ISSUER, "iss")
        check_audience(claims.get("aud"), self.audiences)
        self.check_time(claims, now=now)
        check_presence(claims, rules, self.profile)
        check_class(claims, rules, self.profile)

    def check_time(self, claims: Mapping[str, Any], *, now: float) -> None:
        """Return if `now` lies within the token's time (B-23…B-25).

        Raises:
            InvalidCredential: it is expired, not yet valid, or its times are not times.
        """
        exp, nbf, iat = _time(claims, "exp"), _time(claims, "nbf"), _time(claims, "iat")
        if exp is None:
            raise InvalidCredential(Fault.MALFORMED, "exp_missing")
        if now >= exp + self.leeway:
            raise InvalidCredential(Fault.EXPIRED, "exp")
        if nbf is not None and nbf > now + self.leeway:
            raise InvalidCredential(Fault.NOT_YET_VALID, "nbf")
        if iat is not None and (iat > now + self.leeway or iat > exp):
            raise InvalidCredential(Fault.NOT_YET_VALID, "iat")


def check_audience(aud: object, audiences: frozenset[str]) -> None:
    """Return if the token is for one of these audiences, by exact comparison (B-22).

    Raises:
        InvalidCredential: it is not, or `aud` is anything but a string or an array of strings.
    """
    named = [aud] if type(aud) is str else aud
    if type(named) is not list or not all(type(each) is str for each in named) or audiences.isdisjoint(named):
        raise InvalidCredential(Fault.AUDIENCE, "aud")


def check_presence(claims: Mapping[str, Any], rules: TokenRules, profile: Profile) -> None:
    """Return if the claims that must be there are, and those that name somebody are texts (B-27).

    Raises:
        InvalidCredential: one is missing, empty, too long, or of another type.
    """
    if not rules.required <= claims.keys():
        raise InvalidCredential(Fault.MALFORMED, "claim_missing")
    for name in ("sub", "jti", *profile.client_id):
        value = claims.get(name, "-")
        if type(value) is not str or not 1 <= len(value) <= 255:
            raise InvalidCredential(Fault.MALFORMED, f"{name}_type")
    if "sub" not in claims and client_id(claims, profile) is None:
        raise InvalidCredential(Fault.MALFORMED, "nobody_named")


def check_class(claims: Mapping[str, Any], rules: TokenRules, profile: Profile) -> None:
    """Return if this is an access token that may be used as it came: by evidence, not by hope (B-09).

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
    if not rules.evidence:
        return
    if not named and _EVIDENCE.isdisjoint(claims):
        raise InvalidCredential(Fault.TYPE, "no_evidence")
    certain = "token_use" in named or "typ" in named or "gty" in claims
    if not certain and ("nonce" in claims or claims["aud"] in _spellings(client_id(claims, profile))):
        raise InvalidCredential(Fault.TYPE, "id_token")


def client_id(claims: Mapping[str, Any], profile: Profile) -> str | None:
    """Return the client that a token was issued to, or None where it names none."""
    return next((claims[name] for name in profile.client_id if name in claims), None)


def _spellings(audience: str | None) -> tuple[object, ...]:
    return (audience, [audience]) if audience else ()


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a NumericDate (RFC 7519 §2), None where there is none.

    Raises:
        InvalidCredential: it is no number, or no moment between 1970 and the year 9999.
    """
    if name not in claims:
        return None
    value = claims[name]
    if type(value) not in (int, float) or not 0 < value <= MAX_TIME:
        raise InvalidCredential(Fault.MALFORMED, f"{name}_type")
    return float(value)


def read_scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return what the token grants: `scope`, or else `scp`, a text or a list of them (RFC 9068 §2.2.3).

    What is not a scope-token of RFC 6749 §3.3 is left out; so is one that ends in `*`, which is a wildcard in our own
    grammar and nothing at all in an issuer's. Both stay to be read in the claims.

    Raises:
        InvalidCredential: the claim is neither.
    """
    value = claims.get("scope", claims.get("scp", ""))
    names = value.split(" ") if type(value) is str else value
    if type(names) is not list or not all(type(name) is str for name in names):
        raise InvalidCredential(Fault.MALFORMED, "scope_type")
    return frozenset(name for name in names if _SCOPE.fullmatch(name) and not name.endswith("*"))
