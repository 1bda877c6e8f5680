"""Header and claims are read each by itself, strictly, and the signature is not read at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.verifying.diagnosis import read_parts
from tests.jose.token_maker import encode, get_key, mint

KEY = get_key("ES256")
GOOD = encode(b'{"a":1}')
TWICE = encode(b'{"a":1,"a":2}')
SECRET = encode(b'{"s3cret":1}')


@pytest.mark.parametrize(
    ("text", "header", "claims"),
    [
        pytest.param(f"{GOOD}.{GOOD}.x", {"a": 1}, {"a": 1}, id="good"),
        pytest.param(f"{GOOD}.%%.x", {"a": 1}, "base64", id="claims are no base64"),
        pytest.param(f"%%.{GOOD}.x", "base64", {"a": 1}, id="header is no base64"),
        pytest.param(f"é.{GOOD}.x", "base64", {"a": 1}, id="header is no ASCII"),
        pytest.param(f"{encode(b'[]')}.{encode(b'x')}.x", "json_not_object", "json", id="no objects"),
        pytest.param(f"{encode(b'{@,@}')}.{GOOD}.x", "json", {"a": 1}, id="no JSON"),
        pytest.param(f"{GOOD}.{TWICE}.x", {"a": 1}, "json_duplicate_name", id="twice"),
        pytest.param(f"{GOOD}.{'A' * 20_000}.x", {"a": 1}, "token_too_long", id="long"),
        pytest.param("..", "base64", "base64", id="nothing"),
    ],
)
def test_parts(text: str, header: object, claims: object) -> None:
    """A part that cannot be read says why, and leaves the other readable."""
    assert [each.members or each.reason for each in read_parts(text)] == [header, claims]


def test_a_header_that_is_refused() -> None:
    """What no verifier takes can be looked at all the same."""
    header, _ = read_parts(mint(KEY, crit=["x"], b64=False))
    assert header.members is not None
    assert header.members["crit"] == ["x"]


def test_the_signature_is_no_part() -> None:
    """Where the third segment is a JSON object, it is still not read."""
    assert "s3cret" not in repr(read_parts(f"{GOOD}.{GOOD}.{SECRET}"))


def test_raw_text_within_the_claims() -> None:
    """What is written into the claims of the token's own raw text is masked, at any depth."""
    signature = "s1gnature" * 5
    claims = encode(f'{{"a": ["x{signature}y"], "{signature}": {{"b": "{signature}", "c": 1}}}}'.encode())
    _, read = read_parts(f"{GOOD}.{claims}.{signature}")
    assert read.members == {"a": ["x***y"], "***": {"b": "***", "c": 1}}


@given(st.text(alphabet=st.sampled_from("aA-_9eyJ.é\x00")))
def test_any_text(text: str) -> None:
    """Whatever the text is, each part is members or a reason."""
    for each in read_parts(text):
        assert (each.members is None) is (each.reason is not None)
