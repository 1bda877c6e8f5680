"""What can be changed of a credential, and what an edit never does (K-32)."""

from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest

from authmux.errors import Conflict, NotPossible
from authmux.issuing.edits import KEPT, widened
from authmux.stores.record import Record, State
from tests.issuing.house import BY, DAY, NOW, House

LONE_HALF = "\ud800"


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        pytest.param({"name": "other"}, "name", "other", id="name"),
        pytest.param({"description": ""}, "description", "", id="no-description"),
        pytest.param({"meta": {"a": [1]}}, "meta", MappingProxyType({"a": (1,)}), id="meta"),
        pytest.param({"scopes": ["a:b"]}, "scopes", frozenset({"a:b"}), id="scopes"),
        pytest.param({"expires_at": NOW + 1}, "expires_at", NOW + 1, id="sooner"),
        pytest.param({"expires_at": NOW + 9 * DAY}, "expires_at", NOW + 9 * DAY, id="later"),
        pytest.param({"expires_at": None}, "expires_at", None, id="never"),
    ],
)
def test_edit(house: House, changes: dict[str, Any], field: str, value: object) -> None:
    """What is given is changed, everything else stays, and the text keeps working (K-32)."""
    issued = house.key(expires_in=timedelta(days=2), description="for the reports", meta={"b": 2})
    record = house.service.edit(issued.record.id, by=BY, **changes)
    assert record == house.record(issued)
    others = {name: getattr(issued.record, name) for name in vars_of(record)} | {field: value, "row_version": 2}
    assert {name: getattr(record, name) for name in vars_of(record)} == others
    assert house.refusal(issued.text) is None


def vars_of(record: Record) -> tuple[str, ...]:
    """Return the names of a record's fields."""
    return tuple(record.__dataclass_fields__)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="nothing-given"),
        pytest.param({"name": "nightly", "scopes": ["reports:read"], "expires_at": None, "meta": {}}, id="the-same"),
    ],
)
def test_edit_of_nothing(house: House, changes: dict[str, Any]) -> None:
    """An edit that changes nothing writes nothing, and is no error (K-32)."""
    issued = house.key()
    before = house.store.freshness()
    assert house.service.edit(issued.record.id, by=BY, **changes) == issued.record
    assert house.store.freshness() == before


def test_edit_tells_numbers_from_truth(house: House) -> None:
    """Notes that Python takes for equal, and JSON does not, are a change (K-11)."""
    issued = house.key(meta={"a": 1})
    assert house.service.edit(issued.record.id, by=BY, meta={"a": True}).meta["a"] is True
    assert house.record(issued).meta["a"] is True


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"name": " "}, id="blank-name"),
        pytest.param({"name": "a\nb"}, id="name-of-two-lines"),
        pytest.param({"description": LONE_HALF}, id="description-that-is-no-text"),
        pytest.param({"description": "x" * 4097}, id="long-description"),
        pytest.param({"meta": {"a": object()}}, id="meta-not-json"),
        pytest.param({"scopes": []}, id="no-scopes"),
        pytest.param({"scopes": "reports:read"}, id="scopes-in-one-string"),
        pytest.param({"expires_at": NOW}, id="expires-now"),
        pytest.param({"expires_at": NOW - 1}, id="expired-already"),
        pytest.param({"expires_at": float("nan")}, id="no-moment"),
        pytest.param({"expires_at": float("inf")}, id="never-in-a-number"),
        pytest.param({"expires_at": "tomorrow"}, id="a-word"),
    ],
)
def test_edit_refused(house: House, changes: dict[str, Any]) -> None:
    """What could not be issued cannot be edited to be so, and then nothing of the edit is done (K-32)."""
    issued = house.key()
    values: dict[str, Any] = {"name": "other"}
    values |= changes
    with pytest.raises(NotPossible):
        house.service.edit(issued.record.id, by=BY, **values)
    assert house.record(issued) == issued.record


def test_edit_of_another_version(house: House) -> None:
    """Who says on which version he decided is told when there is another by now (K-32)."""
    issued = house.key()
    house.service.edit(issued.record.id, by=BY, expected=1, description="first")
    with pytest.raises(Conflict, match="version 2, not 1"):
        house.service.edit(issued.record.id, by=BY, expected=1, description="second")
    assert house.record(issued).description == "first"


def test_edit_to_a_name_that_is_taken(house: House) -> None:
    """A name among the owner's live ones cannot be taken by an edit either (K-30, K-32)."""
    house.key(name="daily")
    issued = house.key()
    with pytest.raises(Conflict, match="'daily'"):
        house.service.edit(issued.record.id, by=BY, name="daily")
    assert house.record(issued) == issued.record


@pytest.mark.parametrize("end", ["expire", "revoke"])
def test_edit_of_what_has_ended(house: House, end: str) -> None:
    """What has ended keeps its rights and its expiry; its notes may be changed (K-32)."""
    issued = house.key(expires_in=timedelta(days=1))
    getattr(house.service, end)(issued.record.id, by=BY)
    changes: Any
    for changes in ({"scopes": ["a:b"]}, {"expires_at": None}, {"expires_at": NOW + DAY / 2}):
        with pytest.raises(NotPossible, match="only its name and notes"):
            house.service.edit(issued.record.id, by=BY, **changes)
    assert house.service.edit(issued.record.id, by=BY, description="leaked").description == "leaked"
    assert house.refusal(issued.text) is not None


def test_expiry_ends_an_overlap(house: House) -> None:
    """An expiry that comes forward ends what was replaced, too, and more time gives it none back (K-33)."""
    old = house.key()
    house.service.roll(old.record.id, generation=1, by=BY)
    house.service.edit(old.record.id, by=BY, expires_at=NOW + 60)
    assert house.record(old).secrets[0].retire_at == NOW + 60
    house.service.edit(old.record.id, by=BY, expires_at=NOW + 600)
    house.clock.advance(60)
    assert house.refusal(old.text) == "retired_secret"


def test_edit_in_every_state_that_lives(house: House) -> None:
    """What is disabled may be given other rights before it is enabled again (K-32, K-34)."""
    issued = house.key()
    house.service.disable(issued.record.id, by=BY)
    edited = house.service.edit(issued.record.id, by=BY, scopes=["a:b"], expires_at=NOW + DAY)
    assert (edited.scopes, edited.state(NOW)) == (frozenset({"a:b"}), State.DISABLED)


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        pytest.param(["a:b"], ["a:b"], [], id="the-same"),
        pytest.param(["a:b", "c:d"], ["c:d"], [], id="fewer"),
        pytest.param(["a:*"], ["a:b", "a:c:*"], [], id="below-a-star"),
        pytest.param(["*"], ["a:*", "b:c"], [], id="below-everything"),
        pytest.param(["a:b"], ["a:b", "a:c"], ["a:c"], id="one-more"),
        pytest.param(["a:b"], ["a:*"], ["a:*"], id="a-star"),
        pytest.param(["a:*", "b:*"], ["*"], ["*"], id="everything"),
        pytest.param(["a:b:*"], ["a:*"], ["a:*"], id="a-star-further-up"),
        pytest.param([], ["a:b"], ["a:b"], id="from-nothing"),
    ],
)
def test_widened(before: list[str], after: list[str], wider: list[str]) -> None:
    """Wider is what the scopes before did not cover (K-32, K-50)."""
    assert widened(before, after) == set(wider)


def test_kept_is_shown_as_such() -> None:
    """In a signature one reads what stands for "as it is"."""
    assert repr(KEPT) == "KEPT"
