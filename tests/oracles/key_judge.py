"""Judges a key set by authmux and, key by key, by the other libraries: the same numbers under the same name."""

import json
import re
from functools import lru_cache
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import JWKRegistry
from jwcrypto.jwk import JWK

from authmux import InvalidCredential
from authmux.jose.jwk import PublicKey
from authmux.jose.key_set import KeySet, NotAKeySet, parse_key_set
from tests.oracles.key_mutations import decode, encode
from tests.oracles.token_judge import Disagreement, public_text

_SIZES: Final = {"P-256": 32, "P-384": 48, "P-521": 66, "Ed25519": 32}  # bytes of a coordinate


def judge_key_set(document: bytes) -> KeySet | None:
    """Return the set, or None where authmux refuses it.

    Raises:
        Disagreement: another library refuses a key that authmux takes, or reads other numbers in it.
        Exception: whatever escaped from authmux and is no `NotAKeySet`.
    """
    try:
        keys = parse_key_set(document)
    except NotAKeySet:
        return None
    published = json.loads(document)["keys"]
    for key in keys.keys:
        raw = [each for each in published if isinstance(each, dict) and each.get("kid") == key.kid]
        readings = [_readings(public_text(each)) for each in raw]
        fitting = [reading for reading in readings if reading.get("thumbprint") == key.thumbprint]
        if not fitting:
            raise Disagreement(f"nobody else knows a key {key.kid!r} of the thumbprint {key.thumbprint}: {readings}")
        ours = _bytes(key.key)
        if any(fitting[0][name] != ours for name in ("PyJWT", "joserfc", "jwcrypto")):
            raise Disagreement(f"{key!r} has other numbers elsewhere, or is refused there: {fitting[0]}")
    _check_names(keys)
    return keys


def _check_names(keys: KeySet) -> None:
    """A key that is chosen is one of those that have the name, and is for the algorithm."""
    for key in keys.keys:
        for alg in key.algorithms:
            chosen = _chosen(keys, alg, key)
            if chosen is not None and (chosen.kid != key.kid or alg not in chosen.algorithms):
                raise Disagreement(f"{alg} and {key.kid!r} choose {chosen!r}")


def _chosen(keys: KeySet, alg: str, key: PublicKey) -> PublicKey | None:
    try:
        return keys.choose(alg, key.kid) if key.kid is not None else None
    except InvalidCredential:
        return None


@lru_cache(maxsize=4096)
def _readings(text: str) -> dict[str, Any]:
    """Return the public key as each library reads it once it is written by the book, or what keeps it from that."""
    found: dict[str, Any] = {}
    try:
        members = _by_the_book(json.loads(text))
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        return {"error": repr(error)}
    for name, read in {"PyJWT": _pyjwt, "joserfc": _joserfc, "jwcrypto": _jwcrypto}.items():
        try:
            found[name] = _bytes(read(members))
        except Exception as error:
            found[name] = repr(error)
    if isinstance(found["jwcrypto"], bytes):
        found["thumbprint"] = JWK(**members).thumbprint()
    return found


def _by_the_book(members: dict[str, Any]) -> dict[str, Any]:
    """Write numbers as RFC 7518 §6 does: we also take zeros before them and padding behind, and no other spelling."""
    for name in ("n", "e", "x", "y"):
        if name not in members:
            continue
        if not re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", members[name]):
            raise ValueError(f"{name} is no base64url: {members[name]!r}")
        number = int.from_bytes(decode(members[name]))
        size = _SIZES[members["crv"]] if name in "xy" else (number.bit_length() + 7) // 8
        members[name] = encode(number.to_bytes(size))
    return members


def _pyjwt(members: dict[str, Any]) -> Any:
    algorithm = {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
    return jwt.PyJWK(members, algorithm[members.get("crv") or members["kty"]]).key


def _joserfc(members: dict[str, Any]) -> Any:
    return JWKRegistry.import_key(members).public_key


def _jwcrypto(members: dict[str, Any]) -> Any:
    return JWK(**members).get_op_key("verify")


def _bytes(key: Any) -> bytes:
    text: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return text
