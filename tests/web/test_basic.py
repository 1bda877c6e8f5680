"""A key or a personal access token as the user or the password of `Authorization: Basic` (K-80)."""

import base64
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.credential import Location
from authmux.errors import MalformedCredential
from authmux.peppers import Peppers
from authmux.token_format import Kind, TokenFormat
from authmux.web.basic import read_basic

ACME = TokenFormat(prefix="acme", peppers=Peppers({"p1": bytes(32)}))
KEY = ACME.make(Kind.KEY, "5g2v9k0m3x7q1b8n")
PAT = ACME.make(Kind.PAT, "5g2v9k0m3x7q1b8n")
MARKS = (*ACME.marks(Kind.KEY), *ACME.marks(Kind.PAT))


def is_ours(text: str) -> bool:
    """Return whether a text begins as one of ours."""
    return text.startswith(MARKS)


def basic(text: str | bytes, scheme: bytes = b"Basic ") -> bytes:
    """Return a header with a user and a password."""
    return scheme + base64.b64encode(text.encode() if isinstance(text, str) else text)


def text_of(value: bytes) -> str | None:
    """Return the credential that is found in a value."""
    found = read_basic(value, is_ours)
    assert found is None or found.location is Location.BASIC
    return found.text if found else None


FOUND: dict[str, tuple[bytes, str]] = {
    "user": (basic(f"{KEY}:"), KEY),
    "user-without-colon": (basic(KEY), KEY),
    "user-beside-a-password": (basic(f"{KEY}:x"), KEY),
    "password": (basic(f"ann:{PAT}"), PAT),
    "password-without-user": (basic(f":{PAT}"), PAT),
    "scheme-in-lower-case": (basic(f"{KEY}:", b"basic "), KEY),
    "scheme-in-upper-case": (basic(f"{KEY}:", b"BASIC   "), KEY),
    "blanks-around": (b" \t" + basic(f"{KEY}:") + b" ", KEY),
    "user-in-latin-1": (basic(b"J\xfcrgen:" + PAT.encode()), PAT),
    "user-in-utf-8": (basic(f"Jürgen:{PAT}"), PAT),
    "a-bad-one": (basic("acme_key_x:"), "acme_key_x"),
    "not-a-character-of-it": (basic("acme_key_\0\xff:".encode("latin-1")), "acme_key_\0\xff"),
    "password-with-a-colon": (basic(f"ann:{PAT}:x"), f"{PAT}:x"),
}


@pytest.mark.parametrize(("value", "text"), FOUND.values(), ids=FOUND)
def test_found(value: bytes, text: str) -> None:
    """The half that begins as one of ours is the credential; whether it is good is for a verifier to say."""
    assert text_of(value) == text


FOREIGN: dict[str, bytes] = {
    "nothing": b"",
    "alone": b"Basic",
    "empty": b"Basic ",
    "user": basic("ann:secret"),
    "colon": basic(":"),
    "no-colon": basic("ann"),
    "another-prefix": basic(KEY.replace("acme", "evil") + ":"),
    "ours-within": basic(f"x{KEY}:x{KEY}"),
    "a-jwt": basic("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln:"),
    "another-scheme": basic(f"{KEY}:", b"Digest "),
    "no-blank": basic(f"{KEY}:", b"Basic"),
    "tab": basic(f"{KEY}:", b"Basic\t"),
    "not-base64": b"Basic " + KEY.encode(),
    "url-safe": b"Basic " + base64.urlsafe_b64encode(f"{KEY}:\xff\xff\xff>>>".encode("latin-1")),
    "no-padding": basic(f"{KEY}:").rstrip(b"="),
    "too-much-padding": basic(f"{KEY}:").rstrip(b"=") + b"===",
    "within-blanks": b"Basic " + base64.encodebytes(f"{KEY}:".encode()).replace(b"\n", b" "),
    "line-feed": basic(f"{KEY}:") + b"\n",
    "several": basic("ann:secret") + b"," + basic("bob:secret"),
}


def test_paddings_differ() -> None:
    """The values above that lack padding, or have too much, are of a length that needs some."""
    assert basic(f"{KEY}:").endswith(b"=")


@pytest.mark.parametrize("value", FOREIGN.values(), ids=FOREIGN)
def test_foreign(value: bytes) -> None:
    """A user and a password of somebody else's, and what is no such pair, are none of ours."""
    assert text_of(value) is None


REFUSED: dict[str, bytes] = {
    "both-halves": basic(f"{KEY}:{PAT}"),
    "twice-the-same": basic(f"{KEY}:{KEY}"),
    "two-headers": basic(f"{KEY}:") + b"," + basic(f"ann:{PAT}"),
    "two-headers-and-a-blank": basic(f"{KEY}:") + b", " + basic(f"{KEY}:"),
    "foreign-beside": basic(f"{KEY}:") + b"," + basic("ann:secret"),
    "foreign-before": basic("ann:secret") + b"," + basic(f"{KEY}:"),
    "another-scheme-beside": b'Digest username="ann", ' + basic(f"{KEY}:"),
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
def test_two(value: bytes) -> None:
    """Two credentials, or one beside anything else, are refused (A-130)."""
    with pytest.raises(MalformedCredential) as refused:
        text_of(value)
    assert refused.value.reason == "two_credentials"


@pytest.mark.parametrize(("length", "is_found"), [(1024, True), (1028, False)])
def test_length(length: int, *, is_found: bool) -> None:
    """What is longer than 1 KiB of base64 is not looked at."""
    value = basic(f"{KEY}:".ljust(length // 4 * 3, "x"))
    assert len(value) == len(b"Basic ") + length
    assert (text_of(value) is not None) is is_found


@given(st.binary(max_size=60))
def test_any_bytes(content: bytes) -> None:
    """Whatever a user and a password are, what is found is a half that begins as one of ours."""
    found = text_of(basic(content))
    assert found is None or is_ours(found)


@given(st.text(max_size=40).filter(lambda name: ":" not in name and not is_ours(name)))
def test_any_user(name: str) -> None:
    """A token is found as the password of any user."""
    assert text_of(basic(f"{name}:{PAT}")) == PAT


@given(st.binary(max_size=80))
def test_any_value(value: bytes) -> None:
    """No value raises anything but a refusal."""
    try:
        found = text_of(b"Basic " + value)
    except MalformedCredential:
        return
    assert found is None or is_ours(found)


@pytest.mark.parametrize("piece", [b",", b" ", b"Basic AA==,", b"A", b"="], ids=repr)
def test_time_is_linear(piece: bytes) -> None:
    """A value of 200 KB takes milliseconds."""
    value = b"Basic " + piece * (200_000 // len(piece))
    began = time.thread_time()
    assert text_of(value) is None
    assert time.thread_time() - began < 0.2


def test_refusal_says_no_secret() -> None:
    """The refusal names no half."""
    with pytest.raises(MalformedCredential) as refused:
        text_of(basic(f"{KEY}:{PAT}"))
    assert not re.search("acme", f"{refused.value!r} {refused.value}")
