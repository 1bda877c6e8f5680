"""Mutated tokens, key sets and metadata by the hundred thousand: nothing escapes, and nobody reads them differently."""

import secrets
from collections import Counter

import pytest

from tests.oracles.__main__ import report
from tests.oracles.campaign import Campaign
from tests.oracles.jobs import run_campaigns
from tests.oracles.score import Score

TOKENS = 100_000
CASES = 107_500  # of which one in seventeen is no token


@pytest.fixture(scope="module")
def score() -> Score:
    """Judge them all, in one process for each core."""
    seed = secrets.randbits(32)
    print(f"oracles: seed {seed}")  # noqa: T201  # pytest shows it with a failure
    return run_campaigns(CASES, seed=seed, timeout=240)


def test_nobody_reads_a_token_differently(score: Score) -> None:
    """B-75, B-77: what authmux accepts the others accept too, with the same claims and key; and nothing escapes."""
    assert not score.findings, report(score)


def test_it_was_that_many(score: Score) -> None:
    """A-212: a hundred thousand mutated tokens, and thousands of key sets and documents."""
    assert score.tokens >= TOKENS
    assert min(score.judged[kind] for kind in ("key set", "metadata", "issuer", "answer")) >= 800


def test_mutations_reach_every_rule(score: Score) -> None:
    """A generator whose tokens all die at the first check would find nothing: they end for at least forty reasons."""
    assert len(score.reasons) >= 40
    assert score.reasons["signature"] > TOKENS / 20


def test_enough_is_accepted_to_ask_the_others(score: Score) -> None:
    """Some mutations do no harm; only of those can the other libraries be asked."""
    assert score.accepted["signed"] >= 2_000
    assert score.accepted["key set"] >= 500
    assert min(score.accepted[kind] for kind in ("metadata", "issuer", "text", "answer")) >= 10


def test_campaigns_can_be_repeated() -> None:
    """The seed decides what is drawn, so that a finding can be looked for again."""
    kinds = [Campaign(7).run(200).judged for _ in range(2)]
    assert kinds[0] == kinds[1] != Counter()
