"""No token's signature is ever said, nor a piece of its raw text: for good tokens, mutated ones, and garbage."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cli.inquiry import KEY, explain, leaked, write_keys
from tests.jose.token_maker import access_token, encode, get_key, mint

GOOD = mint(KEY)
SIGNATURE = GOOD.rpartition(".")[2]
JWT_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

each_form = st.sampled_from(["text", "json"])


@pytest.fixture(scope="module", autouse=True)
def tracebacks() -> Iterator[None]:
    """Have tracebacks shown, in which a secret could stand."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTHMUX_TRACEBACK", "1")
        yield


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_keys(tmp_path_factory.mktemp("keys"))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Draw a good token with a few characters taken out, put in, or swapped; often its parts change places."""
    text = GOOD
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(text)))
        new = draw(st.text(st.sampled_from(JWT_CHARACTERS + "é \n\x00\x1b"), max_size=3))
        text = text[:place] + new + text[place + draw(st.integers(0, 3)) :]
    return ".".join(draw(st.permutations(text.split(".")))) if draw(st.booleans()) else text


@settings(max_examples=150, deadline=None)
@given(text=mutated(), form=each_form)
@example(text=GOOD, form="text")
@example(text=GOOD[:-1], form="json")
@example(text=f"{SIGNATURE}.{GOOD.rpartition('.')[0]}", form="text")
@example(text=f"{GOOD}.{SIGNATURE}", form="text")
@example(text=f"{GOOD}.{SIGNATURE}.{SIGNATURE}", form="json")
def test_mutated_tokens(text: str, form: str, keys: Path) -> None:
    """Whatever happened to a token, the program ends as documented and says nothing of its raw text."""
    ran = explain(text, keys, "--format", form)
    assert ran.code in (0, 6)
    assert leaked(text, ran) == leaked(GOOD, ran) == []


@settings(max_examples=150, deadline=None)
@given(text=st.text() | st.text(st.sampled_from(JWT_CHARACTERS)) | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]{20,}"))
def test_garbage(text: str, keys: Path) -> None:
    """Of what is no token at all nothing is said, and nothing unexpected happens."""
    ran = explain(text, keys)
    assert ran.code == 6
    assert leaked(text, ran) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(
    claims=st.dictionaries(st.sampled_from([*access_token(), "act", "cnf", "typ", "azp"]) | st.text(), json_values),
    header=st.dictionaries(st.sampled_from(["kid", "typ", "alg", "jwk", "crit", "x5t"]), json_values),
    form=each_form,
)
def test_any_claims(claims: dict[str, object], header: dict[str, object], form: str, keys: Path) -> None:
    """Whatever a token says, it is explained, in characters that a terminal does not obey, and not its signature."""
    text = mint(KEY, access_token(**claims), **header)
    ran = explain(text, keys, "--format", form)
    assert ran.code in (0, 6)
    assert not [each for each in ran.out if not each.isprintable() and each != "\n"]
    assert leaked(text, ran) == []


@pytest.mark.parametrize("where", ["kid", "sub", "aud", "iss", "note", "name", "cut", "typ"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_signature_that_stands_in_the_token_too(where: str, form: str, keys: Path) -> None:
    """Who writes the raw text of a token into its claims does not get it shown."""
    claims: dict[str, object] = {"sub": SIGNATURE, "aud": [SIGNATURE], "note": {"x": GOOD}, "name": {SIGNATURE: 1}}
    claims |= {"cut": "x" * 370 + SIGNATURE, "iss": "x" * 180 + SIGNATURE}  # it would be shown in part
    header = {where: "x" * 170 + SIGNATURE} if where in ("kid", "typ") else {}
    body = mint(KEY, access_token(**{where: claims[where]} if where in claims else {}), **header)
    text = f"{body.rpartition('.')[0]}.{SIGNATURE}"
    ran = explain(text, keys, "--format", form)
    assert ran.code == 6
    assert leaked(text, ran) == []


def test_a_token_within_a_token(keys: Path) -> None:
    """A JWT or a key in a claim is a credential of somebody's, and is masked."""
    inner = mint(get_key("ES256 second"))
    key = f"acme_key_5g2v9k0m3x7q1b8n_{encode(b'secret' * 8)[:49]}"
    for form in ("text", "json"):
        ran = explain(mint(KEY, access_token(assertion=inner, key=[key])), keys, "--format", form)
        assert ran.code == 0
        assert leaked(inner, ran) == []
        assert key[-20:] not in ran.out
