"""What a key or token may do to itself, and with which of its texts (K-38)."""

import pytest

from authmux.errors import NotPossible
from authmux.principal import Principal
from authmux.stores.record import State
from tests.issuing.house import ADA, NOW, House, with_jwt
from tests.issuing.test_standing import MANAGE, rolled_away


def test_self_reads(house: House) -> None:
    """A key or token may look at itself, and lists itself alone (K-38)."""
    issued, _ = house.pat(), house.pat(name="other")
    by = house.who(issued.text)
    assert house.service.get_self(by=by) == issued.record
    assert house.service.list(by=by) == [issued.record]
    assert house.service.list(by=by, scope="users:read") == []


def test_self_revokes(house: House) -> None:
    """A key or token may end itself (K-38)."""
    issued = house.key(client=None)
    revoked = house.service.revoke_self(by=house.who(issued.text), reason="superseded")
    assert (revoked.revoked_by, revoked.revoked_reason) == (f"key:{issued.record.id}", "superseded")
    assert house.refusal(issued.text) == "revoked"


def test_self_revokes_with_a_replaced_text(house: House) -> None:
    """Who holds a text that was replaced and still works may end the credential: it only gets safer (K-38)."""
    issued = house.pat()
    house.service.revoke_self(by=rolled_away(house, issued))
    assert house.record(issued).state(NOW) is State.REVOKED


def test_self_rolls(house: House) -> None:
    """With the scope for it, a key or token rolls itself, and only with its newest text (K-38)."""
    issued = house.pat(scopes=["reports:read", "self:roll"])
    old = house.who(issued.text)
    fresh = house.service.roll_self(by=old)
    assert fresh.record.generation == 2
    with pytest.raises(NotPossible, match="newest text"):
        house.service.roll_self(by=old)
    with pytest.raises(NotPossible, match="newest text"):
        house.service.roll(issued.record.id, generation=2, by=old)
    assert house.service.roll_self(by=house.who(fresh.text)).record.generation == 3


def test_self_rolls_without_the_scope(house: House) -> None:
    """Without the scope it does not (K-38)."""
    by = house.who(house.pat().text)
    with pytest.raises(NotPossible, match="self:roll"):
        house.service.roll_self(by=by)


@pytest.mark.parametrize("verb", ["edit", "disable", "enable", "expire", "delete", "undelete"])
def test_self_does_nothing_else(house: House, verb: str) -> None:
    """Whatever else there is takes the scope that manages, on itself too (K-38)."""
    issued = house.pat(scopes=["self:*"])
    with pytest.raises(NotPossible, match=MANAGE):
        getattr(house.service, verb)(issued.record.id, by=house.who(issued.text))
    assert house.record(issued) == issued.record


@pytest.mark.parametrize("verb", ["get_self", "roll_self", "revoke_self"])
@pytest.mark.parametrize("by", [ADA, with_jwt(ADA, "*")], ids=["session", "jwt"])
def test_self_of_others(house: House, verb: str, by: Principal) -> None:
    """Who came with no key or token of ours has no such self (K-38)."""
    with pytest.raises(NotPossible, match="came with a key or token"):
        getattr(house.service, verb)(by=by)
