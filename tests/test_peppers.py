"""Peppers are read from where the operator keeps them, never printed, and made once by many (K-12, K-13)."""

import base64
import hmac
import os
import pickle
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from authmux.errors import ConfigurationError
from authmux.peppers import Peppers, new_pepper

OLD, NEW = bytes(range(32)), bytes(range(32, 72))
OLD_TEXT, NEW_TEXT = base64.b64encode(OLD).decode(), base64.b64encode(NEW).decode()
VARIABLE = "AUTHMUX_PEPPERS"

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links are POSIX's")

From = Callable[[Mapping[str, str]], Peppers]
"""Makes peppers of ids and base64, kept in one of the places where they may be."""


def keep(directory: Path, text: str, *, mode: int = 0o600) -> Path:
    """Keep a pepper file as an operator does."""
    directory.mkdir(exist_ok=True)
    file = directory / "peppers"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


@pytest.fixture(params=["file", "env", "load"])
def kept_in(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> From:
    """Give each of the three ways to hand peppers in."""

    def from_file(peppers: Mapping[str, str]) -> Peppers:
        keep(tmp_path, "".join(f"{name} {text}\n" for name, text in peppers.items()))
        return Peppers.file(tmp_path)

    def from_env(peppers: Mapping[str, str]) -> Peppers:
        monkeypatch.setenv(VARIABLE, ",".join(f"{name}:{text}" for name, text in peppers.items()))
        return Peppers.env()

    def from_callable(peppers: Mapping[str, str]) -> Peppers:
        return Peppers.load(lambda: {name: base64.b64decode(text) for name, text in peppers.items()})

    return {"file": from_file, "env": from_env, "load": from_callable}[request.param]


def test_last_pepper_is_current(kept_in: From) -> None:
    """What is issued now uses the last pepper, and the older ones are still known (K-13)."""
    peppers = kept_in({"p2": OLD_TEXT, "p1": NEW_TEXT})
    assert peppers.current == "p1"
    assert "p2" in peppers
    assert "p3" not in peppers


def test_each_pepper_keys_its_own_digest(kept_in: From) -> None:
    """A digest is HMAC-SHA-256 of a domain and a message, under the pepper that was named (K-12)."""
    keyed = kept_in({"old": OLD_TEXT, "new": NEW_TEXT}).keyed(b"domain ")
    for name, pepper in (("old", OLD), ("new", NEW)):
        keyed[name].update(b"message")
        assert keyed[name].digest() == hmac.digest(pepper, b"domain message", "sha256")


def test_check_tells_peppers_apart() -> None:
    """The check of a pepper is the same for the same bytes under whatever id, and another for other bytes (K-13)."""
    peppers = Peppers({"a": OLD, "b": OLD, "c": NEW})
    assert peppers.check("a") == peppers.check("b") != peppers.check("c")


def test_unknown_pepper_is_a_key_error() -> None:
    """Nothing is digested under a pepper that is not there."""
    peppers = Peppers({"p1": OLD})
    with pytest.raises(KeyError):
        peppers.check("p2")
    with pytest.raises(KeyError):
        peppers.keyed(b"domain")["p2"]


def test_repr_shows_ids_alone(kept_in: From) -> None:
    """The repr names the peppers and holds none of their bytes."""
    assert repr(kept_in({"old": OLD_TEXT, "new": NEW_TEXT})) == "Peppers(old, new)"


def test_peppers_are_not_pickled() -> None:
    """A secret does not travel in a pickle."""
    with pytest.raises(TypeError):
        pickle.dumps(Peppers({"p1": OLD}))


@pytest.mark.parametrize("pepper", [b"", bytes(31)], ids=["none", "31 bytes"])
def test_short_peppers_are_refused(pepper: bytes) -> None:
    """A pepper has 32 bytes or more, and the refusal says how many there are."""
    with pytest.raises(ConfigurationError, match=f"has {len(pepper)} bytes; 32 are the least"):
        Peppers({"p1": pepper})


def test_no_pepper_is_refused() -> None:
    """An application without a pepper is told how to make one."""
    with pytest.raises(ConfigurationError, match="create=True"):
        Peppers({})


@pytest.mark.parametrize("pepper_id", ["", "P1", "p_1", "-p", "p 1", "p1\n", "é", "a" * 33])
def test_bad_pepper_ids_are_refused(pepper_id: str) -> None:
    """A pepper's id is up to 32 of a-z, 0-9 and hyphens, since stores keep it."""
    with pytest.raises(ConfigurationError, match="up to 32"):
        Peppers({pepper_id: OLD})


def test_new_peppers_are_thirty_two_fresh_bytes() -> None:
    """A new pepper is long enough to be one, and another each time."""
    assert len(new_pepper()) == 32
    assert new_pepper() != new_pepper()


def test_load_asks_once() -> None:
    """A key management service is asked for the peppers once."""
    asked: list[str] = []

    def source() -> dict[str, bytes]:
        asked.append("for peppers")
        return {"p1": OLD}

    peppers = Peppers.load(source)
    peppers.keyed(b"domain")
    assert asked == ["for peppers"]


@posix
def test_create_makes_a_private_file_in_a_private_directory(tmp_path: Path) -> None:
    """The first start makes a directory and a file that only this user may read (K-13)."""
    directory = tmp_path / "deep" / "pepper"
    Peppers.file(directory, create=True)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "peppers").stat().st_mode) == 0o600


