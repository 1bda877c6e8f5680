"""How PyJWT, joserfc and jwcrypto read the same token with the same key and equivalent settings."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import JWKRegistry, Key
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jwt as jwcrypto_jwt
from jwt.algorithms import OKPAlgorithm

from tests.oracles.doors import LEEWAY


@dataclass(frozen=True, slots=True)
class Question:
    """A token, and what it is asked for.

    Arguments:
        text: the token.
        jwk: the one key, as it is published.
        alg: the one algorithm.
        issuer, audience: what `iss` must be and `aud` must name; None asks for no audience.
    """

    text: str
    jwk: str
    alg: str
    issuer: str
    audience: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a token says."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


Peer: TypeAlias = Callable[[Question], Answer]


_strict_jwt: Final[Any] = jwcrypto_jwt.JWT

with suppress(ValueError):  # it is known there already
    jwt.register_algorithm("Ed25519", OKPAlgorithm())  # PyJWT has the algorithm under its older name only (RFC 9864)


def _take(_: object) -> None:
    """Take any value of a parameter that is never used (B-07)."""


_NEVER_USED: Final = {
    name: HeaderParameter("never used", _take) for name in ("jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256")
}


class _Registry(JWSRegistry):
    """joserfc's registry, with our sizes."""

    max_header_length = 8_192
    max_payload_length = 65_536
    max_signature_length = 2_048


def ask_pyjwt(question: Question) -> Answer:
    """Read with PyJWT."""
    options: Any = {"require": ["exp", "iss"], "verify_aud": question.audience is not None}
    read = jwt.decode_complete(
        question.text,
        _pyjwt_key(question.jwk, question.alg),
        algorithms=[question.alg],
        audience=question.audience,
        issuer=question.issuer,
        leeway=LEEWAY,
        options=options,
    )
    return Answer(read["header"], read["payload"])


def ask_joserfc(question: Question) -> Answer:
    """Read with joserfc."""
    registry = _Registry(_NEVER_USED, algorithms=[question.alg], strict_check_header=False)
    token = joserfc_jwt.decode(question.text, _joserfc_key(question.jwk), algorithms=[question.alg], registry=registry)
    options: dict[str, Any] = {"iss": {"essential": True, "value": question.issuer}, "exp": {"essential": True}}
    if question.audience is not None:
        options["aud"] = {"essential": True, "value": question.audience}
    joserfc_jwt.JWTClaimsRegistry(leeway=LEEWAY, **options).validate(token.claims)
    return Answer(token.header, token.claims)


def ask_jwcrypto(question: Question) -> Answer:
    """Read with jwcrypto."""
    claims: dict[str, str | None] = {"exp": None, "iss": question.issuer}
    if question.audience is not None:
        claims["aud"] = question.audience
    token = _strict_jwt(algs=[question.alg], check_claims=claims, expected_type="JWS", strict_serialization=True)
    token.leeway = LEEWAY
    token.deserialize(question.text, _jwcrypto_key(question.jwk))
    return Answer(json.loads(token.header), json.loads(token.claims))


@cache
def _pyjwt_key(text: str, alg: str) -> Any:
    return jwt.PyJWK(json.loads(text), "EdDSA" if alg == "Ed25519" else alg).key


@cache
def _joserfc_key(text: str) -> Key:
    return JWKRegistry.import_key(json.loads(text))


@cache
def _jwcrypto_key(text: str) -> Any:
    return jwcrypto_jwk.JWK.from_json(text)


PEERS: Final[Mapping[str, Peer]] = {
    "PyJWT": ask_pyjwt,
    "joserfc": ask_joserfc,
    "jwcrypto": ask_jwcrypto,
}
