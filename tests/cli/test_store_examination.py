"""`authmux doctor --store`: what is found of a store and its peppers, and what to do."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from authmux import Peppers
from tests.cli.shop import Shop
from tests.postgres import PostgreSQL, postgresql
from tests.standby import standby_of


@pytest.fixture
def private(shop: Shop) -> Shop:
    """Give a shop whose files are its own."""
    shop.issue()
    for path in shop.directory.glob("keys.db*"):
        path.chmod(0o600)
    return shop


def findings(shop: Shop, *words: str, code: int) -> dict[str, list[dict[str, Any]]]:
    """Return what was found, by part."""
    done = shop.run("doctor", *words, "-o", "json")
    assert done.code == code, done.out
    assert done.json["well"] is (code == 0)
    found: dict[str, list[dict[str, Any]]] = {}
    for each in done.json["findings"]:
        assert each.keys() == {"part", "mark", "says", "do"}
        found.setdefault(each["part"], []).append(each)
    return found


def change(shop: Shop, statement: str) -> None:
    """Type a statement into SQLite's shell."""
    with closing(sqlite3.connect(shop.directory / "keys.db")) as connection:
        connection.execute(statement)
        connection.commit()


def test_well(private: Shop) -> None:
    """A sound store is well, in lines and in JSON, and the pepper is not shown."""
    found = findings(private, code=0)
    assert list(found) == ["database", "schema", "freshness", "peppers"]
    assert {each["mark"] for part in found.values() for each in part} == {"ok"}
    done = private.run("doctor")
    assert done.out.splitlines()[-1] == "all is well"
    assert "1 secret under p1, which is current" in done.out
    assert (private.directory / "pepper" / "peppers").read_text().split()[1] not in done.out


@pytest.mark.parametrize(
    ("statement", "part", "says"),
    [
        ("DROP TRIGGER authmux_credentials_update", "schema", "there lack triggers"),
        ("DELETE FROM authmux_revision", "schema", "there lack rows"),
        ("DROP TABLE authmux_usage", "schema", "there lack tables"),
        ("UPDATE authmux_schema SET version = 1", "schema", "version 1, and this authmux knows 2"),
        ("UPDATE authmux_schema SET version = 99", "schema", "version 99, and this authmux knows 2"),
    ],
    ids=["trigger", "revision", "table", "older", "newer"],
)
def test_damaged_schema(private: Shop, statement: str, part: str, says: str) -> None:
    """What is missing of the schema is wrong, named, and said how to mend."""
    change(private, statement)
    [wrong] = [each for each in findings(private, code=6)[part] if each["mark"] == "wrong"]
    assert wrong["says"].startswith(says)
    assert "upgrade" in wrong["do"] or "newer authmux" in wrong["do"]


def test_missing_index(private: Shop) -> None:
    """A missing index is slow and not wrong."""
    change(private, "DROP INDEX authmux_credentials_kind")
    [warning] = [each for each in findings(private, code=0)["schema"] if each["mark"] == "warning"]
    assert "authmux_credentials_kind" in warning["says"]


def test_journal_mode(private: Shop) -> None:
    """Out of WAL mode every request reads its record anew, which is said."""
    private.store.close()
    change(private, "PRAGMA journal_mode = DELETE")
    [warning] = findings(private, code=0)["freshness"]
    assert (warning["mark"], warning["says"][:19]) == ("warning", "journal mode delete")


@pytest.mark.parametrize(("mode", "mark", "code"), [(0o644, "warning", 0), (0o666, "wrong", 6), (0o660, None, 0)])
def test_file_of_others(private: Shop, mode: int, mark: str | None, code: int) -> None:
    """A file that every user may read is a warning, and one that he may write to is wrong."""
    (private.directory / "keys.db").chmod(mode)
    found = [each for each in findings(private, code=code)["database"] if each["mark"] != "ok"]
    assert [each["mark"] for each in found] == ([] if mark is None else [mark])


