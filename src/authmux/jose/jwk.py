"""One public key of an issuer: what it is, which algorithms it may be used with, and verifying with it."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.algorithms import Algorithm, get_default_algorithms
from jwt.exceptions import PyJWTError

from authmux.errors import Fault, InvalidCredential
from authmux.jose.compact import CERTIFICATES, MAX_KID, PRIVATE_MEMBERS, decode_segment
from authmux.jose.ml_dsa import ML_DSA, MLDSA, SIGNATURE_LENGTHS

_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_BY_CURVE: Final = {
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "P-521": frozenset({"ES512"}),
    "Ed25519": frozenset({"EdDSA", "Ed25519"}),  # RFC 9864 names the curve, RFC 8037 the family
}
ALGORITHMS: Final = _RSA.union(*_BY_CURVE.values(), ML_DSA)
"""Every algorithm there is here: asymmetric ones only. `none` and HMAC are not refused, they do not exist (B-10)."""

_IMPLEMENTATIONS: Final[Mapping[str, Algorithm | MLDSA]] = ML_DSA | {
    name: get_default_algorithms()["EdDSA" if name == "Ed25519" else name] for name in ALGORITHMS - ML_DSA.keys()
}
_PUBLIC_MEMBERS: Final = {
    "RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "AKP": ("alg", "kty", "pub"),
}  # fmt: skip


# A modulus of the broken Infineon generator is a power of 65537 modulo each of these primes (CVE-2017-15361, B-15);
# of others, one in 2^28 is.
_ROCA: Final = tuple(
    (prime, frozenset(pow(65537, power, prime) for power in range(prime)))
    for prime in (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
)

_NUMBERS: Final = frozenset({"n", "e", "x", "y"})
_NUMBER: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")  # PyJWT skips whatever else stands between, and reads on


class UnusableKey(ValueError):
    """A key that is not for us, or not fit to be used; the message is a short constant."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that passed the hygiene rules (B-15) and says for itself which algorithms it may be used with (B-10)."""

    kid: str | None
    algorithms: frozenset[str]
    thumbprint: str
    signature_length: int
    certificates: Mapping[str, object]
    issuer: str | None
    key: Any = field(repr=False)

    def check_certificates(self, named: Mapping[str, object]) -> None:
        """Return if a header names no other certificate than this key, which may have none (B-12).

        Raises:
            InvalidCredential: it does.
        """
        if any(self.certificates.get(name, value) != value for name, value in named.items()):
            raise InvalidCredential(Fault.SIGNATURE, "certificate")

    def verify(self, alg: str, signing_input: bytes, signature: bytes) -> None:
        """Return if the signature is this key's over this input; `alg` is one of `algorithms`.

        Raises:
            InvalidCredential: it is not, or is not as long as it must be (B-16).
        """
        if len(signature) != self.signature_length or not _IMPLEMENTATIONS[alg].verify(
            signing_input, self.key, signature
        ):
            raise InvalidCredential(Fault.SIGNATURE, "signature")


def parse_key(jwk: object) -> PublicKey:
    """Read one member of a key set.

    Raises:
        UnusableKey: it is not for verifying signatures, unknown, weak, or holds what must be secret.
    """
    if not isinstance(jwk, dict):
        raise UnusableKey("not_an_object")
    kid, members = _read_kid(jwk), _public_members(jwk)
    algorithms = _algorithms(jwk)
    try:
        key = _load(members, next(iter(algorithms - {"Ed25519"})))
    except (PyJWTError, InvalidCredential, ValueError, TypeError, OverflowError) as error:
        raise UnusableKey("unreadable") from error
    certificates = {name: jwk[name] for name in CERTIFICATES if jwk.get(name) is not None}
    issuer = jwk.get("issuer")  # Entra's keys say for which tenant they speak (B-21)
    if issuer is not None and not isinstance(issuer, str):
        raise UnusableKey("issuer")
    # The length before the numbers are written: it refuses what is none of these keys.
    length = SIGNATURE_LENGTHS.get(members.get("alg", "")) or _signature_length(key)
    name = thumbprint(members | _numbers(key))
    return PublicKey(kid, algorithms, name, length, certificates, issuer, key)


