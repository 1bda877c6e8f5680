"""`usage`: how often, and when last, of some or of all."""

import time

import pytest

from authmux import system
from authmux.stores.usage import Usage
from tests.cli.shop import Shop

USE = Usage(first_used_at=0.0, last_used_at=1e9, last_address="192.0.2.0/24", succeeded=3, rejected=1)


@pytest.fixture
def used(shop: Shop) -> tuple[str, str]:
    """Issue two, a key that was used and a token that was not."""
    ids = shop.issued_id(name="used"), shop.issued_id(kind="pats", name="unused")
    shop.store.add_usage({ids[0]: USE})
    return ids


def test_all(shop: Shop, used: tuple[str, str]) -> None:
    """Without ids all are listed, keys and tokens; the members are documented."""
    done = shop.run("usage", "-o", "json")
    told = {each["id"]: each for each in done.json}
    assert done.code == 0
    assert told.keys() == set(used)
    assert told[used[0]] == {
        "id": used[0], "kind": "key", "name": "used", "uses": 4, "first_used_at": "1970-01-01T00:00:00.000Z",
        "last_used_at": "2001-09-09T01:46:40.000Z", "last_address": "192.0.2.0/24", "succeeded": 3, "redirected": 0,
        "rejected": 1, "failed": 0,
    }  # fmt: skip
    assert (told[used[1]]["uses"], told[used[1]]["last_used_at"]) == (0, None)


def test_some(shop: Shop, used: tuple[str, str]) -> None:
    """Of some the deleted ones are told too, and one that is not there stops none of the others."""
    shop.service.delete(used[0], by=system())
    done = shop.run("usage", "0" * 16, used[0], "-o", "json")
    assert (done.code, [each["id"] for each in done.json]) == (3, [used[0]])
    assert f"there is no key or token {'0' * 16}" in done.err


def test_table(shop: Shop, used: tuple[str, str]) -> None:
    """To people it is a table."""
    heading, *lines = shop.run("usage").out.splitlines()
    assert heading.split()[:4] == ["id", "name", "uses", "last"]
    [line] = [each for each in lines if each.startswith(used[0])]
    words = " ".join(line.split()[1:])
    assert words == "used 4 2001-09-09 01:46 UTC 192.0.2.0/24 1970-01-01 00:00 UTC 3 0 1 0"
    [line] = [each for each in lines if each.startswith(used[1])]
    assert line.split()[1:] == ["unused", "0", "never"]


def test_unused(shop: Shop, used: tuple[str, str]) -> None:
    """What nobody has used since a moment is found; what is younger than that is not told of."""
    assert shop.run("usage", "--unused-since", "1h", "-o", "json").json == []
    done = shop.run("usage", "--unused-since", str(int(time.time()) + 60), "-o", "json")
    assert {each["id"] for each in done.json} == set(used)
    assert shop.run("usage", "--unused-since", "soon").code == 2
