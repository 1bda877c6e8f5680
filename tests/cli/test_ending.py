"""The verbs by which credentials stop working, on one or many."""

import io

import pytest

from authmux import InvalidCredential, Peppers, system
from authmux.stores.audit_event import Action
from authmux.stores.usage import Usage
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


@pytest.mark.parametrize(
    ("verb", "state"), [("disable", "disabled"), ("expire", "expired"), ("revoke", "revoked"), ("delete", "deleted")]
)
def test_each_ending(shop: Shop, verb: str, state: str) -> None:
    """Each of these verbs has a key refused from then on, says so, and may be used again (K-34…K-37)."""
    text = shop.issue().out.strip()
    credential_id = text.split("_")[2]
    done = shop.run("keys", verb, credential_id, "--yes", "-o", "json")
    assert (done.code, [record["state"] for record in done.json]) == (0, [state])
    assert f"\n{state}: {credential_id}\n" in done.err
    with pytest.raises(InvalidCredential):
        shop.verify(text)
    again = shop.run("keys", verb, credential_id, "--yes")
    assert again.code == 0
    assert f"{state} already, 20" in again.err


def test_last_use_is_said(shop: Shop) -> None:
    """Before something stops working, it is said when it was last used, and from where (K-70)."""
    used, unused = shop.issued_id(name="used"), shop.issued_id(name="unused")
    shop.store.add_usage({used: Usage(first_used_at=0.0, last_used_at=1e9, last_address="192.0.2.0/24", succeeded=3)})
    done = shop.run("keys", "disable", used, unused, "--yes")
    lines = done.err.splitlines()
    assert lines[0].endswith("last used 2001-09-09 01:46 UTC from 192.0.2.0/24")
    assert lines[1].endswith("no use of it was noted")


@pytest.mark.parametrize("verb", ["disable", "expire"])
def test_one_whose_state_forbids_it(shop: Shop, verb: str) -> None:
    """What is revoked cannot be disabled; it stops none of the others, and the exit code tells."""
    revoked, deleted, active = (shop.issued_id(name=name) for name in ("revoked", "deleted", "active"))
    shop.service.revoke(revoked, by=BY)
    shop.service.delete(deleted, by=BY)
    done = shop.run("keys", verb, revoked, deleted, active, "--yes", "-o", "json")
    assert done.code == 4
    assert [record["id"] for record in done.json] == [active]
    assert f"{revoked} is revoked" in done.err
    assert f"{deleted} was deleted" in done.err


def test_reason_of_a_disabled_one(shop: Shop) -> None:
    """Why something was disabled stands in the audit log, in one's own words."""
    credential_id = shop.issued_id()
    assert shop.run("keys", "disable", credential_id, "--reason", "odd traffic", "--yes").code == 0
    [entry] = shop.service.audit(target=credential_id, newest=True, limit=1, by=BY)
    assert (entry.event.action, entry.event.reason) == ("disabled", "odd traffic")


def test_without_the_pepper(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a leak a key is revoked where there is no pepper, too; it is said what that costs. Nothing else is written."""
    credential_id = shop.issued_id()
    monkeypatch.delenv("AUTHMUX_PEPPER_DIR")
    for words in (["edit", credential_id, "--name", "x"], ["enable", credential_id], ["undelete", credential_id]):
        done = shop.run("keys", *words)
        assert done.code == 2
        assert "say where the pepper is" in done.err
    done = shop.run("keys", "revoke", credential_id, "--yes")
    assert done.code == 0
    assert "nothing will show that it is true" in done.err
    assert shop.service.get(credential_id, by=BY).revoked_at


@pytest.mark.parametrize("pepper_id", ["p1", "q1"])
def test_with_another_pepper(shop: Shop, pepper_id: str) -> None:
    """With another pepper, of the same name or not, nothing is sealed, which would look like forgery (K-71)."""
    credential_id = shop.issued_id()
    path = shop.directory / "pepper" / "peppers"
    path.unlink()
    Peppers.file(shop.directory / "pepper", create=True)
    path.write_text(path.read_text(encoding="ascii").replace("p1", pepper_id), encoding="ascii")
    assert shop.run("keys", "edit", credential_id, "--name", "x").code == 4
    done = shop.run("keys", "revoke", credential_id, "--yes")
    assert done.code == 0
    assert "put that one back" in done.err
    [entry] = shop.service.audit(action=Action.REVOKED, newest=True, limit=1, by=BY)
    assert entry.key_id == "none"
