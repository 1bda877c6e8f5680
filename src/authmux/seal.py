"""`Seal`: the key under which the entries of the audit log are chained; it is not in the database (K-71)."""

import hmac
from dataclasses import dataclass, field
from typing import NoReturn


@dataclass(frozen=True, slots=True)
class Seal:
    """A key derived from a pepper, by which an entry of the audit log proves that it was not changed.

    Arguments:
        key_id: the pepper that it was derived from.
        key: 32 bytes.
    """

    key_id: str
    key: bytes = field(repr=False)

    def mac(self, text: bytes) -> bytes:
        """Return the HMAC of an entry's canonical text."""
        return hmac.digest(self.key, text, "sha256")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a seal is a secret: it is not pickled or copied")
