"""A restored backup is brought to what has ended since it was made (K-92)."""

import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.verbs.replaying import Replayed
from authmux.stores.audit_event import Action
from authmux.stores.denial import Denied, Target
from authmux.stores.record import State
from authmux.stores.sql import SQLStore
from authmux.testing.manual_clock import ManualClock
from tests.issuing.house import BY, NOW, House

Change: TypeAlias = Callable[[House, IssuedToken], object]


class Accident:
    """A house whose database is lost after some changes, and comes back from a backup that was made before them."""

    def __init__(self, directory: Path) -> None:
        self._file, self._backup = directory / "keys.db", directory / "backup.db"
        self.clock = ManualClock(NOW)

    def house(self) -> House:
        """Open the house on the database as it is."""
        return House(SQLStore(f"sqlite:///{self._file}"), self.clock)

    def back_up(self, house: House) -> None:
        """Copy the database, with everything in the one file."""
        self._close(house)
        shutil.copy(self._file, self._backup)

    def restore(self, house: House) -> House:
        """Put the backup in the place of the database."""
        self._close(house)
        for path in self._file.parent.glob("keys.db*"):
            path.unlink()
        shutil.copy(self._backup, self._file)
        return self.house()

    @staticmethod
    def _close(house: House) -> None:
        assert isinstance(house.store, SQLStore)
        house.store.close()


@pytest.fixture
def accident(tmp_path: Path) -> Accident:
    """Give one that has not happened yet."""
    accident = Accident(tmp_path)
    with closing(SQLStore(f"sqlite:///{tmp_path}/keys.db")) as store:
        store.create_schema()
    return accident


def replay(accident: Accident, *changes: Change) -> tuple[House, IssuedToken, Replayed]:
    """Issue a key, back up, change it, restore, and replay what was written down meanwhile; all of it, and twice."""
    house = accident.house()
    key = house.key()
    house.clock.advance(60)
    accident.back_up(house)
    for change in changes:
        change(house, key)
        house.clock.advance(60)
    log = list(house.service.audit(by=BY, limit=1000))
    house = accident.restore(house)
    assert house.refusal(key.text) is None
    done = house.service.replay_revocations(log, by=BY)
    again = house.service.replay_revocations(log, by=BY)
    assert again == Replayed(
        revoked=(),
        expired=(),
        disabled=(),
        deleted=(),
        denied=(),
        at_once=0,
        rolled_since=done.rolled_since,
        unknown=done.unknown,
    )
    assert house.service.verify_audit(by=BY).broken is None
    return house, key, done


def revoke(house: House, key: IssuedToken) -> None:
    house.service.revoke(key.record.id, by=BY, reason="compromised")


def delete(house: House, key: IssuedToken) -> None:
    house.service.delete(key.record.id, by=BY)


def undelete(house: House, key: IssuedToken) -> None:
    house.service.undelete(key.record.id, by=BY)


def expire(house: House, key: IssuedToken) -> None:
    house.service.expire(key.record.id, by=BY)


def disable(house: House, key: IssuedToken) -> None:
    house.service.disable(key.record.id, by=BY)


def enable(house: House, key: IssuedToken) -> None:
    house.service.enable(key.record.id, by=BY)


def revoke_all(house: House, key: IssuedToken) -> None:
    house.service.revoke_all(owner=key.record.owner, tenant="t1", by=BY, reason="offboarding")


@pytest.mark.parametrize(
    ("changes", "what", "state"),
    [
        pytest.param([revoke], "revoked", State.REVOKED, id="revoked"),
        pytest.param([expire], "expired", State.EXPIRED, id="expired"),
        pytest.param([disable], "disabled", State.DISABLED, id="disabled"),
        pytest.param([delete], "deleted", State.DELETED, id="deleted"),
        pytest.param([delete, undelete], "disabled", State.DISABLED, id="deleted-and-brought-back"),
        pytest.param([disable, revoke], "revoked", State.REVOKED, id="disabled-and-revoked"),
        pytest.param([revoke, delete, undelete], "revoked", State.REVOKED, id="revoked-deleted-and-brought-back"),
        pytest.param([enable, disable, enable, disable], "disabled", State.DISABLED, id="to-and-fro"),
    ],
)
def test_replay(accident: Accident, changes: list[Change], what: str, state: State) -> None:
    """What has ended since the backup is ended again, and that is told and written down."""
    house, key, done = replay(accident, *changes)
    assert getattr(done, what) == (key.record.id,)
    assert house.record(key).state(house.clock.time()) is state
    assert house.refusal(key.text) is not None


