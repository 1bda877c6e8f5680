"""Key sets that an issuer publishes by mistake, or somebody in its name."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final, TypeAlias

from tests.oracles.odd_values import odd_value, spoil

JWK: TypeAlias = dict[str, Any]
KeyMutation: TypeAlias = Callable[[Random, JWK], None]

_MEMBERS: Final = ("kty", "crv", "n", "e", "x", "y", "kid", "alg", "use", "key_ops", "x5t", "x5t#S256", "issuer", "x5c")
_PRIVATE: Final = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_PLAUSIBLE: Final[Sequence[tuple[str, Any]]] = (
    ("kty", "RSA"), ("kty", "EC"), ("kty", "OKP"), ("kty", "oct"), ("kty", "AKP"), ("kty", "rsa"), ("crv", "P-256"),
    ("crv", "P-384"), ("crv", "P-521"), ("crv", "secp256k1"), ("crv", "Ed25519"), ("crv", "Ed448"), ("crv", "X25519"),
    ("use", "enc"), ("use", "sig"), ("use", "SIG"), ("key_ops", ["verify"]), ("key_ops", ["sign"]), ("key_ops", []),
    ("key_ops", "verify"), ("key_ops", ["verify", "verify"]), ("alg", "RS256"), ("alg", "PS256"), ("alg", "ES256"),
    ("alg", "EdDSA"), ("alg", "Ed25519"), ("alg", "HS256"), ("alg", "none"), ("alg", "RSA-OAEP"), ("e", "AQ"),
    ("e", "Aw"), ("e", "AQAA"), ("e", "AQABAA"), ("e", "AAEAAQ"), ("e", ""), ("issuer", "https://auto.example"),
)  # fmt: skip


def mutate_key_set(random: Random, good: Mapping[str, Any]) -> bytes:
    """Return a key set in which one or several things are not as they were."""
    keys: list[Any] = [dict(key) for key in good["keys"]]
    jwks: dict[str, Any] = {"keys": keys}
    random.shuffle(keys)
    for _ in range(random.choice((1, 1, 2, 4))):
        if random.random() < 0.2:
            random.choice(_SET_MUTATIONS)(random, keys)
        elif keys and isinstance(chosen := random.choice(keys), dict):
            random.choice(_KEY_MUTATIONS)(random, chosen)
    if random.random() < 0.05:
        jwks["keys"] = odd_value(random, keys)
    text = json.dumps(jwks).encode()
    return spoil(random, text) if random.random() < 0.15 else text


def _odd(random: Random, jwk: JWK) -> None:
    name = random.choice(_MEMBERS)
    jwk[name] = odd_value(random, jwk.get(name))


def _plausible(random: Random, jwk: JWK) -> None:
    name, value = random.choice(_PLAUSIBLE)
    jwk[name] = value


def _leave_out(random: Random, jwk: JWK) -> None:
    jwk.pop(random.choice(_MEMBERS), None)


def _private(random: Random, jwk: JWK) -> None:
    jwk[random.choice(_PRIVATE)] = random.choice(("AAAA", "", None, 1))


def _respell(random: Random, jwk: JWK) -> None:
    """Write a number as lenient decoders take it too, or as another one."""
    name = random.choice(("n", "e", "x", "y"))
    text = jwk.get(name)
    if not isinstance(text, str) or not text:
        return
    at = random.randrange(len(text))
    jwk[name] = random.choice((
        text + "=", text + "==", "AA" + text, text + "AA", text[:-1], text[1:], text[:at] + "!" + text[at:],
        text[:at] + "\n" + text[at:], text.replace("-", "+").replace("_", "/"), text[:at] + "A" + text[at + 1 :],
        text[:-1] + chr(ord(text[-1]) ^ 1), text[::-1], encode(b"\x00" + decode(text)), "A" * len(text),
        encode(random.randbytes(len(decode(text)))), text[: len(text) // 2], text * 2, text + "\u00e9",
    ))  # fmt: skip


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return what lenient decoders make of a text, nothing where that is nothing."""
    try:
        return base64.urlsafe_b64decode(text + "==")
    except ValueError:
        return b"\x01"


def _repeat(random: Random, keys: list[Any]) -> None:
    """Publish a key twice: the same, or under the name of another."""
    if keys and isinstance(chosen := random.choice(keys), dict):
        other = random.choice(keys)
        kid = other.get("kid") if isinstance(other, dict) and random.random() < 0.7 else chosen.get("kid")
        keys.insert(random.randrange(len(keys) + 1), {**chosen, "kid": kid})


def _drop(random: Random, keys: list[Any]) -> None:
    del keys[random.randrange(len(keys) + 1) :]


def _junk(random: Random, keys: list[Any]) -> None:
    keys.insert(random.randrange(len(keys) + 1), odd_value(random))


def _many(random: Random, keys: list[Any]) -> None:
    keys.extend({"kty": "oct", "k": "AAAA", "kid": str(each)} for each in range(random.choice((100, 130))))


def _mix(random: Random, keys: list[Any]) -> None:
    """Give one key members of another."""
    dicts = [key for key in keys if isinstance(key, dict)]
    if len(dicts) > 1:
        one, other = random.sample(dicts, 2)
        one |= {name: value for name, value in other.items() if random.random() < 0.4}


_KEY_MUTATIONS: Final[Sequence[KeyMutation]] = (_odd, _odd, _plausible, _plausible, _leave_out, _private, _respell)
_SET_MUTATIONS: Final = (_repeat, _repeat, _drop, _junk, _many, _mix, _mix)
