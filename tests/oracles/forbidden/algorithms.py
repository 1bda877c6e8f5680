"""Confused algorithms and keys, and signatures that are none (A-001…A-034)."""

import hashlib
import hmac
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.jose.token_maker import encode, get_key
from tests.oracles.forbidden.bench import claims, dump, header, sign

_SPKI: Final = PublicFormat.SubjectPublicKeyInfo


def forged_signatures(now: int) -> dict[str, str]:
    """Return tokens whose signature is not their issuer's, or not the one that the key is for."""
    good = claims(now)
    return {
        **{f"A-001 alg {alg!r}, no signature": _unsigned(header({"alg": alg}), now) for alg in _NONES},
        "A-005 alg none over a valid signature": sign(header({"alg": "none"}), good),
        **{f"A-004 alg {alg!r}": sign(header({"alg": alg}, key="RS256"), good, key="RS256") for alg in _MISSPELT},
        **{f"A-007 HS256 with the {name}": _mac(secret, now) for name, secret in _public_secrets().items()},
        "A-010 RS256 over the kid of an EC key": sign(header({"kid": "ES256"}, key="RS256"), good, key="RS256"),
        "A-010 ES256 over the kid of an RSA key": sign(header({"kid": "RS256"}), good),
        "A-010 ES384 over the kid of a P-256 key": sign(header({"kid": "ES256"}, key="ES384"), good, key="ES384"),
        "A-011 PS256 with a key for RS256": sign(header({"kid": "RS256"}, key="PS256"), good, key="PS256"),
        "A-011 RS256 with a key for PS256": sign(
            header({"kid": "PS256 second"}, key="RS256 second"), good, key="RS256 second"
        ),
        **{f"A-013 alg {alg}": sign(header({"alg": alg}), good) for alg in _NOT_SIGNATURES},
        "A-014 alg Ed448 with an Ed25519 key": sign(header({"alg": "Ed448"}, key="EdDSA"), good, key="EdDSA"),
        "A-016 an embedded key signs": sign(
            header({"jwk": get_key("ES256 attacker").public_jwk}, key="ES256 attacker"), good, key="ES256 attacker"
        ),
        "A-017 a key at an address signs": sign(
            header({"kid": "x", "jku": "https://attacker.example/k"}, key="ES256 attacker"), good, key="ES256 attacker"
        ),
        "A-028 the signature of another token": _with_signature_of_another(now),
        "A-041 the key of another issuer, under a kid of this one": sign(header(), good, key="ES256 attacker"),
        **{f"A-023 ECDSA signature: {name}": _respelt(now, "ES256", change) for name, change in _ECDSA.items()},
        **{f"A-025 RSA signature: {name}": _respelt(now, "RS256", change) for name, change in _ANY.items()},
        **{f"A-025 Ed25519 signature: {name}": _respelt(now, "EdDSA", change) for name, change in _ANY.items()},
    }


_NONES: Final = ("none", "None", "NONE", "nOnE", "noNE", "")
_MISSPELT: Final = ("rs256", "RS256 ", "RS256\u0000", "\uff32\uff33256")
_NOT_SIGNATURES: Final = ("ES256K", "RS1", "RSA1_5", "A128KW", "dir", "PBES2-HS256+A128KW", "HS256")

_ANY: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "empty": lambda _: b"",
    "a byte short": lambda signature: signature[1:],
    "a byte long": lambda signature: b"\x00" + signature,
    "trailing garbage": lambda signature: signature + b"\x00",
    "zeros": lambda signature: bytes(len(signature)),
}
_ECDSA: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    **_ANY,
    "DER": lambda signature: encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:])),
    "twice": lambda signature: signature * 2,
    "r and s swapped": lambda signature: signature[32:] + signature[:32],
    "s plus the order": lambda signature: signature[:32] + b"\xff" * 32,
}


def _unsigned(head: Mapping[str, object], now: int) -> str:
    return f"{encode(dump(head))}.{encode(dump(claims(now)))}."


def _public_secrets() -> dict[str, bytes]:
    public = get_key("RS256").private_key.public_key()
    pem = public.public_bytes(Encoding.PEM, _SPKI)
    return {
        "public key in PEM": pem,
        "public key in PEM, CRLF": pem.replace(b"\n", b"\r\n"),
        "public key in PEM, no last newline": pem.rstrip(),
        "public key in DER": public.public_bytes(Encoding.DER, _SPKI),
        "public key in PKCS#1": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "JWK's text": dump(get_key("RS256").public_jwk),
        "empty secret": b"",
    }


def _mac(secret: bytes, now: int) -> str:
    signing_input = f"{encode(dump(header({'alg': 'HS256'}, key='RS256')))}.{encode(dump(claims(now)))}"
    return f"{signing_input}.{encode(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"


def _with_signature_of_another(now: int) -> str:
    one, other = sign(header(), claims(now)), sign(header(), claims(now, {"sub": "eve"}))
    return f"{other.rpartition('.')[0]}.{one.rpartition('.')[2]}"


def _respelt(now: int, key: str, change: Callable[[bytes], bytes]) -> str:
    signed, _, signature = sign(header(key=key), claims(now), key=key).rpartition(".")
    return f"{signed}.{encode(change(urlsafe_b64decode(signature + '==')))}"
