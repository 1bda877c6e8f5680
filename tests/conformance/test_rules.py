"""Every rule is held by a test that names it."""

import pytest

from tests.conformance.rules import NOT_YET, PARTLY, RULES, find_holders, listing, read_module

HOLDERS = find_holders()

SOURCE = '''
ROWS = {"A-001 none": 1, **more()}
def more():
    return {f"A-002 {name}": 2 for name in "ab"}
OTHER = {"A-003 unused": 3}
@pytest.mark.parametrize("name", ROWS)
def test_rows(name):
    """B-10: what is said
    in two lines. (A-004)

    A-005 is not in its first sentence.
    """
def other():
    """A-006: no test."""
'''


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_held(rule: str) -> None:
    """A rule of the list is named by a test; one that is not built yet is named by none, and leaves it with it."""
    assert (rule in HOLDERS) != (rule in NOT_YET)


def test_rules_are_found_where_they_are_named() -> None:
    """A rule is named by a test's first paragraph, or by a row of a table that the test is made for."""
    found = dict(read_module(SOURCE, "test_x.py"))
    assert found.keys() == {"A-001", "A-002", "A-004", "B-10"}
    assert (found["A-002"].name, found["A-002"].says) == ("test_rows", "B-10: what is said in two lines. (A-004)")


def test_no_rule_is_made_up() -> None:
    """What is not built yet, or in part, is a rule of the list, so that no reason outlives its rule."""
    assert NOT_YET.keys() | PARTLY.keys() <= set(RULES)
    assert NOT_YET.keys().isdisjoint(PARTLY)


def test_the_listing() -> None:
    """Whoever asks which test holds a rule is told its name, and what it says."""
    told = listing()
    assert all(f"\n{rule}" in f"\n{told}" for rule in RULES)
    assert "B-62\n  conformance/test_memory.py::test_refusals_are_not_remembered\n    B-62: a token" in told
