"""`migrate`: everything is copied to another database, and every row compared."""

import re
import sqlite3
from contextlib import closing

from authmux import APIKeyVerifier, PresentedCredential, run
from authmux.stores.sql import SQLStore
from tests.cli.shop import Shop
from tests.cli.terminal import converse


def urls(shop: Shop) -> tuple[str, ...]:
    """Return the options that name the shop's database and another one."""
    return "--from", f"sqlite:///{shop.directory / 'keys.db'}", "--to", f"sqlite:///{shop.directory / 'copy.db'}"


def test_migrated(shop: Shop) -> None:
    """A key is verified from the other database; no bar is drawn where nobody looks."""
    text = shop.issue().out.strip()
    done = shop.run("migrate", *urls(shop), "-o", "json")
    assert (done.code, done.err) == (0, "")
    assert done.json["complete"] is True
    assert done.json["rows"]["authmux_credentials"] == 1
    assert done.json["differences"] == []
    store = SQLStore(f"sqlite:///{shop.directory / 'copy.db'}")
    assert run(APIKeyVerifier(store, shop.tokens).verify(PresentedCredential(text))).scopes == {"reports:read"}
    store.close()


def test_twice(shop: Shop) -> None:
    """A second run compares, and writes what is new."""
    shop.issue()
    shop.run("migrate", *urls(shop))
    shop.issue(name="later")
    done = shop.run("migrate", *urls(shop))
    assert done.code == 0
    assert done.out.splitlines()[-1].endswith("every row is equal")
    assert shop.run("migrate", *urls(shop), "-o", "json").json["written"] == 0


def test_target_in_use(shop: Shop) -> None:
    """A target that holds other rows is refused, and no digest is shown."""
    shop.issue()
    shop.run("migrate", *urls(shop))
    with closing(sqlite3.connect(shop.directory / "copy.db")) as connection:
        connection.execute("UPDATE authmux_credentials SET id = '0000000000000000'")
        connection.commit()
    done = shop.run("migrate", *urls(shop))
    assert (done.code, done.out) == (4, "")
    assert "no copy of the source's" in done.err


def test_incomplete(shop: Shop) -> None:
    """What the other database refuses is a difference, and the end is not well."""
    shop.issue()
    shop.run("migrate", *urls(shop))
    with closing(sqlite3.connect(shop.directory / "copy.db")) as connection:
        refuse = "BEFORE INSERT ON authmux_credentials BEGIN SELECT RAISE(ABORT, 'no'); END"
        connection.execute(f"CREATE TRIGGER refuse {refuse}")
        connection.commit()
    shop.issue(name="later")
    done = shop.run("migrate", *urls(shop))
    assert done.code in (5, 6)
    assert "every row is equal" not in done.out


def test_misuse(shop: Shop) -> None:
    """A source that is not there, and one database under two names, are refused."""
    there = f"sqlite:///{shop.directory / 'keys.db'}"
    missing = shop.run("migrate", "--from", f"sqlite:///{shop.directory / 'no.db'}", "--to", there)
    assert missing.code == 5
    assert "correct --from" in missing.err
    same = shop.run("migrate", "--from", there, "--to", there)
    assert (same.code, same.out) == (4, "")
    wrong = shop.run("migrate", "--from", there, "--to", "mysql://shop:hunter2two@host/x")
    assert wrong.code == 2
    assert wrong.err.startswith("authmux: --to: ")
    assert "hunter2two" not in wrong.err


def test_bar(shop: Shop) -> None:
    """On a terminal a bar is drawn, with the table that it is at."""
    shop.issue()
    code, screen = converse(shop.directory, ["migrate", *urls(shop)], [], TERM="xterm")
    assert code == 0
    assert re.search(r"turn \d: authmux_", screen)
