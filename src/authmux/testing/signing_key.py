"""One private key of a local issuer: it signs tokens and shows its public half as a JWK."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.utils import base64url_encode

from authmux.errors import ConfigurationError

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def _generate_rsa() -> rsa.RSAPrivateKey:
    """Make an RSA key of the smallest size that RFC 7518 §3.3 allows, since larger ones only slow tests down."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


_GENERATORS: Mapping[str, Callable[[], PrivateKey]] = {
    "RS256": _generate_rsa,
    "RS384": _generate_rsa,
    "RS512": _generate_rsa,
    "PS256": _generate_rsa,
    "PS384": _generate_rsa,
    "PS512": _generate_rsa,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}
ALGORITHMS = tuple(_GENERATORS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SigningKey:
    """A key pair with its name and its one algorithm; two of them are equal only if they are the same object."""

    algorithm: str
    kid: str
    public_jwk: dict[str, Any] = field(repr=False)
    private_key: PrivateKey = field(repr=False)

    @classmethod
    def generate(cls, algorithm: str) -> Self:
        """Make a new key for one of `ALGORITHMS`, under a random kid.

        Raises:
            ConfigurationError: the algorithm is not one of them.
        """
        if algorithm not in _GENERATORS:
            raise ConfigurationError(f"Cannot sign with {algorithm!r}: choose one of {', '.join(ALGORITHMS)}.")
        private_key, kid = _GENERATORS[algorithm](), secrets.token_hex(8)
        public_jwk = _describe_public(private_key, algorithm) | {"kid": kid, "alg": algorithm, "use": "sig"}
        return cls(algorithm=algorithm, kid=kid, public_jwk=public_jwk, private_key=private_key)

    def sign(self, claims: Mapping[str, object], headers: Mapping[str, object] | None = None) -> str:
        """Return a compact JWS over the claims; a None among claims or headers leaves that member out.

        Arguments:
            claims: the payload, as JSON values.
            headers: added to `alg` and `kid`, or put in their place. The signature stays this key's own whatever
                `alg` then says, so that forgeries can be made.
        """
        # jwt.encode() cannot do this: it signs with whatever `alg` the headers name, and corrects some bad claims.
        header = {"alg": self.algorithm, "kid": self.kid, **(headers or {})}
        signing_input = f"{_encode_segment(header)}.{_encode_segment(claims)}"
        signature = jwt.get_algorithm_by_name(self.algorithm).sign(signing_input.encode(), self.private_key)
        return f"{signing_input}.{base64url_encode(signature).decode()}"


def _describe_public(private_key: PrivateKey, algorithm: str) -> dict[str, Any]:
    """Return the key's public members, without `key_ops`, which should not stand beside `use` (RFC 7517 §4.3)."""
    jwk = jwt.get_algorithm_by_name(algorithm).to_jwk(private_key.public_key(), as_dict=True)
    return {name: value for name, value in jwk.items() if name != "key_ops"}


def _encode_segment(members: Mapping[str, object]) -> str:
    """Return the members that are not None as base64url of compact JSON (RFC 7515 §3.1)."""
    present = {name: value for name, value in members.items() if value is not None}
    return base64url_encode(json.dumps(present, separators=(",", ":")).encode()).decode()
