"""The verb `usage`: how often credentials were used, for whom they are (K-31, K-42)."""

from authmux.principal import Client, User
from authmux.stores.usage import Usage
from tests.issuing.house import ADA, BY, JOB, NOW, House

USED = Usage(first_used_at=NOW, last_used_at=NOW, succeeded=3)


def test_usage(house: House) -> None:
    """The application sees all; what was never used is not in the answer."""
    key, other, unused = house.key(), house.key(name="other", tenant="t2"), house.key(name="unused")
    house.store.add_usage({key.record.id: USED, other.record.id: USED})
    ids = [each.record.id for each in (key, other, unused)]
    assert dict(house.service.usage(ids, by=BY)) == {key.record.id: USED, other.record.id: USED}


def test_usage_of_ones_own(house: House) -> None:
    """A principal sees the uses of what is its own, and of nothing else."""
    key, foreign, pat = house.key(), house.key(name="foreign", tenant="t2"), house.pat()
    ids = [key.record.id, foreign.record.id, pat.record.id, "0" * 16]
    house.store.add_usage(dict.fromkeys(ids, USED))
    assert list(house.service.usage(ids, by=JOB)) == [key.record.id]
    assert list(house.service.usage(ids, by=ADA)) == [pat.record.id]
    assert list(house.service.usage(ids, by=User(id="ada", issuer="acme", tenant="t2"))) == []
    assert list(house.service.usage(ids, by=Client(id="ada", issuer="acme", tenant="t1"))) == []


def test_list_what_is_unused(house: House) -> None:
    """K-31: the service lists what nobody has used since; uses are known to the minute, and the whole one counts."""
    idle, busy = (house.service.issue_key(name=name, scopes=["a:b"], by=BY).record for name in ("idle", "busy"))
    house.clock.advance(600)
    moment = house.clock.time() // 60 * 60
    house.store.add_usage({busy.id: Usage(first_used_at=moment, last_used_at=moment, succeeded=1)})
    house.clock.advance(600)
    assert [each.id for each in house.service.list(unused_since=moment + 59, by=BY)] == [idle.id]
    assert {each.id for each in house.service.list(unused_since=moment + 60, by=BY)} == {idle.id, busy.id}