def test_no_tables(shop: Shop, tmp_path: Path) -> None:
    """An empty database has no tables, and a mistyped path is no database."""
    (tmp_path / "empty.db").touch(0o600)
    found = findings(shop, "--store", f"sqlite:///{tmp_path / 'empty.db'}", code=6)
    assert "authmux init" in found["schema"][0]["do"]
    assert shop.run("doctor", "--store", f"sqlite:///{tmp_path / 'no.db'}").code == 5


def test_something_else(shop: Shop, tmp_path: Path) -> None:
    """A file that is no database is said not to answer."""
    (tmp_path / "else.db").write_bytes(b"something else " * 100)
    found = findings(shop, "--store", f"sqlite:///{tmp_path / 'else.db'}", code=6)
    assert "does not answer" in found["database"][0]["says"]


def test_peppers(private: Shop) -> None:
    """A pepper that is another one, is lost, is open to others or is not named, is told as such."""
    path = private.directory / "pepper" / "peppers"
    path.chmod(0o644)
    [wrong] = findings(private, code=6)["peppers"]
    assert "others may read" in wrong["says"]
    path.unlink()
    Peppers.file(private.directory / "pepper", create=True)
    [wrong] = findings(private, code=6)["peppers"]
    assert "another one than the store knows" in wrong["says"]
    path.write_text(path.read_text(encoding="ascii").replace("p1", "q1"), encoding="ascii")
    lost, fresh = findings(private, code=6)["peppers"]
    assert lost["says"].startswith("p1 is not known here: 1 secret")
    assert fresh["mark"] == "ok"


def test_no_pepper(private: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a pepper none is looked at, which is a warning."""
    monkeypatch.delenv("AUTHMUX_PEPPER_DIR")
    [warning] = findings(private, code=0)["peppers"]
    assert warning["mark"] == "warning"


def test_issuer_or_store(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both at once, and neither, cannot be meant; an issuer does not care for the environment's store."""
    both = shop.run("doctor", "--issuer", "http://127.0.0.1:1", "--store", "sqlite:///keys.db")
    assert both.code == 2
    assert shop.run("doctor", "--issuer", "http://127.0.0.1:1").code == 6
    forgotten = shop.run("doctor", "--audience", "https://api.example.com")
    assert forgotten.code == 2
    assert "say which, --issuer" in forgotten.err
    monkeypatch.delenv("AUTHMUX_STORE")
    assert "--issuer https://… or --store" in shop.run("doctor").err


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """Run a server."""
    with postgresql() as running:
        yield running


def test_postgresql(shop: Shop, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a server it is said which it is, that it is the primary, and that it tells of changes; never its password."""
    url = server.url("psycopg", server.make_room())
    monkeypatch.setenv("AUTHMUX_STORE", url)
    assert shop.run("init").code == 0
    done = shop.run("doctor")
    assert done.code == 0, done.out
    for words in ("ok       PostgreSQL 1", "ok       the primary", "the database tells of changes (LISTEN)"):
        assert words in done.out
    assert str(urlsplit(url).password) not in done.out + done.err
    assert os.environ["AUTHMUX_STORE"] == url


def test_standby(shop: Shop, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
    """A standby is wrong: it learns of revocations late."""
    room = server.make_room()
    monkeypatch.setenv("AUTHMUX_STORE", server.url("psycopg", room))
    shop.run("init")
    with standby_of(server) as standby:
        found = findings(shop, "--store", standby.url("psycopg", room), code=6)
    [wrong] = [each for each in found["database"] if each["mark"] == "wrong"]
    assert wrong["do"] == "give the store the primary's address"


def test_server_that_is_away(shop: Shop, server: PostgreSQL) -> None:
    """A server that does not answer is said to be away, without the password."""
    done = shop.run("doctor", "--store", "postgresql+psycopg://shop:hunter2two@127.0.0.1:1/keys")
    assert done.code == 6
    assert "does not answer" in done.out
    assert "hunter2" not in done.out + done.err