def test_reason(accident: Accident) -> None:
    """A revocation keeps its reason."""
    house, key, _ = replay(accident, revoke)
    assert house.record(key).revoked_reason == "compromised"
    assert [event.reason for event in house.told(Action.REVOKED)] == ["compromised"]


def test_what_was_enabled_stays(accident: Accident) -> None:
    """What was disabled and enabled again works."""
    house, key, done = replay(accident, disable, enable)
    assert house.refusal(key.text) is None
    assert done.disabled == ()


def test_a_revocation_of_many(accident: Accident) -> None:
    """A revocation of everything that matches is made again, and reaches nothing that was issued later."""
    house, key, done = replay(accident, revoke_all)
    assert done.at_once == 1
    assert house.refusal(key.text) == "revoked"


def test_a_revocation_of_many_and_later_keys(accident: Accident) -> None:
    """What was issued to the same owner after the revocation of everything is not revoked by its replay."""
    house = accident.house()
    old = house.key(name="old")
    house.clock.advance(60)
    revoke_all(house, old)
    house.clock.advance(60)
    new = house.key(name="new")
    log = list(house.service.audit(by=BY))
    accident.back_up(house)
    house = accident.restore(house)
    assert house.service.replay_revocations(log, by=BY).at_once == 0
    assert house.refusal(new.text) is None


def suspend(house: House, _: IssuedToken) -> None:
    house.service.suspend(client="job", by=BY, reason="policy")


def suspend_for_a_minute(house: House, _: IssuedToken) -> None:
    house.service.suspend(client="job", by=BY, until=house.clock.time() + 60)


def reactivate(house: House, _: IssuedToken) -> None:
    house.service.reactivate(client="job", by=BY)


def deny(house: House, _: IssuedToken) -> None:
    house.service.deny(Target(Denied.TOKEN, "https://issuer.example", "jti-1"), by=BY)


@pytest.mark.parametrize(
    ("changes", "denied", "refusal"),
    [
        pytest.param([suspend], ("job",), "suspended", id="suspended"),
        pytest.param([suspend, reactivate], (), None, id="suspended-and-reactivated"),
        pytest.param([reactivate, suspend, suspend], ("job",), "suspended", id="suspended-twice"),
        pytest.param([suspend_for_a_minute], (), None, id="suspended-until-now"),
        pytest.param([deny], ("jti-1",), None, id="denied"),
    ],
)
def test_denials(accident: Accident, changes: list[Change], denied: tuple[str, ...], refusal: str | None) -> None:
    """What was denied or suspended since the backup is so again, and what was lifted is not (K-40, B-64)."""
    house, key, done = replay(accident, *changes)
    assert done.denied == denied
    assert house.refusal(key.text) == refusal
    assert len(house.service.list_denials(by=BY)) == len(denied)


def test_what_was_rolled_is_told(accident: Accident) -> None:
    """A text that was replaced works again after a restore; nothing can change that but a look, and so it is told."""

    def roll(house: House, key: IssuedToken) -> None:
        house.service.roll(key.record.id, generation=1, overlap=timedelta(0), by=BY)

    house, key, done = replay(accident, roll)
    assert done.rolled_since == (key.record.id,)
    assert house.refusal(key.text) is None


def test_what_was_issued_since_is_unknown(accident: Accident) -> None:
    """A key that the backup does not know cannot work, and is told of where it was revoked."""
    issued: list[str] = []

    def issue(house: House, _: IssuedToken) -> None:
        key = house.key(name="since")
        house.service.revoke(key.record.id, by=BY)
        issued.append(key.record.id)

    _, _, done = replay(accident, issue)
    assert done.unknown == tuple(issued)


def test_a_log_that_tells_of_nothing(accident: Accident) -> None:
    """Where nothing has ended, nothing is done."""
    _, _, done = replay(accident)
    assert (done.revoked, done.at_once, done.unknown) == ((), 0, ())
