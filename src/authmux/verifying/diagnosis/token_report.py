"""`report_on`: what one token says, why it would be accepted or refused rule by rule, and whom it would stand for."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from authmux.errors import AuthError, Unavailable
from authmux.flow import Flow
from authmux.jose.compact import parse_compact
from authmux.principal import Principal
from authmux.verifying.diagnosis.options import VerifierOptions, name_of
from authmux.verifying.diagnosis.other_profiles import better, fitting
from authmux.verifying.diagnosis.token_advice import advice_for
from authmux.verifying.diagnosis.token_parts import Segment, read_parts
from authmux.verifying.explain import Finding, explain
from authmux.verifying.jwt import JWTVerifier

_OF_THE_PROFILE = frozenset(
    {"typ", "claim_missing", "profile", "no_evidence", "id_token", "nobody_named", "aud", "aud_in_scopes", "scope_type"}
)
"""Reasons that may come of the wrong profile."""


class Outcome(StrEnum):
    """What would become of the token."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule and what came of it: `reason` and `advice` where it refuses."""

    rule: str
    reason: str | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReport:
    """What is to be said of one token; nothing in it holds the signature.

    Arguments:
        outcome: what a verifier does with it.
        reason: why it is not accepted, the first of all; None where it is.
        header, claims: what it says, whether that is to be believed or not.
        rules: each rule, in the order in which it is asked.
        principal: whom it stands for, where it is accepted.
        hint: another profile that fits better; empty where none does.
    """

    outcome: Outcome
    reason: str | None
    header: Segment
    claims: Segment
    rules: Sequence[Rule]
    principal: Principal | None = None
    hint: str = ""


def report_on(text: str, verifier: JWTVerifier, options: VerifierOptions, *, now: float) -> Flow[TokenReport]:
    """Return what is to be said of a token of three parts.

    Arguments:
        text: the token.
        verifier: made of `options`; it is asked what it would do.
        now: the moment for which to judge, in seconds since the epoch.
    """
    header, claims = read_parts(text)
    findings = yield from explain(text, verifier, now=now)
    rules = [_with_advice(each, header, claims, verifier, now) for each in findings]
    try:
        token = parse_compact(text)
        principal = (yield from verifier.judge(token, now=now)).principal
    except AuthError as refusal:
        return TokenReport(
            outcome=Outcome.NOT_CHECKED if isinstance(refusal, Unavailable) else Outcome.REFUSED,
            reason=refusal.reason,
            header=header,
            claims=claims,
            rules=rules,
            hint=_hint(text, rules, options, now),
        )
    own = better(token, principal, options, now=now)
    return TokenReport(
        outcome=Outcome.ACCEPTED,
        reason=None,
        header=header,
        claims=claims,
        rules=rules,
        principal=principal,
        hint=f"the issuer's own profile, {name_of(own)}, would prove more: a user or a client" if own else "",
    )


def _with_advice(finding: Finding, header: Segment, claims: Segment, verifier: JWTVerifier, now: float) -> Rule:
    if finding.reason is None:
        return Rule(rule=finding.rule)
    advice = advice_for(
        finding.reason, header=header.members or {}, claims=claims.members or {}, rules=verifier.rules, now=now
    )
    return Rule(rule=finding.rule, reason=finding.reason, advice=advice)


def _hint(text: str, rules: Sequence[Rule], options: VerifierOptions, now: float) -> str:
    """Return under which profile the claims would pass, if that alone was wrong."""
    if _OF_THE_PROFILE.isdisjoint(each.reason for each in rules) or len(rules) == 1:  # it could not be read
        return ""
    others = fitting(parse_compact(text), options, now=now)
    if not others:
        return ""
    named = " or ".join(map(name_of, others))
    return f"its claims would pass under {named}: take one only if it is this issuer's"
