"""`list` and `show`: which records, how many, and how they look."""

from datetime import timedelta
from typing import Any

import pytest

from authmux import Owner, OwnerType, system
from tests.cli.shop import Shop

BY = system()


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Give a shop with credentials of many kinds, named by what they are."""

    def issue(name: str, **options: Any) -> None:
        shop.service.issue_key(name=name, scopes=["a:b"], by=BY, **options)

    issue("nobodys")
    issue("billings", client="billing")
    issue("tenants", tenant="t1")
    issue("revoked", client="billing")
    org = Owner(OwnerType.ORG, "acme", "shop")
    shop.service.issue_key(name="orgs", scopes=["a:b"], client=org, by=BY)
    foreign = Owner(OwnerType.CLIENT, "https://idp.example/", "billing")
    shop.service.issue_key(name="foreign", scopes=["a:b"], client=foreign, by=BY)
    shop.service.issue_key(name="short", scopes=["c:*"], env="test", expires_in=timedelta(days=1), by=BY)
    issue("deleted")
    [deleted] = [each for each in shop.service.list(by=BY) if each.name == "deleted"]
    shop.service.delete(deleted.id, by=BY)
    [revoked] = [each for each in shop.service.list(by=BY) if each.name == "revoked"]
    shop.service.revoke(revoked.id, by=BY)
    shop.service.issue_pat(name="users", user="u1", scopes=["a:b"], by=BY)
    return shop


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("keys", {"nobodys", "billings", "tenants", "revoked", "orgs", "foreign", "short"}),
        ("pats", {"users"}),
        ("keys --client billing", {"billings", "revoked", "foreign"}),
        ("keys --client billing --issuer acme", {"billings", "revoked"}),
        ("keys --owner client:billing --issuer https://idp.example/", {"foreign"}),
        ("keys --owner org:shop", {"orgs"}),
        ("keys --owner none", {"nobodys", "tenants", "short"}),
        ("pats --user u1", {"users"}),
        ("pats --user u2", set()),
        ("keys --tenant t1", {"tenants"}),
        ("keys --state revoked", {"revoked"}),
        ("keys --state revoked --state expired --client billing", {"revoked"}),
        ("keys --state active --client billing --issuer acme", {"billings"}),
        ("keys --state deleted", {"deleted"}),
        ("keys --state deleted --state revoked", {"deleted", "revoked"}),
        ("keys --deleted --owner none", {"nobodys", "tenants", "deleted", "short"}),
        ("keys --scope c:d", {"short"}),
        ("keys --scope c:d --state revoked", set()),
        ("keys --env test", {"short"}),
        ("keys --expires-before 2d", {"short"}),
        ("keys --expires-before 1h", set()),
        ("keys --created-after 1h --owner org:shop", {"orgs"}),
        ("keys --created-before 1h", set()),
        ("pats --created-before 2100-01-01", {"users"}),
    ],
)
def test_filters(stocked: Shop, words: str, names: set[str]) -> None:
    """A list holds what matches everything that was said, of one kind (K-31)."""
    kind, *filters = words.split()
    done = stocked.run(kind, "list", *filters, "-o", "json")
    assert done.code == 0
    assert {record["name"] for record in done.json} == names


@pytest.mark.parametrize("words", [[], ["--state", "active", "--state", "revoked"]], ids=["all", "filtered"])
def test_pages(stocked: Shop, words: list[str]) -> None:
    """Page after page comes every record once, by id; it is said that there are more, and how to have them."""
    every = [record["id"] for record in stocked.run("keys", "list", "--all", "-o", "json").json]
    assert every == sorted(every)
    seen: list[str] = []
    while len(seen) < len(every):
        after = ["--after", seen[-1]] if seen else []
        page = stocked.run("keys", "list", "--limit", "4", *words, *after, "-o", "json")
        seen += [record["id"] for record in page.json]
        assert (f"--after {seen[-1]}" in page.err) == (len(seen) < len(every))
    assert seen == every


def test_many(shop: Shop) -> None:
    """What is looked for behind the first of the store's pages is found."""
    for number in range(110):
        shop.service.issue_key(name=f"k{number}", scopes=["a:b"], by=BY)
    last = max(record.id for record in shop.service.list(by=BY, limit=1000))
    shop.service.revoke(last, by=BY)
    assert [each["id"] for each in shop.run("keys", "list", "--state", "revoked", "-o", "json").json] == [last]
    assert len(shop.run("keys", "list", "--all", "-o", "json").json) == 110


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--owner billing", "write user:ID"),
        ("--owner client:", "write user:ID"),
        ("--owner none:x", "write user:ID"),
        ("--client a --owner none", "not both"),
        ("--issuer acme", "say the owner, too"),
        ("--state gone", "gone"),
        ("--limit 0", "--limit"),
        ("--after x", "--after is no id"),
        ("--expires-before soon", "--expires-before: write a moment"),
        ("--created-after soon", "--created-after: write a moment"),
    ],
)
def test_misuse(shop: Shop, words: str, sentence: str) -> None:
    """A filter that cannot be meant is a usage error, and not an empty list."""
    done = shop.run("keys", "list", *words.split())
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err


