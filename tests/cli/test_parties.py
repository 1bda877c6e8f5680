"""`clients`, `users` and `tenants`: what is theirs, and whether it is refused as a whole (K-40)."""

import pytest

from authmux import InvalidCredential, Owner, OwnerType, system
from tests.cli.shop import Shop

BY = system()
IDP = "https://idp.example/"


def texts(shop: Shop) -> dict[str, str]:
    """Issue something to a client, a user and within a tenant; return the texts."""
    return {
        "clients": shop.issue("--client", "billing", name="k").out.strip(),
        "users": shop.issue(kind="pats").out.strip(),
        "tenants": shop.issue("--tenant", "t1", name="t").out.strip(),
    }


NAMES = {"clients": "billing", "users": "u1", "tenants": "t1"}

each_group = pytest.mark.parametrize("group", NAMES)


@each_group
def test_there_and_back(shop: Shop, group: str) -> None:
    """What is theirs is refused while they are suspended, and works again as it did."""
    issued = texts(shop)
    done = shop.run(group, "suspend", NAMES[group], "--reason", "policy", "--yes")
    assert done.code == 0
    assert f"suspended until reactivated: {NAMES[group]}" in done.err
    assert "no use of it was noted" in done.err
    for other, text in issued.items():
        if other == group:
            with pytest.raises(InvalidCredential):
                shop.verify(text)
        else:
            assert shop.verify(text)
    assert shop.run(group, "reactivate", NAMES[group]).code == 0
    assert shop.verify(issued[group])
    again = shop.run(group, "reactivate", NAMES[group])
    assert again.code == 3
    assert "is suspended" in again.err


@each_group
def test_list(shop: Shop, group: str) -> None:
    """All of them are listed with how many live ones they have, also who only is suspended."""
    issued = texts(shop)
    shop.service.revoke(issued[group].split("_")[2], by=BY)
    shop.run(group, "suspend", "x", "--until", "2100-01-01", "--yes")
    done = shop.run(group, "list", "-o", "json")
    issuer = None if group == "tenants" else "acme"
    assert done.json == [
        {"id": NAMES[group], "issuer": issuer, "live": 0, "all": 1, "suspended": False, "suspended_until": None},
        {
            "id": "x", "issuer": issuer, "live": 0, "all": 0, "suspended": True,
            "suspended_until": "2100-01-01T00:00:00.000Z",
        },
    ]  # fmt: skip
    heading, first, second = shop.run(group, "list").out.splitlines()
    assert heading.split()[0] == group.removesuffix("s")
    assert first.split()[0] == NAMES[group]
    assert second.rstrip().endswith("until 2100-01-01 00:00 UTC")


@each_group
def test_show(shop: Shop, group: str) -> None:
    """Of one everything is shown that is theirs."""
    issued = texts(shop)
    shop.run(group, "suspend", NAMES[group], "--yes")
    told = shop.run(group, "show", NAMES[group], "-o", "json").json
    assert told["id"] == NAMES[group]
    assert [each["id"] for each in told["credentials"]] == [issued[group].split("_")[2]]
    assert told["suspended"] == [{"issuer": None if group == "tenants" else "acme", "until": None}]
    done = shop.run(group, "show", NAMES[group])
    assert "suspended" in done.err
    assert issued[group].split("_")[2] in done.out
    assert shop.run(group, "show", "nobody").code == 3


def test_two_who_are_called_so(shop: Shop) -> None:
    """Where two issuers name a client so, it is to be said which one is meant."""
    ours = shop.issue("--client", "billing", name="ours").out.strip()
    foreign = Owner(OwnerType.CLIENT, IDP, "billing")
    theirs = shop.service.issue_key(name="theirs", scopes=["a:b"], client=foreign, by=BY).text
    done = shop.run("clients", "suspend", "billing", "--yes")
    assert done.code == 2
    assert f"--issuer acme or {IDP}" in done.err
    assert shop.run("clients", "suspend", "billing", "--issuer", IDP, "--yes").code == 0
    assert shop.verify(ours)
    with pytest.raises(InvalidCredential):
        shop.verify(theirs)
    assert shop.run("clients", "reactivate", "billing").code == 0
    assert shop.verify(theirs)


def test_nobody_to_ask(shop: Shop) -> None:
    """Where there is no terminal, `--yes` is needed."""
    text = shop.issue("--client", "billing").out.strip()
    done = shop.run("clients", "suspend", "billing")
    assert (done.code, done.out) == (2, "")
    assert shop.verify(text)


def test_nobody(shop: Shop) -> None:
    """Where there is nobody, that is said."""
    done = shop.run("clients", "list")
    assert (done.code, done.out, done.err) == (0, "", "there is no client\n")
    assert shop.run("clients", "list", "-o", "json").json == []
