"""What a forger, or a careless issuer, writes into a token's header; signed afterwards."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.jose.token_maker import ALGORITHMS, get_key
from tests.oracles.doors import KEY_NAMES
from tests.oracles.drafts import Draft, dump
from tests.oracles.odd_values import odd_value, spoil

Mutation: TypeAlias = Callable[[Random, Draft], None]

ALGS: Final[Sequence[Any]] = (
    *ALGORITHMS, "Ed25519", "Ed448", "none", "None", "NONE", "nOnE", "HS256", "HS512", "rs256", "RS256 ", "RS1",
    "ES256K", "RSA1_5", "RSA-OAEP", "dir", "A128KW", "PBES2-HS256+A128KW", "", "ML-DSA-44", "\uff32S256", "RS256\u0000",
)  # fmt: skip
TYPES: Final[Sequence[Any]] = (
    "at+jwt", "AT+JWT", "application/at+jwt", "APPLICATION/AT+JWT", "application/application/at+jwt", "JWT", "jwt",
    "application/jwt", "at+jwt ", "at+jwt;x=1", "application/x/at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt",
    "txntoken+jwt", "wit+jwt", "entity-statement+jwt", "id+jwt", "JOSE", "", "at\u212ajwt",
)  # fmt: skip
REFUSED: Final[Sequence[tuple[str, Any]]] = (
    ("crit", ["exp"]), ("crit", []), ("crit", "b64"), ("crit", None), ("crit", ["b64"]), ("b64", False), ("b64", True),
    ("zip", "DEF"), ("enc", "A128GCM"), ("cty", "JWT"), ("epk", {}), ("p2s", "c2FsdA"), ("p2c", 2**31),
)  # fmt: skip
IGNORED: Final[Sequence[tuple[str, Any]]] = (
    ("jku", "https://attacker.example/keys"), ("x5u", "https://attacker.example/cert"), ("x5c", ["AAAA"]),
    ("x5t", "abc"), ("x5t#S256", "abc"), ("jwk", {"kty": "oct", "k": "AAAA"}), ("unknown", 1), ("nonce", "n"),
    ("iss", "https://attacker.example"), ("exp", 1), ("ppt", "shaken"), ("svt", {"a": {"b": {}}}),
)  # fmt: skip


def _alg(random: Random, draft: Draft) -> None:
    draft.header["alg"] = random.choice(ALGS) if random.random() < 0.8 else odd_value(random, draft.header.get("alg"))


def _kid(random: Random, draft: Draft) -> None:
    if random.random() < 0.5:
        draft.header["kid"] = get_key(random.choice(KEY_NAMES)).kid
    else:
        draft.header["kid"] = odd_value(random, draft.header.get("kid"))


def _typ(random: Random, draft: Draft) -> None:
    draft.header["typ"] = random.choice(TYPES) if random.random() < 0.8 else odd_value(random, draft.header.get("typ"))


def _leave_out(random: Random, draft: Draft) -> None:
    draft.header.pop(random.choice(("alg", "kid", "typ")), None)


def _refused(random: Random, draft: Draft) -> None:
    name, value = random.choice(REFUSED)
    draft.header[name] = value if random.random() < 0.8 else odd_value(random)


def _ignored(random: Random, draft: Draft) -> None:
    name, value = random.choice(IGNORED)
    draft.header[name] = value if random.random() < 0.7 else odd_value(random)


def _embed(random: Random, draft: Draft) -> None:
    """Carry a key along, and sign with it."""
    draft.key = get_key(random.choice(("ES256 attacker", "EdDSA attacker")))
    draft.header |= {"alg": draft.key.algorithm, "jwk": draft.key.public_jwk}


def _other_key(random: Random, draft: Draft) -> None:
    """Sign with a key that the header does not name."""
    draft.key = get_key(random.choice((*KEY_NAMES, "ES256 attacker", "EdDSA attacker")))
    if random.random() < 0.5:
        draft.header["alg"] = draft.key.algorithm


def _public_as_secret(random: Random, draft: Draft) -> None:
    """CVE-2016-5431: sign by HMAC with what everybody knows."""
    public = draft.key.private_key.public_key()
    draft.secret = random.choice((
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        dump(draft.key.public_jwk),
        b"",
    ))  # fmt: skip
    draft.header["alg"] = random.choice(("HS256", "hs256", draft.header.get("alg")))


def _text(random: Random, draft: Draft) -> None:
    draft.header_text = spoil(random, draft.header_bytes())


def _long(random: Random, draft: Draft) -> None:
    draft.header["x5c"] = ["A" * random.choice((400, 3900, 4100, 9000))]


HEADER_MUTATIONS: Final[Sequence[Mutation]] = (
    _alg, _kid, _typ, _typ, _leave_out, _refused, _ignored, _ignored, _embed, _other_key, _public_as_secret, _text,
    _text, _long,
)  # fmt: skip
