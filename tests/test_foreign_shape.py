"""Shapes of foreign keys: what is of one, and that no text is of two (K-08, K-14)."""

import hashlib
import string
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.errors import ConfigurationError
from authmux.foreign_shape import (
    ForeignShape,
    Run,
    digested_keys,
    drf_api_keys,
    knox_tokens,
    require_disjoint,
    started_keys,
)
from authmux.peppers import Peppers
from authmux.token_format import TokenFormat

OURS = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}), former_prefixes=["old"])
DRF = "Ab3dEf9h." + "x" * 32
KNOX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("shape", "text", "is_one"),
    [
        pytest.param(drf_api_keys(), DRF, True, id="drf"),
        pytest.param(drf_api_keys(), DRF + "x", False, id="drf-longer"),
        pytest.param(drf_api_keys(), DRF[:-1], False, id="drf-shorter"),
        pytest.param(drf_api_keys(), DRF.replace(".", "-"), False, id="drf-another-sign"),
        pytest.param(drf_api_keys(), DRF + "\n", False, id="drf-new-line"),
        pytest.param(drf_api_keys(), DRF.replace("x", "٣"), False, id="drf-another-alphabets-digit"),
        pytest.param(drf_api_keys(prefix_length=4, secret_length=8), "abcd.12345678", True, id="drf-other-lengths"),
        pytest.param(knox_tokens(), KNOX, True, id="knox"),
        pytest.param(knox_tokens(), KNOX.upper(), False, id="knox-upper-case"),
        pytest.param(knox_tokens(prefix="kx_"), f"kx_{KNOX}", True, id="knox-with-prefix"),
        pytest.param(knox_tokens(prefix="kx_"), KNOX, False, id="knox-without-its-prefix"),
        pytest.param(digested_keys("unkey", prefix="sk_", lengths=(20, 30)), "sk_" + "a" * 25, True, id="digested"),
        pytest.param(digested_keys("unkey", prefix="sk_", lengths=(20, 30)), "sk_" + "a" * 31, False, id="too-long"),
    ],
)
def test_recognises(shape: ForeignShape, text: str, is_one: bool) -> None:
    """A text is of a shape or it is not, to the character, before anything is looked up."""
    assert shape.recognises(text) is is_one


def test_what_it_is_found_by() -> None:
    """A key is found by its public beginning, or by its digest; never by a piece of its secret."""
    assert drf_api_keys().locate(DRF) == "Ab3dEf9h"
    assert knox_tokens().locate(KNOX) == hashlib.sha512(KNOX.encode()).hexdigest()[:32]
    assert knox_tokens(hash_name="sha3-512").locate(KNOX) == hashlib.sha3_512(KNOX.encode()).hexdigest()[:32]
    assert started_keys("own", prefix="k-", lengths=(20, 20), start=10, algorithms=["argon2"]).locate(
        "k-0123456789"
    ) == ("k-01234567")


OVERLAPPING: list[Any] = [
    pytest.param([drf_api_keys(), drf_api_keys()], id="the-same"),
    pytest.param([knox_tokens(), digested_keys("hex", characters="0123456789abcdef", lengths=(10, 100))], id="a-part"),
    pytest.param([digested_keys("a", lengths=(10, 20)), digested_keys("b", lengths=(20, 30))], id="one-length"),
    pytest.param([digested_keys("a", prefix="acme_key_", lengths=(60, 80))], id="ours"),
    pytest.param([digested_keys("a", prefix="old_pat_", lengths=(1, 1))], id="a-former-prefix-of-ours"),
    pytest.param([digested_keys("a", prefix="acme_sec_", lengths=(1, 1))], id="a-kind-of-ours-to-come"),
    pytest.param([digested_keys("a", characters=string.ascii_letters + "_", lengths=(1, 60))], id="ours-among-others"),
    pytest.param([digested_keys("a", characters="ab.", lengths=(5, 9))], id="a-jwt"),
]


@pytest.mark.parametrize("shapes", OVERLAPPING)
def test_overlapping(shapes: list[ForeignShape]) -> None:
    """Shapes of which some text could be both are refused while the program is put together."""
    with pytest.raises(ConfigurationError, match="some text is both"):
        require_disjoint(shapes, ours=OURS, jwts=True)


def test_disjoint() -> None:
    """Shapes that have no text in common stand side by side, with ours and with JWTs."""
    shapes = [drf_api_keys(), knox_tokens(), digested_keys("a", prefix="acme-", lengths=(60, 80))]
    require_disjoint([*shapes, digested_keys("b", lengths=(65, 500))], ours=OURS, jwts=True)


runs = st.lists(
    st.builds(
        lambda characters, least, more: Run(frozenset(characters), least, least + more),
        st.sets(st.sampled_from("ab."), min_size=1),
        st.integers(0, 2),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=3,
).map(tuple)


def shape_of(name: str, its_runs: tuple[Run, ...]) -> ForeignShape:
    """Return a shape of some runs."""
    return ForeignShape(scheme=name, runs=its_runs, locate=str, algorithms=frozenset())


@given(first=runs, second=runs)
def test_overlap_is_exact(first: tuple[Run, ...], second: tuple[Run, ...]) -> None:
    """Two shapes are refused if, and only if, there is a text that both recognise."""
    one, other = shape_of("one", first), shape_of("other", second)
    texts = ("".join(text) for length in range(10) for text in product("ab.", repeat=length) if length < 7)
    share = any(one.recognises(text) and other.recognises(text) for text in texts)
    if share:
        with pytest.raises(ConfigurationError):
            require_disjoint([one, other])
    elif max(sum(run.most for run in each) for each in (first, second)) < 7:
        require_disjoint([one, other])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda: digested_keys("A b", lengths=(1, 2)), "scheme", id="scheme"),
        pytest.param(lambda: digested_keys("a", characters="a b", lengths=(1, 2)), "a header holds only", id="blank"),
        pytest.param(lambda: digested_keys("a", characters="é", lengths=(1, 2)), "a header holds only", id="not-ascii"),
        pytest.param(lambda: digested_keys("a", lengths=(2, 1)), "at most 512", id="turned-around"),
        pytest.param(lambda: digested_keys("a", lengths=(1, 513)), "at most 512", id="too-long"),
        pytest.param(lambda: digested_keys("a", lengths=(1, 2), hash_name="md5"), "'md5' is none of", id="algorithm"),
        pytest.param(lambda: drf_api_keys(algorithms=["md5"]), "'md5' is none of", id="algorithms"),
        pytest.param(
            lambda: started_keys("a", lengths=(8, 9), start=8, algorithms=["argon2"]), "less than the whole", id="start"
        ),
    ],
)
def test_refused(make: Any, words: str) -> None:
    """What could not work, or would be unsafe, is refused while the program is put together."""
    with pytest.raises(ConfigurationError, match=words):
        make()
