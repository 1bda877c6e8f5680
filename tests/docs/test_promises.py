"""What the pages on threats and on key sets say is tested: by tests that are there, and that name the rules."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from authmux import IssuerHealth
from authmux.jose.key_set import MAX_KEYS, SET_DEPTH
from authmux.verifying import refresh_plan
from authmux.verifying.discovery import BELIEVED_FOR
from authmux.verifying.health import STALE_AFTER
from authmux.verifying.remote_keys import WAIT
from authmux.verifying.scheduler import WORKERS
from tests.conformance.rules import find_holders
from tests.docs.operator_words import log_lines
from tests.docs.pages import CHECKOUT, SITE, blocks_of

THREATS, KEY_SETS = (SITE / "explanation" / name for name in ("threats.md", "key-sets.md"))
HOLDERS: Final = find_holders()
RULES: Final = (*range(1, 17), *range(20, 29), *range(30, 44), *range(50, 58), *range(60, 68))

_TEST: Final = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_RULE: Final = re.compile(r"\b(?:A-\d{3}|[BK]-\d{2})\b")
_SPAN: Final = re.compile(r"\b([ABK])-(\d{2,3})…\1-(\d{2,3})\b")
_ROW: Final = re.compile(r"^\|.*\|$", re.MULTILINE)


@cache
def rules_in(path: Path) -> frozenset[str]:
    """Return the rules that a file names, those within `A-001…A-052` too."""
    text = path.read_text(encoding="utf-8")
    spans = (
        f"{kind}-{number:0{len(first)}}"
        for kind, first, last in _SPAN.findall(text)
        for number in range(int(first), int(last) + 1)
    )
    return frozenset({*_RULE.findall(text), *spans})


@cache
def functions_of(path: Path) -> Mapping[str, str]:
    """Return the source of every function of a module."""
    text = path.read_text(encoding="utf-8")
    return {
        node.name: ast.get_source_segment(text, node) or ""
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def lacks(line: str) -> Iterator[str]:
    """Return what a line says of tests and is not so: a file, a function, or a rule that none of them holds."""
    tests = _TEST.findall(line)
    there = [(path, name) for path, name in tests if (CHECKOUT / path).is_file() and is_in(CHECKOUT / path, name)]
    yield from (f"{path}::{name}" for path, name in tests if (path, name) not in there)
    rules: list[str] = _RULE.findall(line)
    for rule in rules:
        if tests and not any(is_held(rule, path, name) for path, name in there):
            yield rule


def is_in(path: Path, name: str) -> bool:
    """Return whether a module has a function; one without a name it has."""
    return not name or name in functions_of(path)


def is_held(rule: str, path: str, name: str) -> bool:
    """Return whether a test, or one of a file's where none is named, says that it holds a rule.

    Of rules for keys (K) it is enough that the file names them.
    """
    if rule.startswith("K"):
        return rule in rules_in(CHECKOUT / path)
    return any(f"tests/{each.path}" == path and name in {"", each.name} for each in HOLDERS.get(rule, ()))


def rows_of(page: Path) -> list[str]:
    """Return the rows of a page's tables."""
    return _ROW.findall(page.read_text(encoding="utf-8"))


def row_of(needle: str) -> str:
    """Return the one row on key sets that holds a text."""
    (row,) = (row for row in rows_of(KEY_SETS) if needle in row)
    return row


@pytest.mark.parametrize("page", [THREATS, KEY_SETS], ids=["threats", "key sets"])
def test_every_row(page: Path) -> None:
    """Each test that a row names is there, and between them they say that they hold every rule of the row."""
    assert [lack for row in rows_of(page) for lack in lacks(row)] == []


@pytest.mark.parametrize("page", [THREATS, KEY_SETS], ids=["threats", "key sets"])
def test_every_test_in_the_prose(page: Path) -> None:
    """A test or a folder of tests that is named outside of a table is there too."""
    for path in re.findall(r"`(tests/[\w/.]+?)(?:::\w+)?`", page.read_text(encoding="utf-8")):
        assert (CHECKOUT / path).exists(), path


def test_every_promise_has_a_test() -> None:
    """No row on key sets makes a promise under a rule without naming a test that holds it."""
    promises = [row for row in rows_of(KEY_SETS) if re.match(r"\| B-\d\d ", row)]
    assert len(promises) >= 22
    assert [row for row in promises if not _TEST.search(row)] == []


def test_every_rule_is_somewhere() -> None:
    """Each rule that the pages quote is named in the code or in its tests, and the pages quote every rule for JWTs."""
    quoted = rules_in(THREATS) | rules_in(KEY_SETS)
    files = [path for place in ("src", "tests") for path in (CHECKOUT / place).rglob("*.py")]
    named = frozenset[str]().union(*(rules_in(path) for path in files if path.parent != Path(__file__).parent))
    assert {rule for rule in quoted if rule not in named} == set()
    assert {f"B-{number:02}" for number in RULES} - quoted == set()


