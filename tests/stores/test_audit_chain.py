"""The chain of the audit log: what is sealed cannot be changed, left out, moved or cut off unnoticed (K-71)."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.seal import Seal
from authmux.stores.audit_chain import START, UNSEALED, Break, ChainCheck, Damage, chained, purge_point
from authmux.stores.audit_event import Action, AuditEntry, AuditEvent, Entries, Head
from tests.stores.sample_events import PEPPERS, SEAL, any_event, make_event

CHAIN = chained(Entries(tuple(make_event(target=f"t{number}") for number in range(1, 7)), SEAL), START)


def break_of(entries: Sequence[AuditEntry], *, expected: Head | None = None, start: Head = START) -> Break | None:
    """Return the first break of a chain."""
    check = ChainCheck(PEPPERS.seals(), start=start, expected=expected)
    return check.follow(entries) or check.end()


def test_a_chain_holds() -> None:
    """What was sealed verifies, and the check tells how far it went."""
    check = ChainCheck(PEPPERS.seals())
    assert check.follow(CHAIN) is None
    assert check.head == CHAIN[-1].head
    assert check.checked == len(CHAIN)


def test_a_chain_goes_on_under_another_key() -> None:
    """A rotated pepper seals what comes next, and both parts verify."""
    later = chained(Entries((make_event(),), PEPPERS.seal()), CHAIN[-1].head)
    assert later[0].key_id == "p2"
    assert break_of([*CHAIN, *later]) is None


@given(st.lists(any_event(), min_size=1, max_size=4))
def test_every_event_can_be_sealed(events: list[AuditEvent]) -> None:
    """Whatever an event holds, it is written so that it verifies."""
    assert break_of(chained(Entries(tuple(events), SEAL), START)) is None


OTHER: dict[str, Any] = {
    "at": 1.5, "action": Action.REVOKED, "outcome": "x", "tenant": "x", "actor": "x", "actor_credential": "x",
    "actor_generation": 7, "target": "x", "reason": "x", "difference": {"x": 1}, "address": "x", "user_agent": "x",
    "request_id": "x",
}  # fmt: skip


def test_every_field_is_tampered_with() -> None:
    """The table below leaves no field of an event out."""
    assert set(OTHER) == {each.name for each in fields(AuditEvent)}


@pytest.mark.parametrize("field", OTHER)
def test_a_changed_field(field: str) -> None:
    """Another value in any field of an entry is found."""
    changed: dict[str, Any] = {field: OTHER[field]}
    entry = replace(CHAIN[2], event=replace(CHAIN[2].event, **changed))
    assert break_of([*CHAIN[:2], entry, *CHAIN[3:]]) == Break(3, Damage.CHANGED)


def _moved(position: int) -> AuditEntry:
    return replace(CHAIN[2], position=position)


@pytest.mark.parametrize(
    ("tampered", "found"),
    [
        pytest.param([*CHAIN[:2], *CHAIN[3:]], Break(3, Damage.MISSING), id="one-left-out"),
        pytest.param(CHAIN[1:], Break(1, Damage.MISSING), id="the-first-left-out"),
        pytest.param(
            [*CHAIN[:2], replace(CHAIN[3], position=3)], Break(3, Damage.CHANGED), id="left-out-and-closed-up"
        ),
        pytest.param([*CHAIN[:2], CHAIN[3], CHAIN[2]], Break(3, Damage.MISSING), id="in-another-order"),
        pytest.param(
            [*CHAIN[:2], replace(CHAIN[3], position=3), replace(CHAIN[2], position=4)],
            Break(3, Damage.CHANGED),
            id="swapped",
        ),
        pytest.param([*CHAIN[:3], CHAIN[2], *CHAIN[3:]], Break(3, Damage.FORKED), id="twice"),
        pytest.param([*CHAIN[:2], replace(CHAIN[2], mac=CHAIN[1].mac)], Break(3, Damage.CHANGED), id="mac"),
        pytest.param([*CHAIN[:2], replace(CHAIN[2], mac=b"")], Break(3, Damage.CHANGED), id="no-mac"),
        pytest.param([*CHAIN[:2], replace(CHAIN[2], key_id="p2")], Break(3, Damage.CHANGED), id="key"),
        pytest.param([*CHAIN[:2], replace(CHAIN[2], key_id="p9")], Break(3, Damage.UNKNOWN_KEY), id="unknown-key"),
        pytest.param([*CHAIN[:2], _moved(9), *CHAIN[3:]], Break(3, Damage.MISSING), id="another-position"),
    ],
)
def test_tampering(tampered: list[AuditEntry], found: Break) -> None:
    """Every way to tamper is found, at the first place where the chain does not hold."""
    assert break_of(tampered) == found


def test_an_entry_without_a_pepper() -> None:
    """What an emergency wrote without a pepper is noted and breaks nothing: what follows is still checked (K-71)."""
    stranger = Seal(UNSEALED, b"x" * 32)
    entries = list(CHAIN[:2])
    for seal in (stranger, SEAL):
        entries += chained(Entries((CHAIN[2].event,), seal), entries[-1].head)
    check = ChainCheck({SEAL.key_id: SEAL})
    assert check.follow(entries) is None
    assert (check.unsealed, check.checked) == ([3], 3)
    forged = replace(entries[2], mac=b"y" * 32)
    assert ChainCheck({SEAL.key_id: SEAL}).follow([*entries[:2], forged, entries[3]]) == Break(4, Damage.CHANGED)
    assert ChainCheck({UNSEALED: SEAL, SEAL.key_id: SEAL}).follow(entries) == Break(3, Damage.CHANGED)


@pytest.mark.parametrize(
    ("kept", "entries", "found"),
    [
        pytest.param(CHAIN[-1].head, CHAIN, None, id="the-head"),
        pytest.param(CHAIN[2].head, CHAIN, None, id="one-on-the-way"),
        pytest.param(CHAIN[-1].head, CHAIN[:4], Break(5, Damage.MISSING), id="cut-off"),
        pytest.param(CHAIN[-1].head, [], Break(1, Damage.MISSING), id="emptied"),
        pytest.param(Head(4, "00" * 32), CHAIN, Break(4, Damage.FORKED), id="another-history"),
    ],
)
def test_a_kept_head(kept: Head, entries: list[AuditEntry], found: Break | None) -> None:
    """A head that was kept elsewhere shows what was cut off at the end, or written anew."""
    assert break_of(entries, expected=kept) == found


def test_a_new_history_with_the_right_key() -> None:
    """Who has the key, but not the kept head, cannot write another history unnoticed."""
    forged = chained(Entries(tuple(make_event(target="forged") for _ in CHAIN), SEAL), START)
    assert break_of(forged) is None
    assert break_of(forged, expected=CHAIN[3].head) == Break(4, Damage.FORKED)


@given(st.data())
def test_any_piece_of_a_chain(data: st.DataObject) -> None:
    """No choice of a chain's entries, in no order, verifies but its beginning."""
    chosen = data.draw(st.lists(st.sampled_from(CHAIN), min_size=1, max_size=8))
    assert (break_of(chosen) is None) == (chosen == CHAIN[: len(chosen)])


