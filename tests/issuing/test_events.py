"""Every change is written down in the transaction that makes it: what, who, why, and what is other than before."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from authmux.errors import IssuingError
from authmux.issuing.states import Verb
from authmux.stores.audit_event import Action
from authmux.stores.record import Owner, OwnerType
from tests.issuing.house import ADA, BY, DAY, NOW, TOKENS, House
from tests.issuing.test_states import VERBS


def test_created(house: House) -> None:
    """A new credential is written down with what it may do (K-72)."""
    record = house.key(env="live", expires_in=timedelta(days=1)).record
    (event,) = house.told()
    assert (event.action, event.at, event.tenant, event.target) == (Action.CREATED, NOW, "t1", record.id)
    assert (event.actor, event.actor_credential, event.outcome) == ("console", None, "done")
    assert thawed(event.difference) == {
        "kind": [None, "key"],
        "env": [None, "live"],
        "name": [None, "nightly"],
        "scopes": [None, ["reports:read"]],
        "expires_at": [None, NOW + DAY],
        "owner": [None, ["client", "acme", "job"]],
    }


ONE: list[Any] = [
    pytest.param(Verb.EDIT, Action.EDITED, {"description": ["", "another"]}, id="edit"),
    pytest.param(
        Verb.DISABLE, Action.DISABLED, {"disabled_at": [None, NOW], "disabled_by": [None, "console"]}, id="off"
    ),
    pytest.param(Verb.EXPIRE, Action.EXPIRED, {"expires_at": [None, NOW]}, id="expire"),
    pytest.param(
        Verb.REVOKE,
        Action.REVOKED,
        {"revoked_at": [None, NOW], "revoked_by": [None, "console"], "revoked_reason": [None, "other"]},
        id="revoke",
    ),
    pytest.param(Verb.DELETE, Action.DELETED, {"deleted_at": [None, NOW]}, id="delete"),
]


@pytest.mark.parametrize(("verb", "action", "difference"), ONE)
def test_change(house: House, verb: Verb, action: Action, difference: dict[str, Any]) -> None:
    """A change is written down once, with its difference (K-71, K-72)."""
    issued = house.key()
    VERBS[verb](house.service, issued.record.id)
    (event,) = house.told()[1:]
    assert (event.action, event.target, thawed(event.difference)) == (action, issued.record.id, difference)


def test_undone(house: House) -> None:
    """What is undone is written down, too (K-72)."""
    issued = house.key()
    for verb in (Verb.DISABLE, Verb.ENABLE, Verb.DELETE, Verb.UNDELETE):
        VERBS[verb](house.service, issued.record.id)
    told = [event.action for event in house.told()[1:]]
    assert told == [Action.DISABLED, Action.ENABLED, Action.DELETED, Action.UNDELETED]


@pytest.mark.parametrize("verb", [Verb.ENABLE, Verb.UNDELETE])
def test_nothing_done(house: House, verb: Verb) -> None:
    """A verb that changes nothing writes nothing down (K-71)."""
    issued = house.key()
    VERBS[verb](house.service, issued.record.id)
    assert len(house.told()) == 1


def test_refused(house: House) -> None:
    """A verb that is refused writes nothing down: it did not happen (K-71)."""
    issued = house.key()
    house.key(name="other")
    refused: list[Callable[[], object]] = [
        lambda: house.service.roll(issued.record.id, generation=7, by=BY),
        lambda: house.service.edit(issued.record.id, by=BY, name="other"),
        lambda: house.service.revoke(issued.record.id, by=BY, reason="because"),
        house.key,
    ]
    for verb in refused:
        with pytest.raises(IssuingError):
            verb()
    assert len(house.told()) == 2


def test_rolled(house: House) -> None:
    """A roll says which generation is new, and of each that it retires when that is (K-72)."""
    record = house.key().record
    house.service.roll(record.id, generation=1, by=BY, overlap=timedelta(days=2))
    house.clock.advance(60)
    house.service.roll(record.id, generation=2, by=BY)
    told = [(event.action, thawed(event.difference)) for event in house.told()[1:]]
    assert told == [
        (Action.ROLLED, {"generation": [1, 2]}),
        (Action.GENERATION_RETIRED, {"generation": 1, "retire_at": [None, NOW + 2 * DAY]}),
        (Action.ROLLED, {"generation": [2, 3]}),
        (Action.GENERATION_RETIRED, {"generation": 1, "retire_at": [NOW + 2 * DAY, NOW + 60]}),
        (Action.GENERATION_RETIRED, {"generation": 2, "retire_at": [None, NOW + 60 + DAY]}),
    ]


def test_widened(house: House) -> None:
    """Scopes that are widened are written down apart from everything else that was edited (K-32, K-72)."""
    record = house.key().record
    house.service.edit(record.id, by=BY, scopes=["reports:*"], name="other")
    told = [(event.action, thawed(event.difference)) for event in house.told()[1:]]
    assert told == [
        (Action.SCOPES_WIDENED, {"scopes": [["reports:read"], ["reports:*"]]}),
        (Action.EDITED, {"name": ["nightly", "other"]}),
    ]


def test_narrowed(house: House) -> None:
    """Scopes that are narrowed are an edit like others (K-32, K-72)."""
    record = house.key(scopes=["reports:*"]).record
    house.service.edit(record.id, by=BY, scopes=["reports:read"])
    assert [event.action for event in house.told()] == [Action.CREATED, Action.EDITED]


def test_notes_are_told_by_name(house: House) -> None:
    """Of the application's notes only the names that changed are written down: what stands there is its own (K-71)."""
    record = house.key(meta={"a": "private", "b": 1, "c": 2}).record
    house.service.edit(record.id, by=BY, meta={"a": "another", "b": 1, "d": 3})
    assert thawed(house.told()[-1].difference) == {"meta": ["a", "c", "d"]}


