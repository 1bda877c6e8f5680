"""Where the store and the pepper are: from options, from the environment, or from the application itself."""

import shutil
import stat
from pathlib import Path

import pytest

from authmux import Peppers
from tests.cli.shop import SOURCE, Shop, program

ISSUE = ("keys", "issue", "--name", "n", "--scope", "a:b")

APPLICATION = """
from authmux import Peppers, TokenFormat, TokenService
from authmux.stores.sql import SQLStore

print("the application starts")
store = SQLStore("sqlite:///keys.db")
service = TokenService(store, TokenFormat(prefix="acme", peppers=Peppers.file("pepper")))


class Box:
    inner = service
"""


@pytest.fixture
def bare(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Give a shop of which the environment says nothing."""
    for name in ("AUTHMUX_STORE", "AUTHMUX_PEPPER_DIR", "AUTHMUX_PREFIX"):
        monkeypatch.delenv(name)
    return shop


def write_application(shop: Shop, name: str, source: str = APPLICATION) -> None:
    """Write an application's module into the current directory; each test's has a name of its own."""
    (shop.directory / f"{name}.py").write_text(source, encoding="utf-8")


def test_options(bare: Shop) -> None:
    """Options say the same as the environment."""
    done = bare.run(*ISSUE, "--store", "sqlite:///keys.db", "--pepper", "pepper", "--prefix", "acme")
    assert done.code == 0
    assert bare.verify(done.out.strip())


def test_peppers_in_the_environment(bare: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Peppers may be in the environment, in place of a directory; both is an error."""
    pepper = (bare.directory / "pepper" / "peppers").read_text().strip().replace(" ", ":")
    monkeypatch.setenv("AUTHMUX_PEPPERS", pepper)
    place = ("--store", "sqlite:///keys.db", "--prefix", "acme")
    done = bare.run(*ISSUE, *place)
    assert bare.verify(done.out.strip())
    both = bare.run(*ISSUE, *place, "--pepper", "pepper")
    assert (both.code, both.out) == (2, "")
    assert "two peppers" in both.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--pepper", "pepper", "--prefix", "acme"], "say where the keys are kept"),
        (["--store", "sqlite:///keys.db", "--prefix", "acme"], "say where the pepper is"),
        (["--store", "sqlite:///keys.db", "--pepper", "pepper"], "say how tokens begin"),
        (["--store", "sqlite+aiosqlite:///keys.db", "--pepper", "pepper", "--prefix", "acme"], "--store: "),
        (["--store", "keys.db", "--pepper", "pepper", "--prefix", "acme"], "--store: "),
        (["--store", "mysql://shop:s3cret@host:pörs/db", "--pepper", "pepper", "--prefix", "acme"], "--store: "),
    ],
)
def test_missing(bare: Shop, words: list[str], sentence: str) -> None:
    """What is missing or wrong is named, with what to write; a password is not repeated."""
    done = bare.run(*ISSUE, *words)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert "s3cret" not in done.err


