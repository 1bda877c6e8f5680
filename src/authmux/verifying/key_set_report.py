"""What an operator is told of a key set that is taken all the same (B-14, B-15, B-38)."""

import hashlib
import logging
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from authmux.jose.key_set import KeySet

_log = logging.getLogger("authmux.fetch")

LEAST_EXPONENT: Final = 3  # of RSA: sound, and the one that careless software has been fooled with


def name_of(keys: KeySet) -> str:
    """Return a short name of a set, the same for the same keys under the same kids."""
    parts = sorted(f"{key.kid} {key.thumbprint}" for key in keys.keys)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def count_ambiguous_kids(keys: KeySet) -> int:
    """Return how many kids name two different keys for one algorithm, so that none of them can be used (B-14)."""
    named: dict[tuple[str | None, str], set[str]] = {}
    for key in keys.keys:
        for alg in key.algorithms:
            named.setdefault((key.kid, alg), set()).add(key.thumbprint)
    return len({kid for (kid, _), found in named.items() if kid is not None and len(found) > 1})


def count_small_exponents(keys: KeySet) -> int:
    """Return how many RSA keys have the exponent 3 (B-15)."""
    return sum(isinstance(key.key, RSAPublicKey) and key.key.public_numbers().e == LEAST_EXPONENT for key in keys.keys)


def report(whose: str, before: KeySet | None, keys: KeySet) -> None:
    """Log what is odd about a set that was published; of weak keys only where the set has changed.

    Arguments:
        whose: an issuer, or a file.
        before: the set until now; None for the first one.
    """
    for reason, count in keys.skipped:
        level = logging.ERROR if reason == "secret_published" else logging.INFO
        _log.log(level, "issuer %s: %d keys skipped: %s", whose, count, reason)
    if ambiguous := count_ambiguous_kids(keys):
        _log.warning("issuer %s: %d kids name two keys each, and can name none", whose, ambiguous)
    if before is None or name_of(before) != name_of(keys):
        report_small_exponents(f"issuer {whose}", keys)
    if before is not None and before.thumbprints.isdisjoint(keys.thumbprints):
        _log.warning("issuer %s: full rotation, none of the keys known so far is published now", whose)


def report_small_exponents(whose: str, keys: KeySet) -> None:
    """Warn of RSA keys with the exponent 3: they are taken, for the signature's padding is compared whole (B-15)."""
    if small := count_small_exponents(keys):
        _log.warning("%s: %d RSA keys have the exponent 3; 65537 is what careful issuers use", whose, small)