def test_reasons(house: House) -> None:
    """Why somebody did it is written down, in his own words or by the name of the reason (K-34, K-35)."""
    record = house.key().record
    house.service.disable(record.id, by=BY, reason="under attack")
    house.service.enable(record.id, by=BY, reason="it is over")
    house.service.revoke(record.id, by=BY, reason="compromised")
    assert [event.reason for event in house.told()[1:]] == ["under attack", "it is over", "compromised"]


def test_who_came_with_what(house: House) -> None:
    """Who did it is written down with what he came with, and which generation of it (K-71)."""
    issued = house.pat(scopes=["self:roll", "reports:read"])
    fresh = house.service.roll_self(by=house.who(issued.text))
    house.service.revoke_self(by=house.who(fresh.text))
    rolled, revoked = house.told(Action.ROLLED, Action.REVOKED)
    for event, generation in ((rolled, 1), (revoked, 2)):
        assert (event.actor, event.actor_credential) == ("acme|t1|user|ada", issued.record.id)
        assert event.actor_generation == generation


def test_many_at_once(house: House) -> None:
    """A revocation of many is one entry, of which it can be made again; of none, it is no entry (K-35, K-92)."""
    house.key()
    house.service.revoke_all(by=BY, tenant="t1", owner=Owner(OwnerType.CLIENT, "acme", "job"), created_after=5)
    house.service.revoke_all(by=BY, tenant="t1")
    (event,) = house.told(Action.REVOKED)
    assert (event.target, event.tenant, event.reason) == ("selection", "t1", "other")
    asked = {"tenant": "t1", "owner": ["client", "acme", "job"], "created_after": 5.0}
    assert thawed(event.difference) == asked


def test_many_of_a_principal(house: House) -> None:
    """What a principal revokes is told with the bounds that it has, whatever it asked for (K-42, K-71)."""
    house.pat()
    house.service.revoke_all(by=ADA)
    (event,) = house.told(Action.REVOKED)
    assert thawed(event.difference) == {"tenant": "t1", "owner": ["user", "acme", "ada"]}


def test_purged(house: House) -> None:
    """Of what is gone for good it is written down what it was (K-36, K-72)."""
    record = house.key().record
    house.service.delete(record.id, by=BY)
    house.clock.advance(31 * DAY)
    house.service.purge(by=BY)
    (event,) = house.told(Action.PURGED)
    assert (event.target, thawed(event.difference)) == (record.id, {"deleted_at": [NOW, None]})


def test_no_secret_is_written_down(house: House) -> None:
    """Neither a text nor a digest is in any entry, whatever was done (K-71)."""
    issued = house.key()
    texts = [issued.text, house.service.roll(issued.record.id, generation=1, by=BY).text]
    for verb in (Verb.EDIT, Verb.DISABLE, Verb.ENABLE, Verb.REVOKE, Verb.DELETE, Verb.UNDELETE):
        VERBS[verb](house.service, issued.record.id)
    told = repr(house.told())
    for text in texts:
        assert text[-49:-6] not in told
        digest = TOKENS.digest(text, "p1")
        assert digest.hex() not in told
        assert repr(digest) not in told


def thawed(value: Any) -> Any:
    """Return a JSON value as lists and dictionaries again."""
    if hasattr(value, "items"):
        return {name: thawed(member) for name, member in value.items()}
    return [thawed(member) for member in value] if isinstance(value, (tuple, list)) else value
