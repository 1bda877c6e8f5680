"""Every store keeps counts of uses as `stores.usage` promises: they only ever grow, and are no change (K-11, K-70)."""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authmux.stores.port import TokenStore
from authmux.stores.usage import Usage
from authmux.token_format import new_id
from tests.stores.sample_records import NOW


def make_usage(**changes: Any) -> Usage:
    """Return one use that differs where a test says so."""
    values: dict[str, Any] = {"first_used_at": NOW, "last_used_at": NOW, "last_address": "192.0.2.0/24", "succeeded": 1}
    return Usage(**values | changes)


def test_never_used(store: TokenStore) -> None:
    """What was never used is not among the answers."""
    assert dict(store.usage([new_id()])) == {}
    assert dict(store.usage([])) == {}


def test_first_use(store: TokenStore) -> None:
    """A first use is kept as it is, of a credential that is not there, too: it may have been purged meanwhile."""
    used, other = new_id(), new_id()
    store.add_usage({used: make_usage(), other: make_usage(failed=3)})
    assert dict(store.usage([used])) == {used: make_usage()}
    assert dict(store.usage([used, used, other])) == {used: make_usage(), other: make_usage(failed=3)}


def test_no_uses(store: TokenStore) -> None:
    """Nothing to add is nothing."""
    store.add_usage({})


@pytest.mark.parametrize(
    ("uses", "together"),
    [
        pytest.param(
            [make_usage(), make_usage(last_used_at=NOW + 60, last_address="203.0.113.0/24", failed=2)],
            make_usage(last_used_at=NOW + 60, last_address="203.0.113.0/24", succeeded=2, failed=2),
            id="later",
        ),
        pytest.param(
            [make_usage(), make_usage(first_used_at=NOW - 60, last_used_at=NOW - 60, last_address="203.0.113.0/24")],
            make_usage(first_used_at=NOW - 60, succeeded=2),
            id="earlier-of-a-slower-process",
        ),
        pytest.param(
            [make_usage(), make_usage(last_used_at=NOW + 60, last_address=None)],
            make_usage(last_used_at=NOW + 60, succeeded=2),
            id="later-without-an-address",
        ),
        pytest.param(
            [make_usage(last_address=None), make_usage(first_used_at=NOW - 60, last_used_at=NOW - 60)],
            make_usage(first_used_at=NOW - 60, succeeded=2),
            id="the-only-address",
        ),
        pytest.param([make_usage(succeeded=2**40)] * 3, make_usage(succeeded=3 * 2**40), id="many"),
        pytest.param(
            [make_usage(succeeded=1, redirected=2, rejected=3, failed=4)] * 2,
            make_usage(succeeded=2, redirected=4, rejected=6, failed=8),
            id="every-class",
        ),
    ],
)
def test_uses_add_up(store: TokenStore, uses: Sequence[Usage], together: Usage) -> None:
    """Counts are added, the first use stays the first, and the last the last."""
    credential_id = new_id()
    for use in uses:
        store.add_usage({credential_id: use})
    assert store.usage([credential_id])[credential_id] == together
    assert together.uses == sum(use.uses for use in uses)


_MINUTES = st.integers(0, 3).map(lambda minute: NOW + 60 * minute)
_COUNTS = st.integers(0, 3)
_USES = st.builds(
    Usage, first_used_at=_MINUTES, last_used_at=_MINUTES, last_address=st.none() | st.sampled_from(["a", "b"]),
    succeeded=_COUNTS, redirected=_COUNTS, rejected=_COUNTS, failed=_COUNTS,
)  # fmt: skip


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uses=st.lists(_USES, min_size=1, max_size=5))
def test_a_store_adds_as_values_do(store: TokenStore, uses: list[Usage]) -> None:
    """What a store makes of several uses is what `Usage.and_then` makes of them."""
    credential_id, together = new_id(), uses[0]
    for use in uses[1:]:
        together = together.and_then(use)
    for use in uses:
        store.add_usage({credential_id: use})
    assert store.usage([credential_id])[credential_id] == together


def test_many_credentials(store: TokenStore) -> None:
    """A thousand credentials are written in one batch, and read in one answer."""
    uses = {new_id(): make_usage(failed=number) for number in range(1000)}
    store.add_usage(uses)
    assert dict(store.usage(list(uses))) == uses


def test_many_writers(store: TokenStore) -> None:
    """Whoever adds at the same time, in whatever order of credentials, nothing is lost, and nobody waits for ever."""
    ids = [new_id() for _ in range(4)]
    orders = list(itertools.permutations(ids))
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda order: store.add_usage({each: make_usage() for each in order}), orders))
    assert {use.succeeded for use in store.usage(ids).values()} == {len(orders)}


def test_the_revision_stays(watched_store: TokenStore) -> None:
    """A use is no reason to forget a record (K-22)."""
    before = watched_store.freshness()
    watched_store.add_usage({new_id(): make_usage()})
    assert watched_store.freshness() == before
