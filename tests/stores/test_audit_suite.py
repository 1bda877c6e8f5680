"""Every store keeps the audit log as `stores.audit_log` promises (K-71)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from authmux.stores.audit_chain import START, ChainCheck, chained
from authmux.stores.audit_event import Action, AuditEvent, Entries
from authmux.stores.audit_log import AuditQuery
from authmux.stores.port import PepperCheck, TokenStore, WriteRefused
from tests.stores.sample_events import PEPPERS, SEAL, any_event, make_entries, make_event
from tests.stores.sample_records import NOW, PEPPER, add, make_record

EVERYTHING = AuditQuery(limit=1000)


def holds(store: TokenStore) -> bool:
    """Return whether the whole log is one chain from its beginning."""
    return ChainCheck(PEPPERS.seals()).follow(store.audit(EVERYTHING)) is None


def test_append(store: TokenStore) -> None:
    """What is appended is read again, in its order, as one chain, and handed back as it was written."""
    first, second = make_entries(make_event(target="a"), make_event(target="b")), make_entries(make_event(target="c"))
    store.append_audit(first)
    store.append_audit(second)
    read = list(store.audit(EVERYTHING))
    assert [entry.event.target for entry in read] == ["a", "b", "c"]
    assert [entry.position for entry in read] == [1, 2, 3]
    assert read == first.written + second.written
    assert holds(store)


def test_nothing_to_append(store: TokenStore) -> None:
    """No events are no entries."""
    store.append_audit(Entries((), SEAL))
    assert list(store.audit(EVERYTHING)) == []


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=any_event())
def test_every_event_is_kept(store: TokenStore, event: AuditEvent) -> None:
    """Whatever an event holds, it is read as it was sealed; what no database could keep is replaced before that."""
    entries = make_entries(event)
    store.append_audit(entries)
    assert list(store.audit(AuditQuery(newest=True, limit=1))) == entries.written
    written = entries.written[0].event
    assert (written.at, written.action, written.actor_generation) == (event.at, event.action, event.actor_generation)


def test_with_a_new_record(store: TokenStore) -> None:
    """A new record and its entry are kept together."""
    entries = make_entries()
    store.add(make_record(), pepper=PEPPER, max_live=9, now=NOW, audit=entries)
    assert list(store.audit(EVERYTHING)) == entries.written != []


def test_with_a_replaced_record(store: TokenStore) -> None:
    """A replaced record and its entry are kept together."""
    record = add(store, make_record())
    entries = make_entries()
    store.replace(replace(record, row_version=2), expected=1, audit=entries)
    assert list(store.audit(EVERYTHING)) == entries.written != []


def test_with_no_record(store: TokenStore) -> None:
    """A change that is refused leaves no entry, and hands none back (K-70)."""
    record = add(store, make_record())
    refused: list[dict[str, Any]] = [
        {"record": record, "pepper": PEPPER},
        {"record": make_record(), "pepper": PepperCheck("p1", b"another")},
        {"record": make_record(name=record.name), "pepper": PEPPER},
    ]
    for each in refused:
        entries = make_entries()
        with pytest.raises(WriteRefused):
            store.add(each["record"], pepper=each["pepper"], max_live=9, now=NOW, audit=entries)
        assert entries.written == []
    entries = make_entries()
    with pytest.raises(WriteRefused):
        store.replace(record, expected=7, audit=entries)
    assert entries.written == []
    assert list(store.audit(EVERYTHING)) == []


def test_the_revision_stays(watched_store: TokenStore) -> None:
    """The audit log is no reason to forget a record (K-22)."""
    before = watched_store.freshness()
    watched_store.append_audit(make_entries())
    assert watched_store.freshness() == before


FOUND = [
    make_event(target="a", tenant="t1", actor="ann", at=NOW),
    make_event(target="b", tenant="t1", actor="bob", at=NOW + 1, action=Action.REVOKED),
    make_event(target="c", tenant="t2", actor="ann", at=NOW + 2, action=Action.DELETED),
    make_event(target="a", tenant=None, actor="bob", at=NOW + 3, action=Action.REVOKED),
    make_event(target="d", tenant=None, actor="ann", at=NOW + 4),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(AuditQuery(), [1, 2, 3, 4, 5], id="everything"),
        pytest.param(AuditQuery(tenant="t1"), [1, 2], id="tenant"),
        pytest.param(AuditQuery(tenant=""), [], id="the-empty-tenant-is-not-every-tenant"),
        pytest.param(AuditQuery(target="a"), [1, 4], id="target"),
        pytest.param(AuditQuery(actor="bob"), [2, 4], id="actor"),
        pytest.param(AuditQuery(action=Action.REVOKED), [2, 4], id="action"),
        pytest.param(AuditQuery(action=(Action.REVOKED, Action.DELETED)), [2, 3, 4], id="actions"),
        pytest.param(AuditQuery(since=NOW + 2), [3, 4, 5], id="since-includes-its-moment"),
        pytest.param(AuditQuery(until=NOW + 2), [1, 2], id="until-does-not"),
        pytest.param(AuditQuery(since=NOW + 1, until=NOW + 3), [2, 3], id="between"),
        pytest.param(AuditQuery(after=3), [4, 5], id="after"),
        pytest.param(AuditQuery(after=1, limit=2), [2, 3], id="a-page"),
        pytest.param(AuditQuery(after=9), [], id="behind-the-head"),
        pytest.param(AuditQuery(newest=True, limit=2), [4, 5], id="the-end"),
        pytest.param(AuditQuery(newest=True, limit=2, actor="ann"), [3, 5], id="the-last-that-match"),
        pytest.param(AuditQuery(tenant="t1", actor="ann", target="a"), [1], id="all-of-them"),
    ],
)
def test_queries(store: TokenStore, query: AuditQuery, expected: list[int]) -> None:
    """The entries that match everything asked for are read, oldest first, a page at a time."""
    store.append_audit(make_entries(*FOUND))
    assert [entry.position for entry in store.audit(query)] == expected


def test_purge(store: TokenStore) -> None:
    """What is purged is gone, the purge itself is written down, and the positions go on."""
    store.append_audit(make_entries(*FOUND))
    store.purge_audit(make_entries(make_event(action=Action.AUDIT_PURGED)), through=3)
    store.append_audit(make_entries())
    assert [entry.position for entry in store.audit(EVERYTHING)] == [4, 5, 6, 7]


def test_purge_of_everything(store: TokenStore) -> None:
    """Where all is purged, the purge's own entry keeps the chain's place."""
    store.append_audit(make_entries(*FOUND))
    head = store.audit(EVERYTHING)[-1].head
    store.purge_audit(make_entries(make_event(action=Action.AUDIT_PURGED)), through=5)
    store.append_audit(make_entries())
    left = store.audit(EVERYTHING)
    assert [entry.position for entry in left] == [6, 7]
    assert ChainCheck(PEPPERS.seals(), start=head).follow(left) is None


def test_extend(store: TokenStore) -> None:
    """Entries of another copy of the log are put back as they were sealed."""
    store.append_audit(make_entries(*FOUND[:2]))
    tip = store.audit(EVERYTHING)[-1].head
    lost = chained(make_entries(*FOUND[2:]), tip)
    store.extend_audit(lost, tip=tip)
    assert list(store.audit(AuditQuery(after=2))) == lost
    assert holds(store)


def test_extend_somewhere_else(store: TokenStore) -> None:
    """Where the log has got further meanwhile, nothing is put back."""
    store.append_audit(make_entries(*FOUND))
    with pytest.raises(WriteRefused, match="changed"):
        store.extend_audit(chained(make_entries(), START), tip=START)
    assert len(store.audit(EVERYTHING)) == len(FOUND)