def test_create_leaves_nothing_else_behind(tmp_path: Path) -> None:
    """Beside the pepper file there is no draft of it."""
    Peppers.file(tmp_path, create=True)
    assert [file.name for file in tmp_path.iterdir()] == ["peppers"]


@pytest.mark.parametrize("create", [False, True], ids=["without create", "with create"])
def test_second_start_finds_the_first_pepper(tmp_path: Path, create: bool) -> None:
    """Once made, a pepper is never made again: every key would die with it (K-13)."""
    first = Peppers.file(tmp_path, create=True)
    second = Peppers.file(tmp_path, create=create)
    assert first.check(first.current) == second.check(second.current)


def test_two_directories_have_two_peppers(tmp_path: Path) -> None:
    """A pepper that was made is random."""
    one, two = (Peppers.file(tmp_path / name, create=True) for name in ("one", "two"))
    assert one.check(one.current) != two.check(two.current)


def test_missing_file_is_not_made_by_itself(tmp_path: Path) -> None:
    """Without `create` a missing file is a mistake: a new pepper beside old keys would kill them all (K-13)."""
    with pytest.raises(ConfigurationError, match="create=True"):
        Peppers.file(tmp_path)
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o644])
def test_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    """A pepper file that others may read, write or run is refused with the command that mends it (K-13)."""
    file = keep(tmp_path, f"p1 {OLD_TEXT}\n", mode=mode)
    with pytest.raises(ConfigurationError, match=f"chmod 600 {file}"):
        Peppers.file(tmp_path)


@posix
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_file_of_this_user_alone_is_read(tmp_path: Path, mode: int) -> None:
    """A pepper file may be read-only, as secrets that are mounted are."""
    keep(tmp_path, f"p1 {OLD_TEXT}\n", mode=mode)
    assert Peppers.file(tmp_path).current == "p1"


def test_blank_lines_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    """An editor may leave blank lines, spaces and CRLF in a pepper file."""
    keep(tmp_path, f"\r\n  old   {OLD_TEXT}  \r\n\r\nnew\t{NEW_TEXT}")
    assert repr(Peppers.file(tmp_path)) == "Peppers(old, new)"


