"""Every store keeps the promises of `stores.port`."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from authmux.stores.port import PepperCheck, Query, TokenStore, WriteRefused
from authmux.stores.record import Owner, OwnerType, Record
from authmux.token_format import Kind
from tests.stores.sample_records import JOB, NOW, PEPPER, add, any_record, make_record, make_secret

NOBODY = Owner(OwnerType.NONE, "acme")
WRITERS = 8


@pytest.fixture
def restless() -> Iterator[None]:
    """Have threads take turns a thousand times as often, so that what can come between does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


def at_once(calls: Sequence[Callable[[], object]]) -> list[str]:
    """Make all the calls at one moment, each in a thread; return what was refused of them, or `kept`."""
    barrier = threading.Barrier(len(calls))

    def outcome(call: Callable[[], object]) -> str:
        barrier.wait(10)
        try:
            call()
        except WriteRefused as refused:
            return refused.reason
        return "kept"

    with ThreadPoolExecutor(len(calls)) as threads:
        return sorted(threads.map(outcome, calls))


def test_find(store: TokenStore) -> None:
    """A record is found by its id, among others (K-20)."""
    records = [add(store, make_record()) for _ in range(3)]
    assert [store.find(record.id).record for record in records] == records


def test_find_absent(store: TokenStore) -> None:
    """An id that nobody has is an answer, under a revision, and not an error (K-23)."""
    add(store, make_record())
    reading = store.find("0" * 16)
    assert reading.record is None
    assert reading.revision


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(record=any_record())
def test_round_trip(store: TokenStore, record: Record) -> None:
    """A record comes back exactly as it was kept, every field of it (K-10, K-11)."""
    store.add(record, pepper=PEPPER, max_live=1_000_000, now=1e12)
    assert store.find(record.id).record == record


@settings(deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=any_record(), second=any_record())
def test_round_trip_of_a_replacement(store: TokenStore, first: Record, second: Record) -> None:
    """A replaced record comes back exactly as it was last kept, with no generation left of the former (K-10, K-33)."""
    store.add(first, pepper=PEPPER, max_live=1_000_000, now=1e12)
    store.replace(replace(second, id=first.id), expected=first.row_version)
    assert store.find(first.id).record == replace(second, id=first.id)


LISTED = {
    "a": make_record(id="a" * 16, kind=Kind.KEY, tenant="t1", owner=JOB),
    "b": make_record(id="b" * 16, kind=Kind.PAT, tenant="t1", owner=Owner(OwnerType.USER, "acme", "job")),
    "c": make_record(id="c" * 16, kind=Kind.KEY, tenant="t0", owner=JOB),
    "d": make_record(id="d" * 16, kind=Kind.KEY, tenant=None, owner=Owner(OwnerType.CLIENT, "other", "job")),
    "e": make_record(id="e" * 16, kind=Kind.KEY, tenant=None, owner=NOBODY),
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(Query(), "abcde", id="everything"),
        pytest.param(Query(kind=Kind.PAT), "b", id="kind"),
        pytest.param(Query(tenant="t1"), "ab", id="tenant"),
        pytest.param(Query(tenant=""), "", id="the-empty-tenant-is-not-every-tenant"),
        pytest.param(Query(owner=JOB), "ac", id="owner"),
        pytest.param(Query(owner=Owner(OwnerType.CLIENT, "other", "job")), "d", id="owner-of-another-issuer"),
        pytest.param(Query(owner=Owner(OwnerType.USER, "acme", "job")), "b", id="owner-of-another-type"),
        pytest.param(Query(owner=NOBODY), "e", id="nobody"),
        pytest.param(Query(kind=Kind.KEY, tenant="t1", owner=JOB), "a", id="all-of-them"),
        pytest.param(Query(kind=Kind.PAT, tenant="t0"), "", id="nothing-matches"),
        pytest.param(Query(limit=2), "ab", id="limit"),
        pytest.param(Query(after="b" * 16), "cde", id="after"),
        pytest.param(Query(after="b" * 16, limit=1), "c", id="after-and-limit"),
        pytest.param(Query(owner=JOB, limit=1), "a", id="the-first-by-id-not-by-age"),
        pytest.param(Query(owner=JOB, after="a" * 16, limit=1), "c", id="a-page-counts-only-what-matches"),
        pytest.param(Query(after="e" * 16), "", id="behind-the-last"),
    ],
)
def test_list(store: TokenStore, query: Query, expected: str) -> None:
    """The records that match everything asked for are listed by id, a page at a time (K-31)."""
    for letter in "dbeca":
        add(store, LISTED[letter])
    assert list(store.list(query)) == [LISTED[letter] for letter in expected]