def _load(members: dict[str, str], algorithm: str) -> Any:
    if algorithm in ML_DSA:
        return ML_DSA[algorithm].load(decode_segment(members["pub"].encode()))
    return PyJWK(members, algorithm).key


def thumbprint(members: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a key's required members (RFC 7638)."""
    canonical = json.dumps(dict(sorted(members.items())), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).decode().rstrip("=")


def _numbers(key: object) -> dict[str, str]:
    """Return a key's numbers as RFC 7518 §6 writes them: some issuers put zeros before them, or padding behind."""
    match key:
        case RSAPublicKey():
            rsa = key.public_numbers()
            return {"n": _base64url(rsa.n), "e": _base64url(rsa.e)}
        case EllipticCurvePublicKey():
            point, size = key.public_numbers(), (key.curve.key_size + 7) // 8
            return {"x": _base64url(point.x, size), "y": _base64url(point.y, size)}
        case Ed25519PublicKey():
            return {"x": _base64url(int.from_bytes(key.public_bytes_raw()), 32)}
    return {}  # of the others there is one spelling only


def _base64url(number: int, size: int | None = None) -> str:
    """Return a number in so many bytes, or in as few as it takes."""
    data = number.to_bytes(size or (number.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _read_kid(jwk: dict[str, Any]) -> str | None:
    kid = jwk.get("kid")
    if kid is not None and (type(kid) is not str or not 1 <= len(kid) <= MAX_KID):
        raise UnusableKey("kid")
    return kid


def _public_members(jwk: dict[str, Any]) -> dict[str, str]:
    """Return the members that make the public key, and none other, so that nothing else can have a say."""
    if jwk.get("kty") == "oct" or not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise UnusableKey("secret_published")
    kty = jwk.get("kty")
    names = _PUBLIC_MEMBERS.get(kty) if isinstance(kty, str) else None
    if names is None:
        raise UnusableKey("kty")
    if not all(type(jwk.get(name)) is str for name in names):
        raise UnusableKey("member_missing")
    if not all(_NUMBER.fullmatch(jwk[name]) for name in _NUMBERS.intersection(names)):
        raise UnusableKey("base64")
    return {name: jwk[name] for name in names}


def _algorithms(jwk: dict[str, Any]) -> frozenset[str]:
    """Return what the key may be used with: what its type implies, narrowed by its own `alg`, `use`, `key_ops`."""
    if jwk.get("use", "sig") != "sig":
        raise UnusableKey("use")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise UnusableKey("key_ops")
    implied = _implied(jwk)
    named = jwk.get("alg")
    algorithms = implied if named is None else implied & {named} if type(named) is str else frozenset()
    if not algorithms:
        raise UnusableKey("alg")
    return algorithms | (implied if "EdDSA" in algorithms or "Ed25519" in algorithms else frozenset())


def _implied(jwk: dict[str, Any]) -> frozenset[str]:
    """Return what a key of this type may be used with; an algorithm key pair says it itself."""
    if jwk["kty"] == "RSA":
        return _RSA
    return frozenset(ML_DSA) if jwk["kty"] == "AKP" else _BY_CURVE.get(jwk["crv"], frozenset())


def _signature_length(key: object) -> int:
    """Return how long every signature of this key is (B-16), once the key itself is fit (B-15)."""
    match key:
        case RSAPublicKey():
            numbers = key.public_numbers()
            if not 2048 <= key.key_size <= 8192:
                raise UnusableKey("rsa_size")
            if numbers.n % 2 == 0 or numbers.e % 2 == 0 or not 3 <= numbers.e < 2**32:
                raise UnusableKey("rsa_numbers")
            if all(numbers.n % prime in powers for prime, powers in _ROCA):
                raise UnusableKey("rsa_roca")
            return (key.key_size + 7) // 8
        case EllipticCurvePublicKey():
            return 2 * ((key.curve.key_size + 7) // 8)
        case Ed25519PublicKey():
            return 64
    raise UnusableKey("kty")
