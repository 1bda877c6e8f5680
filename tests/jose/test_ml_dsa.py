"""ML-DSA: keys and signatures of the post-quantum family, where the backend has it (B-10)."""

import base64
from typing import Any

import pytest

from authmux.errors import InvalidCredential
from authmux.jose.jwk import ALGORITHMS, PublicKey, UnusableKey, parse_key
from authmux.jose.ml_dsa import ML_DSA, SIGNATURE_LENGTHS

mldsa = pytest.importorskip(
    "cryptography.hazmat.primitives.asymmetric.mldsa", reason="this version of cryptography has no ML-DSA"
)

MESSAGE = b"header.claims"
KINDS = {
    "ML-DSA-44": mldsa.MLDSA44PrivateKey, "ML-DSA-65": mldsa.MLDSA65PrivateKey, "ML-DSA-87": mldsa.MLDSA87PrivateKey,
}  # fmt: skip

each_algorithm = pytest.mark.parametrize("name", SIGNATURE_LENGTHS)


def jwk_of(private: Any, name: str, **changes: object) -> dict[str, object]:
    """Return the public half as an issuer publishes it."""
    public = base64.urlsafe_b64encode(private.public_key().public_bytes_raw()).decode().rstrip("=")
    return {"kty": "AKP", "alg": name, "kid": "pq", "pub": public} | changes


def parsed(jwk: dict[str, object]) -> PublicKey:
    """Return the key, which must be fit."""
    return parse_key(jwk)


@each_algorithm
def test_signature(name: str) -> None:
    """A signature is believed if it is this key's over this input, and of its length; there is no other algorithm."""
    private = KINDS[name].generate()
    key = parsed(jwk_of(private, name))
    assert key.algorithms == {name}
    assert key.signature_length == SIGNATURE_LENGTHS[name]
    signature = private.sign(MESSAGE)
    key.verify(name, MESSAGE, signature)
    for bad in (signature[:-1], signature + b"\0", bytes([signature[0] ^ 1]) + signature[1:], b""):
        with pytest.raises(InvalidCredential):
            key.verify(name, MESSAGE, bad)
    with pytest.raises(InvalidCredential):
        key.verify(name, b"another", signature)


@each_algorithm
def test_algorithms_that_the_backend_has_are_there(name: str) -> None:
    """What the backend can do is on by default, like every other asymmetric algorithm (B-10)."""
    assert name in ML_DSA
    assert name in ALGORITHMS


@pytest.mark.parametrize(
    "changes",
    [{"alg": None}, {"alg": "ML-DSA-65"}, {"alg": "RS256"}, {"pub": "AAAA"}, {"pub": "*"}, {"pub": 7}, {"priv": "AA"}],
    ids=str,
)
def test_keys_that_are_none(changes: dict[str, object]) -> None:
    """A key without its algorithm, of another length, or with its private half is skipped (B-15)."""
    jwk = {
        name: value for name, value in jwk_of(KINDS["ML-DSA-44"].generate(), "ML-DSA-44", **changes).items() if value
    }
    with pytest.raises(UnusableKey):
        parse_key(jwk)


def test_thumbprint() -> None:
    """The name of a key by its own members is stable, and another for another key (RFC 7638)."""
    first, second = (KINDS["ML-DSA-44"].generate() for _ in range(2))
    names = [parsed(jwk_of(each, "ML-DSA-44")).thumbprint for each in (first, first, second)]
    assert names[0] == names[1] != names[2]
