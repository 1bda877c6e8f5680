"""Ids are read in every form that people copy them in; a token is recognised and not repeated."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.cli.references import WholeToken, parse_reference
from authmux.peppers import Peppers
from authmux.token_format import Kind, TokenFormat, new_id

ID = "5g2v9k0m3x7q1b8n"
TOKENS = TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))
TEXT = TOKENS.make(Kind.KEY, ID)
SECRET = TEXT.rpartition("_")[2]


@pytest.mark.parametrize(
    "text",
    [
        *(ID, ID.upper(), f" {ID}\n", "5g2v9kOm3x7qlb8n", "5G2V9KOM3X7QIB8N", f"key:{ID}", f"pat:{ID}"),
        *(f"acme_key_{ID}", f"acme_key_live_{ID}", f"ACME_PAT_TEST_{ID.upper()}"),
    ],
)
def test_forms(text: str) -> None:
    """Bare or with a mark before it, in any case, with Crockford's aliases: it is the same id (K-04)."""
    assert parse_reference(text) == ID


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f" {TEXT}\n",
        TOKENS.make(Kind.PAT, ID, env="live"),
        TEXT[:-5],
        f"{TEXT}x",
        f"{TEXT[:-3]}???",
        f"{ID}_{SECRET}",
        f"Bearer {TEXT}",
        TEXT.replace("acme_key", "acme_sec"),
        f"{TEXT} {'x' * 100_000}",
    ],
    ids=["token", "spaces", "env", "cut", "longer", "mistyped", "no-mark", "header", "another-kind", "followed"],
)
def test_whole_tokens(text: str) -> None:
    """A token is known by its shape, whole or not, and its id is all that is said of it."""
    with pytest.raises(WholeToken) as raised:
        parse_reference(text)
    assert raised.value.credential_id == ID
    assert SECRET[:6] not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        ID[8:],
        f"{ID}0",
        f"{ID[:-1]}u",
        f"{ID[:-1]}é",
        f"{ID[:-1]}ı",
        f"{ID[:-1]}\u212a",
        f"foo:{ID}",
        f"{ID}_ab",
        pytest.param(SECRET, id="a secret"),
    ],
)
def test_other_texts(text: str) -> None:
    """Anything else is refused, and not repeated: it may be a piece of a secret."""
    with pytest.raises(ValueError, match="is no id") as raised:
        parse_reference(text)
    assert not isinstance(raised.value, WholeToken)
    assert len(text) < 9 or text not in str(raised.value)


@pytest.mark.parametrize("credential_id", [new_id() for _ in range(20)], ids=range(20))
def test_every_id(credential_id: str) -> None:
    """Every id that we make is read as itself, and its token as a token."""
    assert parse_reference(credential_id) == credential_id
    with pytest.raises(WholeToken):
        parse_reference(TOKENS.make(Kind.KEY, credential_id))


@given(st.text())
def test_any_text(text: str) -> None:
    """Any text is an id or a ValueError, and nothing else comes of it."""
    with suppress(ValueError):
        assert len(parse_reference(text)) == 16
