"""Disabling, expiring, deleting, purging, and ending many at once: what each does to the texts, and what comes back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from authmux.errors import Conflict, NotFound, NotPossible
from authmux.stores.port import Query, Reading
from authmux.stores.record import Owner, OwnerType, State
from tests.issuing.house import ADA, BY, DAY, NOW, House

MONTH = 30 * DAY


def test_disable_and_enable(house: House) -> None:
    """What is disabled is refused on the next request, and works again when it is enabled (K-34)."""
    issued = house.key()
    disabled = house.service.disable(issued.record.id, by=BY, reason="under attack")
    assert (disabled.disabled_at, disabled.disabled_by) == (NOW, "console")
    assert house.refusal(issued.text) == "disabled"
    enabled = house.service.enable(issued.record.id, by=BY)
    assert (enabled.disabled_at, enabled.disabled_by) == (None, None)
    assert house.refusal(issued.text) is None


@pytest.mark.parametrize("reason", ["\0", "\ud800", "x" * 256])
def test_reason_that_is_no_text(house: House, reason: str) -> None:
    """A reason in one's own words is a text that can be kept (K-34)."""
    issued = house.key()
    with pytest.raises(NotPossible, match="reason"):
        house.service.disable(issued.record.id, by=BY, reason=reason)
    assert house.record(issued) == issued.record


def test_expire(house: House) -> None:
    """What is expired ends at once, its row stays, and what was replaced ends with it (K-37)."""
    old = house.key()
    new = house.service.roll(old.record.id, generation=1, by=BY)
    expired = house.service.expire(old.record.id, by=BY)
    assert expired.expires_at == NOW
    assert {house.refusal(old.text), house.refusal(new.text)} == {"retired_secret", "expired"}
    assert house.service.get(old.record.id, by=BY) == expired


def test_delete_hides(house: House) -> None:
    """What is deleted is refused and hidden, and seen by who asks for it (K-36)."""
    issued = house.key()
    deleted = house.service.delete(issued.record.id, by=BY)
    assert house.refusal(issued.text) == "deleted"
    with pytest.raises(NotFound):
        house.service.get(issued.record.id, by=BY)
    assert house.service.list(by=BY) == []
    assert house.service.get(issued.record.id, by=BY, include_deleted=True) == deleted
    assert house.service.list(by=BY, include_deleted=True) == [deleted]
    assert house.service.list(by=BY, state=State.DELETED) == [deleted]


def test_undelete_returns_it_disabled(house: House) -> None:
    """What is undeleted works when it is enabled, and not before (K-36)."""
    issued = house.key()
    house.service.delete(issued.record.id, by=BY)
    undeleted = house.service.undelete(issued.record.id, by=BY)
    assert (undeleted.disabled_at, undeleted.disabled_by) == (NOW, "console")
    assert house.refusal(issued.text) == "disabled"
    house.service.enable(issued.record.id, by=BY)
    assert house.refusal(issued.text) is None


def test_undelete_keeps_who_disabled_it(house: House) -> None:
    """What had been disabled before it was deleted says still when, and by whom (K-36)."""
    issued = house.key()
    disabled = house.service.disable(issued.record.id, by=BY)
    house.service.delete(issued.record.id, by=BY)
    house.clock.advance(60)
    assert house.service.undelete(issued.record.id, by=BY).disabled_at == disabled.disabled_at


def test_undelete_finds_its_name_taken(house: House) -> None:
    """A name that another has by now stops it from coming back; renamed, that other lets it (K-30, K-36)."""
    issued = house.key()
    house.service.delete(issued.record.id, by=BY)
    other = house.key()
    with pytest.raises(Conflict, match="'nightly'"):
        house.service.undelete(issued.record.id, by=BY)
    house.service.edit(other.record.id, by=BY, name="other")
    assert house.service.undelete(issued.record.id, by=BY).state(NOW) is State.DISABLED


def test_undelete_of_what_had_ended_needs_no_name(house: House) -> None:
    """What comes back ended is not among the live, and its name need not be free (K-30, K-36)."""
    issued = house.key()
    house.service.revoke(issued.record.id, by=BY)
    house.service.delete(issued.record.id, by=BY)
    house.key()
    assert house.service.undelete(issued.record.id, by=BY).state(NOW) is State.REVOKED


def test_purge(house: House) -> None:
    """After thirty days, to the second, what was deleted is gone for good, and nothing else is (K-36)."""
    gone, later, live = house.key(), house.key(name="later"), house.key(name="live")
    house.service.delete(gone.record.id, by=BY)
    house.clock.advance(1)
    house.service.delete(later.record.id, by=BY)
    house.clock.advance(MONTH - 1)
    assert house.service.purge(by=BY) == 0
    house.clock.advance(0.5)
    assert house.service.purge(by=BY) == 1
    assert house.store.find(gone.record.id).record is None
    assert house.refusal(gone.text) == "unknown_id"
    assert house.service.get(later.record.id, by=BY, include_deleted=True)
    assert house.refusal(live.text) is None


