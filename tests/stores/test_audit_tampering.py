"""Whoever can write to the database, and has no pepper, cannot change the audit log unnoticed (K-71)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from authmux.errors import NotPossible
from authmux.issuing.actor import system
from authmux.issuing.token_service import TokenService
from authmux.issuing.verbs.auditing import Verification
from authmux.stores.audit_chain import Break, Damage
from authmux.stores.sql import SQLStore
from authmux.stores.sql.tables import audit
from authmux.token_format import TokenFormat
from tests.stores.sample_events import PEPPERS

BY = system("console")
TOKENS = TokenFormat(prefix="acme", peppers=PEPPERS)
ENTRIES = 6


@pytest.fixture
def service(path: Path) -> Iterator[TokenService]:
    """Give a service whose log has six entries."""
    with closing(SQLStore(f"sqlite:///{path}")) as store:
        store.create_schema()
        service = TokenService(store, TOKENS)
        for number in range(ENTRIES):
            service.issue_key(name=f"key {number}", scopes=["a:b"], client="job", tenant="t1", by=BY)
        yield service


def tamper(path: Path, statement: str) -> None:
    """Do something to the database behind the store's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(statement).rowcount


def verified(service: TokenService) -> Verification:
    """Return what becomes of the check."""
    return service.verify_audit(by=BY)


def test_untouched(service: TokenService) -> None:
    """A log that nobody touched verifies."""
    found = verified(service)
    assert found.broken is None
    assert found.entries == found.head.position == ENTRIES


@pytest.mark.parametrize("column", [column.name for column in audit.columns])
@pytest.mark.parametrize("position", [1, 3, ENTRIES])
def test_another_value(service: TokenService, path: Path, column: str, position: int) -> None:
    """Another value in any column of any row is found, at that row."""
    other = {"position": "1000 + position", "mac": "zeroblob(32)"}.get(column, "'7'")
    tamper(path, f"UPDATE authmux_audit SET {column} = {other} WHERE position = {position}")
    broken = verified(service).broken
    if column == "position" and position == ENTRIES:
        assert broken == Break(ENTRIES, Damage.MISSING)
    else:
        assert broken is not None
        assert broken.position == position


@pytest.mark.parametrize("column", [column.name for column in audit.columns if not column.primary_key])
def test_nonsense(service: TokenService, path: Path, column: str) -> None:
    """What is no entry at all is a break, and no failure."""
    tamper(path, f"UPDATE authmux_audit SET {column} = x'ff00' WHERE position = 3")
    broken = verified(service).broken
    assert broken is not None
    assert broken.position == 3


@pytest.mark.parametrize("position", range(1, ENTRIES))
def test_a_deleted_row(service: TokenService, path: Path, position: int) -> None:
    """A row that was deleted is missed."""
    tamper(path, f"DELETE FROM authmux_audit WHERE position = {position}")
    assert verified(service).broken == Break(position, Damage.MISSING)


def test_swapped_rows(service: TokenService, path: Path) -> None:
    """Two rows that have changed places are found."""
    for old, new in ((2, 99), (4, 2), (99, 4)):
        tamper(path, f"UPDATE authmux_audit SET position = {new} WHERE position = {old}")
    assert verified(service).broken == Break(2, Damage.CHANGED)


def test_a_row_that_was_put_in(service: TokenService, path: Path) -> None:
    """A row that is a copy of another is found."""
    columns = ", ".join(column.name for column in audit.columns if not column.primary_key)
    tamper(path, f"INSERT INTO authmux_audit (position, {columns}) SELECT 7, {columns} FROM authmux_audit LIMIT 1")
    assert verified(service).broken == Break(7, Damage.CHANGED)


@pytest.mark.parametrize("left", range(ENTRIES))
def test_a_cut_off_end(service: TokenService, path: Path, left: int) -> None:
    """What was cut off at the end, a kept head shows; also where others have written since."""
    head = verified(service).head
    tamper(path, f"DELETE FROM authmux_audit WHERE position > {left}")
    assert verified(service).broken is None
    assert service.verify_audit(by=BY, expected_head=head).broken == Break(left + 1, Damage.MISSING)
    for number in range(ENTRIES):
        service.issue_key(name=f"later {number}", scopes=["a:b"], by=BY)
    assert service.verify_audit(by=BY, expected_head=head).broken == Break(ENTRIES, Damage.FORKED)


def test_a_forged_purge(service: TokenService, path: Path) -> None:
    """Nobody can pretend that what he deleted was purged."""
    tamper(
        path,
        "UPDATE authmux_audit SET action = 'audit_purged', difference = (SELECT json_object('position', 3, 'mac',"
        " lower(hex(mac))) FROM authmux_audit WHERE position = 3) WHERE position = 5",
    )
    tamper(path, "DELETE FROM authmux_audit WHERE position <= 3")
    assert verified(service).broken == Break(5, Damage.CHANGED)


def test_a_broken_log_is_not_purged(service: TokenService, path: Path) -> None:
    """What does not verify is evidence, and stays."""
    tamper(path, "UPDATE authmux_audit SET actor = 'x' WHERE position = 2")
    tamper(path, "UPDATE authmux_audit SET at = 0 WHERE position = 4")
    tamper(path, "UPDATE authmux_audit SET at = 0 WHERE position <= 6")
    with pytest.raises(NotPossible, match="broken at entry 1"):
        service.purge_audit(by=BY)


def test_another_pepper(service: TokenService, path: Path) -> None:
    """Without the pepper that sealed it, nothing verifies."""
    with closing(SQLStore(f"sqlite:///{path}")) as store:
        stranger = TokenService(store, TokenFormat(prefix="acme", peppers=type(PEPPERS)({"p9": b"z" * 32})))
        assert verified(stranger).broken == Break(1, Damage.UNKNOWN_KEY)
