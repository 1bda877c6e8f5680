"""An issuer's public keys at one moment: immutable, swapped whole, and precise about which key a token names."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from authmux.errors import Fault, InvalidCredential
from authmux.jose.jwk import PublicKey, UnusableKey, parse_key
from authmux.jose.strict_json import NotStrict, parse_object

MAX_KEYS: Final = 128  # Entra says 10 to 1000 and publishes a dozen (B-52)
SET_DEPTH: Final = 8


class NotAKeySet(ValueError):
    """The document holds no key that could be used; whoever has an older set keeps it (B-38)."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys, in the issuer's order, and how many were skipped for what reason."""

    keys: tuple[PublicKey, ...]
    skipped: tuple[tuple[str, int], ...] = ()

    @property
    def thumbprints(self) -> frozenset[str]:
        """Return the names that keys have by their own numbers (RFC 7638)."""
        return frozenset(key.thumbprint for key in self.keys)

    def choose(self, alg: str, kid: str | None) -> PublicKey | None:
        """Return the one key that a token's header names; None where the set has no key of this kid at all.

        No key is ever tried to see whether it fits (B-13).

        Raises:
            InvalidCredential: keys of this kid are not for this algorithm, or more than one is (B-12…B-14).
        """
        named = self.keys if kid is None else [key for key in self.keys if key.kid == kid]
        if not named:
            return None
        fitting = {key.thumbprint: key for key in named if alg in key.algorithms}
        if len(fitting) != 1:
            raise InvalidCredential(Fault.SIGNATURE, "key_not_for_alg" if not fitting else "key_ambiguous")
        return next(iter(fitting.values()))


def parse_key_set(document: bytes, *, max_keys: int = MAX_KEYS) -> KeySet:
    """Read a JWK set (RFC 7517 §5); a bad key among good ones is skipped, and counted (B-15).

    Raises:
        NotAKeySet: it is not one, has too many keys, or none that can be used (B-38, B-52).
    """
    try:
        members = parse_object(document, max_depth=SET_DEPTH).get("keys")
    except NotStrict as error:
        raise NotAKeySet(str(error)) from None
    if not isinstance(members, list) or len(members) > max_keys:
        raise NotAKeySet("keys")
    keys: list[PublicKey] = []
    skipped: Counter[str] = Counter()
    for member in members:
        try:
            keys.append(parse_key(member))
        except UnusableKey as error:
            skipped[str(error)] += 1
    if not keys:
        raise NotAKeySet("no_usable_key")
    return KeySet(tuple(keys), tuple(sorted(skipped.items())))