def test_purge_of_many(house: House) -> None:
    """However many there are, all go, a few at a time (K-36)."""
    for _ in range(450):
        record = house.key(client=None).record
        house.store.replace(replace(record, deleted_at=NOW, row_version=2), expected=1)
    house.clock.advance(MONTH + 1)
    assert house.service.purge(by=BY) == 450
    assert house.store.list(Query()) == []


def test_purge_is_not_for_principals(house: House) -> None:
    """No principal purges (K-36, K-42)."""
    with pytest.raises(NotPossible, match="only the application"):
        house.service.purge(by=ADA)  # type: ignore[arg-type]  # as who checks no types does


def test_purge_is_never_done_by_a_request(house: House) -> None:
    """However long ago something was deleted, looking at it removes nothing (K-36, K-37)."""
    issued = house.key()
    house.service.delete(issued.record.id, by=BY)
    house.clock.advance(10 * MONTH)
    assert house.refusal(issued.text) == "deleted"
    house.service.list(by=BY)
    reading: Reading = house.store.find(issued.record.id)
    assert reading.record is not None


BULK: list[Any] = [
    pytest.param({"owner": Owner(OwnerType.CLIENT, "acme", "job")}, "ab", id="owner"),
    pytest.param({"tenant": "t1"}, "ace", id="tenant"),
    pytest.param({"owner": Owner(OwnerType.CLIENT, "acme", "job"), "tenant": "t1"}, "a", id="owner-and-tenant"),
    pytest.param({"created_after": NOW + 2}, "cde", id="made-since"),
    pytest.param({"created_before": NOW + 2}, "ab", id="made-before"),
    pytest.param({"created_after": NOW + 1, "created_before": NOW + 3}, "bc", id="made-between"),
    pytest.param({"tenant": "t9"}, "", id="nothing"),
]


@pytest.mark.parametrize(("asked", "ended"), BULK)
def test_revoke_all(house: House, asked: dict[str, Any], ended: str) -> None:
    """Everything of an owner, of a tenant, of a time is revoked at once, and nothing else (K-35)."""
    whose: dict[str, dict[str, Any]] = {
        "a": {"client": "job", "tenant": "t1"},
        "b": {"client": "job", "tenant": None},
        "c": {"client": "other", "tenant": "t1"},
        "d": {"client": None, "tenant": None},
        "e": {"client": Owner(OwnerType.CLIENT, "https://id", "job"), "tenant": "t1"},
    }
    issued = {}
    for letter, of in whose.items():
        issued[letter] = house.key(**of)
        house.clock.advance(1)
    assert house.service.revoke_all(by=BY, reason="compromised", **asked) == len(ended)
    assert "".join(letter for letter, each in issued.items() if house.refusal(each.text) == "revoked") == ended
    assert {house.record(issued[letter]).revoked_by for letter in ended} <= {"console"}


def test_revoke_all_of_what_was_deleted_or_disabled(house: House) -> None:
    """Whatever state it is in, it is revoked for good, so that nothing brings it back (K-35)."""
    deleted, disabled = house.key(), house.key(name="other")
    house.service.delete(deleted.record.id, by=BY)
    house.service.disable(disabled.record.id, by=BY)
    assert house.service.revoke_all(by=BY, tenant="t1") == 2
    assert house.service.undelete(deleted.record.id, by=BY).state(NOW) is State.REVOKED


def test_revoke_all_of_everything(house: House) -> None:
    """Everything that there is, is never revoked by leaving the rest out (K-35)."""
    issued = house.key()
    with pytest.raises(NotPossible, match="whose"):
        house.service.revoke_all(by=BY)
    assert house.refusal(issued.text) is None


def test_revoke_all_for_no_such_reason(house: House) -> None:
    """A reason that there is not is refused (K-35)."""
    issued = house.key()
    with pytest.raises(NotPossible, match="because"):
        house.service.revoke_all(by=BY, tenant="t1", reason="because")
    assert house.refusal(issued.text) is None


def test_a_roll_dies_to_the_second(house: House) -> None:
    """What was replaced works until the second in which its overlap ends, and not in it (K-33)."""
    old = house.key()
    new = house.service.roll(old.record.id, generation=1, by=BY, overlap=timedelta(hours=1))
    house.clock.advance(3599.999)
    assert (house.refusal(old.text), house.refusal(new.text)) == (None, None)
    house.clock.advance(0.001)
    assert (house.refusal(old.text), house.refusal(new.text)) == ("retired_secret", None)