def test_list_counts_records_not_generations(store: TokenStore) -> None:
    """A page holds as many records as were asked for, each with all its generations (K-31)."""
    records = [add(store, make_record(secrets=tuple(make_secret(n) for n in (1, 2, 3)))) for _ in range(3)]
    assert list(store.list(Query(limit=2))) == sorted(records, key=lambda record: record.id)[:2]


def test_add_twice(store: TokenStore) -> None:
    """An id that is kept already is refused as such, whatever else there is against it (K-04)."""
    record = add(store, make_record())
    with pytest.raises(WriteRefused, match="exists"):
        add(store, record, max_live=1)


ENDED: list[Any] = [
    pytest.param({"expires_at": NOW}, id="expired-this-second"),
    pytest.param({"revoked_at": NOW}, id="revoked"),
    pytest.param({"deleted_at": NOW}, id="deleted"),
    pytest.param({"disabled_at": NOW - 1, "expires_at": NOW}, id="disabled-and-then-expired"),
]
LIVE: list[Any] = [
    pytest.param({}, id="active"),
    pytest.param({"expires_at": NOW + 1}, id="not-expired-yet"),
    pytest.param({"disabled_at": NOW}, id="disabled"),
    pytest.param({"not_before": NOW + 1}, id="not-valid-yet"),
]
STRANGERS: list[Any] = [
    pytest.param({"kind": Kind.PAT}, id="another-kind"),
    pytest.param({"tenant": "t1"}, id="another-tenant"),
    pytest.param({"owner": replace(JOB, id="other")}, id="another-owner"),
    pytest.param({"owner": replace(JOB, issuer="other")}, id="another-issuer"),
    pytest.param({"owner": replace(JOB, type=OwnerType.USER)}, id="another-type"),
]


@pytest.mark.parametrize("state", LIVE)
def test_name_taken(store: TokenStore, state: dict[str, Any]) -> None:
    """A name is refused while another live credential of the same owner has it (K-30)."""
    add(store, make_record(name="nightly", **state))
    with pytest.raises(WriteRefused, match="name_taken"):
        add(store, make_record(name="nightly"))


@pytest.mark.parametrize("difference", [*ENDED, *STRANGERS])
def test_name_free(store: TokenStore, difference: dict[str, Any]) -> None:
    """A name is free once its credential has ended, and to every other owner, kind and tenant (K-30)."""
    add(store, make_record(name="nightly", **difference))
    record = add(store, make_record(name="nightly"))
    assert store.find(record.id).record == record


def test_names_are_compared_exactly(store: TokenStore) -> None:
    """Two names that differ in case or in a space are two names (K-30)."""
    for name in ("nightly", "Nightly", "nightly ", "ｎightly"):
        add(store, make_record(name=name))
    assert len(store.list(Query())) == 4


@pytest.mark.parametrize("state", LIVE)
def test_too_many(store: TokenStore, state: dict[str, Any]) -> None:
    """An owner who has as many live credentials as allowed gets no more (K-30)."""
    for _ in range(2):
        add(store, make_record(**state), max_live=2)
    with pytest.raises(WriteRefused, match="too_many"):
        add(store, make_record(), max_live=2)


