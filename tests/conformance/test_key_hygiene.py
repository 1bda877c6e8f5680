"""Keys that are not fit to be used: dropped one by one, while the good ones beside them serve."""

import logging
from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from authmux.testing.signing_key import SigningKey
from tests.conformance.attack import SIGNATURE
from tests.conformance.forgeries import EC, RSA, es256, hmac_signed, rs256
from tests.conformance.scene import FACES, open_scene, published
from tests.fault_server import ok
from tests.jose.token_maker import encode, get_key, jwk, mint, rename

SECRET: Final = b"s" * 32
_ROCA_PRIMES: Final = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def number(value: int) -> str:
    """Return a number as JWKs write it."""
    return encode(value.to_bytes((value.bit_length() + 7) // 8))


def rsa_jwk(n: int, e: int = 65537) -> dict[str, object]:
    """Return an RSA key of these numbers, whoever may know its private half."""
    return {"kty": "RSA", "n": number(n), "e": number(e), "kid": "bad", "use": "sig"}


@cache
def modulus() -> int:
    """Return a good modulus."""
    public = get_key(RSA).private_key.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    return public.public_numbers().n


def roca() -> int:
    """Return a modulus with the fingerprint of the broken generator (CVE-2017-15361)."""
    period = prod(_ROCA_PRIMES) * 2
    start = 1 << 2047
    return start + period - start % period + pow(65537, 5, period)


BAD_KEYS: Mapping[str, tuple[object, str]] = {
    "A-158 n of nothing": ({**rsa_jwk(1 << 2047 | 1), "n": ""}, "base64"),
    "A-158 n in another alphabet": ({**rsa_jwk(1 << 2047 | 1), "n": "+/=="}, "base64"),
    "A-158 n missing": ({"kty": "RSA", "e": "AQAB", "kid": "bad"}, "member_missing"),
    "A-158 point off its curve": (
        {**jwk(get_key(EC), kid="bad"), "y": jwk(get_key("ES256 second"))["y"]},
        "unreadable",
    ),
    "A-158 unknown kty": ({"kty": "LMS", "kid": "bad", "x": "AA"}, "kty"),
    "A-158 unknown crv": (jwk(get_key(EC), kid="bad", crv="P-192"), "alg"),
    "A-158 secp256k1": (jwk(get_key(EC), kid="bad", crv="secp256k1", alg="ES256K"), "alg"),
    "A-158 kid is a number": (jwk(get_key(EC), kid=1), "kid"),
    "A-158 for encryption": (jwk(get_key(EC), kid="bad", use="enc"), "use"),
    "A-158 no object": (["kty"], "not_an_object"),
    "A-161 512 bits": (rsa_jwk(1 << 511 | 1), "rsa_size"),
    "A-161 1024 bits": (rsa_jwk(1 << 1023 | 1), "rsa_size"),
    "A-161 2047 bits": (rsa_jwk(1 << 2046 | 1), "rsa_size"),
    "A-161 16384 bits": (rsa_jwk(1 << 16383 | 1), "rsa_size"),
    "A-161 even": (rsa_jwk(1 << 2047), "rsa_numbers"),
    "A-161 e 1": (rsa_jwk(modulus(), 1), "unreadable"),
    "A-161 e even": (rsa_jwk(modulus(), 65536), "unreadable"),
    "A-161 e of 2041 bits": (rsa_jwk(modulus(), 1 << 2040 | 1), "rsa_numbers"),
    "A-161 e of 33 bits": (rsa_jwk(modulus(), 1 << 32 | 1), "rsa_numbers"),
    "A-161 ROCA": (rsa_jwk(roca()), "rsa_roca"),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_bad_key_among_good_ones(name: str) -> None:
    """B-15: a bad key is dropped, its tokens are refused without a fetch, and the good keys beside it serve."""
    key, reason = BAD_KEYS[name]
    with open_scene(ok({"keys": [key, get_key(EC).public_jwk]})) as scene:
        scene.begin()
        snapshot = scene.keys.usable()
        assert snapshot is not None
        assert (len(snapshot.keys.keys), snapshot.keys.skipped) == (1, ((reason, 1),))
        for face in FACES:
            assert scene.status(es256(), face=face) == 200
            SIGNATURE.check(scene.send(rs256(kid="bad"), face=face), method="GET", bank={})
        assert scene.fetched == 1  # the kid is not there, so that the issuer is asked once


def test_a_weak_key_that_signs() -> None:
    """A-161: a genuine signature of a key that can be factored is refused."""
    weak = _rsa_key(1024)
    with open_scene(published(weak, get_key(EC))) as scene:
        scene.begin()
        SIGNATURE.check(scene.send(mint(weak)), method="GET", bank={})


def _rsa_key(bits: int) -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    public = rsa_jwk(private.public_key().public_numbers().n)
    return SigningKey(algorithm=RSA, kid="bad", public_jwk=public, private_key=private)


def test_keys_at_the_limits() -> None:
    """B-15: a modulus with the fingerprint of no broken generator, and e = 3, are taken: the table is not empty."""
    with open_scene(published(rsa_jwk(modulus()), {**rsa_jwk(modulus(), 3), "kid": "three"})) as scene:
        scene.begin()
        assert scene.keys.health().keys == 2


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("alg", ["HS256", "RS256", "ES256"])
def test_a_symmetric_key_in_the_set(alg: str, face: str, caplog: pytest.LogCaptureFixture) -> None:
    """A-160: an oct key that is published verifies nothing, and the operator is told that a secret is out."""
    caplog.set_level(logging.DEBUG)
    shared = {"kty": "oct", "k": encode(SECRET), "kid": "shared", "alg": "HS256"}
    with open_scene(published(shared, get_key(EC))) as scene:
        scene.begin()
        text = hmac_signed(SECRET, alg=alg, kid="shared")
        SIGNATURE.check(scene.send(text, face=face), method="GET", bank={})
        assert scene.status(es256(), face=face) == 200
    assert "secret_published" in caplog.text
    assert encode(SECRET) not in caplog.text


def test_a_set_of_secrets_only() -> None:
    """A-160: a set that holds nothing but a secret is none, and nobody gets in by it."""
    shared = {"kty": "oct", "k": encode(SECRET), "kid": "shared", "alg": "HS256"}
    with open_scene(published(shared)) as scene:
        assert scene.status(hmac_signed(SECRET, kid="shared")) == 401
        assert scene.status(hmac_signed(SECRET, alg=RSA, kid="shared")) == 503
        assert scene.outcomes == {"no_usable_key": 1}


RS_TWO: Final = rename(get_key("RS256 second"), RSA)


@pytest.mark.parametrize("face", FACES)
def test_kids_that_come_twice(face: str, caplog: pytest.LogCaptureFixture) -> None:
    """A-163: the same key twice is one; two RSA keys of one kid are none, with an alarm; RSA and EC are told apart."""
    with open_scene(published(get_key(EC), get_key(EC))) as scene:
        scene.begin()
        assert scene.status(es256(), face=face) == 200
        assert caplog.text == ""
    with open_scene(published(get_key(RSA), RS_TWO, get_key(EC))) as scene:
        scene.begin()
        for text in (rs256(), mint(RS_TWO)):
            SIGNATURE.check(scene.send(text, face=face), method="GET", bank={})
        assert scene.status(es256(), face=face) == 200
        assert "kids name two keys" in caplog.text
        assert scene.fetched == 0
    both = rename(get_key(EC), RSA)
    with open_scene(published(get_key(RSA), both)) as scene:
        scene.begin()
        assert {scene.status(text, face=face) for text in (rs256(), mint(both))} == {200}


@pytest.mark.parametrize("face", FACES)
def test_a_set_without_kids(face: str) -> None:
    """A-164: a key without kid is not the key of a token that names one, though it is the only one."""
    with open_scene(published(jwk(get_key(EC), kid=None))) as scene:
        scene.begin()
        SIGNATURE.check(scene.send(es256(), face=face), method="GET", bank={})
        assert scene.fetched == 1
        assert scene.status(es256(kid=None), face=face) == 200
