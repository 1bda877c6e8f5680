"""Digests that other libraries keep of their keys: their names, how they are written down, and how they are read."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

_SALT: Final = rb"[^$\x00-\x20\x7f-\xff]{1,128}"

FORMS: Final[Mapping[str, re.Pattern[bytes]]] = {
    "sha256": re.compile(rb".{32}", re.DOTALL),
    "sha512": re.compile(rb".{64}", re.DOTALL),
    "sha3-512": re.compile(rb".{64}", re.DOTALL),
    "salted-sha256": re.compile(rb"(" + _SALT + rb")\$([0-9a-f]{64})"),
    "pbkdf2-sha256": re.compile(rb"([1-9][0-9]{0,6})\$(" + _SALT + rb")\$([A-Za-z0-9+/]{43}=)"),
    "argon2": re.compile(
        rb"\$argon2(?:id|i|d)\$v=[0-9]{1,3}\$m=[0-9]{1,6},t=[0-9],p=[0-9]{1,2}"
        rb"\$[A-Za-z0-9+/]{1,100}\$[A-Za-z0-9+/]{1,100}"
    ),
    "bcrypt": re.compile(rb"\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}"),
    "bcrypt-sha256": re.compile(rb"\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}"),
}
"""How a digest of each kind is kept; what would take longer than a few seconds to compute is of none."""

_DJANGO: Final = {
    "pbkdf2_sha256$": "pbkdf2-sha256",
    "argon2": "argon2",
    "bcrypt_sha256$": "bcrypt-sha256",
    "bcrypt$": "bcrypt",
}


def read_plain(text: str) -> bytes:
    """Read a plain digest that is written in hexadecimal or base64, padded or not, of either alphabet.

    Raises:
        ValueError: it is neither.
    """
    with_padding = text + "=" * (-len(text) % 4)
    if len(text) in (64, 128):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(with_padding.translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error:
        raise ValueError("a digest is written in hexadecimal or base64") from None


def read_django(text: str) -> tuple[str, bytes]:
    """Read what Django keeps of a password; return the kind of digest, and the digest as we keep it.

    Raises:
        ValueError: it is of no kind that is taken.
    """
    if text.startswith("sha512$$"):  # djangorestframework-api-key 3
        return "sha512", read_plain(text.removeprefix("sha512$$"))
    for mark, algorithm in _DJANGO.items():
        if text.startswith(mark):
            return algorithm, text.removeprefix(mark).encode("ascii")
    raise ValueError(f"digests of the kind {text.partition('$')[0][:32]!r} are not taken")
