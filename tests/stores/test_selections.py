"""Every store finds, revokes and removes the same records for the same query, and keeps the rules that go with it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authmux.stores.port import Query, TokenStore, WriteRefused
from authmux.stores.record import Owner, OwnerType, Record, State
from authmux.stores.usage import Usage
from authmux.token_format import Kind
from tests.stores.sample_records import JOB, NOW, add, make_record, make_secret

ADA = Owner(OwnerType.USER, "acme", "ada")
NOBODY = Owner(OwnerType.NONE, "acme")
SOON = NOW + 60

KEPT = {
    "a": make_record(id="a" * 16, tenant="t1", env="live", scopes=frozenset({"reports:read"}), created_at=NOW - 9),
    "b": make_record(id="b" * 16, scopes=frozenset({"reports:*", "a:b"}), expires_at=NOW, created_by="key:x"),
    "c": make_record(
        id="c" * 16, tenant="t1", scopes=frozenset({"*"}), expires_at=SOON, revoked_at=NOW, revoked_by="r"
    ),
    "d": make_record(id="d" * 16, env="test", scopes=frozenset({"reports:readers"}), disabled_at=NOW),
    "e": make_record(id="e" * 16, scopes=frozenset({"reports:read:all"}), not_before=SOON, created_by="key:x"),
    "f": make_record(id="f" * 16, kind=Kind.PAT, owner=ADA, deleted_at=NOW - 5, revoked_at=NOW, expires_at=NOW - 1),
    "g": make_record(id="g" * 16, kind=Kind.PAT, owner=ADA, tenant="", not_before=NOW, expires_at=NOW + 0.001),
    "h": make_record(id="h" * 16, owner=NOBODY, expires_at=NOW - 1, disabled_at=NOW - 2, deleted_at=None),
}

QUERIES = [
    pytest.param(Query(env="live"), "a", id="env"),
    pytest.param(Query(tenantless=True), "bdefh", id="in-no-tenant"),
    pytest.param(Query(tenant=""), "g", id="the-empty-tenant-is-one"),
    pytest.param(Query(tenantless=True, owner=JOB), "bde", id="owner-in-no-tenant"),
    pytest.param(Query(created_by="key:x"), "be", id="maker"),
    pytest.param(Query(state=State.ACTIVE, now=NOW), "ag", id="active"),
    pytest.param(Query(state=State.NOT_YET, now=NOW), "e", id="not-yet"),
    pytest.param(Query(state=State.EXPIRED, now=NOW), "bh", id="expired-also-if-disabled"),
    pytest.param(Query(state=State.DISABLED, now=NOW), "d", id="disabled"),
    pytest.param(Query(state=State.REVOKED, now=NOW), "c", id="revoked-also-if-expired"),
    pytest.param(Query(state=State.DELETED, now=NOW), "f", id="deleted-also-if-revoked"),
    pytest.param(Query(state=State.ACTIVE, now=SOON), "ae", id="state-at-another-moment"),
    pytest.param(Query(state=State.DELETED, now=NOW, with_deleted=False), "", id="deleted-and-not-deleted"),
    pytest.param(Query(with_deleted=False), "abcdegh", id="not-deleted"),
    pytest.param(Query(scope="reports:read"), "abcfgh", id="scope-covered-by-a-grant"),
    pytest.param(Query(scope="reports:read:all"), "bce", id="scope-of-three-parts"),
    pytest.param(Query(scope="REPORTS:READ"), "c", id="scope-in-another-case"),
    pytest.param(Query(scope="reports:%"), "bc", id="scope-is-no-pattern"),
    pytest.param(Query(scope="reports"), "c", id="half-a-scope"),
    pytest.param(Query(scope=""), "c", id="the-empty-scope"),
    pytest.param(Query(expires_before=NOW), "fh", id="expires-before"),
    pytest.param(Query(expires_before=SOON + 1), "bcfgh", id="what-never-expires-expires-before-nothing"),
    pytest.param(Query(created_after=NOW), "bcdefgh", id="created-after-the-moment-itself"),
    pytest.param(Query(created_before=NOW), "a", id="created-before-not-the-moment-itself"),
    pytest.param(Query(created_after=NOW - 9, created_before=NOW), "a", id="created-between"),
    pytest.param(Query(deleted_before=NOW), "f", id="deleted-before"),
    pytest.param(Query(deleted_before=NOW - 5), "", id="deleted-before-not-the-moment-itself"),
    pytest.param(Query(state=State.EXPIRED, now=NOW, scope="a:b", created_by="key:x"), "b", id="several"),
]


def fill(store: TokenStore) -> None:
    """Keep all of them."""
    for record in KEPT.values():
        add(store, record, max_live=1000)


def letters(records: Sequence[Record]) -> str:
    """Return which records these are."""
    return "".join(record.id[0] for record in records)


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_selected(store: TokenStore, query: Query, expected: str) -> None:
    """The records that match everything asked for are listed, and only those (K-31)."""
    fill(store)
    found = list(store.list(query))
    assert letters(found) == expected
    assert found == [KEPT[letter] for letter in expected]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_matches(query: Query, expected: str) -> None:
    """A query says by itself what matches it: that is what every store must agree with (K-31)."""
    assert letters([record for record in KEPT.values() if query.matches(record)]) == expected


def test_unused_since(store: TokenStore) -> None:
    """What was used from a moment on, or made later, is not among the unused; what was never used is (K-31)."""
    names = ["never", "before", "at", "after", "made-later"]
    ids = {name: letter * 16 for name, letter in zip(names, "abcde", strict=True)}
    for name in names:
        add(store, make_record(id=ids[name], name=name, created_at=NOW if name == "made-later" else NOW - 600))
    for name, moment in (("before", NOW - 120), ("at", NOW - 60), ("after", NOW)):
        use = Usage(first_used_at=moment, last_used_at=moment, succeeded=1)
        store.add_usage({ids[name]: use})
    found = store.list(Query(unused_since=NOW - 60))
    assert [each.name for each in found] == ["never", "before"]


_MOMENTS = st.none() | st.sampled_from([NOW - 9, NOW - 5, NOW - 1, NOW, NOW + 0.001, SOON])
_ANY_QUERY = st.builds(
    Query,
    kind=st.none() | st.sampled_from(Kind),
    env=st.none() | st.sampled_from(["live", "test"]),
    tenant=st.sampled_from([None, None, "t1", ""]),
    tenantless=st.booleans(),
    owner=st.sampled_from([None, None, JOB, ADA, NOBODY]),
    created_by=st.sampled_from([None, None, "system", "key:x"]),
    state=st.none() | st.sampled_from(State),
    now=st.sampled_from([NOW - 1, NOW, SOON]),
    scope=st.sampled_from([None, None, "reports:read", "a:b", "reports:read:all", "x:y"]),
    created_after=_MOMENTS,
    created_before=_MOMENTS,
    expires_before=_MOMENTS,
    deleted_before=_MOMENTS,
    with_deleted=st.booleans(),
    after=st.sampled_from([None, None, "c" * 16]),
    limit=st.sampled_from([100, 2]),
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=_ANY_QUERY)
def test_any_query(store: TokenStore, query: Query) -> None:
    """Whatever is asked for, every store gives the answer that the query itself gives (K-31)."""
    if not store.list(Query(limit=1)):
        fill(store)
    assert list(store.list(query)) == [each for each in KEPT.values() if query.matches(each)][: query.limit]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_revoke_all(store: TokenStore, query: Query, expected: str) -> None:
    """What would be listed is revoked, what was revoked before stays as it was, and nothing else is touched (K-35)."""
    fill(store)
    revoked = [letter for letter in expected if KEPT[letter].revoked_at is None]
    assert store.revoke_all(query, at=NOW + 1, by="me", reason="policy") == len(revoked)
    done = {"revoked_at": NOW + 1, "revoked_by": "me", "revoked_reason": "policy", "row_version": 2}
    wanted = [replace(record, **done) if letter in revoked else record for letter, record in KEPT.items()]  # type: ignore[arg-type]  # fields of several types
    assert list(store.list(Query())) == wanted


def test_revoke_all_counts_no_limit(store: TokenStore) -> None:
    """A limit and a place to begin behind are for pages: everything that matches is revoked (K-35)."""
    fill(store)
    assert store.revoke_all(Query(limit=1, owner=JOB), at=NOW, by="me", reason="policy") == 4


def test_revoke_all_moves_the_revision(watched_store: TokenStore) -> None:
    """Revoking many is a change like any other, and revoking none is no change (K-22)."""
    fill(watched_store)
    first = watched_store.freshness()
    assert watched_store.revoke_all(Query(created_by="nobody"), at=NOW, by="me", reason="policy") == 0
    assert watched_store.freshness() == first
    watched_store.revoke_all(Query(owner=JOB), at=NOW, by="me", reason="policy")
    assert watched_store.freshness() != first
    assert watched_store.find("a" * 16).revision == watched_store.freshness()


def test_a_change_that_was_decided_before_a_revocation_of_many(store: TokenStore) -> None:
    """A change that was decided on what stood there before does not undo it (K-33, K-35)."""
    record = add(store, make_record())
    store.revoke_all(Query(owner=JOB), at=NOW, by="me", reason="policy")
    with pytest.raises(WriteRefused, match="changed"):
        store.replace(replace(record, name="other", row_version=2), expected=1)


def test_purge_of_what_was_deleted(store: TokenStore) -> None:
    """What was deleted before a moment is removed, with all that hangs on it; its id and its name are free (K-36)."""
    record = add(store, make_record(deleted_at=NOW, secrets=(make_secret(1), make_secret(2))))
    other = add(store, make_record(deleted_at=NOW))
    store.purge([record.id], deleted_before=NOW + 1)
    assert store.find(record.id).record is None
    assert list(store.list(Query())) == [other]
    assert add(store, record) == store.find(record.id).record


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"deleted_at": NOW}, id="deleted-at-the-moment-itself"),
        pytest.param({}, id="brought-back"),
        pytest.param(None, id="not-there"),
    ],
)
def test_purge_refused(store: TokenStore, changes: dict[str, Any] | None) -> None:
    """One that is not to go, or is not there, stops all that were to go with it (K-36)."""
    gone = add(store, make_record(deleted_at=NOW - 9))
    other = make_record(**changes or {})
    if changes is not None:
        add(store, other)
    with pytest.raises(WriteRefused, match="changed"):
        store.purge([gone.id, other.id], deleted_before=NOW)
    assert store.find(gone.id).record == gone


def test_purge_moves_the_revision(watched_store: TokenStore) -> None:
    """Who holds a removed record learns of it (K-22)."""
    record = add(watched_store, make_record(deleted_at=NOW))
    before = watched_store.freshness()
    watched_store.purge([record.id], deleted_before=NOW + 1)
    assert watched_store.freshness() != before


@pytest.mark.parametrize("max_live", [None, 10], ids=["names-alone", "numbers-too"])
def test_replace_takes_no_name_of_the_live(store: TokenStore, max_live: int | None) -> None:
    """A change that is to be live finds its name taken, and changes nothing then (K-30)."""
    add(store, make_record(name="nightly"))
    record = add(store, make_record(name="daily"))
    with pytest.raises(WriteRefused, match="name_taken"):
        store.replace(replace(record, name="nightly", row_version=2), expected=1, live_at=NOW, max_live=max_live)
    assert store.find(record.id).record == record


@pytest.mark.parametrize(
    ("others", "live_at"),
    [
        pytest.param({"revoked_at": NOW}, NOW, id="the-other-has-ended"),
        pytest.param({"expires_at": NOW}, NOW, id="the-other-ends-then"),
        pytest.param({"tenant": "t1"}, NOW, id="the-other-is-in-another-tenant"),
        pytest.param({}, None, id="nobody-asks"),
    ],
)
def test_replace_takes_a_free_name(store: TokenStore, others: dict[str, Any], live_at: float | None) -> None:
    """A name of what is not among its live rivals may be taken by a change (K-30)."""
    add(store, make_record(name="nightly", **others))
    record = add(store, make_record(name="daily"))
    store.replace(replace(record, name="nightly", row_version=2), expected=1, live_at=live_at, max_live=5)
    found = store.find(record.id).record
    assert found is not None
    assert found.name == "nightly"


def test_replace_counts_the_others(store: TokenStore) -> None:
    """A change that is to be live counts like a new one, and itself only once (K-30)."""
    add(store, make_record())
    record = add(store, make_record())
    store.replace(replace(record, row_version=2), expected=1, live_at=NOW, max_live=2)
    with pytest.raises(WriteRefused, match="too_many"):
        store.replace(replace(record, row_version=3), expected=2, live_at=NOW, max_live=1)


def test_nobodys_have_no_rivals(store: TokenStore) -> None:
    """What is nobody's may have every name, after a change as when it was added (K-30)."""
    add(store, make_record(owner=NOBODY, name="embed"))
    record = add(store, make_record(owner=NOBODY, name="other"))
    store.replace(replace(record, name="embed", row_version=2), expected=1, live_at=NOW, max_live=1)
    assert [each.name for each in store.list(Query(owner=NOBODY))] == ["embed"] * 2
