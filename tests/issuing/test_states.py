"""The table of states is what the verbs do: each cell of it, over real stores, and on the page that shows it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from authmux.errors import NotFound, NotPossible
from authmux.issuing.states import TABLE, Answer, Verb
from authmux.issuing.token_service import TokenService
from authmux.stores.record import Record, State
from tests.docs.pages import SITE
from tests.issuing.house import BY, DAY, NOW, House

STATES: dict[State, dict[str, Any]] = {
    State.ACTIVE: {},
    State.NOT_YET: {"not_before": NOW + DAY},
    State.EXPIRED: {"expires_at": NOW},
    State.DISABLED: {"disabled_at": NOW, "disabled_by": "console"},
    State.REVOKED: {"revoked_at": NOW, "revoked_by": "console", "revoked_reason": "policy"},
    State.DELETED: {"deleted_at": NOW},
}
VERBS: dict[Verb, Callable[[TokenService, str], Any]] = {
    Verb.EDIT: lambda service, of: service.edit(of, by=BY, description="another"),
    Verb.ROLL: lambda service, of: service.roll(of, generation=1, by=BY).record,
    Verb.DISABLE: lambda service, of: service.disable(of, by=BY),
    Verb.ENABLE: lambda service, of: service.enable(of, by=BY),
    Verb.EXPIRE: lambda service, of: service.expire(of, by=BY),
    Verb.REVOKE: lambda service, of: service.revoke(of, by=BY),
    Verb.DELETE: lambda service, of: service.delete(of, by=BY),
    Verb.UNDELETE: lambda service, of: service.undelete(of, by=BY),
}


def put(house: House, **changes: Any) -> Record:
    """Keep a key that is as it is said to be."""
    record = house.key().record
    changed = replace(record, row_version=2, **changes)
    house.store.replace(changed, expected=1)
    return changed


def test_table_is_whole() -> None:
    """Every verb says what it does in every state, and every verb of the table is tried here (K-32…K-37)."""
    assert set(TABLE) == set(Verb) == set(VERBS)
    assert all(set(row) == set(State) for row in TABLE.values())


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("verb", Verb)
def test_cell(house: House, verb: Verb, state: State) -> None:
    """A verb does in a state what its cell of the table says, and what is kept afterwards is that (K-32…K-37)."""
    before = put(house, **STATES[state])
    outcome = TABLE[verb][state]
    if outcome in (Answer.REFUSED, Answer.ABSENT):
        with pytest.raises(NotPossible if outcome is Answer.REFUSED else NotFound):
            VERBS[verb](house.service, before.id)
        after = before
    else:
        after = VERBS[verb](house.service, before.id)
    assert house.store.find(before.id).record == after
    assert (after != before) is (outcome not in (Answer.NOTHING, Answer.REFUSED, Answer.ABSENT))
    if isinstance(outcome, Answer):
        assert after.state(NOW) is state
    else:
        assert after.state(NOW) in (outcome if isinstance(outcome, tuple) else (outcome,))


@pytest.mark.parametrize(
    ("verb", "changes", "state"),
    [
        pytest.param(Verb.ENABLE, {}, State.ACTIVE, id="enabled"),
        pytest.param(Verb.ENABLE, STATES[State.NOT_YET], State.NOT_YET, id="enabled-before-its-time"),
        pytest.param(Verb.UNDELETE, {}, State.DISABLED, id="undeleted"),
        pytest.param(Verb.UNDELETE, STATES[State.REVOKED], State.REVOKED, id="undeleted-and-revoked-before"),
        pytest.param(Verb.UNDELETE, STATES[State.EXPIRED], State.EXPIRED, id="undeleted-and-expired-before"),
    ],
)
def test_cell_with_several_states(house: House, verb: Verb, changes: dict[str, Any], state: State) -> None:
    """Where a verb leads depends on what the credential was before (K-34, K-36)."""
    begun = State.DISABLED if verb is Verb.ENABLE else State.DELETED
    record = put(house, **STATES[begun] | changes)
    assert VERBS[verb](house.service, record.id).state(NOW) is state


def test_revoked_while_deleted(house: House) -> None:
    """What is revoked while it is deleted comes back revoked: undeleting never brings it to life (K-35, K-36)."""
    issued = house.key()
    house.service.delete(issued.record.id, by=BY)
    house.service.revoke(issued.record.id, by=BY, reason="compromised")
    assert house.service.undelete(issued.record.id, by=BY).state(NOW) is State.REVOKED
    with pytest.raises(NotPossible, match="revoked"):
        house.service.enable(issued.record.id, by=BY)
    assert house.refusal(issued.text) == "revoked"


def test_expired_for_good(house: House) -> None:
    """What has expired cannot be given more time (K-32, K-37)."""
    issued = house.key()
    house.service.expire(issued.record.id, by=BY)
    for expires_at in (NOW + DAY, None):
        with pytest.raises(NotPossible, match="expired"):
            house.service.edit(issued.record.id, by=BY, expires_at=expires_at)
    assert house.refusal(issued.text) == "expired"


def test_deleted_too_long_ago(house: House) -> None:
    """For thirty days one can go back, to the second, and no longer (K-36)."""
    first, second = house.key(), house.key(name="other")
    for issued in (first, second):
        house.service.delete(issued.record.id, by=BY)
    house.clock.advance(timedelta(days=30).total_seconds())
    assert house.service.undelete(first.record.id, by=BY).deleted_at is None
    house.clock.advance(0.001)
    with pytest.raises(NotPossible, match="30 days"):
        house.service.undelete(second.record.id, by=BY)


def test_page() -> None:
    """The reference shows the table as it is (K-32…K-37)."""
    assert as_markdown() in (SITE / "reference" / "verbs.md").read_text(encoding="utf-8")


def as_markdown() -> str:
    """Return the table as the reference shows it."""
    head = [f"| verb | {' | '.join(state.value for state in State)} |", f"|---|{'---|' * len(State)}"]
    rows = [f"| `{verb}` | {' | '.join(_cell(verb, state) for state in State)} |" for verb in Verb]
    return "\n".join(head + rows)


def _cell(verb: Verb, state: State) -> str:
    outcome = TABLE[verb][state]
    if isinstance(outcome, Answer):
        return {Answer.SAME: "stays", Answer.NOTHING: "–", Answer.REFUSED: "refused", Answer.ABSENT: "absent"}[outcome]
    several = outcome if isinstance(outcome, tuple) else (outcome,)
    return "→ " + " / ".join(each.value for each in several)


if __name__ == "__main__":
    print(as_markdown())  # noqa: T201  # to be put on the page
