"""Tokens that must be refused, each signed by a genuine key of its issuer unless it says otherwise (attacks A-001…)."""

from collections.abc import Mapping

from tests.oracles.forbidden.algorithms import forged_signatures
from tests.oracles.forbidden.claims import wrong_claims
from tests.oracles.forbidden.headers import wrong_headers
from tests.oracles.forbidden.texts import wrong_texts


def forbidden_groups(now: int) -> Mapping[str, Mapping[str, str]]:
    """Return them by what is wrong with them, each under a name that begins with its number among the attacks."""
    return {
        "algorithm, key, signature": forged_signatures(now),
        "header": wrong_headers(now),
        "spelling, JSON": wrong_texts(now),
        "claims, class of token": wrong_claims(now),
    }