@pytest.mark.parametrize(
    ("promise", "says", "number"),
    [
        ("A set is fresh", "600 s, from 300 s to 3600 s", (refresh_plan.DEFAULT_TTL, 300, 3600)),
        ("ahead of that", "at 80 %", refresh_plan.REFRESH_AHEAD * 100),
        ("first waits for a fetch under way", "one in 30 s", refresh_plan.FORCED_EVERY),
        ("first waits for a fetch under way", "waits 3 s", WAIT),
        ("delays no scheduled fetch", "120 forced", refresh_plan.FORCED_PER_HOUR),
        ("while the issuer cannot be asked", "24 hours", refresh_plan.HARD_TTL / 3600),
        ("while the issuer cannot be asked", "ERROR after 1 hour", STALE_AFTER / 3600),
        ("After a failure", "1, 2, 4 … 60 s; `Retry-After` up to 300 s", (1, 2, 4, refresh_plan.MAX_BACKOFF, 300)),
        ("A forked child", "64 worker threads", WORKERS),
        ("A body is read up to", "128 keys, 8 levels", (MAX_KEYS, SET_DEPTH)),
        ("is looked up in the issuer's metadata", "24 hours", BELIEVED_FOR / 3600),
    ],
)
def test_numbers(promise: str, says: str, number: float | tuple[float, ...]) -> None:
    """The numbers of a promise are those of the code."""
    assert says in row_of(promise)
    assert tuple(map(float, re.findall(r"\d+", says))) == (number if isinstance(number, tuple) else (number,))


@pytest.mark.parametrize(
    ("seen", "function", "asserted"),
    [
        ("≤ 2 fetches", "test_a_hundred_tokens_in_the_first_second_of_an_outage", "scene.fetched <= 2"),
        ("1 000 made-up kids → 1 fetch;", "test_a_thousand_made_up_kids", "scene.fetched == 1"),
        ("live within 30 s at two fetches a minute", "test_rotation_under_a_flood", "live_after <= 30"),
        ("1 000 of them → 0 fetches", "test_bad_signatures_a_thousand_times", "scene.fetched == 0"),
        ("for a minute → 1 fetch", "test_one_made_up_kid", "scene.fetched == 1"),
        ("for 1 fetch", "test_five_hundred_tasks_cold", "scene.fetched == 1"),
        ("each cut at its deadline", "test_the_deadline_holds_against_a_dragging_server", "assert_cut("),
        ("under 1 MiB of memory", "test_a_large_body_costs_little", "peak < MIB"),
        ("in under two seconds together", "test_a_known_key_does_not_wait_for_a_refresh", "- begun < 2"),
    ],
)
def test_figures(seen: str, function: str, asserted: str) -> None:
    """A figure that was seen is one that the test beside it asserts."""
    (path,) = (CHECKOUT / path for path, name in _TEST.findall(row_of(seen)) if name == function)
    assert asserted in functions_of(path)[function]


def test_what_is_seen_at_night() -> None:
    """The lines are ones that are logged, and the members of the JSON those that `health()` tells."""
    text = KEY_SETS.read_text(encoding="utf-8").partition("\n## What you see at night\n")[2]
    logged = {re.sub(r"%[srd]", "…", line.message) for line in log_lines() if line.logger == "authmux.fetch"}
    shown = set(re.findall(r"^\| `(issuer [^`]+)` \|", text, re.MULTILINE))
    assert len(shown) == 5
    assert shown <= logged
    (block,) = (block for block in blocks_of(KEY_SETS) if block.language == "json")
    (told,) = json.loads(block.code)["issuers"]
    is_told = {name: told.pop(name) for name in ("ready", "stale")}
    health = IssuerHealth(**told)
    assert is_told == {"ready": health.is_ready, "stale": health.is_stale}


def test_what_is_not_so_is_found() -> None:
    """A file or a function that there is not, and a rule that the tests beside it do not hold, are found."""
    here = "tests/conformance/test_floods.py"
    assert list(lacks(f"| B-36 | `{here}::test_bad_signatures_a_thousand_times` |")) == []
    assert list(lacks(f"| B-36, B-43 | `{here}` |")) == ["B-43"]
    assert list(lacks(f"| B-36, K-22 | `{here}::test_one_made_up_kid` |")) == ["B-36", "K-22"]
    assert list(lacks(f"| `{here}::test_nothing` |")) == [f"{here}::test_nothing"]
    assert list(lacks("| `tests/conformance/test_nothing.py` |")) == ["tests/conformance/test_nothing.py::"]
    assert list(lacks("| B-43 | no test |")) == []
