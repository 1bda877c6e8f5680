"""The text of keys and tokens: make, parse, checksum, digest (K-01…K-09, K-12).

acme_key_live_5g2v9k0m3x7q1b8n_<43 characters of secret><6 of checksum>
prefix kind env id             proves the bearer          finds typing mistakes, without a look-up
"""

import hmac
import re
import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from authmux.errors import ConfigurationError, Fault, InvalidCredential
from authmux.peppers import Peppers

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE32: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's, lower case: no i l o u
_PAIR: Final = {a + b: 62 * x + y for x, a in enumerate(_BASE62) for y, b in enumerate(_BASE62)}

ID_LENGTH: Final = 16  # 80 random bits (K-04)
SECRET_LENGTH: Final = 43  # 43 base-62 digits hold the 256 bits of K-05
CHECKSUM_LENGTH: Final = 6  # 6 base-62 digits hold a CRC-32 (K-06)
MAX_LENGTH: Final = 512  # bytes; longer text is refused before it is hashed (K-08)

_PREFIX = re.compile(r"[a-z][a-z0-9]{1,11}")
_ENV = re.compile(r"[a-z]{2,8}")
_DOMAIN: Final = b"authmux/opaque-token/1\0"


class Kind(StrEnum):
    """What a token of ours is; it can be read in the text (K-02)."""

    KEY = "key"
    PAT = "pat"


@dataclass(slots=True)  # not frozen: one is made for every request, and a frozen one takes 0.6 µs longer
class ParsedToken:
    """A text that has our shape and a right checksum; nothing is proved yet."""

    kind: Kind
    env: str | None
    id: str
    text: str = field(repr=False)


class TokenFormat:
    """How one application writes its keys and tokens; shared by the service that makes them and the verifiers.

    Arguments:
        prefix: the application's own mark, 2 to 12 of `[a-z0-9]`, first a letter (K-01).
        peppers: the server-side keys that the stored digests depend on (K-13).
        former_prefixes: marks used before; their tokens are accepted, none is made (K-01).

    Raises:
        ConfigurationError: a prefix is not of that form.
    """

    def __init__(self, *, prefix: str, peppers: Peppers, former_prefixes: Collection[str] = ()) -> None:
        self.prefixes: Final = (prefix, *former_prefixes)
        for each in self.prefixes:
            if not _PREFIX.fullmatch(each):
                raise ConfigurationError(f"prefix {each!r}: write 2 to 12 of a-z and 0-9, first a letter (K-01)")
        self.prefix: Final = prefix
        self.peppers: Final = peppers
        self._keyed: Final = peppers.keyed(_DOMAIN)
        self._shape: Final = re.compile(
            f"(?:{'|'.join(self.prefixes)})_({'|'.join(Kind)})_(?:([a-z]{{2,8}})_)?"
            f"([{_BASE32}]{{{ID_LENGTH}}})_[0-9A-Za-z]{{{SECRET_LENGTH}}}([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
        )

    def marks(self, kind: Kind) -> tuple[str, ...]:
        """Return how every text of this kind begins; enough to know whose it is."""
        return tuple(f"{prefix}_{kind}_" for prefix in self.prefixes)

    def make(self, kind: Kind, token_id: str, *, env: str | None = None) -> str:
        """Return a new text with a fresh secret from the operating system's generator.

        Raises:
            ValueError: `env` is not 2 to 8 lower-case letters (K-03).
        """
        if env is not None and not _ENV.fullmatch(env):
            raise ValueError(f"env {env!r}: write 2 to 8 lower-case letters, such as 'live' or 'test' (K-03)")
        middle = f"{env}_{token_id}" if env else token_id
        body = f"{self.prefix}_{kind}_{middle}_{_random(_BASE62, SECRET_LENGTH)}"
        return body + checksum(body)

    def parse(self, text: str) -> ParsedToken:
        """Read a text; pure, and refuses typing mistakes and truncation without any look-up (K-06).

        Raises:
            InvalidCredential: too long, not of our shape, or the checksum is wrong.
        """
        if len(text) > MAX_LENGTH:
            raise InvalidCredential(Fault.MALFORMED, "token_too_long")
        match = self._shape.fullmatch(text)
        if match is None:
            raise InvalidCredential(Fault.MALFORMED, "token_shape")
        kind, env, token_id, check = match.groups()
        if _number(check) != zlib.crc32(text[:-CHECKSUM_LENGTH].encode("ascii")):
            raise InvalidCredential(Fault.MALFORMED, "token_checksum")
        return ParsedToken(_KINDS[kind], env, token_id, text)

    def digest(self, text: str, pepper_id: str) -> bytes:
        """Return what a store keeps instead of the text: HMAC-SHA-256 under a pepper (K-12).

        Raises:
            KeyError: no pepper of this id is known.
        """
        keyed = self._keyed[pepper_id].copy()
        keyed.update(text.encode("ascii"))
        return keyed.digest()

    def matches(self, text: str, digest: bytes, *, pepper_id: str) -> bool:
        """Return whether a digest is of a text, in constant time; no digest is, under a pepper that is not known."""
        if pepper_id not in self._keyed:
            return False
        return hmac.compare_digest(self.digest(text, pepper_id), digest)


_KINDS: Final = {kind.value: kind for kind in Kind}


def new_id() -> str:
    """Return a fresh public id: 16 characters of Crockford's base 32 (K-04)."""
    return _random(_BASE32, ID_LENGTH)


def hint(text: str) -> str:
    """Return the last four characters, which a person may be shown to tell two tokens apart (K-10)."""
    return text[-4:]


def checksum(body: str) -> str:
    """Return the CRC-32 of everything before it, as six base-62 digits; not a security control (K-06)."""
    number, digits = zlib.crc32(body.encode("ascii")), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits


def _number(digits: str) -> int:
    """Return what six base-62 digits say."""
    return (_PAIR[digits[:2]] * 3844 + _PAIR[digits[2:4]]) * 3844 + _PAIR[digits[4:]]


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
