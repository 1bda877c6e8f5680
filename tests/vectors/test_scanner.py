"""The expression that secret scanners are given (spec credentials, "Scanner expression"; K-91)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.peppers import Peppers
from authmux.token_format import Kind, TokenFormat, new_id

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("scanner.json").read_text(encoding="utf-8"))
SCANNER = re.compile(VECTORS["expression"])
PEPPERS = Peppers({"p1": bytes(32)})


def by_name(vector: dict[str, str]) -> str:
    """Name a case after its vector."""
    return vector["name"]


@given(
    prefix=st.from_regex(r"[a-z][a-z0-9]{1,11}", fullmatch=True),
    kind=st.sampled_from(Kind),
    env=st.none() | st.from_regex(r"[a-z]{2,8}", fullmatch=True),
)
def test_scanner_finds_whatever_is_made(prefix: str, kind: Kind, env: str | None) -> None:
    """Every text that can be made is found whole."""
    text = TokenFormat(prefix=prefix, peppers=PEPPERS).make(kind, new_id(), env=env)
    assert SCANNER.findall(f"token: {text}\n") == [text]


@pytest.mark.parametrize("vector", VECTORS["finds"], ids=by_name)
def test_scanner_finds_a_token_where_it_leaked(vector: dict[str, str]) -> None:
    """A token is found in what surrounds it, and nothing around it."""
    assert SCANNER.findall(vector["text"]) == [vector["token"]]


@pytest.mark.parametrize("vector", VECTORS["passes_over"], ids=by_name)
def test_scanner_passes_over_what_is_no_token(vector: dict[str, str]) -> None:
    """What only resembles a token raises no alarm."""
    assert SCANNER.search(vector["text"]) is None


def test_scanner_needs_no_backtracking() -> None:
    """RE2 and Hyperscan take the expression: no look-around, back-reference, atomic group or possessive repeat."""
    expression = VECTORS["expression"]
    assert not re.search(r"\(\?(?!:)", expression)
    assert not re.search(r"\\[1-9gkKGZ]", expression)
    assert not re.search(r"[*+?}]\+", expression)
