"""Say, rule by rule, why a JWT would be accepted or refused: for the operator, never for the caller."""

from collections.abc import Iterator
from dataclasses import dataclass

from authmux.errors import AuthError, InvalidCredential
from authmux.flow import Flow
from authmux.jose.compact import CompactToken, parse_compact
from authmux.verifying.caller import read_actors, read_scopes, read_tenant
from authmux.verifying.claim_rules import CHECKS
from authmux.verifying.jwt import JWTVerifier


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule and what came of it: `reason` is why it refuses, or None where it is met."""

    rule: str
    reason: str | None = None


def explain(text: str, verifier: JWTVerifier, *, now: float) -> Flow[list[Finding]]:
    """Return every rule with what came of it; those that an earlier failure leaves without sense are left out.

    Nothing in it shows the signature, nor any part of the token.
    """
    readable = "it is a JWS in compact form, strictly written (B-04…B-07)"
    try:
        token = parse_compact(text)
    except InvalidCredential as refusal:
        return [Finding(readable, refusal.reason)]
    findings = [Finding(readable), *_claims(token, verifier, now), _caller(token, verifier)]
    findings.extend((yield from _key(token, verifier)))
    return findings


def _claims(token: CompactToken, verifier: JWTVerifier, now: float) -> Iterator[Finding]:
    is_ours = token.header.alg in verifier.algorithms
    yield Finding("its alg is one that this verifier takes (B-10)", None if is_ours else "alg")
    for says, check in CHECKS:
        try:
            check(verifier.rules, token.header.typ, token.claims, now)
        except InvalidCredential as refusal:
            yield Finding(says, refusal.reason)
        else:
            yield Finding(says)


def _caller(token: CompactToken, verifier: JWTVerifier) -> Finding:
    says = "its scopes, its actors and its tenant can be read (B-28, B-68)"
    profile = verifier.rules.profile
    try:
        read_scopes(token.claims, profile.scopes)
        read_actors(token.claims)
        read_tenant(token.claims, profile)
    except InvalidCredential as refusal:
        return Finding(says, refusal.reason)
    return Finding(says)


def _key(token: CompactToken, verifier: JWTVerifier) -> Flow[list[Finding]]:
    named = "the issuer publishes the key that it names, for this alg (B-12…B-15)"
    try:
        key = yield from verifier.find_key(token)
    except AuthError as refusal:
        return [Finding(named, refusal.reason)]
    signed = "its signature is that key's (B-16)"
    try:
        key.verify(token.header.alg, token.signing_input, token.signature)
    except InvalidCredential as refusal:
        return [Finding(named), Finding(signed, refusal.reason)]
    return [Finding(named), Finding(signed)]
