"""`revoke`: one or many, for good."""

import io

import pytest

from authmux import InvalidCredential, system
from tests.cli.shop import Shop

BY = system()


def test_revoked(shop: Shop) -> None:
    """A revoked key is refused, and why is written down (K-35)."""
    text = shop.issue().out.strip()
    done = shop.run("keys", "revoke", text.split("_")[2], "--reason", "compromised", "--yes")
    assert (done.code, done.out) == (0, "")
    assert "revoked: " in done.err
    with pytest.raises(InvalidCredential):
        shop.verify(text)
    record = shop.service.get(text.split("_")[2], by=BY)
    assert (record.revoked_reason, record.revoked_by) == ("compromised", record.created_by)


def test_what_is_revoked_is_shown(shop: Shop) -> None:
    """Before it is done, a person sees name, owner, last four characters and when it was made."""
    text = shop.issue("--client", "billing").out.strip()
    done = shop.run("keys", "revoke", text.split("_")[2], "--yes")
    for word in ("'nightly'", "client:billing", text[-4:], "created 20"):
        assert word in done.err.partition("revoked: ")[0]


def test_several(shop: Shop) -> None:
    """Several are revoked in one call, each once; the others' answer is in JSON's order."""
    ids = [shop.issued_id(name=f"k{number}") for number in range(3)]
    done = shop.run("keys", "revoke", *ids, ids[0], "--yes", "-o", "json")
    assert [(record["id"], record["state"]) for record in done.json] == [(each, "revoked") for each in ids]


def test_twice(shop: Shop) -> None:
    """Revoking again changes nothing and is fine (K-35)."""
    credential_id = shop.issued_id()
    shop.run("keys", "revoke", credential_id, "--reason", "policy", "--yes")
    done = shop.run("keys", "revoke", credential_id, "--yes")
    assert done.code == 0
    assert "revoked already" in done.err
    assert shop.service.get(credential_id, by=BY).revoked_reason == "policy"


def test_one_that_is_not_there(shop: Shop) -> None:
    """An unknown id stops none of the others, and the exit code tells."""
    ids = [shop.issued_id(name=f"k{number}") for number in range(2)]
    done = shop.run("keys", "revoke", ids[0], "0" * 16, ids[1], "--yes", "-o", "json")
    assert done.code == 3
    assert [record["id"] for record in done.json] == ids
    assert f"there is no API key {'0' * 16}" in done.err


def test_one_that_is_no_id(shop: Shop) -> None:
    """A word that is no id stops all of it, before anything is done."""
    credential_id = shop.issued_id()
    done = shop.run("keys", "revoke", credential_id, "rubbish", "--yes")
    assert done.code == 2
    assert "argument 2 is no id" in done.err
    assert "rubbish" not in done.err
    assert shop.service.get(credential_id, by=BY).revoked_at is None


def test_from_standard_input(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids come from standard input too, one a line, empty lines aside."""
    ids = [shop.issued_id(name=f"k{number}") for number in range(3)]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ids[0]}\n\n  {ids[1].upper()}\r\n"))
    assert shop.run("keys", "revoke", "-", ids[2], "--yes").code == 0
    assert all(shop.service.get(each, by=BY).revoked_at for each in ids)


def test_token_on_standard_input(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token there is refused as well, named by its line; it stands in no history."""
    text = shop.issue().out.strip()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"\n{text}\n"))
    done = shop.run("keys", "revoke", "-", "--yes")
    assert done.code == 2
    assert "line 2 of standard input is a whole token" in done.err
    assert "history" not in done.err
    assert text[-49:-30] not in done.err
    assert shop.verify(text)


@pytest.mark.parametrize("words", [["0" * 16], ["-"]], ids=["id", "stdin"])
def test_nobody_to_ask(shop: Shop, words: list[str]) -> None:
    """Where there is no terminal, `--yes` is needed, and nothing is even looked up."""
    done = shop.run("keys", "revoke", *words)
    assert (done.code, done.out) == (2, "")
    assert "give --yes" in done.err


def test_reason_that_there_is_not(shop: Shop) -> None:
    """A reason is one of five (K-35)."""
    done = shop.run("keys", "revoke", shop.issued_id(), "--yes", "--reason", "boredom")
    assert done.code == 2
    assert "compromised" in done.err
