"""`audit`: the last entries, whether the chain holds, and putting it back."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from authmux import system
from authmux.stores.sql import SQLStore
from tests.cli.shop import SECONDS, Shop, environment
from tests.cli.test_verbs import TOKEN

BY = system()


@pytest.fixture
def told(shop: Shop) -> str:
    """Have three entries of one key; return its id."""
    credential_id = shop.issued_id("--tenant", "t1")
    shop.run("keys", "edit", credential_id, "--name", "daily")
    shop.run("keys", "revoke", credential_id, "--yes")
    return credential_id


def actions(shop: Shop, *words: str) -> list[str]:
    """Return the actions that are shown."""
    done = shop.run("audit", "tail", *words, "-o", "json")
    assert done.code == 0
    return [json.loads(line)["action"] for line in done.out.splitlines()]


def test_tail(shop: Shop, told: str) -> None:
    """The last entries come oldest first, a line each, with what is other than before and no secret."""
    done = shop.run("audit", "tail")
    first, second, third = done.out.splitlines()
    for line, words in ((first, f"1 created {told}"), (second, "edited name:"), (third, "revoked reason other")):
        assert [word for word in words.split() if word not in line.split()] == []
    assert 'name: "nightly" → "daily"' in second
    assert "revoked_at: null → 20" in third
    assert "tenant t1" in first
    assert not TOKEN.search(done.out)


def test_filters(shop: Shop, told: str) -> None:
    """Entries are found by tenant, target, actor, action and time."""
    shop.service.issue_key(name="other", scopes=["a:b"], by=system("other"))
    assert actions(shop) == ["created", "edited", "revoked", "created"]
    assert actions(shop, "-n", "2") == ["revoked", "created"]
    assert actions(shop, "--tenant", "t1") == ["created", "edited", "revoked"]
    assert actions(shop, "--target", f"acme_key_{told}", "--action", "revoked", "--action", "edited") == [
        "edited",
        "revoked",
    ]
    assert actions(shop, "--actor", "other") == ["created"]
    assert actions(shop, "--since", "1h") == actions(shop)
    assert actions(shop, "--since", "4000000000") == []


def test_token_as_target(shop: Shop) -> None:
    """A whole token in place of an id is refused and not repeated."""
    text = shop.issue().out.strip()
    done = shop.run("audit", "tail", "--target", text)
    assert done.code == 2
    assert text[-49:-40] not in done.err


def test_follow(shop: Shop, told: str) -> None:
    """What comes is shown as it comes, until Ctrl-C."""
    started = subprocess.Popen(
        [sys.executable, "-m", "authmux.cli", "audit", "tail", "--follow", "-n", "1"],
        env=environment(shop.directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        try:
            assert started.stdout is not None
            assert "revoked" in started.stdout.readline()
            shop.issue(name="later")
            assert "created" in started.stdout.readline()
            started.send_signal(signal.SIGINT)
            _, said = started.communicate(timeout=SECONDS)
        finally:
            started.kill()
    assert (started.returncode, said) == (130, "authmux: interrupted\n")


def test_verified(shop: Shop, told: str) -> None:
    """A chain that holds is well, and its head can be handed in later."""
    done = shop.run("audit", "verify", "-o", "json")
    assert (done.code, done.json["well"], done.json["entries"], done.json["broken"]) == (0, True, 3, None)
    head = f"{done.json['head']['position']}:{done.json['head']['mac']}"
    assert f"head  {head}" in shop.run("audit", "verify").out
    shop.issue(name="later")
    assert shop.run("audit", "verify", "--expected-head", head).code == 0


@pytest.mark.parametrize(
    ("change", "position", "damage"),
    [
        ("UPDATE authmux_audit SET actor = 'nobody' WHERE position = 2", 2, "changed"),
        ("DELETE FROM authmux_audit WHERE position = 2", 2, "missing"),
        ("DELETE FROM authmux_audit WHERE position = 3", 3, "missing"),
    ],
    ids=["changed", "missing", "cut-off"],
)
def test_broken(shop: Shop, told: str, change: str, position: int, damage: str) -> None:
    """A chain that does not hold is not well, and it is said where; what was cut off, the kept head shows (K-71)."""
    head = shop.run("audit", "verify", "-o", "json").json["head"]
    with closing(sqlite3.connect(shop.directory / "keys.db")) as connection:
        connection.execute(change)
        connection.commit()
    words = ("audit", "verify", "--expected-head", f"{head['position']}:{head['mac']}")
    done = shop.run(*words, "-o", "json")
    assert (done.code, done.json["well"]) == (6, False)
    assert done.json["broken"] == {"position": position, "damage": damage}
    assert f"broken at {position}: {damage}" in shop.run(*words).out


def test_head_that_is_none(shop: Shop) -> None:
    """A head that cannot be one is a usage error."""
    assert shop.run("audit", "verify", "--expected-head", "3").code == 2


def test_put_back(shop: Shop, told: str) -> None:
    """What a restored store has lost is put back from an export, and what was revoked is revoked again (K-92)."""
    shop.store.close()
    with closing(sqlite3.connect(shop.directory / "keys.db")) as connection:
        connection.execute("VACUUM INTO ?", [str(shop.directory / "backup.db")])
    backup = ("--store", f"sqlite:///{shop.directory / 'backup.db'}")
    lost = shop.issued_id(name="lost")
    later = shop.issue(name="leaked").out.strip().split("_")[2]
    shop.run("keys", "revoke", later, "--yes")
    exported = shop.run("audit", "export")
    assert len(exported.out.splitlines()) == 6
    assert "--after 6" in exported.err
    assert [json.loads(line)["position"] for line in shop.run("audit", "export", "--after", "4").out.splitlines()] == [
        5,
        6,
    ]
    Path("audit.jsonl").write_text(exported.out, encoding="utf-8")
    assert "3 entries were put back" in shop.run("audit", "import", "audit.jsonl", *backup).err
    assert "0 entries were put back" in shop.run("audit", "import", "audit.jsonl", *backup).err
    done = shop.run("audit", "replay-revocations", "audit.jsonl", *backup, "-o", "json")
    assert done.code == 0
    assert done.json["unknown"] == [later]
    assert lost not in done.out
    assert shop.run("audit", "verify", *backup).code == 0


def test_revoked_again(shop: Shop) -> None:
    """What was revoked after the backup is revoked in it; what was rolled since needs somebody's hand."""
    revoked, rolled = shop.issued_id(name="revoked"), shop.issued_id(name="rolled")
    with closing(sqlite3.connect(shop.directory / "keys.db")) as connection:
        connection.execute("VACUUM INTO ?", [str(shop.directory / "backup.db")])
    shop.run("keys", "revoke", revoked, "--yes")
    shop.run("keys", "roll", rolled)
    Path("audit.jsonl").write_text(shop.run("audit", "export").out, encoding="utf-8")
    url = f"sqlite:///{shop.directory / 'backup.db'}"
    done = shop.run("audit", "replay-revocations", "audit.jsonl", "--store", url, "-o", "json")
    assert (done.code, done.json["revoked"], done.json["rolled_since"]) == (6, [revoked], [rolled])
    again = shop.run("audit", "replay-revocations", "audit.jsonl", "--store", url)
    assert again.code == 6
    assert f"rolled since  1  {rolled}" in again.out
    restored = SQLStore(url)
    record = restored.find(revoked).record
    assert record is not None
    assert record.revoked_at is not None
    restored.close()


