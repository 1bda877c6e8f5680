"""Under which names a memory holds what it knows of a token: neither the token nor its plain hash (B-60)."""

import hmac
import os


class TokenNames:
    """Names tokens by an HMAC under a random key: one for each memory, and after a fork another one (B-41)."""

    def __init__(self) -> None:
        self._keyed = hmac.new(os.urandom(32), digestmod="sha256")  # keying anew for each name would take twice as long

    def of(self, text: str) -> bytes:
        """Return the name of a token; two texts have one name only if they are the same to the byte."""
        keyed = self._keyed.copy()
        keyed.update(text.encode("ascii", "backslashreplace"))
        return keyed.digest()
