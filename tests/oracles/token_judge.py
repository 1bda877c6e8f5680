"""Judges a token by authmux and, where that accepts it, by every other library: the same key, header and claims."""

import json
from collections import Counter
from collections.abc import Mapping
from time import process_time
from typing import Any, Final

from jwcrypto.jwk import JWK

from authmux import AuthError, PresentedCredential, Principal, run
from authmux.jose.compact import parse_compact
from authmux.verifying.explain import explain
from authmux.verifying.jwt import JWTVerifier
from tests.oracles.doors import AUDIENCE, BY_ISSUER, Door
from tests.oracles.peers import PEERS, Question
from tests.oracles.strictness import find_laxity

_PUBLIC: Final = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}


class Disagreement(AssertionError):
    """Two readers of one thing do not agree on it."""


class TokenJudge:
    """Judges tokens at one door.

    Arguments:
        door: authmux.
        jwks: the keys of the door, as they are published.
    """

    def __init__(self, door: Door, jwks: Mapping[str, Any]) -> None:
        self._door = door
        self._keys = {(public_name(key), key["kid"]): public_text(key) for key in jwks["keys"]}
        self.slowest = 0.0
        self.reasons: Counter[str] = Counter()

    def judge(self, text: str, *, explained: bool = False) -> bool:
        """Return whether authmux accepts a token.

        Arguments:
            text: the token.
            explained: whether to have it explained too, which must come to the same end.

        Raises:
            Disagreement: another library refuses what authmux accepts, or reads it differently.
            Exception: whatever escaped from authmux and is no `AuthError`.
        """
        began = process_time()
        try:
            principal = run(self._door.authenticator.verify(PresentedCredential(text)))
        except AuthError as error:
            self.reasons[error.reason] += 1
            principal = None
        self.slowest = max(self.slowest, process_time() - began)
        if explained:
            self._check_explanation(text, is_good=principal is not None)
        if principal is not None:
            self._check_memory(text, principal)
            self._ask_the_others(text, principal)
        return principal is not None

    def _check_memory(self, text: str, principal: Principal) -> None:
        """A verdict from memory is the verdict (B-60)."""
        again = run(self._door.authenticator.verify(PresentedCredential(text)))
        if again != principal or canonical(again.claims) != canonical(principal.claims):
            raise Disagreement(f"the second time authmux sees {again!r} instead of {principal!r}")

    def _check_explanation(self, text: str, *, is_good: bool) -> None:
        findings = run(explain(text, self._verifier_of(text), now=self._door.clock.time()))
        if is_good != all(finding.reason is None for finding in findings):
            raise Disagreement(f"explain finds {findings} in a token that is {'good' if is_good else 'bad'}")

    def _verifier_of(self, text: str) -> JWTVerifier:
        try:
            issuer = parse_compact(text).claims.get("iss")
        except AuthError:
            issuer = None
        known = self._door.verifiers
        return known[issuer] if isinstance(issuer, str) and issuer in known else next(iter(known.values()))

    def _ask_the_others(self, text: str, principal: Principal) -> None:
        token = parse_compact(text)
        verdict = run(self._verifier_of(text).judge(token, now=self._door.clock.time()))
        dialect = BY_ISSUER[token.claims["iss"]]
        laxity = find_laxity(text, dialect.profile)
        if laxity is not None:
            raise Disagreement(f"authmux accepts a token though {laxity}")
        named = [key for (name, kid), key in self._keys.items() if name == verdict.key.thumbprint]
        if token.header.kid is not None:
            named = [self._keys[verdict.key.thumbprint, token.header.kid]]
        question = Question(
            text=text,
            jwk=named[0],
            alg=token.header.alg,
            issuer=dialect.issuer,
            audience=AUDIENCE if dialect.has_audience or "aud" in token.claims else None,
        )
        claims, header = canonical(principal.claims), (token.header.alg, token.header.kid)
        for name, ask in PEERS.items():
            try:
                answer = ask(question)
            except Exception as error:
                raise Disagreement(f"{name} refuses what authmux accepts: {error!r}") from error
            if canonical(answer.claims) != claims:
                raise Disagreement(f"{name} reads the claims as {answer.claims!r}, authmux as {principal.claims!r}")
            if (answer.header["alg"], answer.header.get("kid")) != header:
                raise Disagreement(f"{name} reads the header as {answer.header!r}, authmux as {token.header!r}")


def public_text(jwk: Mapping[str, Any]) -> str:
    """Return the members that make the public key, as JSON."""
    kty = jwk.get("kty")
    names = _PUBLIC.get(kty, ()) if isinstance(kty, str) else ()
    return json.dumps({name: jwk[name] for name in names if name in jwk}, sort_keys=True)


def public_name(jwk: Mapping[str, Any]) -> str:
    """Return the thumbprint of a key (RFC 7638) by jwcrypto's reckoning."""
    return str(JWK.from_json(public_text(jwk)).thumbprint())


def canonical(value: object) -> str:
    """Return a JSON value as text that tells 1 from true and from 1.0; read-only values count as plain ones."""
    return json.dumps(value, sort_keys=True, default=dict)
