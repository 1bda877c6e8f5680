"""`revoke-all`: everything that matches, and nothing else (K-35)."""

import pytest

from authmux import Owner, OwnerType, system
from tests.cli.shop import Shop

BY = system()
IDP = "https://idp.example/"


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Give a shop with credentials of several owners, named by whose they are."""
    for name, options in {"billings": {"client": "billing"}, "tenants": {"tenant": "t1"}, "nobodys": {}}.items():
        shop.service.issue_key(name=name, scopes=["a:b"], by=BY, **options)  # type: ignore[arg-type]
    shop.service.issue_pat(name="users", user="u1", tenant="t1", scopes=["a:b"], by=BY)
    return shop


def live(shop: Shop) -> set[str]:
    """Return the names of what is not revoked."""
    return {record.name for record in shop.service.list(by=BY) if record.revoked_at is None}


EVERYTHING = {"billings", "tenants", "nobodys", "users"}


@pytest.mark.parametrize(
    ("words", "revoked"),
    [
        (["--owner", "client:billing"], {"billings"}),
        (["--owner", "user:u1"], {"users"}),
        (["--tenant", "t1"], {"tenants", "users"}),
        (["--tenant", "t1", "--owner", "none"], {"tenants"}),
        (["--created-after", "1h"], EVERYTHING),
        (["--created-before", "1h"], set()),
        (["--owner", "client:nobody"], set()),
    ],
    ids=" ".join,
)
def test_revoked(stocked: Shop, words: list[str], revoked: set[str]) -> None:
    """Keys and tokens that match all that is said are revoked, after a look at how many those are."""
    rehearsed = stocked.run("revoke-all", *words, "--dry-run", "-o", "json")
    assert (rehearsed.code, rehearsed.json) == (0, {"matching": len(revoked), "revoked": 0})
    assert live(stocked) == EVERYTHING
    done = stocked.run("revoke-all", *words, "--reason", "policy", "--yes", "-o", "json")
    assert (done.code, done.json) == (0, {"matching": len(revoked), "revoked": len(revoked)})
    assert live(stocked) == EVERYTHING - revoked
    for name in revoked:
        assert f"'{name}'" in done.err
    again = stocked.run("revoke-all", *words, "--yes")
    assert again.code == 0
    assert "revoked: 0 keys and tokens" in again.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "say whose, within which tenant, or when made"),
        (["--issuer", "acme"], "say --owner, too"),
        (["--owner", "billing"], "write user:ID"),
        (["--tenant", ""], "an option is empty"),
    ],
    ids=["everything", "issuer", "owner", "empty"],
)
def test_misuse(stocked: Shop, words: list[str], sentence: str) -> None:
    """Everything is never revoked by mistake."""
    done = stocked.run("revoke-all", *words, "--yes")
    assert done.code == 2
    assert sentence in done.err
    assert live(stocked) == EVERYTHING


def test_two_who_are_called_so(stocked: Shop) -> None:
    """Where two issuers name an owner so, it is to be said which one is meant."""
    stocked.service.issue_key(name="foreign", scopes=["a:b"], client=Owner(OwnerType.CLIENT, IDP, "billing"), by=BY)
    done = stocked.run("revoke-all", "--owner", "client:billing", "--yes")
    assert done.code == 2
    assert f"--issuer acme or {IDP}" in done.err
    assert stocked.run("revoke-all", "--owner", "client:billing", "--issuer", IDP, "--yes").code == 0
    assert live(stocked) == EVERYTHING


def test_nobody_to_ask(stocked: Shop) -> None:
    """Where there is no terminal, `--yes` is needed."""
    assert stocked.run("revoke-all", "--tenant", "t1").code == 2
    assert live(stocked) == EVERYTHING
