"""Answers of an introspection endpoint (RFC 7662) with something wrong in them, and what authmux makes of them."""

import json
from collections.abc import Mapping
from random import Random
from typing import Any, Final

from authmux import AuthError, PresentedCredential, run
from authmux.errors import Unavailable
from authmux.jose.strict_json import NotStrict, parse_object
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.introspection import IntrospectionVerifier
from tests.oracles.claim_mutations import CLAIM_MUTATIONS
from tests.oracles.doors import AUDIENCE
from tests.oracles.drafts import Draft
from tests.oracles.odd_values import odd_value, spoil
from tests.oracles.token_judge import Disagreement, canonical

ISSUER: Final = "https://auto.example"
_WRITTEN: Final = (b"9" * 400, b"-" + b"9" * 400, b"1e308", b"-1e308", b"1e-320")


def mutate_answer(random: Random, draft: Draft) -> bytes:
    """Return an answer about a token, in which one or several things are not as they should be."""
    draft.claims |= {"active": True, "iss": ISSUER, "token_type": "Bearer"}
    for _ in range(random.choice((0, 1, 1, 2))):
        random.choice(CLAIM_MUTATIONS)(random, draft)
    if random.random() < 0.2:
        draft.claims["active"] = odd_value(random, True)
    name = random.choice(("exp", "nbf", "iat"))
    is_rewritten = random.random() < 0.1 and draft.claims.pop(name, None) is not None
    text = draft.claims_bytes()
    if is_rewritten:
        text = text.replace(b"{", b'{"%s":%s,' % (name.encode(), random.choice(_WRITTEN)), 1)
    return spoil(random, text) if random.random() < 0.1 else text


def judge_answer(answer: bytes, *, now: float) -> bool:
    """Return whether authmux believes that a token is good, of which the server says this.

    Raises:
        Disagreement: the answer does not say so.
        Exception: whatever escaped from authmux and is no `AuthError`.
    """

    def introspect(_: str) -> Mapping[str, Any]:
        try:
            return parse_object(answer, max_depth=16)
        except NotStrict:
            raise Unavailable("introspection_unreadable") from None

    verifier = IntrospectionVerifier(introspect, issuer=ISSUER, audience=AUDIENCE, clock=ManualClock(now))
    try:
        principal = run(verifier.verify(PresentedCredential("opaque")))
    except AuthError:
        return False
    said = json.loads(answer)
    named = said["aud"] if isinstance(said["aud"], list) else [said["aud"]]
    if said["active"] is not True or AUDIENCE not in named or said.get("exp", now) <= now - 300:
        raise Disagreement(f"authmux believes {principal!r}, of whom the server says {said!r}")
    if canonical(principal.claims) != canonical(said):
        raise Disagreement(f"authmux reads {principal.claims!r} in {said!r}")
    return True