def test_written_without_a_pepper(shop: Shop, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was revoked in an emergency without a pepper is named, and what follows it is checked as ever (K-71)."""
    leaked = shop.issued_id()
    with monkeypatch.context() as emergency:
        emergency.delenv("AUTHMUX_PEPPER_DIR")
        assert shop.run("keys", "revoke", leaked, "--yes").code == 0
    shop.issue(name="later")
    done = shop.run("audit", "verify", "-o", "json")
    assert (done.code, done.json["well"], done.json["broken"], done.json["unsealed"]) == (6, False, None, [5])
    assert done.json["head"]["position"] == 6
    assert "written without a pepper: 1, at 5" in shop.run("audit", "verify").out


def test_lines_that_are_no_entries(shop: Shop) -> None:
    """A file that is no export, or is not there, is a usage error."""
    Path("audit.jsonl").write_text("{}\n", encoding="utf-8")
    for verb in ("import", "replay-revocations"):
        done = shop.run("audit", verb, "audit.jsonl")
        assert done.code == 2
        assert "line 1 is no entry" in done.err
        assert shop.run("audit", verb, "nowhere.jsonl").code == 2


def test_export_whose_reader_goes_away(shop: Shop, told: str) -> None:
    """An export to a reader who has gone ends without a word."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "authmux.cli", "audit", "export"]
    done = subprocess.run(
        command, env=environment(shop.directory), stdout=writer, stderr=subprocess.PIPE, text=True, timeout=SECONDS
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
