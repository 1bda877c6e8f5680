"""Algorithm and key confusion: whatever algorithm or key a token pretends to, the key says what it is for."""

import json
from collections.abc import Iterator
from functools import partial

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authmux.testing.signing_key import SigningKey
from tests.conformance.attack import AUDIENCE, MALFORMED, SIGNATURE, Attack
from tests.conformance.conftest import Strike
from tests.conformance.forgeries import (
    EC,
    RSA,
    attacker,
    beyond_the_modulus,
    der_of_the_text,
    der_signed,
    encrypted,
    es256,
    es256_over,
    hmac_signed,
    public_bytes,
    resized,
    rs256,
    signed_as,
    spliced,
    stranger,
    trimmed,
    under,
    unsigned,
    with_signature,
)
from tests.conformance.scene import FACES, open_scene, published
from tests.jose.token_maker import encode, get_key, good_payload, jwk, mint

WORK = 300  # steps; a token that is refused for its signature takes as many
PEM, DER = Encoding.PEM, Encoding.DER
SPKI, PKCS1 = PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1
FOREIGN = (
    "ES256K", "RS1", "RSA1_5", "RSA-OAEP", "A128KW", "dir", "PBES2-HS256+A128KW", "ECDH-ES", "HS1", "HS256",
)  # fmt: skip


def algorithms_that_are_none() -> Iterator[Attack]:
    for alg in ("none", "None", "NONE", "nOnE", "noNE"):
        yield Attack(id=f"A-001 {alg}, no signature", token=partial(unsigned, alg), outcome=MALFORMED)
        yield Attack(id=f"A-002 {alg}, a byte of signature", token=partial(_a_byte, alg), outcome=SIGNATURE)
        yield Attack(id=f"A-005 {alg}, RS256 signature left", token=partial(rs256, alg=alg), outcome=SIGNATURE)
    for alg in ("rs256", "RS256 ", " RS256", "RS256\0", "ＲS256", "RS-256", "", "RS256,none"):
        yield Attack(id=f"A-004 {alg!a}", token=partial(rs256, alg=alg), outcome=SIGNATURE)
    for alg in FOREIGN:
        yield Attack(id=f"A-013 {alg}", token=partial(rs256, alg=alg), outcome=SIGNATURE)


def _a_byte(alg: str) -> str:
    return with_signature(rs256(alg=alg), b"x")


SECRETS = {
    "A-007 PEM": lambda: public_bytes(PEM, SPKI),
    "A-007 PEM with CRLF": lambda: public_bytes(PEM, SPKI).replace(b"\n", b"\r\n"),
    "A-007 PEM, no final line feed": lambda: public_bytes(PEM, SPKI).rstrip(),
    "A-007 DER": lambda: public_bytes(DER, SPKI),
    "A-007 PKCS#1, PEM": lambda: public_bytes(PEM, PKCS1),
    "A-007 PKCS#1, DER": lambda: public_bytes(DER, PKCS1),
    "A-008 JWK": lambda: json.dumps(jwk(get_key(RSA))).encode(),
    "A-008 JWK, compact": lambda: json.dumps(jwk(get_key(RSA)), separators=(",", ":")).encode(),
    "A-008 modulus": lambda: str(get_key(RSA).public_jwk["n"]).encode(),
    "A-008 nothing": bytes,
}


def public_keys_as_secrets() -> Iterator[Attack]:
    for row, secret in SECRETS.items():
        for alg, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512"), (RSA, "sha256")):
            make = partial(
                lambda secret, alg, digest: hmac_signed(secret(), alg=alg, digest=digest), secret, alg, digest
            )
            yield Attack(id=f"{row}, {alg}", token=make, outcome=SIGNATURE)


def keys_of_another_kind() -> Iterator[Attack]:
    for kid, name in ((EC, RSA), (RSA, EC), (EC, "ES384"), ("ES384", EC), (EC, "EdDSA"), ("EdDSA", EC)):
        yield Attack(id=f"A-010 {name} under the kid of {kid}", token=partial(under, kid, name), outcome=SIGNATURE)
    yield Attack(id="A-010 ES384, signed on P-256", token=lambda: es256(alg="ES384"), outcome=SIGNATURE)
    for kid, name in ((RSA, "PS256"), ("PS256", RSA), (RSA, "RS512")):
        yield Attack(id=f"A-011 {name}, key for {kid}", token=partial(under, kid, name), outcome=SIGNATURE)
    yield Attack(
        id="A-011 RS256, signed with PSS", token=lambda: mint(get_key("PS256"), alg=RSA, kid=RSA), outcome=SIGNATURE
    )
    yield Attack(id="A-014 EdDSA under the kid of P-521", token=partial(under, "ES512", "EdDSA"), outcome=SIGNATURE)


def keys_that_a_token_brings() -> Iterator[Attack]:
    private = {**jwk(attacker(EC)), "d": "AQ"}
    yield Attack(id="A-016 private jwk", token=lambda: stranger(jwk=private), outcome=MALFORMED)
    yield Attack(id="A-016 private jwk, genuine signature", token=lambda: es256(jwk=private), outcome=MALFORMED)
    yield Attack(id="A-016 public jwk", token=lambda: stranger(jwk=jwk(attacker(EC))), outcome=SIGNATURE)
    yield Attack(
        id="A-016 public jwk, no kid", token=lambda: stranger(kid=None, jwk=jwk(attacker(EC))), outcome=SIGNATURE
    )
    yield Attack(id="A-019 x5c", token=lambda: stranger(x5c=["MIIB"]), outcome=SIGNATURE)


