"""What a text is that is taken for a token, by its shape alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux import Peppers, TokenFormat
from authmux.token_format import Kind
from authmux.verifying.diagnosis import TokenKind, kind_of
from tests.jose.token_maker import get_key, mint

TOKENS = TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))
ID = "5g2v9k0m3x7q1b8n"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param(mint(get_key("ES256")), TokenKind.JWT, id="JWT"),
        pytest.param("a.b.c", TokenKind.JWT, id="three parts"),
        pytest.param("a.b.c.d.e", TokenKind.ENCRYPTED, id="JWE"),
        pytest.param("a..c.d.e", TokenKind.ENCRYPTED, id="JWE with a direct key"),
        pytest.param("2YotnFZFEjr1zCsicMWpAA", TokenKind.OPAQUE, id="opaque"),
        pytest.param("a.b", TokenKind.OPAQUE, id="two parts"),
        pytest.param("a.b.c.d", TokenKind.OPAQUE, id="four parts"),
        pytest.param(TOKENS.make(Kind.KEY, ID), TokenKind.OURS, id="API key"),
        pytest.param(TOKENS.make(Kind.PAT, ID, env="test"), TokenKind.OURS, id="PAT"),
        pytest.param("acme_sec_x", TokenKind.OURS, id="client secret"),
        pytest.param("acme_key_a.b.c", TokenKind.OURS, id="key with dots"),
        pytest.param("", TokenKind.EMPTY, id="nothing"),
        pytest.param("a.b.c d.e.f", TokenKind.WORDS, id="two"),
        pytest.param("a.b\n.c", TokenKind.WORDS, id="broken in two"),
        pytest.param("Basic YTpi", TokenKind.WORDS, id="Basic"),
    ],
)
def test_kinds(text: str, kind: TokenKind) -> None:
    """The shape tells, as it tells an `Authenticator` (B-03)."""
    assert kind_of(text) is kind


@pytest.mark.parametrize("kind", [each for each in TokenKind if each is not TokenKind.JWT])
def test_all_say_what_to_do(kind: TokenKind) -> None:
    """Each kind says what it is, and what to do."""
    assert kind.says
    assert kind.advice


@given(st.text())
def test_any_text(text: str) -> None:
    """Whatever the text is, it is of a kind."""
    assert kind_of(text) in TokenKind
