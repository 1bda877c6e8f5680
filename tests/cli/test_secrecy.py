"""No secret is said when something breaks: a failure within every verb, with and without a traceback (K-92)."""

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from authmux import Peppers, system
from tests.cli.shop import Ran, Shop, environment, program
from tests.cli.test_verbs import TOKEN

PIECE = 12  # characters in a row of a secret are a leak
VERBS = ["issue", "list", "show", "roll", "revoke"]

each_verb = pytest.mark.parametrize("verb", VERBS)


def no_tables(shop: Shop) -> None:
    """Have somebody drop the table."""
    with closing(sqlite3.connect(shop.directory / "keys.db")) as connection:
        connection.execute("DROP TABLE authmux_credential_secrets")
        connection.commit()


def removed(shop: Shop) -> None:
    """Have the file removed."""
    shop.store.close()
    for path in shop.directory.glob("keys.db*"):
        path.unlink()


def no_database(shop: Shop) -> None:
    """Have something else where the database was."""
    shop.store.close()
    for path in shop.directory.glob("keys.db*"):
        path.unlink()
    (shop.directory / "keys.db").write_bytes(b"something else " * 100)


def unreadable(shop: Shop) -> None:
    """Have rows that nobody can read."""
    with closing(sqlite3.connect(shop.directory / "keys.db")) as connection:
        connection.execute("UPDATE authmux_credentials SET kind = 'hunter2two', scopes = '{'")
        connection.commit()


def read_only(shop: Shop) -> None:
    """Have every write refused by the database."""
    with closing(sqlite3.connect(shop.directory / "keys.db")) as connection:
        for verb in ("INSERT", "UPDATE"):
            refuse = f"BEFORE {verb} ON authmux_credentials BEGIN SELECT RAISE(ABORT, 'read-only'); END"
            connection.execute(f"CREATE TRIGGER refuse_{verb} {refuse}")
        connection.commit()


def wrong_pepper(shop: Shop) -> None:
    """Have another pepper under the same id."""
    (shop.directory / "pepper" / "peppers").unlink()
    Peppers.file(shop.directory / "pepper", create=True)


def open_pepper(shop: Shop) -> None:
    """Have a pepper that others may read."""
    (shop.directory / "pepper" / "peppers").chmod(0o644)


CARELESS = """
from authmux import MemoryStore, Peppers, TokenFormat, TokenService

class Store(MemoryStore):
    def find(self, credential_id):
        raise KeyError("hunter2two")

service = TokenService(Store(), TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)})))
"""
"""An application whose own store has a bug."""

FAILURES: dict[str, tuple[Callable[[Shop], None], dict[str, int]]] = {
    "no-tables": (no_tables, dict.fromkeys(VERBS, 5)),
    "removed": (removed, dict.fromkeys(VERBS, 5)),
    "no-database": (no_database, dict.fromkeys(VERBS, 5)),
    "unreadable": (unreadable, {"issue": 0, "list": 0, "show": 5, "roll": 5, "revoke": 5}),
    "read-only": (read_only, {"issue": 5, "list": 0, "show": 0, "roll": 5, "revoke": 5}),
    "wrong-pepper": (wrong_pepper, {"issue": 4, "list": 0, "show": 0, "roll": 4, "revoke": 0}),
    "open-pepper": (open_pepper, {"issue": 4, "list": 0, "show": 0, "roll": 4, "revoke": 0}),
}
"""What goes wrong, and how each verb ends then; `list` of a kind does not see a row of another."""


def use(shop: Shop, verb: str, credential_id: str) -> Ran:
    """Use a verb."""
    match verb:
        case "issue":
            return shop.run("keys", "issue", "--name", "another", "--scope", "a:b")
        case "list":
            return shop.run("keys", "list")
    return shop.run("keys", verb, credential_id, *(["--yes"] if verb == "revoke" else []))


def pieces_of(*secrets: str) -> set[str]:
    """Return every piece of the secrets that would be a leak."""
    return {secret[start : start + PIECE] for secret in secrets for start in range(len(secret) - PIECE + 1)}