def signatures() -> Iterator[Attack]:
    yield Attack(id="A-022 a signature in DER", token=der_signed, outcome=SIGNATURE)
    yield Attack(id="A-022 a DER signature of the text", token=der_of_the_text, outcome=SIGNATURE)
    for size in (1, 63, 65, 128):
        yield Attack(id=f"A-023 {size} bytes", token=partial(resized, size), outcome=SIGNATURE)
    yield Attack(id="A-023 0 bytes", token=partial(resized, 0), outcome=MALFORMED)
    yield Attack(id="A-023 leading zero trimmed", token=trimmed, outcome=SIGNATURE)
    yield Attack(id="A-023 r and s are 0", token=lambda: with_signature(es256(), bytes(64)), outcome=SIGNATURE)
    yield Attack(
        id="A-025 first byte gone", token=lambda: signed_as(rs256(), lambda whole: whole[1:]), outcome=SIGNATURE
    )
    yield Attack(
        id="A-025 a zero before it", token=lambda: signed_as(rs256(), lambda whole: b"\0" + whole), outcome=SIGNATURE
    )
    yield Attack(id="A-025 beyond the modulus", token=beyond_the_modulus, outcome=SIGNATURE)
    yield Attack(id="A-026 all ones", token=lambda: with_signature(rs256(), b"\xff" * 256), outcome=SIGNATURE)
    yield Attack(id="A-026 any number", token=lambda: with_signature(rs256(), b"h" * 256), outcome=SIGNATURE)
    other = partial(es256_over, good_payload(sub="x"))
    yield Attack(
        id="A-028 signature of another token", token=lambda: spliced(es256(), es256(), other()), outcome=SIGNATURE
    )
    yield Attack(
        id="A-028 payload of another token", token=lambda: spliced(es256(), other(), es256()), outcome=SIGNATURE
    )
    yield Attack(
        id="A-028 header of another token", token=lambda: spliced(es256(typ="JWT"), es256(), es256()), outcome=SIGNATURE
    )


def other_envelopes() -> Iterator[Attack]:
    for alg, enc in (("dir", "A256GCM"), ("RSA-OAEP", "A256GCM"), ("PBES2-HS256+A128KW", "A128CBC-HS256")):
        yield Attack(id=f"A-029 JWE, {alg}", token=partial(encrypted, alg, enc), outcome=MALFORMED)
    yield Attack(id="A-029 three parts with enc", token=lambda: es256(enc="A256GCM"), outcome=MALFORMED)
    yield Attack(
        id="A-031 PBES2 with 2^31 rounds",
        token=lambda: rs256(alg="PBES2-HS256+A128KW", p2c=2**31, p2s="AAAA"),
        outcome=MALFORMED,
        work=WORK,
    )
    yield Attack(id="A-032 zip", token=lambda: es256(zip="DEF"), outcome=MALFORMED)
    yield Attack(id="A-034 b64 false, crit", token=lambda: es256(b64=False, crit=["b64"]), outcome=MALFORMED)
    yield Attack(id="A-034 b64 false", token=lambda: es256(b64=False), outcome=MALFORMED)
    yield Attack(id="A-034 b64 true", token=lambda: es256(b64=True), outcome=MALFORMED)
    yield Attack(id="A-034 detached", token=lambda: "{0}..{2}".format(*es256().split(".")), outcome=MALFORMED)


ATTACKS = (
    *algorithms_that_are_none(),
    *public_keys_as_secrets(),
    *keys_of_another_kind(),
    *keys_that_a_token_brings(),
    *signatures(),
    *other_envelopes(),
)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.id)
def test_algorithms_and_keys(attack: Attack, face: str, strike: Strike) -> None:
    """B-10: what a key may be used with is said by the key and by the configuration, never by the token."""
    strike(attack, face)


@pytest.mark.parametrize("parameter", ["jku", "x5u"])
def test_keys_are_not_fetched_from_where_a_token_says(parameter: str) -> None:
    """A-017: an attacker's address in the header is never asked, though the attacker's key would be there."""
    with open_scene() as scene:
        scene.begin()
        scene.server.script(published(_as(EC)), path="/attacker")
        for face in FACES:
            text = stranger(**{parameter: scene.server.url("/attacker")})
            SIGNATURE.check(scene.send(text, face=face), method="GET", bank={})
        assert scene.server.requests == []


def _as(kid: str) -> dict[str, object]:
    return jwk(attacker(kid), kid=kid)


@pytest.mark.parametrize("face", FACES)
def test_certificates_that_differ(face: str) -> None:
    """A-020: where the key and the token both name a certificate, it is the same one."""
    with open_scene(published(jwk(get_key(EC), **{"x5t#S256": "right"}))) as scene:
        scene.begin()
        assert scene.status(es256(**{"x5t#S256": "right"}), face=face) == 200
        SIGNATURE.check(scene.send(es256(**{"x5t#S256": "other"}), face=face), method="GET", bank={})
        assert scene.fetched == 0


def test_ed448() -> None:
    """A-014: a key on Ed448 is none of ours, whatever it says it is for."""
    ed448 = {"kty": "OKP", "crv": "Ed448", "x": encode(b"\x01" * 57), "kid": "EdDSA", "alg": "EdDSA"}
    with open_scene(published(ed448, get_key(EC))) as scene:
        scene.begin()
        SIGNATURE.check(scene.send(mint(get_key("EdDSA"))), method="GET", bank={})


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_key_for_one_algorithm_believes_its_own(alg: str) -> None:
    """B-10: the tables are not empty: the very keys that refuse all of this believe what they signed."""
    key: SigningKey = get_key(alg)
    with open_scene() as scene:
        assert [scene.status(mint(key), face=face) for face in FACES] == [200, 200]
        AUDIENCE.check(scene.send(mint(key, {"aud": "x", "iss": scene.verifier.issuer})), method="GET", bank={})