@pytest.mark.parametrize("difference", [*ENDED, *STRANGERS])
def test_not_too_many(store: TokenStore, difference: dict[str, Any]) -> None:
    """Credentials that have ended, or are another's, are not counted (K-30)."""
    add(store, make_record(**difference), max_live=1)
    record = add(store, make_record(), max_live=1)
    assert store.find(record.id).record == record


def test_nobodys_keys_are_not_counted(store: TokenStore) -> None:
    """Keys that are nobody's have no rivals: neither their number nor their names are limited (K-30)."""
    for _ in range(3):
        add(store, make_record(owner=NOBODY, name="embed"), max_live=1)
    assert len(store.list(Query(owner=NOBODY))) == 3


@pytest.mark.usefixtures("restless")
def test_concurrent_adds_stay_within_the_limit(store: TokenStore) -> None:
    """However many add at once, an owner never has more live credentials than allowed (K-30)."""
    records = [make_record() for _ in range(WRITERS)]
    outcomes = at_once([lambda record=record: add(store, record, max_live=3) for record in records])  # type: ignore[misc]  # mypy cannot infer it
    assert outcomes == ["kept"] * 3 + ["too_many"] * (WRITERS - 3)
    assert len(store.list(Query(owner=JOB))) == 3


@pytest.mark.usefixtures("restless")
def test_concurrent_adds_of_one_name(store: TokenStore) -> None:
    """Of several who take a name at once, one gets it (K-30)."""
    records = [make_record(name="nightly") for _ in range(WRITERS)]
    outcomes = at_once([lambda record=record: add(store, record) for record in records])  # type: ignore[misc]  # mypy cannot infer it
    assert outcomes == ["kept"] + ["name_taken"] * (WRITERS - 1)


@pytest.mark.parametrize("expected", [1, 3], ids=["older", "newer"])
def test_replace_another_version(store: TokenStore, expected: int) -> None:
    """A change that was decided on another version is refused, and changes nothing (K-33)."""
    record = add(store, make_record(row_version=2))
    with pytest.raises(WriteRefused, match="changed"):
        store.replace(replace(record, name="other", row_version=3), expected=expected)
    assert store.find(record.id).record == record


def test_replace_absent(store: TokenStore) -> None:
    """What is not kept cannot be changed, and does not appear by it (K-33)."""
    record = make_record()
    with pytest.raises(WriteRefused, match="changed"):
        store.replace(record, expected=1)
    assert store.find(record.id).record is None


def test_replace_one_of_several(store: TokenStore) -> None:
    """A change of one record leaves the others as they are (K-10)."""
    first, other = add(store, make_record()), add(store, make_record())
    store.replace(replace(first, secrets=(make_secret(2),), row_version=2), expected=1)
    assert store.find(other.id).record == other


@pytest.mark.usefixtures("restless")
def test_concurrent_replacements(store: TokenStore) -> None:
    """Of several who change one version at once, exactly one does, and his is what is kept (K-33)."""
    record = add(store, make_record())
    rivals = [replace(record, name=f"rival {n}", row_version=2) for n in range(WRITERS)]
    outcomes = at_once([lambda rival=rival: store.replace(rival, expected=1) for rival in rivals])  # type: ignore[misc]  # mypy cannot infer it
    assert outcomes == ["changed"] * (WRITERS - 1) + ["kept"]
    assert store.find(record.id).record in rivals


def test_pepper_checks(store: TokenStore) -> None:
    """The check of each pepper is kept once, with the first record that uses it (K-13)."""
    second = PepperCheck("p2", b"check of p2")
    for pepper in (PEPPER, PEPPER, second):
        add(store, make_record(), pepper=pepper)
    assert sorted(store.pepper_checks(), key=lambda check: check.pepper_id) == [PEPPER, second]


