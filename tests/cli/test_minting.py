"""`issue` and `roll`: what the options mean, and what is refused."""

import time

import pytest

from authmux import InvalidCredential, User, system
from authmux.principal import AnonymousKey, Client
from tests.cli.shop import Shop

BY = system()
DAY = 86_400.0


@pytest.mark.parametrize(
    ("words", "principal"),
    [
        (("keys", "issue"), AnonymousKey),
        (("keys", "issue", "--client", "billing"), Client),
        (("pats", "issue", "--user", "u1"), User),
    ],
    ids=["nobody", "client", "user"],
)
def test_owner(shop: Shop, words: tuple[str, ...], principal: type) -> None:
    """A key is a client's or nobody's; a personal access token is a user's."""
    done = shop.run(*words, "--name", "n", "--scope", "a:b")
    assert type(shop.verify(done.out.strip())) is principal


def test_issuer(shop: Shop) -> None:
    """A user whom an identity provider names is that user, and no other of the same id."""
    done = shop.issue("--issuer", "https://idp.example/", kind="pats")
    assert shop.verify(done.out.strip()).key == ("https://idp.example/", None, "user", "u1")


@pytest.mark.parametrize(
    "scopes",
    [["--scope", "a:b", "--scope", "c:d"], ["--scope", "a:b,c:d"], ["--scope", "a:b c:d"], ["--scope", "a:b, c:d"]],
)
def test_scopes(shop: Shop, scopes: list[str]) -> None:
    """Scopes are given one by one, or in one word."""
    done = shop.run("keys", "issue", "--name", "n", *scopes)
    assert shop.verify(done.out.strip()).scopes == {"a:b", "c:d"}


@pytest.mark.parametrize(
    ("kind", "words", "days"),
    [
        ("keys", [], None),
        ("keys", ["--expires-in", "90d"], 90),
        ("keys", ["--expires-in", "never"], None),
        ("pats", [], 30),
        ("pats", ["--expires-in", "P1W"], 7),
        ("pats", ["--expires-in", "never"], None),
    ],
)
def test_expiry(shop: Shop, kind: str, words: list[str], days: int | None) -> None:
    """A key lives until it is revoked and a token for 30 days, unless it is said how long."""
    record = shop.service.get(shop.issued_id(*words, kind=kind), by=BY)
    assert record.expires_at == (None if days is None else pytest.approx(time.time() + days * DAY, abs=60))


def test_notes(shop: Shop) -> None:
    """Tenant, environment, description and the application's notes are kept, and who did it is written down."""
    done = shop.issue("--tenant", "t1", "--env", "live", "--description", "d", "--meta", '{"a": [1]}', "-o", "json")
    record = done.json["record"]
    assert (record["tenant"], record["env"], record["description"], record["meta"]) == ("t1", "live", "d", {"a": [1]})
    assert done.json["token"].startswith("acme_key_live_")
    assert record["created_by"].startswith("cli")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--expires-in", "3mo"], 2, "--expires-in: months and years differ"),
        (["--expires-in", "0s"], 2, "--expires-in: it would be expired at once"),
        (["--expires-in", "soon"], 2, "is no duration"),
        (["--meta", "[1]"], 2, "--meta: write a JSON object"),
        (["--meta", "{"], 2, "--meta: write a JSON object"),
        (["--meta", "[" * 100_000], 2, "--meta: write a JSON object"),
        (["--meta", '{"a": NaN}'], 4, "meta is a JSON object"),
        (["--tenant", ""], 2, "an option is empty (tenant)"),
        (["--issuer", "x"], 2, "say --client, too"),
        (["--output", "yaml"], 2, "yaml"),
        (["--env", "LIVE"], 4, "env 'LIVE'"),
        (["--scope", "Reports"], 4, "'Reports' is not a scope"),
        (["--prefix", "A"], 2, "--prefix: prefix 'A'"),
    ],
)
def test_refused(shop: Shop, words: list[str], code: int, sentence: str) -> None:
    """What cannot be meant is refused with a sentence, and nothing is made."""
    done = shop.run("keys", "issue", "--name", "n", "--scope", "a:b", *words)
    assert (done.code, done.out) == (code, "")
    assert sentence in done.err
    assert shop.service.list(by=BY) == []


