"""`upgrade`: older tables are brought up to date, from which version to which (K-15)."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.shop import Shop
from tests.stores.old_schema import file_in


def old(tmp_path: Path) -> str:
    """Make a database as the first release left it, and return its URL."""
    (tmp_path / "old").mkdir()
    room = file_in(tmp_path / "old")
    room.make_version_1()
    return room.url


def test_upgraded(shop: Shop, tmp_path: Path) -> None:
    """It is said from which version to which, and once more that nothing was to be done."""
    url = old(tmp_path)
    done = shop.run("upgrade", "--store", url, "-o", "json")
    assert (done.code, done.json["from"], done.json["to"]) == (0, 1, 2)
    assert "authmux_audit" in done.json["mended"]
    again = shop.run("upgrade", "--store", url)
    assert (again.code, again.out) == (0, "")
    assert "the tables are of version 2, and nothing was to be done" in again.err


def test_in_words(shop: Shop, tmp_path: Path) -> None:
    """To people it is a sentence."""
    assert "upgraded from version 1 to 2" in shop.run("upgrade", "--store", old(tmp_path)).err


def test_mended(shop: Shop) -> None:
    """A trigger that somebody has dropped is there again, and it is said that it was not."""
    with closing(sqlite3.connect(shop.directory / "keys.db")) as connection:
        connection.execute("DROP TRIGGER authmux_credentials_update")
        connection.commit()
    assert shop.run("doctor").code == 6
    assert "what was missing is there: authmux_credentials_update" in shop.run("upgrade").err
    assert shop.run("doctor").code == 0


def test_newer(shop: Shop) -> None:
    """Tables of a newer authmux are left alone."""
    with closing(sqlite3.connect(shop.directory / "keys.db")) as connection:
        connection.execute("UPDATE authmux_schema SET version = 99")
        connection.commit()
    done = shop.run("upgrade")
    assert done.code == 4
    assert "99" in done.err


def test_nothing_to_upgrade(shop: Shop, tmp_path: Path) -> None:
    """A database without tables is no older one, and a mistyped path makes no database."""
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    done = shop.run("upgrade", "--store", f"sqlite:///{tmp_path / 'empty.db'}")
    assert done.code == 2
    assert "`authmux init` makes them" in done.err
    assert shop.run("upgrade", "--store", f"sqlite:///{tmp_path / 'nowhere.db'}").code == 5
    assert not (tmp_path / "nowhere.db").exists()
