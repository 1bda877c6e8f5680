"""On a terminal: the question before something ends, the reminder that a text is shown once, and the drawn table."""

import pytest

from authmux import system
from tests.cli.shop import Shop
from tests.cli.terminal import converse

BY = system()


@pytest.mark.parametrize(
    ("answer", "code", "is_revoked"),
    [("YES\n", 0, True), ("n\n", 1, False), ("\x04", 1, False), ("\x03", 130, False)],
    ids=["yes", "no", "end-of-input", "interrupt"],
)
def test_question(shop: Shop, answer: str, code: int, is_revoked: bool) -> None:
    """A person is shown what is going to be revoked, and asked; only yes is yes."""
    text = shop.issue("--client", "billing").out.strip()
    ended, screen = converse(shop.directory, ["keys", "revoke", text.split("_")[2]], [("[y/N]", answer)])
    assert ended == code
    assert "revoke this API key for good?" in screen
    shown = screen.partition("[y/N]")[0]
    assert all(word in shown for word in ("'nightly'", "client:billing", text[-4:], "created 20"))
    assert (shop.service.get(text.split("_")[2], by=BY).revoked_at is not None) is is_revoked


@pytest.mark.parametrize(
    ("words", "question"),
    [
        (["keys", "disable", "{id}"], "disable this API key, until it is enabled?"),
        (["keys", "expire", "{id}"], "end this API key now, for good?"),
        (["keys", "delete", "{id}"], "delete this API key, and revoke what was issued with it?"),
        (["clients", "suspend", "billing"], "suspend this client, with 1 live keys and tokens?"),
        (["revoke-all", "--owner", "client:billing"], "revoke 1 key or token for good?"),
        (["deny", "add", "issuer", "--issuer", "https://idp.example/"], "refuse everything of issuer https://idp"),
        (["pepper", "retire", "p1", "--although-used"], "have 1 secrets under p1 refused, for good?"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_no_is_no(shop: Shop, words: list[str], question: str) -> None:
    """Whatever has something stop working shows what, with its last use, and asks; after a no, nothing was done."""
    text = shop.issue("--client", "billing").out.strip()
    shop.run("pepper", "rotate")
    ended, screen = converse(shop.directory, [each.format(id=text.split("_")[2]) for each in words], [("[y/N]", "\n")])
    assert ended == 1
    assert question in screen
    assert "nothing was done" in screen
    if words[0] in ("keys", "clients", "revoke-all"):
        assert "no use of it was noted" in screen.partition("[y/N]")[0]
    assert shop.verify(text)
    assert shop.service.list_denials(by=BY) == []


def test_question_before_a_roll(shop: Shop) -> None:
    """A roll that stops the old text at once asks, too."""
    credential_id = shop.issued_id()
    words = ["keys", "roll", credential_id, "--overlap", "0s"]
    ended, screen = converse(shop.directory, words, [("[y/N]", "n\n")])
    assert ended == 1
    assert "generation 1 stops working at once" in screen
    assert "nothing was done" in screen
    assert shop.service.get(credential_id, by=BY).generation == 1


def test_reminder(shop: Shop) -> None:
    """Who sees the text on a terminal is told that this is the only time."""
    ended, screen = converse(shop.directory, ["keys", "issue", "--name", "n", "--scope", "a:b"], [])
    assert ended == 0
    assert "the only time that its text is shown" in screen
    assert shop.verify(screen.splitlines()[0])


def test_table(shop: Shop) -> None:
    """A table is drawn and coloured, and no id is cut or folded on however narrow a terminal."""
    ids = [shop.issued_id(name=f"the long name of number {number}") for number in range(2)]
    ended, screen = converse(shop.directory, ["keys", "list"], [], COLUMNS="20", TERM="xterm-256color")
    assert ended == 0
    assert all(each in screen for each in ids)
    assert "\x1b[32m" in screen
    assert "─" in screen


def test_no_color(shop: Shop) -> None:
    """With NO_COLOR there is neither colour nor drawing."""
    credential_id = shop.issued_id()
    _, screen = converse(shop.directory, ["keys", "list"], [], NO_COLOR="1", TERM="xterm-256color")
    assert credential_id in screen
    assert screen.isascii()
    assert "\x1b" not in screen