@pytest.mark.parametrize(
    "words",
    [["keys", "--name", "n"], ["keys", "--scope", "a:b"], ["pats", "--name", "n", "--scope", "a:b"]],
    ids=["scope", "name", "user"],
)
def test_required(shop: Shop, words: list[str]) -> None:
    """Name and scopes are required, and a user for a token (K-30)."""
    kind, *rest = words
    done = shop.run(kind, "issue", *rest)
    assert done.code == 2
    assert "Missing option" in done.err


def test_name_is_taken(shop: Shop) -> None:
    """A second key of the owner with that name is a conflict (K-30)."""
    shop.issue("--client", "billing")
    done = shop.run("keys", "issue", "--name", "nightly", "--scope", "a:b", "--client", "billing")
    assert (done.code, done.out) == (4, "")
    assert "named 'nightly' already" in done.err


def test_roll_with_overlap(shop: Shop) -> None:
    """Both texts work after a roll, nobody is asked, and it is said until when (K-33)."""
    old = shop.issue().out.strip()
    new = shop.run("keys", "roll", old.split("_")[2], "--overlap", "1 hour")
    assert new.code == 0
    assert "the text before it works until" in new.err
    assert shop.verify(new.out.strip()) == shop.verify(old)
    [first, _] = shop.service.get(old.split("_")[2], by=BY).secrets
    assert first.retire_at == pytest.approx(time.time() + 3600, abs=60)


@pytest.mark.parametrize("overlap", ["0s", "24h"])
def test_roll_that_stops_something(shop: Shop, overlap: str) -> None:
    """Where a text stops at once, the one now or the one before it, a script has to say yes (K-33)."""
    first = shop.issue().out.strip()
    credential_id = first.split("_")[2]
    if overlap != "0s":
        assert shop.run("keys", "roll", credential_id).code == 0
    asked = shop.run("keys", "roll", credential_id, "--overlap", overlap)
    assert (asked.code, asked.out) == (2, "")
    assert "--yes" in asked.err
    assert shop.verify(first)
    rolled = shop.run("keys", "roll", credential_id, "--overlap", overlap, "--yes", "-o", "json")
    assert rolled.code == 0
    assert rolled.json["record"]["generations"][0]["live"] is False
    assert "generation 1 stops working at once" in rolled.err
    with pytest.raises(InvalidCredential):
        shop.verify(first)


def test_roll_of_an_expected_generation(shop: Shop) -> None:
    """A roll of another generation than the newest is a conflict, so that a retried script rolls once (K-33)."""
    credential_id = shop.issued_id()
    assert shop.run("keys", "roll", credential_id, "--generation", "1").code == 0
    again = shop.run("keys", "roll", credential_id, "--generation", "1", "--yes")
    assert (again.code, again.out) == (4, "")
    assert "is at generation 2, not 1" in again.err


@pytest.mark.parametrize(("overlap", "code"), [("31d", 4), ("1mo", 2)])
def test_overlap_is_refused(shop: Shop, overlap: str, code: int) -> None:
    """An overlap is at most 30 days (K-33)."""
    done = shop.run("keys", "roll", shop.issued_id(), "--overlap", overlap)
    assert (done.code, done.out) == (code, "")


def test_revoked_cannot_be_rolled(shop: Shop) -> None:
    """What was revoked stays so (K-33)."""
    credential_id = shop.issued_id()
    shop.run("keys", "revoke", credential_id, "--yes")
    done = shop.run("keys", "roll", credential_id)
    assert done.code == 4
    assert "is revoked and cannot be rolled" in done.err
