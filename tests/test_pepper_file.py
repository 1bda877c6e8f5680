"""A pepper file is rotated whole or not at all, and never loses a pepper (K-13)."""

import base64
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from authmux import pepper_file
from authmux.errors import ConfigurationError
from authmux.peppers import Peppers

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links are POSIX's")

ONE, TWO = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


def keep(directory: Path, text: str) -> Path:
    """Keep a pepper file as an operator does."""
    file = directory / "peppers"
    file.write_text(text, encoding="ascii")
    file.chmod(0o600)
    return file


def shape(directory: Path) -> list[list[str]]:
    """Return the lines of the file, without the peppers."""
    lines = (directory / "peppers").read_text(encoding="ascii").splitlines()
    return [[word for word in line.split() if len(word) < 40] for line in lines]


def test_rotate(tmp_path: Path) -> None:
    """A fresh pepper is current, and the older ones are the same as before (K-13)."""
    before = Peppers.file(tmp_path, create=True)
    after = Peppers.rotate_file(tmp_path)
    assert (list(after), after.current) == (["p1", "p2"], "p2")
    assert after.check("p1") == before.check("p1") != after.check("p2")
    assert repr(Peppers.file(tmp_path)) == repr(after)


@posix
def test_rotated_file_is_private(tmp_path: Path) -> None:
    """The changed file is as private as the first, and nothing else is left beside it (K-13)."""
    Peppers.file(tmp_path, create=True)
    Peppers.rotate_file(tmp_path)
    assert stat.S_IMODE((tmp_path / "peppers").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["peppers"]


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="only root may give a file away")
def test_rotated_file_stays_its_owners(tmp_path: Path) -> None:
    """Root who rotates leaves the file to the user of the server (K-13)."""
    Peppers.file(tmp_path, create=True)
    os.chown(tmp_path / "peppers", 12345, 12345)
    Peppers.rotate_file(tmp_path)
    status = (tmp_path / "peppers").stat()
    assert (status.st_uid, status.st_gid) == (12345, 12345)


def test_two_steps(tmp_path: Path) -> None:
    """A prepared pepper is known and not current, until it is rotated to (K-13)."""
    Peppers.file(tmp_path, create=True)
    prepared = Peppers.rotate_file(tmp_path, prepare=True)
    assert (list(prepared), prepared.current) == (["p1", "p2"], "p1")
    assert shape(tmp_path) == [["p1"], ["p2", "next"]]
    rotated = Peppers.rotate_file(tmp_path)
    assert (list(rotated), rotated.current) == (["p1", "p2"], "p2")
    assert rotated.check("p2") == prepared.check("p2")
    assert shape(tmp_path) == [["p1"], ["p2"]]


def test_prepared_twice(tmp_path: Path) -> None:
    """A second one is not prepared while the first is not in use."""
    Peppers.file(tmp_path, create=True)
    Peppers.rotate_file(tmp_path, prepare=True)
    with pytest.raises(ConfigurationError, match="p2 is prepared already"):
        Peppers.rotate_file(tmp_path, prepare=True)
    assert shape(tmp_path) == [["p1"], ["p2", "next"]]


@pytest.mark.parametrize(
    ("ids", "fresh"),
    [
        pytest.param(["p1"], "p2", id="first"),
        pytest.param(["p3", "p9", "p4"], "p10", id="higher-than-any"),
        pytest.param(["main"], "p2", id="other-names"),
        pytest.param(["p1", "p2-2026"], "p2", id="a-number-and-a-date"),
    ],
)
def test_fresh_id(tmp_path: Path, ids: list[str], fresh: str) -> None:
    """The id of a fresh pepper is one that none of the others has."""
    keep(tmp_path, "".join(f"{each} {ONE}\n" for each in ids))
    assert list(Peppers.rotate_file(tmp_path)) == [*ids, fresh]


def test_drop(tmp_path: Path) -> None:
    """A pepper that is not current can be taken out."""
    keep(tmp_path, f"p1 {ONE}\np2 {TWO}\n")
    assert list(Peppers.drop_from_file(tmp_path, "p1")) == ["p2"]
    assert shape(tmp_path) == [["p2"]]


@pytest.mark.parametrize(
    ("pepper_id", "words"),
    [("p2", "p2 is the current pepper"), ("p9", "no pepper of this id")],
    ids=["current", "none"],
)
def test_drop_refused(tmp_path: Path, pepper_id: str, words: str) -> None:
    """The current pepper is never taken out, and one that is not there neither."""
    file = keep(tmp_path, f"p1 {ONE}\np2 {TWO}\n")
    with pytest.raises(ConfigurationError, match=words):
        Peppers.drop_from_file(tmp_path, pepper_id)
    assert file.read_text(encoding="ascii") == f"p1 {ONE}\np2 {TWO}\n"


