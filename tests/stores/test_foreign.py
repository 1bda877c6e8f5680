"""Every store keeps keys of other libraries, once each, and finds them by their foreign names (K-14)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from authmux.stores.audit_event import Action
from authmux.stores.audit_log import AuditQuery
from authmux.stores.foreign import ForeignName, ForeignStore
from authmux.stores.port import PepperCheck, TokenStore
from authmux.stores.record import Record
from tests.stores.sample_events import make_entries, make_event
from tests.stores.sample_records import NOW, add, make_record, make_secret

NAME = ForeignName("knox", "abc")


def foreign(store: object) -> ForeignStore:
    """Return a store as one that keeps what was imported: all of ours do."""
    assert isinstance(store, ForeignStore)
    return store


def imported(**changes: object) -> Record:
    """Return a key that another library made."""
    return make_record(secrets=(make_secret(algorithm="sha512", digest=b"d" * 64, pepper_id="", hint=""),), **changes)


def test_find(store: TokenStore) -> None:
    """A record is found by its foreign name, and by its id like every other."""
    record, other = imported(), imported()
    assert list(foreign(store).add_foreign([(record, NAME), (other, ForeignName("drf", "abc"))])) == [True, True]
    assert foreign(store).find_foreign(NAME).record == record
    assert store.find(record.id).record == record


@pytest.mark.parametrize("name", [ForeignName("knox", "abC"), ForeignName("drf", "abc"), ForeignName("knox", "")])
def test_absent(store: TokenStore, name: ForeignName) -> None:
    """A name that nobody has is an answer, under a revision (K-23)."""
    foreign(store).add_foreign([(imported(), NAME)])
    reading = foreign(store).find_foreign(name)
    assert reading.record is None
    assert reading.revision


def test_once(store: TokenStore) -> None:
    """What is there is not taken again, in a later batch or in the same; no second record is left behind."""
    first, second, third = imported(), imported(), imported()
    assert list(foreign(store).add_foreign([(first, NAME), (second, NAME)])) == [True, False]
    assert list(foreign(store).add_foreign([(third, NAME), (third, ForeignName("knox", "def"))])) == [False, True]
    assert foreign(store).find_foreign(NAME).record == first
    assert store.find(second.id).record is None


def test_two_imports_at_once(store: TokenStore) -> None:
    """Of two imports at the same moment one takes each key, and neither fails."""
    batches = [[(imported(), ForeignName("knox", f"{number}")) for number in range(20)] for _ in range(2)]
    barrier = threading.Barrier(2)

    def add_all(batch: list[tuple[Record, ForeignName]]) -> list[bool]:
        barrier.wait(10)
        return list(foreign(store).add_foreign(batch))

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(add_all, batches)
    assert [a != b for a, b in zip(one, other, strict=True)] == [True] * 20


def test_names_may_be_there_twice(store: TokenStore) -> None:
    """Names for people are taken as they are, beside those of the owner's own (K-30 is about issuing)."""
    add(store, make_record(name="export"))
    batch = [(imported(name="export"), ForeignName("knox", each)) for each in "ab"]
    assert list(foreign(store).add_foreign(batch)) == [True, True]


def test_an_import_is_a_change(watched_store: TokenStore) -> None:
    """Whoever was told that there is no such key learns that there is one now (K-22)."""
    reading = foreign(watched_store).find_foreign(NAME)
    assert reading.revision == watched_store.freshness()
    foreign(watched_store).add_foreign([(imported(), NAME)])
    assert watched_store.freshness() != reading.revision
    assert foreign(watched_store).find_foreign(NAME).revision == watched_store.freshness()


def test_an_import_of_nothing_new_is_none(watched_store: TokenStore) -> None:
    """An import that is repeated changes nothing, and says nothing in the audit log."""
    foreign(watched_store).add_foreign([(imported(), NAME)])
    revision = watched_store.freshness()
    event = make_event(action=Action.IMPORTED)
    foreign(watched_store).add_foreign([(imported(), NAME)], audit=make_entries(event))
    assert watched_store.freshness() == revision
    assert list(watched_store.audit(AuditQuery(action=Action.IMPORTED))) == []


def test_audit(store: TokenStore) -> None:
    """Of a batch those are written down that were taken, in one transaction with them (K-70)."""
    foreign(store).add_foreign([(imported(), NAME)])
    batch = [(imported(), NAME), (imported(), ForeignName("knox", "def"))]
    entries = make_entries(*(make_event(action=Action.IMPORTED, target=record.id) for record, _ in batch))
    foreign(store).add_foreign(batch, audit=entries)
    assert [entry.event.target for entry in store.audit(AuditQuery(action=Action.IMPORTED))] == [batch[1][0].id]
    assert [entry.event.target for entry in entries.written] == [batch[1][0].id]


def test_purged(store: TokenStore) -> None:
    """A record that is purged takes its foreign name with it, so that it may be imported anew (K-36)."""
    record = imported(deleted_at=NOW - 1)
    foreign(store).add_foreign([(record, NAME)])
    store.purge([record.id], deleted_before=NOW)
    assert foreign(store).find_foreign(NAME).record is None
    assert list(foreign(store).add_foreign([(imported(), NAME)])) == [True]


def test_a_rolled_one_is_found(store: TokenStore) -> None:
    """A verb on an imported record leaves its foreign name (K-33)."""
    record = imported()
    foreign(store).add_foreign([(record, NAME)])
    rolled = replace(record, secrets=(*record.secrets, make_secret(2)), row_version=2)
    store.replace(rolled, expected=1, pepper=PepperCheck("p1", b"check of p1"))
    assert foreign(store).find_foreign(NAME).record == rolled
