"""Every store moves digests to another pepper without a change, and knows how many are under each (K-13)."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authmux.stores.digest_upgrade import DigestUpgrade, UpgradingStore
from authmux.stores.port import PepperCheck, TokenStore, WriteRefused
from authmux.stores.record import Record, Secret
from tests.postgres import PostgreSQL
from tests.stores.conftest import Rooms
from tests.stores.driven import AnySQLStore
from tests.stores.sample_records import NOW, PEPPER, add, make_record, make_secret

NEXT = PepperCheck("p2", b"check of p2")
NEW = b"n" * 32


def rotating(store: object) -> UpgradingStore:
    """Return a store as one that moves digests: all of ours do."""
    assert isinstance(store, UpgradingStore)
    return store


def upgrade_of(record: Record, secret: Secret | None = None, **changes: Any) -> DigestUpgrade:
    """Return the move of a generation, of the newest by default."""
    secret = secret or record.secrets[-1]
    values: dict[str, Any] = {
        "credential_id": record.id,
        "generation": secret.generation,
        "old": secret.digest,
        "new": NEW,
    }
    return DigestUpgrade(**values | changes)


def moved(record: Record) -> Record:
    """Return a record as it is after its newest digest has moved."""
    *older, newest = record.secrets
    secret = replace(newest, digest=NEW, algorithm="hmac-sha256", pepper_id="p2")
    return replace(record, secrets=(*older, secret))


def test_upgrade(store: TokenStore) -> None:
    """A digest moves to another pepper, with its algorithm; nothing else of the record becomes other (K-13)."""
    record = add(store, make_record(secrets=(make_secret(1), make_secret(2, algorithm="sha512", pepper_id=""))))
    other = add(store, make_record())
    assert rotating(store).upgrade_digests([upgrade_of(record)], pepper=NEXT) == 1
    assert store.find(record.id).record == moved(record)
    assert store.find(other.id).record == other
    assert sorted(store.pepper_checks(), key=lambda check: check.pepper_id) == [PEPPER, NEXT]


def test_upgrade_of_several(store: TokenStore) -> None:
    """A batch moves many at once, two generations of one record among them."""
    records = [add(store, make_record(secrets=(make_secret(1), make_secret(2)))) for _ in range(3)]
    batch = [upgrade_of(record, secret) for record in records for secret in record.secrets]
    assert rotating(store).upgrade_digests(batch, pepper=NEXT) == 6
    for record in records:
        found = store.find(record.id).record
        assert found is not None
        assert [secret.pepper_id for secret in found.secrets] == ["p2", "p2"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"old": b"other" * 8}, id="another-digest"),
        pytest.param({"generation": 7}, id="another-generation"),
        pytest.param({"credential_id": "0" * 16}, id="no-such-credential"),
    ],
)
def test_upgrade_is_conditional(store: TokenStore, changes: dict[str, Any]) -> None:
    """What is not the digest that was proved any more stays, and no pepper is kept for it (K-13)."""
    record = add(store, make_record())
    assert rotating(store).upgrade_digests([upgrade_of(record, **changes)], pepper=NEXT) == 0
    assert store.find(record.id).record == record
    assert list(store.pepper_checks()) == [PEPPER]


def test_upgrade_after_a_verb(store: TokenStore) -> None:
    """A verb that was decided before a move is written over it: the move is lost, and the key is not."""
    record = add(store, make_record())
    rotating(store).upgrade_digests([upgrade_of(record)], pepper=NEXT)
    store.replace(replace(record, name="edited", row_version=2), expected=1)
    assert store.find(record.id).record == replace(record, name="edited", row_version=2)


def test_another_pepper_under_the_id(store: TokenStore) -> None:
    """Nothing moves to a pepper that is not the one which the store knows under its id (K-13)."""
    record = add(store, make_record())
    with pytest.raises(WriteRefused, match="pepper"):
        rotating(store).upgrade_digests([upgrade_of(record)], pepper=PepperCheck("p1", b"other"))
    assert store.find(record.id).record == record


def revision_of(store: TokenStore) -> str | None:
    """Return the revision that a reading carries, in every store."""
    return store.find("0" * 16).revision


def test_upgrade_is_no_change(store: TokenStore) -> None:
    """The revision stays when a digest moves, so that nobody reads his records again (K-13, K-22)."""
    first, second = (add(store, make_record()) for _ in range(2))
    rotating(store).upgrade_digests([upgrade_of(first)], pepper=NEXT)
    revision = revision_of(store)
    assert rotating(store).upgrade_digests([upgrade_of(second)], pepper=NEXT) == 1
    assert revision_of(store) == revision


def test_first_upgrade_to_a_pepper_is_a_change(store: TokenStore) -> None:
    """With the first digest that moves to a pepper all learn of it, and whoever does not know it says 503 (K-13)."""
    record = add(store, make_record())
    revision = revision_of(store)
    rotating(store).upgrade_digests([upgrade_of(record)], pepper=NEXT)
    assert revision_of(store) != revision


HAND_MADE = [
    pytest.param("digest = x'00'", True, id="digest-alone"),
    pytest.param("digest = x'00', pepper_id = 'p9', retire_at = 5", True, id="with-something-else"),
    pytest.param("retire_at = 5", True, id="retired"),
    pytest.param("pepper_id = 'p9'", True, id="pepper-alone"),
    pytest.param("hint = 'abcd'", True, id="hint"),
    pytest.param("digest = x'00', pepper_id = 'p9'", False, id="moved-to-a-pepper"),
    pytest.param("digest = x'00', algorithm = 'other'", False, id="moved-to-an-algorithm"),
]


@pytest.mark.parametrize(("change", "is_change"), HAND_MADE)
def test_in_the_shell_of_sqlite(file_store: AnySQLStore, path: Path, change: str, is_change: bool) -> None:
    """Whatever is typed into a shell is a change, except what a move does (K-22)."""
    add(file_store, make_record())
    revision = file_store.freshness()
    with closing(sqlite3.connect(path)) as shell:
        shell.execute(f"UPDATE authmux_credential_secrets SET {change}")
        shell.commit()
    assert (file_store.freshness() != revision) is is_change


@pytest.mark.parametrize(("change", "is_change"), HAND_MADE)
def test_in_psql(rooms: Rooms, postgres: PostgreSQL, change: str, is_change: bool) -> None:
    """The same on PostgreSQL."""
    store = rooms.store("psycopg")
    record = add(store, make_record())
    revision = store.find(record.id).revision
    with postgres.connect(rooms.room("psycopg")) as psql:
        psql.execute(f"UPDATE authmux_credential_secrets SET {change}".replace("x'00'", "'\\x00'"))
    assert (store.find(record.id).revision != revision) is is_change


def test_counts(store: TokenStore) -> None:
    """Live secrets of live credentials are counted by their pepper, and none that proves nothing (K-13)."""
    live = (make_secret(1, retire_at=NOW + 1), make_secret(2, pepper_id="p2"))
    add(store, make_record(secrets=(*(replace(each) for each in live),)))
    add(store, make_record(disabled_at=NOW))
    add(store, make_record(secrets=(make_secret(1, pepper_id="", algorithm="sha512"),)))
    add(store, make_record(revoked_at=NOW))
    add(store, make_record(deleted_at=NOW))
    add(store, make_record(expires_at=NOW))
    add(store, make_record(secrets=(make_secret(1, pepper_id="p0", retire_at=NOW), make_secret(2, pepper_id="p2"))))
    counts = rotating(store).pepper_counts(now=NOW)
    assert {name: count for name, count in counts.items() if count} == {"p1": 2, "p2": 2, "": 1}


def test_forget_a_pepper_in_use(store: TokenStore) -> None:
    """A pepper that live secrets are under is not forgotten (K-13)."""
    add(store, make_record())
    with pytest.raises(WriteRefused, match="in_use"):
        rotating(store).forget_pepper("p1", now=NOW)
    assert list(store.pepper_checks()) == [PEPPER]


def test_forget_a_pepper(watched_store: TokenStore) -> None:
    """A pepper that only the dead are under is forgotten, and that is a change (K-13)."""
    add(watched_store, make_record(revoked_at=NOW))
    revision = watched_store.freshness()
    rotating(watched_store).forget_pepper("p1", now=NOW)
    assert list(watched_store.pepper_checks()) == []
    assert watched_store.freshness() != revision


def test_forget_a_pepper_although_it_is_used(store: TokenStore) -> None:
    """An operator may give up what is under a pepper (K-13)."""
    add(store, make_record())
    rotating(store).forget_pepper("p1", now=NOW, although_used=True)
    assert list(store.pepper_checks()) == []


def test_no_digest_in_a_repr() -> None:
    """What is to be moved shows no digest."""
    assert "digest" not in repr(upgrade_of(make_record()))
    assert "nnnn" not in repr(upgrade_of(make_record()))