UNREADABLE = {
    "nothing": "",
    "no base64": "p1 !!!",
    "too short": "p1 c2hvcnQ=",
    "another mark": f"p1 {ONE} current",
    "twice": f"p1 {ONE}\np1 {TWO}",
    "all of them next": f"p1 {ONE} next",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_file_is_left(tmp_path: Path, text: str) -> None:
    """A file that could not be read is not changed, and no draft is left (K-13)."""
    file = keep(tmp_path, text)
    with pytest.raises(ConfigurationError):
        Peppers.rotate_file(tmp_path)
    assert file.read_text(encoding="ascii") == text
    assert [each.name for each in tmp_path.iterdir()] == ["peppers"]


def test_no_file(tmp_path: Path) -> None:
    """There is nothing to be rotated where there is no pepper: the first is made at a start (K-13)."""
    with pytest.raises(ConfigurationError, match="create=True"):
        Peppers.rotate_file(tmp_path)
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_link_is_refused(tmp_path: Path) -> None:
    """A file that is mounted by a link is changed where it is made: a copy here would be another one."""
    (tmp_path / "real").mkdir()
    file = keep(tmp_path / "real", f"p1 {ONE}\n")
    (tmp_path / "peppers").symlink_to(file)
    with pytest.raises(ConfigurationError, match="is a link"):
        Peppers.rotate_file(tmp_path)


def test_somebody_is_at_it(tmp_path: Path) -> None:
    """Who finds another at it, or what he left in a crash, is told so, and changes nothing (K-13)."""
    file = keep(tmp_path, f"p1 {ONE}\n")
    draft = tmp_path / ".peppers.changed"
    draft.touch()
    with pytest.raises(ConfigurationError, match="if nobody does, remove it"):
        Peppers.rotate_file(tmp_path)
    assert file.read_text(encoding="ascii") == f"p1 {ONE}\n"
    assert draft.exists()


def test_interrupted(tmp_path: Path) -> None:
    """An interruption before the file is in its place leaves the former one, and no draft."""
    file = keep(tmp_path, f"p1 {ONE}\n")

    def interrupt(_: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pepper_file.change(file, interrupt)
    assert [each.name for each in tmp_path.iterdir()] == ["peppers"]
    assert file.read_text(encoding="ascii") == f"p1 {ONE}\n"


def test_env_may_prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable says the same by a third word."""
    monkeypatch.setenv("AUTHMUX_PEPPERS", f"p1:{ONE},p2:{TWO}:next")
    peppers = Peppers.env()
    assert (list(peppers), peppers.current) == (["p1", "p2"], "p1")


def test_current_by_name() -> None:
    """Whoever makes peppers by hand says which is current; the last, if he does not."""
    by_id = {"p1": b"a" * 32, "p2": b"b" * 32}
    assert Peppers(by_id, current="p1").current == "p1"
    assert Peppers(by_id).current == "p2"
    with pytest.raises(ConfigurationError, match="not among"):
        Peppers(by_id, current="p3")


ROTATE = """
import sys, time
from authmux.errors import ConfigurationError
from authmux.peppers import Peppers
print("ready", flush=True)
start, directory = sys.stdin.readline().split()
for turn in range(20):
    time.sleep(max(0.0, float(start) + 0.02 * turn - time.time()))
    try:
        peppers = Peppers.rotate_file(directory)
    except ConfigurationError:
        continue
    print(peppers.current, peppers.check(peppers.current).hex(), flush=True)
"""


@posix
def test_processes_that_rotate_at_once_lose_none(tmp_path: Path) -> None:
    """Whatever pepper one of four processes was told is current, is in the file in the end (K-13)."""
    Peppers.file(tmp_path, create=True)
    workers = [
        subprocess.Popen([sys.executable, "-c", ROTATE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write(f"{time.time() + 0.2} {tmp_path}\n")
            worker.stdin.flush()
        lines = [line for worker in workers for line in worker.communicate(timeout=60)[0].splitlines()]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    told = [(name, check) for name, _, check in (line.partition(" ") for line in lines)]
    peppers = Peppers.file(tmp_path)
    assert len(told) >= 10
    assert dict(told) == {each: peppers.check(each).hex() for each in peppers if each != "p1"}
    assert len({name for name, _ in told}) == len(told)