def test_no_pepper_checks(store: TokenStore) -> None:
    """A store in which nothing was kept knows no pepper (K-13)."""
    assert list(store.pepper_checks()) == []


def test_another_pepper_under_the_same_id(store: TokenStore) -> None:
    """A record under another pepper of the same id is refused, and neither it nor the pepper is kept (K-13)."""
    add(store, make_record())
    record = make_record()
    with pytest.raises(WriteRefused, match="pepper"):
        add(store, record, pepper=PepperCheck("p1", b"check of another"))
    assert store.find(record.id).record is None
    assert list(store.pepper_checks()) == [PEPPER]


def test_refused_record_leaves_no_pepper(store: TokenStore) -> None:
    """A record that is refused leaves nothing behind, the check of its pepper neither (K-13)."""
    add(store, make_record(name="nightly"))
    with pytest.raises(WriteRefused, match="name_taken"):
        add(store, make_record(name="nightly"), pepper=PepperCheck("p2", b"check of p2"))
    assert list(store.pepper_checks()) == [PEPPER]


def test_freshness_follows_every_change(watched_store: TokenStore) -> None:
    """The revision is another one after every change, and never one that it was before (K-22)."""
    seen = [watched_store.freshness()]
    record = add(watched_store, make_record())
    seen.append(watched_store.freshness())
    for version in (2, 3):
        # The same values again: a change is a change whether or not it shows.
        watched_store.replace(replace(record, row_version=version), expected=version - 1)
        seen.append(watched_store.freshness())
    assert None not in seen
    assert len(set(seen)) == 4


def test_freshness_stays_after_reads(watched_store: TokenStore) -> None:
    """Reading, and a change that was refused, leave the revision as it is (K-22)."""
    record = add(watched_store, make_record())
    before = watched_store.freshness()
    watched_store.find(record.id)
    watched_store.find("0" * 16)
    watched_store.list(Query())
    watched_store.pepper_checks()
    with pytest.raises(WriteRefused):
        watched_store.replace(record, expected=7)
    with pytest.raises(WriteRefused):
        add(watched_store, record)
    assert watched_store.freshness() == before


def test_reading_carries_the_current_revision(watched_store: TokenStore) -> None:
    """What is read while nothing changes carries the revision that holds, present or absent (K-22)."""
    record = add(watched_store, make_record())
    revisions = {watched_store.find(record.id).revision, watched_store.find("0" * 16).revision}
    assert revisions == {watched_store.freshness()}


@pytest.mark.usefixtures("restless")
def test_revision_is_sampled_before_the_record(watched_store: TokenStore) -> None:
    """A record is never older than the revision that it carries, however often it changes meanwhile (K-22)."""
    record = add(watched_store, make_record())
    version_of = {watched_store.find(record.id).revision: 1}
    readings: list[tuple[str | None, int]] = []
    ended = threading.Event()

    def read_on() -> None:
        while not ended.is_set():
            reading = watched_store.find(record.id)
            assert reading.record is not None
            readings.append((reading.revision, reading.record.row_version))

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read_on) for _ in range(3)]
        try:
            for version in range(2, 52):
                watched_store.replace(replace(record, row_version=version), expected=version - 1)
                version_of[watched_store.find(record.id).revision] = version
                count = len(readings)
                while len(readings) == count and not any(reader.done() for reader in readers):
                    time.sleep(0)
        finally:
            ended.set()
        for reader in readers:
            reader.result(10)
    assert len(version_of) == 51
    assert len({version for _, version in readings}) > 1
    assert [each for each in readings if each[1] < version_of[each[0]]] == []


def test_deadlines_keep_their_fractions(store: TokenStore) -> None:
    """A deadline is kept to the last bit, so that it is the same second in every process (K-37)."""
    expires_at = NOW + timedelta(days=30).total_seconds() + 0.123456789
    record = add(store, make_record(expires_at=expires_at))
    kept = store.find(record.id).record
    assert kept is not None
    assert kept.expires_at == expires_at
