"""`kill -9` in the middle of writing loses no key, no revocation and no entry of the audit log (K-70).

`python -m tests.stores.kills` does it more often, and prints figures.
"""

from pathlib import Path

import pytest

from tests.postgres import PostgreSQL
from tests.stores.kill_ledger import Ledger
from tests.stores.kills import campaign, postgresql_ground, sqlite_ground


def check(ledger: Ledger) -> None:
    """Fail where nothing was tried: the ledger has checked everything else."""
    assert ledger.verbs.total() > 0
    assert ledger.head.position >= ledger.verbs.total()


def test_on_sqlite(tmp_path: Path) -> None:
    """Writers on one file are killed."""
    with sqlite_ground(tmp_path) as ground:
        check(campaign(ground, kills=20, seed=1))


@pytest.mark.parametrize(("backends", "kills"), [(False, 10), (True, 4)], ids=["clients", "backends"])
def test_on_postgresql(postgres: PostgreSQL, backends: bool, kills: int) -> None:
    """Writers on PostgreSQL are killed, and the server's processes for their connections."""
    check(campaign(postgresql_ground(postgres, backends=backends), kills=kills, seed=2))
