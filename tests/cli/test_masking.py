"""What is said holds no token's secret, no database's password, and nothing that a terminal obeys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.cli.masking import Mask, masked, shown, visible
from authmux.peppers import Peppers
from authmux.token_format import Kind, TokenFormat, new_id
from tests.jose.token_maker import access_token, get_key, mint

TOKENS = TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://shop:s3cret@db/keys", "cannot log in with s3cret"),
        ("postgresql://shop:p%40ss%2Fword@db/keys", "p@ss/word or p%40ss%2Fword"),
        ("postgresql://shop:tw@elve/thirteen@db:x/keys", "invalid literal: 'thirteen@db:x'"),
        ("postgresql://db/keys?user=shop&password=hush+hush", "hush hush, hush+hush"),
        ("postgresql://shop:ünïcode@db/keys", "postgresql://shop:ünïcode@db/keys"),
    ],
    ids=["plain", "quoted", "not-quoted", "parameter", "whole-url"],
)
def test_passwords(url: str, said: str) -> None:
    """A password is taken out as it is written and as it is meant, and also half of one that was written badly."""
    mask = Mask()
    mask.learn_passwords(url)
    masked = mask(said)
    for piece in ("s3cret", "p@ss", "p%40", "thirteen", "elve", "hush", "code"):
        assert piece not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "url", ["sqlite:///keys.db", "sqlite://", "postgresql://db/keys", "postgresql://shop@db/keys", ""]
)
def test_no_password(url: str) -> None:
    """Where there is no password, nothing is taken out."""
    mask = Mask()
    mask.learn_passwords(url)
    assert (
        mask(f"{url} does not answer, acme_key_5g2v9k0m3x7q1b8n") == f"{url} does not answer, acme_key_5g2v9k0m3x7q1b8n"
    )


@given(
    st.sampled_from(list(Kind)), st.sampled_from([None, "live"]), st.integers(0, 40), st.sampled_from([" ", "", "'"])
)
def test_tokens(kind: Kind, env: str | None, cut: int, around: str) -> None:
    """A token, whole or cut short, is left with its id alone."""
    credential_id = new_id()
    text = TOKENS.make(kind, credential_id, env=env)
    secret = text.rpartition("_")[2]
    masked = Mask()(f"no{around}{text[: len(text) - cut]}{around}")
    assert credential_id in masked
    assert secret[:6] not in masked


@given(st.text())
def test_visible(text: str) -> None:
    """What is shown can be printed, whatever it was; printable text stays as it is."""
    assert visible(text).isprintable()
    assert visible(text) == text or not text.isprintable()


def test_a_token_that_was_learnt() -> None:
    """A JWT that the program was handed is said nowhere, and none of its parts, whatever stands around them."""
    text = mint(get_key("ES256"))
    mask = Mask()
    mask.learn_token(text)
    for part in (text, *text.split(".")):
        assert mask.without_known(f"a{part}b") == "a***b"
    assert mask.without_known("a b c") == "a b c"


def test_a_jwt_is_masked_as_a_whole() -> None:
    """What is long in a JWT is not masked by itself, which would leave the rest of it standing."""
    for number in range(20):
        text = mint(get_key("ES256"), access_token(jti=f"token-{number}"))
        assert Mask()(f"no URL: '{text}'") == "no URL: '***'"


def test_what_is_masked_in_json() -> None:
    """Names and values of any depth are looked at, and what is no text stays as it is."""
    text = mint(get_key("ES256"))
    assert masked({"a": [text, 1, None, {text: (True, "b")}]}) == {"a": ["***", 1, None, {"***": [True, "b"]}]}


def test_what_is_shown() -> None:
    """What somebody else wrote moves no cursor, and shows no credential."""
    assert shown(f"\x1b[2J {mint(get_key('ES256'))}\n") == "\\x1b[2J ***\\n"