@each_verb
@pytest.mark.parametrize("failure", FAILURES)
def test_failures(shop: Shop, verb: str, failure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb that breaks says so in its exit code and in a line, and neither line nor traceback holds a secret."""
    issued = shop.issue().out.strip()
    credential_id = issued.split("_")[2]
    digest = shop.service.get(credential_id, by=system()).secrets[0].digest
    pepper = (shop.directory / "pepper" / "peppers").read_text().split()[1]
    monkeypatch.setenv("AUTHMUX_TRACEBACK", "1")
    break_it, codes = FAILURES[failure]
    break_it(shop)
    done = use(shop, verb, credential_id)
    assert done.code == codes[verb], done.err
    assert ("Traceback" in done.err) is (done.code != 0)
    if done.code != 0:
        assert "\nauthmux: " in f"\n{done.err.partition('Traceback')[0]}"
        assert done.out == ""
        assert not TOKEN.search(done.err)
    said = done.err + (done.out if verb in ("list", "show") else "")
    assert not [piece for piece in pieces_of(issued[-49:], pepper, digest.hex()) if piece in said]


OTHERS: dict[str, tuple[str, ...]] = {
    "edit": ("keys", "edit", "ID", "--name", "another"),
    "enable": ("keys", "enable", "ID"),
    "undelete": ("keys", "undelete", "ID"),
    "disable": ("keys", "disable", "ID", "--yes"),
    "expire": ("keys", "expire", "ID", "--yes"),
    "delete": ("keys", "delete", "ID", "--yes"),
    "revoke-all": ("revoke-all", "--owner", "none", "--yes"),
    "clients-list": ("clients", "list"),
    "clients-show": ("clients", "show", "billing"),
    "clients-suspend": ("clients", "suspend", "billing", "--yes"),
    "clients-reactivate": ("clients", "reactivate", "billing"),
    "deny-add": ("deny", "add", "subject", "a", "--issuer", "i", "--yes"),
    "deny-lift": ("deny", "lift", "subject", "a", "--issuer", "i"),
    "deny-list": ("deny", "list"),
    "usage": ("usage",),
    "audit-tail": ("audit", "tail"),
    "audit-verify": ("audit", "verify"),
    "audit-export": ("audit", "export"),
    "pepper-status": ("pepper", "status"),
    "pepper-retire": ("pepper", "retire", "p1", "--although-used", "--yes"),
    "upgrade": ("upgrade",),
    "doctor": ("doctor",),
    "migrate": ("migrate", "--from", "STORE", "--to", "sqlite:///copy.db"),
}
"""The commands that make no token, with words that can be meant."""


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("command", OTHERS)
def test_failures_of_others(shop: Shop, command: str, failure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other command says a secret when something breaks either, and none ends as something unexpected."""
    issued = shop.issue().out.strip()
    digest = shop.service.get(issued.split("_")[2], by=system()).secrets[0].digest
    pepper = (shop.directory / "pepper" / "peppers").read_text().split()[1]
    monkeypatch.setenv("AUTHMUX_TRACEBACK", "1")
    FAILURES[failure][0](shop)
    names = {"ID": issued.split("_")[2], "STORE": os.environ["AUTHMUX_STORE"]}
    done = shop.run(*(names.get(word, word) for word in OTHERS[command]))
    assert done.code in (0, 3, 4, 5, 6), done.err
    assert not TOKEN.search(done.out + done.err)
    assert not [piece for piece in pieces_of(issued[-49:], pepper, digest.hex()) if piece in done.out + done.err]


def without_settings(directory: Path) -> dict[str, str]:
    """Return an environment that says nothing of a store."""
    return {name: value for name, value in environment(directory).items() if not name.startswith("AUTHMUX_")}


def test_no_traceback(shop: Shop) -> None:
    """Nobody is shown a traceback who has not asked for one; what was unexpected is named and not quoted."""
    (shop.directory / "careless.py").write_text(CARELESS)
    done = program(
        shop.directory, "keys", "show", "0" * 16, "--app", "careless:service", env=without_settings(shop.directory)
    )
    assert done.returncode == 1
    assert done.stderr.startswith("authmux: something unexpected went wrong: ")
    assert "AUTHMUX_TRACEBACK=1" in done.stderr
    assert "hunter2two" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_locked(shop: Shop) -> None:
    """A database that somebody holds locked is the store's failure, after a while, and no secret is said."""
    credential_id = shop.issued_id()
    verbs = (
        ["issue", "--name", "another", "--scope", "a:b"],
        ["roll", credential_id],
        ["revoke", credential_id, "--yes"],
    )
    with closing(sqlite3.connect(shop.directory / "keys.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor() as threads:  # each waits for five seconds
            ended = list(threads.map(lambda words: program(shop.directory, "keys", *words), verbs))
    for done in ended:
        assert (done.returncode, done.stdout) == (5, "")
        assert "locked" in done.stderr
        assert not TOKEN.search(done.stderr)


@pytest.mark.skipif(os.geteuid() == 0, reason="to root no directory is read-only")
def test_read_only_directory(shop: Shop) -> None:
    """A database in a directory where nothing may be written is the store's failure."""
    shop.store.close()
    shop.directory.chmod(0o500)
    try:
        assert use(shop, "issue", "").code == 5
    finally:
        shop.directory.chmod(0o700)


@pytest.mark.parametrize(
    "words",
    [
        ["keys", "{token}"],
        ["{token}"],
        ["keys", "show", "{token}"],
        ["keys", "show", "x", "{token}"],
        ["keys", "list", "{token}"],
        ["keys", "list", "--{token}"],
        ["keys", "list", "--state", "{token}"],
        ["keys", "list", "--limit", "{token}"],
        ["keys", "list", "--owner", "{token}"],
        ["keys", "list", "--store", "{token}"],
        ["keys", "list", "--store", "sqlite:///{token}.db"],
        ["keys", "issue", "--name", "n", "--scope", "{token}"],
        ["keys", "issue", "--name", "n", "--scope", "a:b", "--expires-in", "{token}"],
        ["keys", "issue", "--name", "n", "--scope", "a:b", "--env", "{token}"],
        ["keys", "issue", "--name", "n", "--scope", "a:b", "--prefix", "{token}"],
        ["keys", "issue", "--name", "n", "--scope", "a:b", "--pepper", "{token}"],
        ["keys", "issue", "--name", "n", "--scope", "a:b", "--meta", "{token}"],
        ["keys", "revoke", "{token}", "--yes"],
        ["keys", "edit", "{token}", "--name", "n"],
        ["keys", "edit", "0000000000000000", "--expires-in", "{token}"],
        ["keys", "disable", "0000000000000000", "{token}", "--yes"],
        ["keys", "undelete", "{token}"],
        ["keys", "list", "--expires-before", "{token}"],
        ["usage", "{token}"],
        ["usage", "--unused-since", "{token}"],
        ["audit", "tail", "--action", "{token}"],
        ["audit", "verify", "--expected-head", "{token}"],
        ["audit", "import", "{token}"],
        ["import", "{token}", "--from", "knox", "--scope", "a:b"],
        ["pepper", "retire", "{token}"],
        ["pepper", "rotate", "--pepper", "{token}"],
        ["clients", "show", "{token}"],
        ["clients", "suspend", "{token}", "--until", "{token}", "--yes"],
        ["deny", "add", "{token}"],
        ["revoke-all", "--owner", "{token}", "--yes"],
        ["migrate", "--from", "{token}", "--to", "{token}"],
        ["upgrade", "--store", "{token}"],
        ["doctor", "--store", "{token}"],
        ["keys", "revoke", "0000000000000000", "--reason", "{token}", "--yes"],
    ],
    ids=lambda words: " ".join(words).replace("{token}", "T").replace(" --name n --scope a:b", ""),
)
@pytest.mark.parametrize("cut", [0, 9], ids=["whole", "cut"])
def test_token_in_the_wrong_place(shop: Shop, words: list[str], cut: int) -> None:
    """A token pasted anywhere is never repeated."""
    token = shop.issue().out.strip()
    done = shop.run(*(word.format(token=token[: len(token) - cut]) for word in words))
    assert done.code != 0
    assert not [piece for piece in pieces_of(token[-49:]) if piece in done.out + done.err]


def test_password_of_the_database(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password in a database's URL is not said, also where a traceback is asked for."""
    monkeypatch.setenv("AUTHMUX_TRACEBACK", "1")
    for url in ("sqlite://shop:hunter2two@/x.db", "postgresql+psycopg://shop:hunter2two@127.0.0.1:1/keys"):
        for words in (
            ["keys", "list", "--store", url], ["usage", "--store", url], ["audit", "tail", "--store", url],
            ["upgrade", "--store", url], ["doctor", "--store", url], ["pepper", "status", "--store", url],
            ["migrate", "--from", url, "--to", "sqlite:///copy.db"],
            ["migrate", "--from", os.environ["AUTHMUX_STORE"], "--to", url],
        ):  # fmt: skip
            done = shop.run(*words)
            assert done.code in (1, 2, 5, 6), words
            assert "hunter2" not in done.out + done.err


def test_files_left_behind(shop: Shop) -> None:
    """No file that the program writes holds a token's text."""
    text = shop.issue().out.strip()
    secret = text[-49:-4].encode()
    assert not [path for path in Path(shop.directory).rglob("*") if path.is_file() and secret in path.read_bytes()]
