"""Whether a text is the one of which another library kept a digest; in constant time, once it is computed (K-14)."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeAlias

from authmux.errors import ConfigurationError
from authmux.foreign_digest import FORMS

Check: TypeAlias = Callable[[bytes, bytes], bool]
"""Takes a text, and what is kept of the right one in the form of its algorithm."""

SLOW: Final = frozenset({"pbkdf2-sha256", "argon2", "bcrypt", "bcrypt-sha256"})
"""Those that take so long that they must not hold an event loop, nor be had as often as anybody likes."""


def matches(algorithm: str, text: str, kept: bytes) -> bool:
    """Return whether a text is the right one; a digest that is not of its algorithm's form is nobody's."""
    return FORMS[algorithm].fullmatch(kept) is not None and _CHECKS[algorithm](text.encode("ascii"), kept)


def require_installed(algorithms: Collection[str]) -> None:
    """Return if these digests can be computed here.

    Raises:
        ConfigurationError: a package is missing.
    """
    try:
        if "argon2" in algorithms:
            import argon2  # noqa: F401  # an extra
        if {"bcrypt", "bcrypt-sha256"} & set(algorithms):
            import bcrypt  # noqa: F401  # an extra
    except ImportError as error:
        raise ConfigurationError(f"these digests need {error.name}: pip install 'authmux[imports]'") from None


def _plain(name: str) -> Check:
    return lambda text, kept: hmac.compare_digest(hashlib.new(name, text).digest(), kept)


def _salted(text: bytes, kept: bytes) -> bool:
    salt, _, digest = kept.partition(b"$")
    return hmac.compare_digest(hashlib.sha256(salt + text).hexdigest().encode(), digest)


def _pbkdf2(text: bytes, kept: bytes) -> bool:
    rounds, salt, digest = kept.split(b"$")
    return hmac.compare_digest(hashlib.pbkdf2_hmac("sha256", text, salt, int(rounds)), base64.b64decode(digest))


def _argon2(text: bytes, kept: bytes) -> bool:
    from argon2 import PasswordHasher  # an extra
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return PasswordHasher().verify(kept, text)
    except (Argon2Error, InvalidHashError):
        return False


def _bcrypt(text: bytes, kept: bytes) -> bool:
    from bcrypt import checkpw  # an extra

    if len(text) > 72:  # the rest would not be looked at
        return False
    return checkpw(text, kept)


_CHECKS: Final[Mapping[str, Check]] = {
    "sha256": _plain("sha256"),
    "sha512": _plain("sha512"),
    "sha3-512": _plain("sha3_512"),
    "salted-sha256": _salted,
    "pbkdf2-sha256": _pbkdf2,
    "argon2": _argon2,
    "bcrypt": _bcrypt,
    "bcrypt-sha256": lambda text, kept: _bcrypt(hashlib.sha256(text).hexdigest().encode(), kept),
}