@pytest.mark.parametrize("verb", ["list", "show", "revoke"])
def test_no_pepper_is_needed(shop: Shop, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """Who can reach the database can look and revoke, without the pepper and the prefix."""
    credential_id = shop.issued_id()
    monkeypatch.delenv("AUTHMUX_PREFIX")
    monkeypatch.setenv("AUTHMUX_PEPPER_DIR", "nowhere")
    words = {"list": [], "show": [credential_id], "revoke": [credential_id, "--yes"]}[verb]
    done = shop.run("keys", verb, *words)
    assert done.code == 0
    assert credential_id in done.out + done.err


@pytest.mark.parametrize("attribute", ["service", "Box.inner"])
def test_application(bare: Shop, attribute: str) -> None:
    """An application's own service is used, and what it prints does not stand beside the token."""
    name = f"shop_{attribute.replace('.', '_').lower()}"
    write_application(bare, name)
    done = bare.run(*ISSUE, "--app", f"{name}:{attribute}")
    assert done.code == 0
    assert bare.verify(done.out.strip())
    assert "the application starts" in done.err


def test_application_in_a_package(bare: Shop) -> None:
    """The application may be in a package below the current directory, as for uvicorn."""
    (bare.directory / "store_front").mkdir()
    write_application(bare, "store_front/main")
    done = program(
        bare.directory,
        *ISSUE,
        env={"PYTHONPATH": str(SOURCE), "AUTHMUX_APP": "store_front.main:service"},
    )
    assert done.returncode == 0, done.stderr
    assert bare.verify(done.stdout.strip())


@pytest.mark.parametrize(
    ("path", "code", "sentence"),
    [
        ("no_such_shop:service", 2, "there is no module no_such_shop"),
        ("os.no_such_shop:service", 2, "there is no module os.no_such_shop"),
        ("os:no_such_service", 2, "os has no attribute no_such_service"),
        ("os:getcwd", 2, "and a TokenService is wanted"),
        ("os", 2, "write package.module:attribute"),
        ("..os:path", 2, "write package.module:attribute"),
    ],
)
def test_application_is_not_there(bare: Shop, path: str, code: int, sentence: str) -> None:
    """A path that leads nowhere, or to something else, is a usage error."""
    done = bare.run("keys", "list", "--app", path)
    assert (done.code, done.out) == (code, "")
    assert sentence in done.err


@pytest.mark.parametrize(
    ("name", "source", "code", "sentence"),
    [
        ("raising", "raise KeyError('s3cret')", 1, "the application raising cannot be imported: KeyError"),
        ("leaving", "raise SystemExit('s3cret')", 1, "the application leaving cannot be imported: SystemExit"),
        ("lacking", "import no_such_driver", 1, "ModuleNotFoundError"),
        ("pepperless", "from authmux import Peppers; Peppers.file('nowhere')", 4, "there is no pepper file"),
    ],
    ids=["raises", "exits", "lacks-a-module", "lacks-its-pepper"],
)
def test_application_is_broken(bare: Shop, name: str, source: str, code: int, sentence: str) -> None:
    """What an application raises is named and not repeated, for it may hold a secret; our own sentences are."""
    write_application(bare, name, source)
    done = bare.run("keys", "list", "--app", f"{name}:service")
    assert (done.code, done.out) == (code, "")
    assert sentence in done.err
    assert "s3cret" not in done.err


@pytest.mark.parametrize("more", [["--store", "sqlite:///keys.db"], ["--pepper", "pepper"], ["--prefix", "acme"]])
def test_application_and_place(bare: Shop, more: list[str]) -> None:
    """Saying it twice is an error: one of them would silently not count."""
    done = bare.run("keys", "list", "--app", "shop:service", *more)
    assert done.code == 2
    assert "leave out the other options" in done.err


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a directory in which nothing is yet, named by the environment."""
    directory = tmp_path_factory.mktemp("empty")
    monkeypatch.setenv("AUTHMUX_STORE", f"sqlite:///{directory / 'keys.db'}")
    monkeypatch.setenv("AUTHMUX_PEPPER_DIR", str(directory / "pepper"))
    return directory


def test_init(shop: Shop, empty: Path) -> None:
    """`init` makes the tables and the pepper, for this user alone, and is safe to run twice (K-13, K-15)."""
    assert shop.run("init").code == 0
    pepper = empty / "pepper" / "peppers"
    first = pepper.read_bytes()
    assert stat.S_IMODE(pepper.stat().st_mode) == 0o600
    assert shop.run(*ISSUE).code == 0
    again = shop.run("init")
    assert (again.code, again.out) == (0, "")
    assert "back it up" in again.err
    assert pepper.read_bytes() == first


def test_init_without_a_pepper(shop: Shop, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a directory for it no pepper is made, and it is said so."""
    monkeypatch.delenv("AUTHMUX_PEPPER_DIR")
    done = shop.run("init")
    assert done.code == 0
    assert "no pepper was named" in done.err
    assert [each.name for each in empty.iterdir() if each.is_dir()] == []


@pytest.mark.parametrize("is_gone", [True, False], ids=["lost", "another"])
def test_init_makes_no_second_pepper(shop: Shop, is_gone: bool) -> None:
    """Beside keys whose pepper is lost or another, none is made: the right one is to be put back (K-13)."""
    shop.issue()
    shutil.rmtree(shop.directory / "pepper")
    if not is_gone:
        Peppers.file(shop.directory / "pepper", create=True)
    done = shop.run("init")
    assert done.code == 4
    assert "back" in done.err
    assert (shop.directory / "pepper").exists() is not is_gone


@pytest.mark.parametrize("words", [ISSUE, ("keys", "list"), ("keys", "revoke", "0" * 16, "--yes")], ids=lambda w: w[1])
def test_no_database(shop: Shop, empty: Path, words: tuple[str, ...]) -> None:
    """A mistyped path is said to be one, and no empty database is made there."""
    Peppers.file(empty / "pepper", create=True)
    done = shop.run(*words)
    assert (done.code, done.out) == (5, "")
    assert "there is no database file" in done.err
    assert "authmux init" in done.err
    assert not (empty / "keys.db").exists()


@pytest.mark.parametrize("words", [ISSUE, ("keys", "list"), ("keys", "revoke", "0" * 16, "--yes")], ids=lambda w: w[1])
def test_no_tables(shop: Shop, empty: Path, words: tuple[str, ...]) -> None:
    """Without tables it is said what to run (K-15)."""
    Peppers.file(empty / "pepper", create=True)
    (empty / "keys.db").touch()
    done = shop.run(*words)
    assert (done.code, done.out) == (5, "")
    assert "run `authmux init`" in done.err


def test_application_in_every_command(bare: Shop) -> None:
    """The application's own service, with its pepper, is what the other commands work with, too."""
    write_application(bare, "every_shop")
    app = ("--app", "every_shop:service")
    credential_id = bare.run(*ISSUE, *app, "-o", "json").json["record"]["id"]
    for words in (
        ("keys", "edit", credential_id, "--name", "x"), ("keys", "disable", credential_id, "--yes"),
        ("keys", "enable", credential_id), ("usage",), ("clients", "list"), ("clients", "suspend", "billing", "--yes"),
        ("clients", "reactivate", "billing"), ("deny", "list"), ("pepper", "status"), ("audit", "tail"),
        ("audit", "verify"),
    ):  # fmt: skip
        done = bare.run(*words, *app)
        assert done.code == 0, done.err
        assert "warning" not in done.err
