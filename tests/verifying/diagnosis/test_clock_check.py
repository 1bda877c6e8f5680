"""The clocks are compared by the `Date` of the issuer's answers; half a minute is forgiven (B-25)."""

from email.utils import formatdate

import pytest

from authmux.testing.manual_clock import ManualClock
from authmux.verifying.diagnosis import Mark, Observation, Part, VerifierOptions, examine
from tests.fault_server import FaultServer
from tests.jose.token_maker import NOW
from tests.verifying.diagnosis.scripted_issuer import JWKS, PATH, scripted_issuer


def clock_of(server: FaultServer) -> Observation:
    options = VerifierOptions(issuer=server.url(PATH), jwks_uri=server.url(JWKS))
    [told] = [each for each in examine(options, clock=ManualClock()).observations if each.part is Part.CLOCK]
    return told


@pytest.mark.parametrize(
    ("ahead", "mark", "says"),
    [
        (0, Mark.OK, "agree"),
        (29, Mark.OK, "agree"),
        (-30, Mark.OK, "agree"),
        (31, Mark.WARNING, "the issuer's clock is 31 s ahead of ours"),
        (86_400, Mark.WARNING, "the issuer's clock is 86400 s ahead of ours"),
        (-61, Mark.WARNING, "our clock is 60 s ahead of the issuer's"),
    ],
)
def test_how_far_they_are_apart(ahead: int, mark: Mark, says: str) -> None:
    """More than what a verifier forgives is a warning, with whose clock is ahead; a date is a whole second."""
    with scripted_issuer(headers={"Date": formatdate(NOW + ahead, usegmt=True)}) as server:
        told = clock_of(server)
        assert (told.mark, says in told.says, bool(told.advice)) == (mark, True, mark is Mark.WARNING)


def test_an_answer_from_a_cache() -> None:
    """RFC 9111 §4.2.3: what a cache has kept for a while was dated then."""
    with scripted_issuer(headers={"Date": formatdate(NOW - 500, usegmt=True), "Age": "500"}) as server:
        assert clock_of(server).mark is Mark.OK


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}, {"Date": ""}], ids=["none", "no date", "empty"])
def test_an_issuer_without_a_clock(headers: dict[str, str]) -> None:
    """Where the issuer does not tell its time, that is said, and is no fault."""
    with scripted_issuer(headers=headers) as server:
        told = clock_of(server)
        assert (told.mark, "could not be compared" in told.says) == (Mark.OK, True)


@pytest.mark.parametrize("age", ["", "x", "-5", "1e9", "²", "9" * 40])
def test_an_age_that_is_none(age: str) -> None:
    """Nonsense for an age counts as none."""
    with scripted_issuer(headers={"Date": formatdate(NOW, usegmt=True), "Age": age}) as server:
        assert "agree" in clock_of(server).says
