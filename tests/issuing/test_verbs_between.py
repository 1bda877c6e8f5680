"""What comes between a verb's reading and its writing: the verb notices, and does what is right all the same."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from authmux.errors import Conflict, NotPossible
from authmux.stores.memory import MemoryStore
from authmux.stores.port import Query
from authmux.stores.record import Record, State
from authmux.testing.manual_clock import ManualClock
from tests.issuing.house import BY, DAY, NOW, House

MANAGE = "credentials:manage"


class Interrupted(MemoryStore):
    """A store in which something happens just after a record was added, or just before some are purged."""

    def __init__(self) -> None:
        super().__init__()
        self.after_add: list[Callable[[], object]] = []
        self.before_purge: list[Callable[[], object]] = []

    def add(self, record: Record, **how: Any) -> None:
        """Add, and let it happen."""
        super().add(record, **how)
        while self.after_add:
            self.after_add.pop()()

    def purge(self, ids: Sequence[str], **how: Any) -> None:
        """Let it happen, and purge."""
        if self.before_purge:
            self.before_purge.pop()()
        super().purge(ids, **how)


@pytest.fixture
def store() -> Interrupted:
    """Give the store."""
    return Interrupted()


@pytest.fixture
def house(store: Interrupted) -> House:
    """Give a house on it."""
    return House(store, ManualClock(NOW))


ENDS: dict[str, Callable[[House, str], object]] = {
    "revoked": lambda house, of: house.service.revoke(of, by=BY),
    "revoked-without-what-it-made": lambda house, of: house.service.revoke(of, by=BY, cascade=False),
    "deleted": lambda house, of: house.service.delete(of, by=BY),
    "disabled": lambda house, of: house.service.disable(of, by=BY),
    "expired": lambda house, of: house.service.expire(of, by=BY),
    "revoked-with-everything": lambda house, of: house.service.revoke_all(by=BY, tenant="t1"),
}


@pytest.mark.parametrize("end", ENDS)
def test_maker_that_ends_meanwhile(house: House, store: Interrupted, end: str) -> None:
    """A token that ends while it issues hands nothing out, and what it issued is revoked (K-30, K-35)."""
    maker = house.pat(scopes=[MANAGE, "a:b"], expires_in=None)
    by = house.who(maker.text)
    store.after_add.append(lambda: ENDS[end](house, maker.record.id))
    with pytest.raises(NotPossible, match="no longer good"):
        house.service.issue_key(name="more", scopes=["a:b"], by=by)
    (made,) = store.list(Query(created_by=f"pat:{maker.record.id}"))
    assert made.state(NOW) is State.REVOKED


def test_purge_of_what_is_brought_back_meanwhile(house: House, store: Interrupted) -> None:
    """What is brought back while others are purged stays, and the others go (K-36)."""
    records = [house.key(name=f"key {n}").record for n in range(3)]
    for record in records:
        house.service.delete(record.id, by=BY)
    kept = records[1].id

    def bring_back() -> None:
        held = store.find(kept).record
        assert held is not None
        store.replace(replace(held, deleted_at=None, row_version=held.row_version + 1), expected=held.row_version)

    store.before_purge.append(bring_back)
    house.clock.advance(31 * DAY)
    assert house.service.purge(by=BY) == 2
    assert [record.id for record in store.list(Query())] == [kept]


def test_purge_that_never_comes_to_an_end(house: House, store: Interrupted) -> None:
    """Where somebody always comes between, purging gives up with a word (K-36)."""
    ids = [house.key(name=f"key {n}").record.id for n in range(9)]
    for each in ids:
        house.service.delete(each, by=BY)
    house.clock.advance(31 * DAY)

    def purge_one(of: str) -> Callable[[], object]:
        return lambda: MemoryStore.purge(store, [of], deleted_before=NOW + 1)

    store.before_purge.extend(purge_one(each) for each in ids)
    with pytest.raises(Conflict, match="try again"):
        house.service.purge(by=BY)


def test_life_of_a_pat_is_bounded_by_its_maker(house: House) -> None:
    """A token that ends sooner than those it would issue by default has to say when they end (K-30)."""
    by = house.who(house.pat(scopes=[MANAGE, "a:b"], expires_in=timedelta(days=7)).text)
    with pytest.raises(NotPossible, match="earlier expiry"):
        house.service.issue_pat(user="ada", name="ci", scopes=["a:b"], by=by)
