"""The claims that every JWT has: for whom it is, and its time; pure, at a moment that is handed in (B-22…B-26)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authmux.errors import Fault, InvalidCredential

MAX_TIME: Final = 253_402_300_799  # the last second of the year 9999 (B-23)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRules:
    """What is asked of `exp`, `nbf` and `iat`; all in seconds.

    Arguments:
        leeway: by how much clocks may differ (B-25).
        max_lifetime: the longest that a token may live from `iat` to `exp`; None for any (B-26).
        max_age: for how long a token is taken after `iat`; None for as long as it lives (B-26).
    """

    leeway: float
    max_lifetime: float | None = None
    max_age: float | None = None

    def check(self, claims: Mapping[str, Any], *, now: float) -> None:
        """Return if `now` lies within the token's time (B-23…B-26).

        Raises:
            InvalidCredential: it is expired, not yet valid, lives too long, or its times are not times.
        """
        exp, nbf, iat = read_time(claims, "exp"), read_time(claims, "nbf"), read_time(claims, "iat")
        if exp is None:
            raise InvalidCredential(Fault.MALFORMED, "exp_missing")
        if now >= exp + self.leeway:
            raise InvalidCredential(Fault.EXPIRED, "exp")
        if nbf is not None and nbf > now + self.leeway:
            raise InvalidCredential(Fault.NOT_YET_VALID, "nbf")
        if iat is not None and (iat > now + self.leeway or iat > exp):
            raise InvalidCredential(Fault.NOT_YET_VALID, "iat")
        if self.max_lifetime is not None or self.max_age is not None:
            self._check_age(exp, iat, now)

    def _check_age(self, exp: float, iat: float | None, now: float) -> None:
        if iat is None:
            raise InvalidCredential(Fault.MALFORMED, "iat_missing")
        if self.max_lifetime is not None and exp - iat > self.max_lifetime:
            raise InvalidCredential(Fault.EXPIRED, "max_lifetime")
        if self.max_age is not None and now >= iat + self.max_age + self.leeway:
            raise InvalidCredential(Fault.EXPIRED, "max_age")

    def span(self, claims: Mapping[str, Any]) -> tuple[float, float]:
        """Return from when until when a token that was checked is in its time."""
        iat = claims.get("iat", 0.0)
        ends = claims["exp"] if self.max_age is None else min(claims["exp"], iat + self.max_age)
        return max(claims.get("nbf", 0.0), iat) - self.leeway, ends + self.leeway


def check_audience(aud: object, audiences: frozenset[str], *, sole: bool = False) -> None:
    """Return if the token is for one of these audiences, by exact comparison (B-22).

    Arguments:
        aud: the claim.
        audiences: what this API is called.
        sole: refuse a token that is for somebody else as well.

    Raises:
        InvalidCredential: it is not, or `aud` is anything but a string or an array of strings.
    """
    named = [aud] if type(aud) is str else aud
    if type(named) is not list or not all(type(each) is str for each in named) or audiences.isdisjoint(named):
        raise InvalidCredential(Fault.AUDIENCE, "aud")
    if sole and not audiences.issuperset(named):
        raise InvalidCredential(Fault.AUDIENCE, "aud_not_sole")


def read_time(claims: Mapping[str, Any], name: str) -> float | None:
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
