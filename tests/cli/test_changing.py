"""`edit`, `enable` and `undelete`: what a credential is, and bringing it back."""

import pytest

from authmux import InvalidCredential, system
from authmux.clock import SYSTEM_CLOCK
from authmux.stores.record import State
from tests.cli.shop import Shop

BY = system()
DAY = 86_400.0


def test_edited(shop: Shop) -> None:
    """What is given is other, and the rest stays (K-32)."""
    credential_id = shop.issued_id("--description", "why")
    done = shop.run("keys", "edit", credential_id, "--name", "daily", "--meta", '{"team": "bi"}', "-o", "json")
    assert done.code == 0
    assert (done.json["name"], done.json["description"], done.json["meta"]) == ("daily", "why", {"team": "bi"})
    assert done.json["scopes"] == ["reports:read"]
    assert "edited: " in done.err


@pytest.mark.parametrize(
    ("words", "scopes"),
    [
        (["--scope", "a:b", "--scope", "c:d"], {"a:b", "c:d"}),
        (["--scope", "a:b,c:d"], {"a:b", "c:d"}),
        (["--add-scope", "a:b"], {"a:b", "reports:read", "reports:write"}),
        (["--remove-scope", "reports:write"], {"reports:read"}),
        (["--add-scope", "a:b", "--remove-scope", "reports:read"], {"a:b", "reports:write"}),
    ],
    ids=" ".join,
)
def test_scopes(shop: Shop, words: list[str], scopes: set[str]) -> None:
    """Scopes are said as a whole, or added and taken away."""
    text = shop.issue("--scope", "reports:write").out.strip()
    assert shop.run("keys", "edit", text.split("_")[2], *words).code == 0
    assert shop.verify(text).scopes == scopes


@pytest.mark.parametrize(("when", "days"), [("90d", 90), ("never", None), ("1w", 7)])
def test_expiry(shop: Shop, when: str, days: int | None) -> None:
    """An expiry is said from now on, or taken away."""
    credential_id = shop.issued_id("--expires-in", "30d")
    assert shop.run("keys", "edit", credential_id, "--expires-in", when).code == 0
    expires_at = shop.service.get(credential_id, by=BY).expires_at
    expected = None if days is None else SYSTEM_CLOCK.time() + days * DAY
    assert expires_at == (None if expected is None else pytest.approx(expected, abs=60))


def test_empty_description(shop: Shop) -> None:
    """A note can be emptied; a name cannot."""
    credential_id = shop.issued_id("--description", "why")
    assert shop.run("keys", "edit", credential_id, "--description", "").code == 0
    assert shop.service.get(credential_id, by=BY).description == ""
    assert shop.run("keys", "edit", credential_id, "--name", "").code == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "say what is to be other"),
        (["--scope", "a:b", "--add-scope", "c:d"], "leave out --add-scope"),
        (["--remove-scope", "x:y"], "it does not have x:y"),
        (["--expires-in", "soon"], "--expires-in: write a moment"),
        (["--meta", "[]"], "write a JSON object"),
    ],
    ids=["nothing", "both", "not-there", "soon", "meta"],
)
def test_misuse(shop: Shop, words: list[str], sentence: str) -> None:
    """What cannot be meant is a usage error, and nothing is changed."""
    credential_id = shop.issued_id()
    done = shop.run("keys", "edit", credential_id, *words)
    assert done.code == 2
    assert sentence in done.err
    assert shop.service.get(credential_id, by=BY).row_version == 1


def test_what_has_ended_keeps_its_rights(shop: Shop) -> None:
    """A revoked key can be renamed and no more (K-32)."""
    credential_id = shop.issued_id()
    shop.service.revoke(credential_id, by=BY)
    assert shop.run("keys", "edit", credential_id, "--expires-in", "never", "--add-scope", "a:b").code == 4
    assert shop.run("keys", "edit", credential_id, "--name", "old").code == 0


def test_nothing_new(shop: Shop) -> None:
    """What is so already is said to be so."""
    credential_id = shop.issued_id()
    assert "it is so already" in shop.run("keys", "edit", credential_id, "--name", "nightly").err
    assert "it is enabled already" in shop.run("keys", "enable", credential_id).err
    assert "it is not deleted" in shop.run("keys", "undelete", credential_id).err


@pytest.mark.parametrize("kind", ["keys", "pats"])
def test_there_and_back(shop: Shop, kind: str) -> None:
    """What was disabled works again once enabled, and what was deleted once undeleted and enabled (K-34, K-36)."""
    text = shop.issue(kind=kind).out.strip()
    credential_id = text.split("_")[2]
    for verb in ("disable", "delete"):
        assert shop.run(kind, verb, credential_id, "--yes").code == 0
        with pytest.raises(InvalidCredential):
            shop.verify(text)
    assert shop.run(kind, "enable", credential_id).code == 3
    assert shop.run(kind, "undelete", credential_id).code == 0
    assert shop.service.get(credential_id, by=BY).state(SYSTEM_CLOCK.time()) is State.DISABLED
    done = shop.run(kind, "enable", credential_id, "--reason", "it was found", "-o", "json")
    assert (done.code, done.json["state"]) == (0, "active")
    assert shop.verify(text)
    [entry] = shop.service.audit(action=None, newest=True, limit=1, by=BY)
    assert (entry.event.action, entry.event.reason) == ("enabled", "it was found")
