"""Public keys: which are fit, what each may be used with, and that nothing but its own signature passes."""

import hashlib
import hmac
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.utils import base64url_decode

from authmux.errors import Fault, InvalidCredential
from authmux.jose.jwk import ALGORITHMS, PublicKey, UnusableKey, parse_key, thumbprint
from authmux.jose.ml_dsa import ML_DSA
from tests.jose import token_maker
from tests.jose.token_maker import encode, get_key, jwk, public_key

MESSAGE = b"header.payload"
ONES, ZEROS = encode(b"\1" * 32), encode(bytes(32))
MODULUS = (1 << 2047) | (3 << 1024) | 1  # an odd number of 2048 bits: nobody signs with it
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def number(value: int) -> str:
    """Return an integer as JWK writes it."""
    return encode(value.to_bytes((value.bit_length() + 7) // 8 or 1, "big"))


def rsa_jwk(n: int = MODULUS, e: int = 65_537, **members: object) -> dict[str, object]:
    return {"kty": "RSA", "n": number(n), "e": number(e), "kid": "k", **members}


def unusable(key: object) -> str:
    """Return why a key is not used."""
    with pytest.raises(UnusableKey) as caught:
        parse_key(key)
    return str(caught.value)


def sign(name: str, message: bytes = MESSAGE) -> bytes:
    """Return a genuine signature, made by cryptography itself."""
    private = get_key(name).private_key
    if isinstance(private, rsa.RSAPrivateKey):
        if name.startswith("PS"):
            return private.sign(message, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
        return private.sign(message, padding.PKCS1v15(), SHA256())
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return raw(private.sign(message, ec.ECDSA(SHA256())))
    return private.sign(message)


def raw(der: bytes) -> bytes:
    """Return an ECDSA signature over P-256 as JOSE writes it."""
    return b"".join(each.to_bytes(32, "big") for each in decode_dss_signature(der))


def is_believed(key: PublicKey, alg: str, signature: bytes, message: bytes = MESSAGE) -> bool:
    try:
        key.verify(alg, message, signature)
    except InvalidCredential as error:
        refusal = error.fault, error.reason
    else:
        return True
    assert refusal == (Fault.SIGNATURE, "signature")
    return False


def test_the_algorithms() -> None:
    """B-10: asymmetric algorithms only, in exact case; HS*, none, ES256K and RS1 are not in the build."""
    families = {f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)}
    assert families | {"EdDSA", "Ed25519"} | ML_DSA.keys() == ALGORITHMS


@pytest.mark.parametrize("alg", token_maker.ALGORITHMS)
def test_a_genuine_signature_is_believed(alg: str) -> None:
    """B-16: a key believes what it signed, and nothing that differs in one bit."""
    text = token_maker.mint(get_key(alg))
    signing_input, _, segment = text.rpartition(".")
    signature = base64url_decode(segment)
    key = public_key(get_key(alg))
    assert is_believed(key, alg, signature, signing_input.encode())
    assert not is_believed(key, alg, signature, signing_input.encode() + b"x")
    for at in (0, len(signature) // 2, len(signature) - 1):
        flipped = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert not is_believed(key, alg, flipped, signing_input.encode())


def test_ed25519_by_both_names() -> None:
    """B-10: RFC 9864's Ed25519 and RFC 8037's EdDSA are the same algorithm of the same key, whichever the JWK names."""
    signature = sign("EdDSA")
    for named in ("EdDSA", "Ed25519", None):
        key = public_key(get_key("EdDSA"), alg=named)
        assert key.algorithms == {"EdDSA", "Ed25519"}
        assert is_believed(key, "Ed25519", signature)
        assert is_believed(key, "EdDSA", signature)


@pytest.mark.parametrize(
    ("name", "implied"),
    [
        ("RS256", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("ES256", {"ES256"}),
        ("ES384", {"ES384"}),
        ("ES512", {"ES512"}),
        ("EdDSA", {"EdDSA", "Ed25519"}),
    ],
)
def test_what_a_type_implies(name: str, implied: set[str]) -> None:
    """B-10: without alg, type and curve say what a key may be used with."""
    assert public_key(get_key(name), alg=None).algorithms == implied


@pytest.mark.parametrize("alg", token_maker.ALGORITHMS)
def test_alg_narrows(alg: str) -> None:
    """B-10: a key that names its algorithm is for that one only."""
    assert alg in public_key(get_key(alg)).algorithms
    assert public_key(get_key(alg)).algorithms <= {alg, "Ed25519"}


@pytest.mark.parametrize(
    "alg",
    ["HS256", "none", "rs256", "RS256 ", "RS1", "ES256", "ES256K", "RSA-OAEP", "RSA1_5", "", 1, [], ["RS256"], True],
)
def test_an_alg_that_is_not_the_keys(alg: object) -> None:
    """B-10: a key whose alg does not go with its type is used for nothing."""
    assert unusable(jwk(get_key("RS256"), alg=alg)) == "alg"


@pytest.mark.parametrize("alg", ["ES256", "ES512", "EdDSA", "RS256"])
def test_an_alg_of_another_curve(alg: str) -> None:
    """A-010: a key on P-384 that says ES256 is used for nothing."""
    assert unusable(jwk(get_key("ES384"), alg=alg)) == "alg"


@pytest.mark.parametrize("use", ["enc", "", "SIG", 1, ["sig"]], ids=ascii)
def test_another_use(use: object) -> None:
    """B-12: a key whose use is anything but sig verifies nothing."""
    assert unusable(jwk(get_key("ES256"), use=use)) == "use"


@pytest.mark.parametrize("operations", [[], ["sign"], ["encrypt"], "verify", {"verify": 1}, 1, [["verify"]]], ids=ascii)
def test_other_operations(operations: object) -> None:
    """B-12: key_ops, where it stands, holds verify."""
    assert unusable(jwk(get_key("ES256"), key_ops=operations)) == "key_ops"


@pytest.mark.parametrize("operations", [["verify"], ["sign", "verify"], ["verify", 1]], ids=ascii)
def test_operations_with_verify(operations: object) -> None:
    """B-12: a key whose key_ops hold verify is used."""
    assert public_key(get_key("ES256"), key_ops=operations).kid == "ES256"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
@pytest.mark.parametrize("name", ["RS256", "ES256", "EdDSA"])
def test_a_published_secret(name: str, member: str) -> None:
    """B-15: a key with a private member is dropped under a reason of its own, whatever the member holds."""
    assert unusable({**jwk(get_key(name)), member: "AQAB"}) == "secret_published"
    assert unusable({**jwk(get_key(name)), member: None}) == "secret_published"


def test_a_symmetric_key() -> None:
    """A-160: an oct key in a published set is a secret that is none any more."""
    assert unusable({"kty": "oct", "k": encode(b"k" * 32), "kid": "k", "alg": "HS256"}) == "secret_published"
    assert unusable({"kty": "oct", "kid": "k"}) == "secret_published"


@pytest.mark.parametrize("bits", [512, 1024, 2047, 8193, 16_384])
def test_rsa_sizes_that_are_refused(bits: int) -> None:
    """A-161: a modulus has 2048 to 8192 bits."""
    assert unusable(rsa_jwk((1 << bits - 1) | (1 << 200) | 1)) in {"rsa_size", "unreadable"}


@pytest.mark.parametrize("bits", [2048, 3072, 8192])
def test_rsa_sizes_that_are_used(bits: int) -> None:
    """B-15: from 2048 to 8192 bits, and a signature is as long as the modulus."""
    assert parse_key(rsa_jwk((1 << bits - 1) | (1 << 200) | 1)).signature_length == bits // 8


def test_an_rsa_size_between_bytes() -> None:
    """B-16: a modulus of 2049 bits has signatures of 257 bytes."""
    assert parse_key(rsa_jwk((1 << 2048) | 1)).signature_length == 257


@pytest.mark.parametrize("e", [3, 17, 65_537, 2**32 - 1])
def test_exponents_that_are_used(e: int) -> None:
    """B-15: an exponent is odd, and from 3 to below 2^32."""
    assert parse_key(rsa_jwk(e=e)).kid == "k"


@pytest.mark.parametrize("e", [0, 1, 2, 4, 65_536, 2**32, 2**32 + 1, (1 << 2040) | 1], ids=lambda e: f"{e:x}"[:12])
def test_exponents_that_are_refused(e: int) -> None:
    """A-161: e = 1 makes every text a signature of itself, and a long one costs milliseconds."""
    assert unusable(rsa_jwk(e=e)) in {"rsa_numbers", "unreadable"}


@pytest.mark.parametrize("n", [MODULUS - 1, 0, 1], ids=["even", "zero", "one"])
def test_moduli_that_are_none(n: int) -> None:
    """B-15: a modulus is odd, and not trivial."""
    assert unusable(rsa_jwk(n)) in {"rsa_numbers", "rsa_size", "unreadable"}


@pytest.mark.parametrize(
    ("key", "why"),
    [
        pytest.param({"kty": "EC", "crv": "P-256", "x": ONES, "y": ONES}, "unreadable", id="off the curve"),
        pytest.param({"kty": "EC", "crv": "P-256", "x": ZEROS, "y": ZEROS}, "unreadable", id="zero point"),
        pytest.param({"kty": "EC", "crv": "P-256", "x": ONES[:-2], "y": ONES[:-2]}, "unreadable", id="short point"),
        pytest.param({"kty": "EC", "crv": "P-256", "x": ONES}, "member_missing", id="no y"),
        pytest.param({"kty": "EC", "crv": "secp256k1", "x": ONES, "y": ONES}, "alg", id="secp256k1"),
        pytest.param({"kty": "EC", "crv": "Ed25519", "x": ONES, "y": ONES}, "unreadable", id="EC, Ed25519"),
        pytest.param({"kty": "EC", "crv": "p-256", "x": "AQ", "y": "AQ"}, "alg", id="curve in lower case"),
        pytest.param({"kty": "OKP", "crv": "P-256", "x": ONES}, "unreadable", id="OKP, P-256"),
        pytest.param({"kty": "OKP", "crv": "Ed25519", "x": encode(b"\1" * 31)}, "unreadable", id="Ed25519, 31 bytes"),
        pytest.param({"kty": "OKP", "crv": "Ed25519", "x": encode(b"\1" * 33)}, "unreadable", id="Ed25519, 33 bytes"),
        pytest.param({"kty": "OKP", "crv": "X25519", "x": ONES}, "alg", id="X25519"),
        pytest.param({"kty": "OKP", "crv": "Ed25519"}, "member_missing", id="no x"),
        pytest.param({"kty": "RSA", "n": number(MODULUS)}, "member_missing", id="no e"),
        pytest.param({"kty": "RSA", "n": 3, "e": "AQAB"}, "member_missing", id="n is a number"),
        pytest.param({"kty": "RSA", "n": "", "e": "AQAB"}, "base64", id="n is empty"),
        pytest.param({"kty": "RSA", "n": "é", "e": "AQAB"}, "base64", id="n is no base64"),
        pytest.param({"kty": "rsa", "n": number(MODULUS), "e": "AQAB"}, "kty", id="kty in lower case"),
        pytest.param({"kty": "ML-KEM"}, "kty", id="unknown kty"),
        pytest.param({"kty": ["RSA"]}, "kty", id="kty is a list"),
        pytest.param({"kty": None}, "kty", id="kty is null"),
        pytest.param({}, "kty", id="empty"),
        pytest.param([], "not_an_object", id="array"),
        pytest.param("RSA", "not_an_object", id="text"),
        pytest.param(None, "not_an_object", id="null"),
        pytest.param(1, "not_an_object", id="number"),
    ],
)  # fmt: skip
def test_keys_that_are_none(key: object, why: str) -> None:
    """B-15: what is no key, off its curve, or of an unknown kind is not used (A-158)."""
    assert unusable(key) == why


def test_ed448() -> None:
    """A-014: Ed448 is not Ed25519, whatever its alg says."""
    x = ed448.Ed448PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert unusable({"kty": "OKP", "crv": "Ed448", "x": encode(x), "alg": "EdDSA"}) == "alg"


@pytest.mark.parametrize("kid", ["", "k" * 257, 1, [], {}, True], ids=ascii)
def test_kids_that_are_refused(kid: object) -> None:
    """B-12: the kid of a key is a text of 1 to 256."""
    assert unusable(jwk(get_key("ES256"), kid=kid)) == "kid"


def test_a_key_without_kid() -> None:
    """B-13: a key need not have a kid."""
    assert public_key(get_key("ES256"), kid=None).kid is None


def test_a_certificate_of_the_key_has_no_say() -> None:
    """B-07: members that could bring another key along are not read."""
    plain, adorned = (
        public_key(get_key("ES256"), **members)
        for members in ({}, {"x5c": ["AAAA"], "x5u": "https://evil.example", "issuer": "x", "ext": True})
    )
    assert (plain.thumbprint, plain.algorithms) == (adorned.thumbprint, adorned.algorithms)


def test_the_thumbprint_of_rfc_7638() -> None:
    """RFC 7638 §3.1: the example's thumbprint comes out."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
        "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
        "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
        "nqDKgw"
    )
    key = parse_key({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert thumbprint({"n": n, "kty": "RSA", "e": "AQAB"}) == key.thumbprint


@pytest.mark.parametrize("name", ["RS256", "ES256", "ES512", "EdDSA"])
def test_the_thumbprint_of_a_key_that_is_spelt_otherwise(name: str) -> None:
    """RFC 7638 §3.3: one key has one thumbprint, also where its issuer pads its numbers (RFC 7518 §6.3.1.1)."""
    members = get_key(name).public_jwk
    padded = {each: members[each] + "==" for each in ("n", "x", "y") if each in members}
    assert public_key(get_key(name), **padded).thumbprint == public_key(get_key(name)).thumbprint
    if name == "RS256":
        signed = {"n": encode(b"\0" + base64url_decode(members["n"]))}  # as a signed integer has it
        assert public_key(get_key(name), **signed).thumbprint == public_key(get_key(name)).thumbprint


def test_keys_show_no_numbers() -> None:
    """B-74: a key's repr is for people."""
    key = public_key(get_key("RS256"))
    assert "n=" not in repr(key)
    assert "0x" not in repr(key).replace(key.thumbprint, "")


@pytest.mark.parametrize("size", [0, 1, 32, 63, 65, 66, 96, 128, 132])
def test_lengths_of_ecdsa_signatures(size: int) -> None:
    """A-023: a signature over P-256 has 64 bytes."""
    assert not is_believed(public_key(get_key("ES256")), "ES256", (sign("ES256") * 3)[:size])


def test_a_trimmed_ecdsa_signature() -> None:
    """A-023: leading zeros belong to the signature."""
    key = public_key(get_key("ES256"))
    signed = ((message, sign("ES256", message)) for message in (b"%d" % i for i in range(10_000)))
    message, signature = next(each for each in signed if each[1][0] == 0)
    assert is_believed(key, "ES256", signature, message)
    assert not is_believed(key, "ES256", signature[1:], message)
    assert not is_believed(key, "ES256", b"\0" + signature, message)


def test_a_der_signature() -> None:
    """A-022: an ECDSA signature in DER is refused, also where it has the right length."""
    private = get_key("ES256").private_key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    der = private.sign(MESSAGE, ec.ECDSA(SHA256()))
    key = public_key(get_key("ES256"))
    assert not is_believed(key, "ES256", der)
    assert not is_believed(key, "ES256", der[:64])


@pytest.mark.parametrize(
    ("r", "s"),
    [(0, 0), (0, 1), (1, 0), (P256_ORDER, 1), (1, P256_ORDER), (P256_ORDER, P256_ORDER), (2**256 - 1, 2**256 - 1)],
)
def test_psychic_signatures(r: int, s: int) -> None:
    """B-16: r and s lie between 0 and the order (CVE-2022-21449)."""
    assert not is_believed(public_key(get_key("ES256")), "ES256", r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def test_the_other_half_of_an_ecdsa_signature() -> None:
    """B-16: JOSE has no low-s rule, so that n - s is as good as s."""
    signature = sign("ES256")
    s = P256_ORDER - int.from_bytes(signature[32:], "big")
    assert is_believed(public_key(get_key("ES256")), "ES256", signature[:32] + s.to_bytes(32, "big"))


def test_an_rsa_signature_of_another_length() -> None:
    """A-025: a signature has as many bytes as the modulus."""
    key, signature = public_key(get_key("RS256")), sign("RS256")
    assert is_believed(key, "RS256", signature)
    for changed in (signature[1:], signature[:-1], b"\0" + signature, signature + b"\0", b"", signature * 2):
        assert not is_believed(key, "RS256", changed)


def test_a_forgery_for_a_small_exponent() -> None:
    """A-026: Bleichenbacher's cube root, with garbage behind the hash, is no signature."""
    key = parse_key(rsa_jwk(e=3))
    digest_info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(MESSAGE).digest()
    beginning = b"\0\1" + b"\xff" * 8 + b"\0" + digest_info
    block = int.from_bytes(beginning + b"\xff" * (256 - len(beginning)), "big")
    forged = cube_root(block)
    assert (forged**3).to_bytes(256, "big").startswith(beginning)
    assert not is_believed(key, "RS256", forged.to_bytes(256, "big"))


def cube_root(value: int) -> int:
    """Return the largest integer whose cube is not above the value."""
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= value else (low, middle - 1)
    return low


def test_an_rsa_signature_beyond_the_modulus() -> None:
    """B-16: a number above the modulus is refused, though it is congruent to a signature."""
    public = get_key("RS256").private_key.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    congruent = int.from_bytes(sign("RS256"), "big") + public.public_numbers().n
    if congruent.bit_length() <= 2048:
        assert not is_believed(public_key(get_key("RS256")), "RS256", congruent.to_bytes(256, "big"))
    assert not is_believed(public_key(get_key("RS256")), "RS256", b"\xff" * 256)


def test_the_paddings_are_not_mixed() -> None:
    """A-011: a PSS signature is none for RS256, nor the other way round."""
    key = public_key(get_key("RS256"), alg=None)
    assert not is_believed(key, "RS256", sign("PS256"))
    assert not is_believed(key, "PS256", sign("RS256"))
    assert is_believed(key, "PS256", sign("PS256"))


def test_the_hashes_are_not_mixed() -> None:
    """B-10: a signature over SHA-512 is none for RS256."""
    private = get_key("RS256").private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    assert not is_believed(public_key(get_key("RS256")), "RS256", private.sign(MESSAGE, padding.PKCS1v15(), SHA512()))


def test_the_public_key_as_a_secret() -> None:
    """A-007: an HMAC keyed with what is public is no signature of any algorithm."""
    public = get_key("RS256").private_key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = public_key(get_key("RS256"), alg=None)
    for alg in key.algorithms:
        assert not is_believed(key, alg, hmac.digest(pem, MESSAGE, "sha256"))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = ["kty", "kid", "alg", "use", "key_ops", "n", "e", "crv", "x", "y", "d", "k", "x5t"]
WORDS = [
    "RSA",
    "EC",
    "OKP",
    "oct",
    "P-256",
    "P-384",
    "Ed25519",
    "RS256",
    "ES256",
    "EdDSA",
    "AQAB",
    "AA",
    "",
    "sig",
    "é",
    "=",
]


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(["RS256", "ES256", "ES384", "EdDSA", ""]),
    st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(WORDS) | JSON_VALUES),
)
def test_any_key(name: str, changes: dict[str, Any]) -> None:
    """B-75: whatever stands in a JWK, it is a key that keeps the rules, or UnusableKey and nothing else."""
    members = {**(get_key(name).public_jwk if name else {}), **changes}
    try:
        key = parse_key(members)
    except UnusableKey:
        return
    assert key.algorithms <= ALGORITHMS
    assert not {"d", "k"} & members.keys()
    assert key.kid == members.get("kid")
    assert not is_believed(key, next(iter(key.algorithms)), b"\1" * key.signature_length)


@settings(deadline=None)
@given(JSON_VALUES)
def test_any_value(value: object) -> None:
    """B-75: what is no key at all is UnusableKey and nothing else."""
    with pytest.raises(UnusableKey):
        parse_key(value)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["RS256", "PS256", "ES256", "ES512", "EdDSA"]), st.data())
def test_any_signature(alg: str, data: st.DataObject) -> None:
    """B-75: any bytes of the right length are refused, and nothing else happens."""
    key = public_key(get_key(alg))
    size = key.signature_length
    assert not is_believed(key, alg, data.draw(st.binary(min_size=size, max_size=size)))


def test_a_thumbprint_is_the_numbers_alone() -> None:
    """RFC 7638 §3: a key under another kid or alg has the same thumbprint."""
    key = get_key("ES384")
    assert parse_key(key.public_jwk).thumbprint == public_key(key, kid="other", alg=None).thumbprint
