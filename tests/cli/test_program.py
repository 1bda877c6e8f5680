"""The program as it is run: the console script, redirections, pipes that break, and what is not installed."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from authmux import __version__, system
from authmux.cli import main
from tests.cli.shop import SECONDS, SOURCE, Shop, environment, program
from tests.cli.test_verbs import TOKEN

ISSUE = ("keys", "issue", "--name", "n", "--scope", "a:b")


def test_redirection(shop: Shop) -> None:
    """`> file` holds the token, a line's end, and nothing else; it verifies."""
    with (shop.directory / "key.txt").open("w") as file:
        done = program(shop.directory, *ISSUE, stdout=file)
    text = (shop.directory / "key.txt").read_text()
    assert done.returncode == 0
    assert text.endswith("\n")
    assert TOKEN.fullmatch(text[:-1])
    assert shop.verify(text[:-1]).scopes == {"a:b"}
    assert not TOKEN.search(done.stderr)


def test_console_script(shop: Shop) -> None:
    """The script that pip makes is the program."""
    script = Path(sys.executable).with_name("authmux")
    done = subprocess.run(
        [script, "--version"], capture_output=True, text=True, env=environment(shop.directory), timeout=SECONDS
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{__version__}\n", "")


@pytest.mark.parametrize(("verb", "where"), [("issue", "full"), ("roll", "no-reader")])
def test_text_that_cannot_be_written(shop: Shop, verb: str, where: str) -> None:
    """A credential whose text nobody got is said to be one, with its id and what to do; it is not passed over."""
    words = ISSUE if verb == "issue" else ("keys", "roll", shop.issued_id())
    if where == "full":
        with Path("/dev/full").open("w") as full:
            done = program(shop.directory, *words, stdout=full)
    else:
        reader, writer = os.pipe()
        os.close(reader)
        done = program(shop.directory, *words, stdout=writer)
        os.close(writer)
    [record] = shop.service.list(by=system())
    assert done.returncode == 1
    assert f"the API key with id {record.id} was {verb}" in done.stderr
    assert "its text could not be written" in done.stderr
    assert f"authmux keys revoke {record.id}" in done.stderr
    assert "Exception ignored" not in done.stderr
    assert not TOKEN.search(done.stderr)


def test_closed_output(shop: Shop) -> None:
    """Where standard output is closed from the start, nothing is made."""
    command = [sys.executable, "-m", "authmux.cli", *ISSUE]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        env=environment(shop.directory),
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 2
    assert "standard output is closed" in done.stderr
    assert shop.service.list(by=system()) == []


@pytest.mark.parametrize("output", ["text", "json"])
def test_reader_that_has_seen_enough(shop: Shop, output: str) -> None:
    """A list whose reader goes away ends without a word, as in `authmux keys list | head`."""
    shop.issue()
    reader, writer = os.pipe()
    os.close(reader)
    done = program(shop.directory, "keys", "list", "-o", output, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_interrupted(shop: Shop) -> None:
    """Ctrl-C ends the program with 130 and one line, which says what to look at."""
    blocker = shop.directory / "blocker.py"
    blocker.write_text("import time\nprint('waiting', flush=True)\ntime.sleep(600)\n")
    started = subprocess.Popen(
        [sys.executable, "-m", "authmux.cli", *ISSUE, "--app", "blocker:service"],
        env={name: value for name, value in environment(shop.directory).items() if not name.startswith("AUTHMUX_")},
        cwd=shop.directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        assert started.stderr is not None
        assert started.stderr.readline() == "waiting\n"
        started.send_signal(signal.SIGINT)
        try:
            _, said = started.communicate(timeout=SECONDS)
        finally:
            started.kill()  # where the signal is ignored, as of what a shell started in the background
        assert started.returncode == 130
    assert said.startswith("authmux: interrupted")
    assert "look with `authmux keys list`" in said
    assert len(said.splitlines()) == 1


BLOCKING = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
from authmux.cli import main
sys.exit(main({words}))
"""


@pytest.mark.parametrize(
    ("blocked", "words"),
    [
        ({"typer", "click"}, ["--help"]),
        ({"rich"}, ["keys", "list"]),
        ({"sqlalchemy"}, ["keys", "list"]),
    ],
    ids=["typer", "rich", "sqlalchemy"],
)
def test_extra_is_not_installed(shop: Shop, blocked: set[str], words: list[str]) -> None:
    """Without what the extra brings, one sentence says what to install."""
    shop.issue()
    done = subprocess.run(
        [sys.executable, "-c", BLOCKING.format(blocked=blocked, words=words)],
        env=environment(shop.directory),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert 'pip install "authmux[cli]"' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_loads_little() -> None:
    """`--help` loads no database, no drawing and no cryptography, and so stays quick."""
    code = "import sys; from authmux.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "Commands:" in done.stdout
    assert not set(done.stderr.split()) & {
        "sqlalchemy",
        "rich.console",
        "rich.table",
        "rich.progress",
        "cryptography",
        "urllib3",
        "jwt",
    }


@pytest.mark.parametrize(
    "words",
    [[], ["keys"], ["pats"], ["clients"], ["users"], ["tenants"], ["deny"], ["audit"], ["pepper"]],
    ids=lambda words: " ".join(words) or "authmux",
)
def test_no_words(shop: Shop, words: list[str]) -> None:
    """Without a verb one is told which there are."""
    done = shop.run(*words)
    assert "Commands:" in done.out + done.err


EVERY_VERB = ["issue", "list", "show", "edit", "roll", "disable", "enable", "expire", "revoke", "delete", "undelete"]


@pytest.mark.parametrize("verb", EVERY_VERB)
@pytest.mark.parametrize("kind", ["keys", "pats"])
def test_help(shop: Shop, kind: str, verb: str) -> None:
    """Every verb explains itself, and names the owner's option of its kind."""
    done = shop.run(kind, verb, "--help")
    assert done.code == 0
    assert "AUTHMUX_STORE" in done.out
    assert "--reference" not in done.out
    if verb in ("issue", "list"):
        assert ("--client" in done.out, "--user" in done.out) == (kind == "keys", kind == "pats")


@pytest.mark.parametrize(
    "words",
    [
        *("usage", "revoke-all", "import", "migrate", "upgrade", "doctor", "init"),
        *(f"{group} {verb}" for group in ("clients", "tenants") for verb in ("list", "show", "suspend", "reactivate")),
        *("deny add", "deny lift", "deny list", "audit tail", "audit verify", "audit export", "audit import"),
        *("audit replay-revocations", "pepper status", "pepper rotate", "pepper retire"),
    ],
)
def test_help_of_others(shop: Shop, words: str) -> None:
    """Every other command explains itself; whose the tenant is, nobody else says."""
    done = shop.run(*words.split(), "--help")
    assert done.code == 0
    assert done.out.startswith("Usage: authmux")
    assert ("--issuer" in done.out) == (
        words.split(maxsplit=1)[0] in WITH_ISSUER and words not in ("clients list", "deny list")
    )


WITH_ISSUER = {"clients", "deny", "import", "doctor", "revoke-all"}


def test_main_takes_words(capsys: pytest.CaptureFixture[str]) -> None:
    """`main` can be called with words of one's own."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


def test_warnings_are_said(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What authmux warns of is a line on standard error, and nothing is left listening afterwards."""
    source = "import logging\nlogging.getLogger('authmux.shop').warning('mind\\nthe %s', 'gap')\nservice = None\n"
    (shop.directory / "warning_shop.py").write_text(source)
    for name in ("AUTHMUX_STORE", "AUTHMUX_PEPPER_DIR", "AUTHMUX_PREFIX"):
        monkeypatch.delenv(name)
    before = list(logging.getLogger("authmux").handlers)
    done = shop.run("keys", "list", "--app", "warning_shop:service")
    assert done.err.startswith("authmux: warning: mind the gap\n")
    assert logging.getLogger("authmux").handlers == before