def test_after_a_purge() -> None:
    """A chain whose beginning was purged verifies from its purge point, and from no other place."""
    assert break_of(CHAIN[3:], start=CHAIN[2].head) is None
    assert break_of(CHAIN[3:], start=Head(3, "00" * 32)) == Break(4, Damage.CHANGED)


@pytest.mark.parametrize(
    ("event", "found"),
    [
        pytest.param(
            make_event(action=Action.AUDIT_PURGED, difference={"position": 3, "mac": "ab"}), Head(3, "ab"), id="one"
        ),
        pytest.param(make_event(difference={"position": 3, "mac": "ab"}), None, id="another-event"),
        pytest.param(make_event(action=Action.AUDIT_PURGED), None, id="edited-into-none"),
        pytest.param(
            make_event(action=Action.AUDIT_PURGED, difference={"position": "x", "mac": "ab"}), None, id="no-position"
        ),
    ],
)
def test_purge_point(event: AuditEvent, found: Head | None) -> None:
    """The entry of a purge tells from where on the chain goes on."""
    assert purge_point(chained(Entries((event,), SEAL), START)[0]) == found


@pytest.mark.parametrize("show", [repr, str], ids=["repr", "str"])
def test_no_key_is_shown(show: Callable[[object], str]) -> None:
    """A seal shows its id and never its key."""
    shown = show(SEAL)
    assert "p1" in shown
    assert SEAL.key.hex() not in shown
    assert repr(SEAL.key) not in shown
