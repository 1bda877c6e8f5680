"""Whether the issuer's clock and ours agree, by the `Date` of its answers (RFC 9110 §6.6.1)."""

from collections.abc import Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from authmux.verifying.diagnosis.observation import Mark, Observation, Part
from authmux.verifying.diagnosis.witness import Asked

LEEWAY: Final = 30.0  # seconds; what a verifier forgives (B-25)


def check_clock(asked: Iterable[Asked]) -> Observation:
    """Return how far the clocks are apart."""
    apart = [each for each in map(difference, asked) if each is not None]
    if not apart:
        says = "the issuer does not tell its time, so the clocks could not be compared"
        return Observation(part=Part.CLOCK, mark=Mark.OK, says=says)
    seconds = min(apart, key=abs)
    if abs(seconds) <= LEEWAY:
        return Observation(part=Part.CLOCK, mark=Mark.OK, says=f"the clocks agree within {abs(seconds) + 1:.0f} s")
    ahead, behind = ("the issuer's clock", "ours") if seconds > 0 else ("our clock", "the issuer's")
    return Observation(
        part=Part.CLOCK,
        mark=Mark.WARNING,
        says=f"{ahead} is {abs(seconds):.0f} s ahead of {behind}, and a verifier forgives {LEEWAY:.0f} s",
        advice="set both by NTP: else fresh tokens are refused as not yet valid, or expired ones are taken",
    )


def difference(asked: Asked) -> float | None:
    """Return by how many seconds the issuer's clock is ahead of ours; None where it does not say.

    A date is a whole second, told at some moment between question and answer; what a cache kept has aged since.
    """
    try:
        date = parsedate_to_datetime(asked.headers["date"]).replace(tzinfo=UTC).timestamp()
    except (KeyError, ValueError, OverflowError):
        return None
    age = asked.headers.get("age", "")
    date += int(age) if age.isdecimal() and len(age) < 10 else 0
    if date > asked.ended:
        return date - asked.ended
    return min(date + 1 - asked.began, 0.0)
