"""An operator sees which pepper is how much used, and lets none go too early (K-13)."""

from dataclasses import asdict
from typing import Any

import pytest

from authmux.errors import ConfigurationError, NotPossible
from authmux.issuing.foreign_entry import ForeignEntry
from authmux.issuing.pepper_status import PepperStatus
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.stores.foreign import ForeignName
from authmux.token_format import Kind, TokenFormat
from tests.issuing.house import ADA, BY, House
from tests.verifying.watched_stores import CountingStore


def service_with(house: House, **peppers: bytes) -> TokenService:
    """Return a service with these peppers, each its letter thirty-two times; the last is the current one."""
    tokens = TokenFormat(prefix="acme", peppers=Peppers({name: letter * 32 for name, letter in peppers.items()}))
    return TokenService(house.store, tokens, clock=house.clock)


def status(pepper_id: str, **changes: Any) -> PepperStatus:
    """Return how things stand with a pepper that is known, right, and neither current nor used."""
    values: dict[str, Any] = {"is_known": True, "is_current": False, "is_right": True, "live_secrets": 0}
    return PepperStatus(pepper_id=pepper_id, **values | changes)


def test_status(house: House) -> None:
    """Every pepper is told of, oldest first, with how many live secrets are under it (K-13)."""
    for name in "abc":
        house.key(name=name)
    house.service.revoke(house.key(name="revoked").record.id, by=BY)
    service = service_with(house, p1=b"a", p2=b"b")
    service.issue_key(name="fresh", scopes=["a:b"], by=BY)
    assert list(service.pepper_status(by=BY)) == [
        status("p1", live_secrets=3),
        status("p2", is_current=True, live_secrets=1),
    ]


def test_status_before_the_first_key(house: House) -> None:
    """A pepper under which nothing was issued yet is not known to the store."""
    assert list(house.service.pepper_status(by=BY)) == [status("p1", is_current=True, is_right=None)]


def test_status_of_peppers_that_are_wrong_or_missing(house: House) -> None:
    """A pepper that is another one than the store's, or not here at all, is shown as what it is."""
    house.key()
    service_with(house, p1=b"a", p2=b"b").issue_key(name="fresh", scopes=["a:b"], by=BY)
    assert list(service_with(house, p2=b"x").pepper_status(by=BY)) == [
        status("p1", is_known=False, is_right=None, live_secrets=1),
        status("p2", is_current=True, is_right=False, live_secrets=1),
    ]


def test_status_of_what_was_imported(house: House) -> None:
    """What was imported and not used since is under no pepper, and is counted apart (K-14)."""
    foreign = ForeignName("drf-api-key", "abc")
    entry = ForeignEntry(
        foreign=foreign, algorithm="sha512", digest=b"d" * 64, kind=Kind.KEY, name="n", scopes=frozenset({"a:b"})
    )
    house.service.import_foreign([entry], by=BY)
    assert next(iter(house.service.pepper_status(by=BY))) == status("", is_known=False, is_right=None, live_secrets=1)


def test_status_shows_no_pepper(house: House) -> None:
    """Neither a pepper nor its check is in the answer."""
    house.key()
    shown = repr([asdict(each) for each in house.service.pepper_status(by=BY)])
    assert "a" * 32 not in shown
    assert Peppers({"p1": b"a" * 32}).check("p1").hex()[:8] not in shown


def test_retire_what_is_in_use(house: House) -> None:
    """A pepper that live secrets are under stays, and one is told what to do (K-13)."""
    house.key()
    service = service_with(house, p1=b"a", p2=b"b")
    with pytest.raises(NotPossible, match="live secrets are under p1"):
        service.retire_pepper("p1", by=BY)
    assert [each.pepper_id for each in house.store.pepper_checks()] == ["p1"]


def test_retire_the_current_one(house: House) -> None:
    """The current pepper stays (K-13)."""
    with pytest.raises(NotPossible, match="rotate first"):
        house.service.retire_pepper("p1", by=BY, although_used=True)


def test_retire(house: House) -> None:
    """When the last secret under it is gone a pepper goes, and the store no longer asks for it (K-13)."""
    issued = house.key()
    service = service_with(house, p1=b"a", p2=b"b")
    service.roll(issued.record.id, generation=1, by=BY)
    house.clock.advance(86_401)  # the overlap of the roll is over
    left = service.retire_pepper("p1", by=BY)
    assert [(each.pepper_id, each.live_secrets, each.is_right) for each in left] == [("p1", 0, None), ("p2", 1, True)]
    assert [each.pepper_id for each in house.store.pepper_checks()] == ["p2"]


def test_retire_although_it_is_used(house: House) -> None:
    """An operator may give up what is under a pepper that he has lost (K-13)."""
    house.key()
    service_with(house, p2=b"b").retire_pepper("p1", by=BY, although_used=True)
    assert list(house.store.pepper_checks()) == []


def test_only_the_application_looks_after_peppers(house: House) -> None:
    """A principal is told nothing of peppers (K-42)."""
    by: Any = ADA
    with pytest.raises(NotPossible, match="by=system"):
        house.service.pepper_status(by=by)
    with pytest.raises(NotPossible, match="by=system"):
        house.service.retire_pepper("p1", by=by)


def test_a_store_that_does_not_count(house: House) -> None:
    """A store that cannot count is named as the reason."""
    plain: Any = CountingStore(house.store)
    with pytest.raises(ConfigurationError, match="pepper_counts"):
        TokenService(plain, TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}))).pepper_status(by=BY)
