"""What rolling and revoking make of a record, at any moment and in any order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.errors import Conflict, NotPossible
from authmux.issuing.rules import MAX_OVERLAP, REASONS, revoked, rolled
from authmux.stores.record import KEPT_GENERATIONS, Record, State
from tests.stores.sample_records import NOW, make_record, make_secret

DAY = timedelta(days=1)


def roll(record: Record, *, overlap: timedelta = DAY, now: float = NOW, generation: int | None = None) -> Record:
    """Roll a record, from the generation that it is at if none is given."""
    fresh = make_secret(record.generation + 1, created_at=now)
    expected = record.generation if generation is None else generation
    return rolled(record, fresh, generation=expected, overlap=overlap, now=now)


@pytest.mark.parametrize(
    ("overlap", "expires_at", "retire_at"),
    [
        pytest.param(timedelta(0), None, NOW, id="now"),
        pytest.param(timedelta(hours=1), None, NOW + 3600, id="in-an-hour"),
        pytest.param(DAY, None, NOW + 86_400, id="in-a-day"),
        pytest.param(MAX_OVERLAP, None, NOW + 30 * 86_400, id="in-thirty-days"),
        pytest.param(DAY, NOW + 60, NOW + 60, id="never-past-the-expiry"),
        pytest.param(DAY, NOW + 2 * 86_400, NOW + 86_400, id="before-the-expiry"),
        pytest.param(timedelta(0), NOW + 60, NOW, id="now-though-it-expires-later"),
    ],
)
def test_overlap(overlap: timedelta, expires_at: float | None, retire_at: float) -> None:
    """The old generation retires when the overlap is over, and never after the expiry (K-33)."""
    after = roll(make_record(expires_at=expires_at), overlap=overlap)
    assert [secret.retire_at for secret in after.secrets] == [retire_at, None]


@pytest.mark.parametrize(
    "overlap",
    [
        pytest.param(timedelta(microseconds=-1), id="negative"),
        pytest.param(MAX_OVERLAP + timedelta(microseconds=1), id="longer-than-thirty-days"),
    ],
)
def test_no_such_overlap(overlap: timedelta) -> None:
    """An overlap is from none to thirty days (K-33)."""
    with pytest.raises(NotPossible, match="30 days"):
        roll(make_record(), overlap=overlap)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        pytest.param({"expires_at": NOW}, "expired", id="expired"),
        pytest.param({"revoked_at": NOW}, "revoked", id="revoked"),
        pytest.param({"disabled_at": NOW}, "disabled", id="disabled"),
    ],
)
def test_what_has_ended_is_not_rolled(changes: dict[str, Any], word: str) -> None:
    """What is expired, revoked or disabled is not rolled, and the message says which (K-33)."""
    with pytest.raises(NotPossible, match=word):
        roll(make_record(**changes))


def test_what_begins_later_is_rolled() -> None:
    """What is not valid yet may be rolled (K-33)."""
    assert roll(make_record(not_before=NOW + 1)).generation == 2


@pytest.mark.parametrize("generation", [0, 1, 3], ids=["none", "an-older-one", "one-to-come"])
def test_another_generation_is_a_conflict(generation: int) -> None:
    """Who expects another generation than there is does not kill a secret that he does not know of (K-33)."""
    record = make_record(secrets=(make_secret(1, retire_at=NOW), make_secret(2)))
    with pytest.raises(Conflict, match="at generation 2"):
        roll(record, generation=generation)


def test_an_ended_one_is_no_conflict() -> None:
    """What has ended says so, also to who expects another generation: looking again would not help him (K-33)."""
    with pytest.raises(NotPossible):
        roll(make_record(revoked_at=NOW), generation=7)


def test_rolling_again_retires_the_oldest_at_once() -> None:
    """Of three generations the oldest dies at once, whatever overlap it was promised (K-33)."""
    once = roll(make_record(), overlap=MAX_OVERLAP)
    twice = roll(once, now=NOW + 60)
    assert [secret.retire_at for secret in twice.secrets] == [NOW + 60, NOW + 60 + 86_400, None]


def test_a_retired_one_keeps_its_date() -> None:
    """A generation that has retired keeps the moment at which it did (K-33)."""
    once = roll(make_record(), overlap=timedelta(0))
    twice = roll(once, now=NOW + 60)
    assert twice.secrets[0].retire_at == NOW


def test_rolling_leaves_everything_else() -> None:
    """Rolling changes the secrets and the version, and nothing else (K-10)."""
    before = make_record(expires_at=NOW + 1e6, tenant="t", meta={"a": 1}, row_version=4)
    after = roll(before)
    assert replace(after, secrets=before.secrets, row_version=4) == before
    assert after.row_version == 5
    assert replace(after.secrets[0], retire_at=None) == before.secrets[0]


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.timedeltas(timedelta(0), MAX_OVERLAP)), min_size=1, max_size=12),
    st.none() | st.just(NOW + 1.5e7),
)
def test_however_often_it_is_rolled(rolls: list[tuple[float, timedelta]], expires_at: float | None) -> None:
    """At most two generations live, the newest always does, and none that has retired lives again (K-10, K-33)."""
    record, now = make_record(expires_at=expires_at), NOW
    for count, (later, overlap) in enumerate(rolls, start=1):
        now += later
        before = {secret.generation: secret.retire_at for secret in record.secrets}
        record = roll(record, overlap=overlap, now=now)
        numbers = [secret.generation for secret in record.secrets]
        assert numbers == list(range(count + 1, 0, -1))[:KEPT_GENERATIONS][::-1]
        assert record.secrets[-1].retire_at is None
        assert sum(secret.is_live(now) for secret in record.secrets) <= 2
        for secret in record.secrets[:-1]:
            assert secret.retire_at is not None
            assert expires_at is None or secret.retire_at <= expires_at
            assert secret.retire_at <= (before[secret.generation] or float("inf"))


def test_revoked() -> None:
    """Who, when and why is written down, and the digests are kept, to recognise a later use (K-35)."""
    before = make_record(row_version=4)
    after = revoked(before, by="operator", reason="compromised", now=NOW)
    assert after == replace(before, revoked_at=NOW, revoked_by="operator", revoked_reason="compromised", row_version=5)
    assert after.state(NOW) is State.REVOKED


def test_revoked_again() -> None:
    """What is revoked stays as it was revoked first: who, when and why (K-35)."""
    first = revoked(make_record(), by="operator", reason="compromised", now=NOW)
    assert revoked(first, by="other", reason="policy", now=NOW + 1) is first


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"expires_at": NOW}, id="expired"),
        pytest.param({"disabled_at": NOW}, id="disabled"),
        pytest.param({"not_before": NOW + 1}, id="not-yet"),
        pytest.param({"deleted_at": NOW}, id="deleted"),
    ],
)
def test_revoked_in_every_state(changes: dict[str, Any]) -> None:
    """Whatever state it is in, it can be revoked for good (K-35)."""
    assert revoked(make_record(**changes), by="operator", reason="other", now=NOW).revoked_at == NOW


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_reason(reason: str) -> None:
    """Each of the reasons that there are is written down as it is (K-35)."""
    assert revoked(make_record(), by="operator", reason=reason, now=NOW).revoked_reason == reason


def test_reasons() -> None:
    """The reasons are the five of the rule (K-35)."""
    assert {"compromised", "superseded", "offboarding", "policy", "other"} == REASONS


@pytest.mark.parametrize("reason", ["", "Compromised", "because"])
@pytest.mark.parametrize("revoked_at", [None, NOW], ids=["live", "revoked-already"])
def test_no_such_reason(reason: str, revoked_at: float | None) -> None:
    """Any other reason is refused, and the message lists those that there are (K-35)."""
    with pytest.raises(NotPossible, match="compromised, offboarding, other, policy, superseded"):
        revoked(make_record(revoked_at=revoked_at), by="operator", reason=reason, now=NOW)
