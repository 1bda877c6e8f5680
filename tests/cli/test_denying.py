"""`deny`: tokens are refused though they are genuine, and let in again (B-64)."""

import pytest

from authmux import system
from tests.cli.shop import Shop

ISSUER = "https://idp.example/"
BY = system()


def test_there_and_back(shop: Shop) -> None:
    """A denial is added, listed and lifted."""
    done = shop.run("deny", "add", "subject", "alice", "--issuer", ISSUER, "--reason", "compromised", "--yes")
    assert done.code == 0
    assert f"denied: subject alice of {ISSUER}" in done.err
    [told] = shop.run("deny", "list", "-o", "json").json
    assert {name: told[name] for name in ("what", "issuer", "value", "before", "until", "reason")} == {
        "what": "subject", "issuer": ISSUER, "value": "alice", "before": None, "until": None, "reason": "compromised",
    }  # fmt: skip
    assert "alice" in shop.run("deny", "list").out
    assert shop.run("deny", "lift", "subject", "alice", "--issuer", ISSUER).code == 0
    assert shop.run("deny", "lift", "subject", "alice", "--issuer", ISSUER).code == 3
    done = shop.run("deny", "list")
    assert (done.code, done.out) == (0, "")


def test_times(shop: Shop) -> None:
    """Only what was issued earlier, and only for a while."""
    words = ("--before", "2026-01-31", "--until", "2100-01-01", "--yes")
    assert shop.run("deny", "add", "issuer", "--issuer", ISSUER, *words).code == 0
    [denial] = shop.service.list_denials(by=BY)
    assert (denial.before, denial.until) == (1_769_817_600.0, 4_102_444_800.0 + 300)
    assert shop.run("deny", "list", "-o", "json").json[0]["before"] == "2026-01-31T00:00:00.000Z"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["subject", "alice"], 4),
        (["subject", "--issuer", ISSUER], 4),
        (["tenant", "t1", "--issuer", ISSUER], 4),
        (["nonsense", "x"], 2),
        (["subject", "alice", "--issuer", ISSUER, "--until", "soon"], 2),
        (["subject", "alice", "--issuer", ""], 2),
    ],
    ids=["no-issuer", "no-value", "issuer-of-a-tenant", "nonsense", "soon", "empty"],
)
def test_misuse(shop: Shop, words: list[str], code: int) -> None:
    """What would never refuse anybody is refused itself."""
    assert shop.run("deny", "add", *words, "--yes").code == code
    assert shop.service.list_denials(by=BY) == []


def test_nobody_to_ask(shop: Shop) -> None:
    """Where there is no terminal, `--yes` is needed."""
    assert shop.run("deny", "add", "subject", "alice", "--issuer", ISSUER).code == 2
