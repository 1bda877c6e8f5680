"""Forged tokens: most of them signed by a genuine key of the set, over what no genuine issuer would sign."""

import hmac
import json
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_decode

from authmux.testing.signing_key import SigningKey
from tests.jose.token_maker import encode, get_key, good_header, good_payload, mint, rename, sign_bytes, sign_text

RSA: Final = "RS256"
EC: Final = "ES256"
Change = Callable[[bytes], bytes]


def attacker(algorithm: str) -> SigningKey:
    """Return a key that nobody publishes."""
    return get_key(f"{algorithm} attacker")


def rs256(**header: object) -> str:
    """Return a token of the RSA key, whatever its header then says."""
    return mint(get_key(RSA), **header)


def es256(**header: object) -> str:
    """Return a token of the key on P-256, whatever its header then says."""
    return mint(get_key(EC), **header)


def stranger(**header: object) -> str:
    """Return a token that is signed by nobody's key, under a genuine kid."""
    return mint(attacker(EC), **{"kid": EC, **header})


def under(kid: str, name: str) -> str:
    """Return a token of one key under another one's kid."""
    return mint(rename(get_key(name), kid))


def es256_over(payload: bytes, header: bytes | None = None) -> str:
    """Return a token with exactly these bytes in it."""
    return sign_bytes(get_key(EC), header or good_header(get_key(EC)), payload)


def headed(**header: object) -> str:
    """Return a token whose header has these parameters; None stays and is JSON's null."""
    return es256_over(good_payload(), good_header(get_key(EC), **header))


def claiming(**claims: object) -> str:
    """Return a token with these claims; None stays and is JSON's null."""
    return es256_over(good_payload(**claims))


def without(*names: str, typ: str | None = "at+jwt", **claims: object) -> str:
    """Return a token that lacks these claims and has others."""
    members = {name: value for name, value in json.loads(good_payload(**claims)).items() if name not in names}
    return mint(get_key(EC), members, typ=typ)


def respelt(change: Callable[[str], str], segment: int) -> str:
    """Return a token one of whose segments is spelt otherwise, and signed so; the last is only spelt."""
    parts = es256().split(".")
    parts[segment] = change(parts[segment])
    return ".".join(parts) if segment == 2 else sign_text(get_key(EC), ".".join(parts[:2]))


def hmac_signed(secret: bytes, *, alg: str = "HS256", kid: str = RSA, digest: str = "sha256") -> str:
    """Return a token with an HMAC for a signature."""
    signing_input = f"{encode(good_header(get_key(RSA), alg=alg, kid=kid))}.{encode(good_payload())}"
    return f"{signing_input}.{encode(hmac.digest(secret, signing_input.encode(), digest))}"


def public_bytes(encoding: Encoding, form: PublicFormat) -> bytes:
    """Return the RSA key's public half, as files have it."""
    return get_key(RSA).private_key.public_key().public_bytes(encoding, form)


def with_signature(text: str, signature: bytes) -> str:
    """Return a token with another signature."""
    return f"{text.rpartition('.')[0]}.{encode(signature)}"


def signed_as(text: str, change: Change) -> str:
    """Return a token with its signature changed."""
    return with_signature(text, change(base64url_decode(text.rpartition(".")[2])))


def resized(size: int) -> str:
    """Return a token with an ECDSA signature of so many bytes."""
    return signed_as(es256(), lambda signature: (signature * 2)[:size])


def trimmed() -> str:
    """Return a token whose ECDSA signature began with a zero, without that."""
    private = get_key(EC).private_key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    text = next(text for text in (claiming(n=n) for n in range(10_000)) if decoded(text, 2)[0] == 0)
    return signed_as(text, lambda signature: signature[1:])


def der_signed() -> str:
    """Return a token whose ECDSA signature is in DER, as X.509 has it."""
    signature = decoded(es256(), 2)
    r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
    return with_signature(es256(), encode_dss_signature(r, s))


def der_of_the_text() -> str:
    """Return a token with a genuine DER signature over its own text."""
    text, private = es256(), get_key(EC).private_key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return with_signature(text, private.sign(text.rpartition(".")[0].encode(), ec.ECDSA(SHA256())))


def beyond_the_modulus() -> str:
    """Return a token whose RSA signature is a larger number that is congruent to a genuine one."""
    public = get_key(RSA).private_key.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    n = public.public_numbers().n
    return signed_as(rs256(), lambda signature: (int.from_bytes(signature) + n).to_bytes(257))


def decoded(text: str, segment: int) -> bytes:
    """Return the bytes of a segment."""
    return base64url_decode(text.split(".")[segment])


def spliced(header: str, payload: str, signature: str) -> str:
    """Return a token of a segment of each."""
    return ".".join(text.split(".")[place] for place, text in enumerate((header, payload, signature)))


def unsigned(alg: str) -> str:
    """Return a token with an empty signature."""
    return rs256(alg=alg).rpartition(".")[0] + "."


def encrypted(alg: str, enc: str) -> str:
    """Return what looks like a JWE in compact form."""
    header = json.dumps({"alg": alg, "enc": enc, "kid": RSA, "typ": "at+jwt"}).encode()
    return ".".join(encode(part) for part in (header, b"k" * 256, b"i" * 12, good_payload(), b"t" * 16))