MALFORMED = {
    "id alone": "p1",
    "pepper alone": OLD_TEXT,
    "three words": f"p1 {OLD_TEXT} old",
    "not base64": "p1 !!!!",
    "junk within base64": f"p1 {OLD_TEXT[:8]}!{OLD_TEXT[8:]}",
    "bad padding": f"p1 {OLD_TEXT[:-1]}",
    "same id twice": f"p1 {OLD_TEXT}\np1 {NEW_TEXT}",
    "bad id": f"P1 {OLD_TEXT}",
    "short pepper": "p1 c2hvcnQ=",
    "nothing": "",
    "a comment": f"# made in 2026\np1 {OLD_TEXT}",
    "order turned around": f"{OLD_TEXT} main",
    "id and pepper of the same form": f"{OLD_TEXT} {NEW_TEXT}",
    "order turned around twice": f"{OLD_TEXT} main\n{OLD_TEXT} main",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_malformed_files_are_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    """What is no pepper file is a `ConfigurationError`, which holds no pepper even where it stands as an id."""
    keep(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        Peppers.file(tmp_path)
    assert OLD_TEXT[:20] not in str(refused.value)


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_malformed_variables_are_refused_and_not_quoted(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """What is no list of peppers is a `ConfigurationError`, which holds no pepper even where it stands as an id."""
    monkeypatch.setenv(VARIABLE, text.replace(" ", ":").replace("\n", ","))
    with pytest.raises(ConfigurationError) as refused:
        Peppers.env()
    assert OLD_TEXT[:20] not in str(refused.value)


def test_refusal_says_where(tmp_path: Path) -> None:
    """A bad line is named by its file and number."""
    file = keep(tmp_path, f"p1 {OLD_TEXT}\n\np2")
    with pytest.raises(ConfigurationError, match=f"{file}, line 3"):
        Peppers.file(tmp_path)


@pytest.mark.parametrize("create", [False, True], ids=["without create", "with create"])
@pytest.mark.parametrize("obstacle", ["a directory for the file", "a file for the directory", "not ASCII"])
def test_file_that_cannot_be_read_is_refused(tmp_path: Path, obstacle: str, create: bool) -> None:
    """Whatever else is in the way of a pepper file is a `ConfigurationError` that names the file."""
    directory = tmp_path / "pepper"
    match obstacle:
        case "a directory for the file":
            (directory / "peppers").mkdir(parents=True)
        case "a file for the directory":
            directory.touch()
        case _:
            keep(directory, f"p1 {OLD_TEXT}é")
    with pytest.raises(ConfigurationError, match="peppers"):
        Peppers.file(directory, create=create)


@pytest.mark.parametrize("text", [None, ""], ids=["not set", "empty"])
def test_missing_variable_is_refused(monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    """A variable that is not there is a mistake, and is named."""
    monkeypatch.delenv(VARIABLE, raising=False)
    if text is not None:
        monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ConfigurationError, match=VARIABLE):
        Peppers.env()


def test_variable_may_have_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application names the variable."""
    monkeypatch.setenv("ACME_PEPPERS", f"p7:{OLD_TEXT}")
    assert Peppers.env("ACME_PEPPERS").current == "p7"


WORKER = """
import sys, time
from authmux.peppers import Peppers
print("ready", flush=True)
start, *directories = sys.stdin.readline().split()
for turn, directory in enumerate(directories):
    time.sleep(max(0.0, float(start) + 0.02 * turn - time.time()))
    peppers = Peppers.file(directory, create=True)
    print(peppers.check(peppers.current).hex(), flush=True)
"""


@posix
def test_processes_that_start_at_once_make_one_pepper(tmp_path: Path) -> None:
    """Six processes that find no pepper file end up with one pepper, in each of 25 directories (K-13)."""
    directories = [str(tmp_path / f"{turn}") for turn in range(25)]
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        order = f"{time.time() + 0.1} {' '.join(directories)}\n"
        for worker in workers:  # all of them first, so that they run at once
            assert worker.stdin is not None
            worker.stdin.write(order)
            worker.stdin.flush()
        checks = [worker.communicate(timeout=30)[0].split() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    for turn, directory in enumerate(directories):
        kept = Peppers.file(directory)
        assert {each[turn] for each in checks} == {kept.check(kept.current).hex()}
        assert [file.name for file in Path(directory).iterdir()] == ["peppers"]