def test_table_in_a_pipe(stocked: Shop) -> None:
    """Out of a terminal a list is plain columns: a line a record, nothing folded, cut, coloured or drawn."""
    stocked.issue(name=f"long {'x' * 200}")
    done = stocked.run("keys", "list")
    heading, *lines = done.out.splitlines()
    assert heading.split() == ["id", "name", "owner", "tenant", "scopes", "state", "expires", "hint"]
    assert [line[:16] for line in lines] == sorted(
        record.id for record in stocked.service.list(by=BY) if record.kind == "key"
    )
    assert f"long {'x' * 200}" in done.out
    assert done.out.isascii()
    assert "\x1b" not in done.out


def test_empty_list(shop: Shop) -> None:
    """An empty list is fine: nothing on standard output, an empty array in JSON."""
    text, json = shop.run("keys", "list"), shop.run("keys", "list", "-o", "json")
    assert (text.code, text.out, json.code, json.json) == (0, "", 0, [])
    assert "there is no API key like that" in text.err


def test_show(shop: Shop) -> None:
    """A person is shown owner, scopes, state, expiry and both generations (K-31)."""
    credential_id = shop.issued_id(
        "--client", "billing", "--expires-in", "90d", "--tenant", "t1", "--description", "why"
    )
    shop.run("keys", "roll", credential_id)
    done = shop.run("keys", "show", credential_id)
    for word in (
        credential_id,
        "client:billing",
        "reports:read",
        "active",
        "t1",
        "why",
        "generation 1",
        "generation 2",
    ):
        assert word in done.out
    assert "works until" in done.out


def test_show_deleted(shop: Shop) -> None:
    """What was deleted can still be looked at (K-36)."""
    credential_id = shop.issued_id()
    shop.service.delete(credential_id, by=BY)
    assert shop.run("keys", "show", credential_id, "-o", "json").json["state"] == "deleted"
    assert "deleted" in shop.run("keys", "show", credential_id).out


def test_text_is_shown_as_it_is(shop: Shop) -> None:
    """No markup is read in a name, and no control code of a record reaches the terminal."""
    credential_id = shop.issued_id(
        "--client", "\x1b[2Jbilling\u202e", "--description", "a\nb", name="[red]x[/red] :boom:"
    )
    for done in (shop.run("keys", "list"), shop.run("keys", "show", credential_id)):
        assert "[red]x[/red] :boom:" in done.out
        assert "\\x1b[2Jbilling\\u202e" in done.out
        assert "\x1b" not in done.out + done.err


def test_times_that_no_calendar_has(shop: Shop) -> None:
    """A record that an application made to live for a million years can be shown."""
    issued = shop.service.issue_key(name="k", scopes=["a:b"], expires_in=timedelta.max, by=BY)
    done = shop.run("keys", "show", issued.record.id, "-o", "json")
    assert done.json["expires_at"] == "9999-12-31T23:59:59.000Z"
    assert shop.run("keys", "show", issued.record.id).code == 0
