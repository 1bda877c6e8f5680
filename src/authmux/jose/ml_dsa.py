"""ML-DSA (FIPS 204) for JWS, where the backend has it: its keys and signatures as JOSE writes them (B-10)."""

from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature

try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey, MLDSA65PublicKey, MLDSA87PublicKey
except ImportError:  # cryptography 46 and older, or a backend without it
    _KINDS: Mapping[str, Any] = {}
else:
    _KINDS = {"ML-DSA-44": MLDSA44PublicKey, "ML-DSA-65": MLDSA65PublicKey, "ML-DSA-87": MLDSA87PublicKey}

SIGNATURE_LENGTHS: Final = {"ML-DSA-44": 2420, "ML-DSA-65": 3309, "ML-DSA-87": 4627}  # bytes (FIPS 204, table 2)


class MLDSA:
    """One algorithm of the family, with the methods that PyJWT's algorithm objects have."""

    def __init__(self, name: str) -> None:
        self._kind = _KINDS[name]

    def load(self, public: bytes) -> Any:
        """Return a key.

        Raises:
            ValueError: it has not the length that it must have.
        """
        return self._kind.from_public_bytes(public)

    def verify(self, signing_input: bytes, key: Any, signature: bytes) -> bool:
        """Return whether a signature is this key's."""
        try:
            key.verify(signature, signing_input)
        except InvalidSignature:
            return False
        return True


def _supported() -> dict[str, MLDSA]:
    """Return those that the backend can do: it may know the names, and not the mathematics."""
    found = {}
    for name in _KINDS:
        try:
            _KINDS[name].from_public_bytes(b"")
        except ValueError:  # so it has looked
            found[name] = MLDSA(name)
        except Exception:  # noqa: S112  # UnsupportedAlgorithm
            continue
    return found


ML_DSA: Final = _supported()
"""By name; empty where the backend has none."""
