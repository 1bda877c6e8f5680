"""`pepper`: which there are, a fresh one, and letting an old one go (K-13)."""

import os

import pytest

from authmux import Peppers, TokenFormat, TokenService, system
from tests.cli.shop import Shop

BY = system()


def pepper_of(shop: Shop) -> str:
    """Return what the file holds."""
    return (shop.directory / "pepper" / "peppers").read_text(encoding="ascii")


def test_status(shop: Shop) -> None:
    """Each pepper is told with how many secrets are under it, and never shown."""
    shop.issue()
    done = shop.run("pepper", "status", "-o", "json")
    assert done.code == 0
    assert done.json == [
        {"pepper_id": "p1", "is_known": True, "is_current": True, "is_right": True, "live_secrets": 1, "is_well": True}
    ]
    text = shop.run("pepper", "status")
    assert text.out.splitlines()[1].split() == ["p1", "1", "current"]
    assert pepper_of(shop).split()[1] not in text.out + done.out


def test_rotation(shop: Shop) -> None:
    """A pepper is prepared, becomes the current one, and the old one goes when nothing is under it any more."""
    credential_id = shop.issued_id()
    prepared = shop.run("pepper", "rotate", "--prepare")
    assert (prepared.code, prepared.out) == (0, "")
    assert "p2 is known, and p1 is current" in prepared.err
    assert Peppers.file("pepper").current == "p1"
    lines = [" ".join(line.split()) for line in shop.run("pepper", "status").out.splitlines()]
    assert lines[1:] == ["p1 1 current", "p2 0 known here alone"]
    rotated = shop.run("pepper", "rotate")
    assert "p2 is current" in rotated.err
    assert Peppers.file("pepper").current == "p2"
    refused = shop.run("pepper", "retire", "p1")
    assert refused.code == 4
    assert "live secrets are under p1" in refused.err
    shop.run("keys", "revoke", credential_id, "--yes")
    assert "current, not used yet" in shop.run("pepper", "status").out
    shop.issue(name="fresh")
    done = shop.run("pepper", "status")
    assert done.code == 0
    assert "to be retired when you like" in done.out.splitlines()[1]
    done = shop.run("pepper", "retire", "p1")
    assert done.code == 0
    assert "the store has forgotten p1" in done.err
    assert all(word not in prepared.err + rotated.err + done.out + done.err for word in pepper_of(shop).split()[1::2])


def test_retiring_what_is_used_is_asked(shop: Shop) -> None:
    """To have secrets refused for good takes a yes."""
    shop.issue()
    shop.run("pepper", "rotate")
    done = shop.run("pepper", "retire", "p1", "--although-used")
    assert done.code == 2
    assert "give --yes" in done.err
    assert shop.run("pepper", "status", "-o", "json").json[0]["live_secrets"] == 1


@pytest.mark.parametrize(("pepper_id", "code"), [("p1", 4), ("p7", 2), ("", 2)])
def test_no_pepper_to_retire(shop: Shop, pepper_id: str, code: int) -> None:
    """The current one stays, and one that is not there is a mistake."""
    shop.issue()
    assert shop.run("pepper", "retire", pepper_id).code == code


def test_lost(shop: Shop) -> None:
    """A pepper that is not known here, or another under its name, is not well, and it is said what to do."""
    shop.issue()
    others = TokenFormat(prefix="acme", peppers=Peppers({"q1": os.urandom(32)}))
    TokenService(shop.store, others).issue_key(name="k", scopes=["a:b"], by=BY)
    done = shop.run("pepper", "status")
    assert done.code == 6
    assert "not known here: put it back" in done.out
    (shop.directory / "pepper" / "peppers").unlink()
    Peppers.file("pepper", create=True)
    done = shop.run("pepper", "status")
    assert done.code == 6
    assert "another one than the store knows" in done.out


def test_peppers_that_are_elsewhere(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no directory cannot be changed from here."""
    monkeypatch.delenv("AUTHMUX_PEPPER_DIR")
    done = shop.run("pepper", "rotate")
    assert done.code == 2
    assert "--pepper DIRECTORY" in done.err
