"""What is written down holds no credential, and is otherwise what it was."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.peppers import Peppers
from authmux.redaction import redact, redact_tokens
from authmux.token_format import Kind, TokenFormat, new_id

ACME = TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))
KEY = ACME.make(Kind.KEY, "5g2v9k0m3x7q1b8n")
PAT = ACME.make(Kind.PAT, "5g2v9k0m3x7q1b8n", env="live")
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EuZXhhbXBsZSJ9.c2lnbmF0dXJl-_"
MASKED_KEY = "acme_key_5g2v9k0m3x7q1b8n_***"
MASKED_PAT = "acme_pat_live_5g2v9k0m3x7q1b8n_***"
SECRETS = {"key": (KEY, MASKED_KEY), "pat": (PAT, MASKED_PAT), "jwt": (JWT, "***")}
each_secret = pytest.mark.parametrize(("secret", "masked"), SECRETS.values(), ids=SECRETS)

made = st.builds(
    lambda prefix, kind, env: TokenFormat(prefix=prefix, peppers=Peppers({"p1": bytes(32)})).make(
        kind, new_id(), env=env
    ),
    st.from_regex(r"[a-z][a-z0-9]{1,11}", fullmatch=True),
    st.sampled_from(Kind),
    st.none() | st.from_regex(r"[a-z]{2,8}", fullmatch=True),
)


@each_secret
@pytest.mark.parametrize(
    "around",
    ["{}", "Bearer {}", "/reports?key={}&x=1", "'{}'", "{}.", "\\n{}\\n", "a{}", "%3D{}%26", "ü{}ü", "{} {}"],
    ids=["alone", "header", "query", "quoted", "sentence", "escaped", "word", "encoded", "umlauts", "twice"],
)
def test_masks(around: str, secret: str, masked: str) -> None:
    """A credential is masked wherever it stands in a text, and the text around it stays."""
    if masked == "***" and around == "{}.":
        assert redact(f"{secret}.") == "***."
    else:
        assert redact(around.replace("{}", secret)) == around.replace("{}", masked)


@given(made, st.text(max_size=20), st.text(max_size=20))
def test_masks_any_token(token: str, before: str, after: str) -> None:
    """No text around a token of any application's hides it: of its secret nothing is left."""
    assert token[-49:-8] not in redact(before + token + after)


@pytest.mark.parametrize("joint", ["%5F", "%5f"])
def test_masks_what_is_percent_encoded(joint: str) -> None:
    """A log may show a query string as it came."""
    assert redact(KEY.replace("_", joint)) == MASKED_KEY.replace("_", joint)


def test_masks_client_secrets() -> None:
    """The secret of an OAuth client has the same shape."""
    assert redact(KEY.replace("_key_", "_sec_")) == MASKED_KEY.replace("_key_", "_sec_")


@given(st.text())
def test_other_texts_stay(text: str) -> None:
    """A text without a credential comes back as it is."""
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "acme_key_5g2v9k0m3x7q1b8n",
        "acme_key_5g2v9k0m3x7q1b8n_abcdefg",
        "the_key_is_missing_in_the_dictionary",
        "acme_tok_5g2v9k0m3x7q1b8n_abcdefghijk",
        "eyJhbGciOiJSUzI1NiJ9",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0",
        "eyJ.eyJ.eyJ",
        "1.2.3",
    ],
    ids=["an id", "a stump", "a name", "another kind", "a segment", "two segments", "too short", "a version"],
)
def test_what_is_no_credential_stays(text: str) -> None:
    """Public ids, and texts that only resemble a credential, can be read in a log."""
    assert redact(text) == text


def test_jwt_behind_one_that_is_none() -> None:
    """What begins like a JWT and is none does not hide the JWT behind it."""
    assert redact(f"eyJ.{JWT} eyJeyJ.{JWT}") == "eyJ.*** eyJeyJ.***"


def test_jwts_of_the_application_stay() -> None:
    """`redact_tokens` leaves JWTs alone: they may be the application's own."""
    assert redact_tokens(f"{JWT} {KEY}") == f"{JWT} {MASKED_KEY}"


@pytest.mark.parametrize(
    "text",
    ["eyJ", "eyJhbGciOi.", "eyJhbGciOi.ab.", "a", "a1", "acme_key_", "_key_", "acme_key_5g2v9k0m3x7q1b8n_", "%5F", "é"],
)
def test_time_is_linear(text: str) -> None:
    """A text of 200 KB takes milliseconds, where a search that begins anew everywhere takes half a minute."""
    long = text * (200_000 // len(text))
    began = time.thread_time()
    redact(long)
    assert time.thread_time() - began < 0.5
