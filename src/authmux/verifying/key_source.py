"""What a source of an issuer's keys is: remote ones, or keys that one was given."""

from typing import Protocol

from authmux.flow import Flow
from authmux.jose.jwk import PublicKey
from authmux.jose.key_set import KeySet


class HasKeys(Protocol):
    """A moment's view of the keys."""

    @property
    def keys(self) -> KeySet:
        """Return them."""
        ...


class KeySource(Protocol):
    """Where a `JWTVerifier` finds the key that a token names."""

    def find(self, alg: str, kid: str | None) -> Flow[PublicKey]:
        """Return the key.

        Raises:
            InvalidCredential: there is no such key.
            Unavailable: nothing is known of the keys.
        """
        ...

    def usable(self) -> HasKeys | None:
        """Return the keys as they are known now, without waiting; None where nothing is known."""
        ...

    def preload(self) -> None:
        """Begin to fetch the keys, without waiting."""
        ...
