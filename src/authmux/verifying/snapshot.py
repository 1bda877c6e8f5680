"""An issuer's keys as they were published at one moment, and what an answer makes of them (B-30, B-39)."""

import re
from dataclasses import dataclass, replace
from typing import Final

from authmux.jose.key_set import MAX_KEYS, KeySet, parse_key_set
from authmux.verifying.fetch import Fetched
from authmux.verifying.refresh_plan import HARD_TTL, MIN_TTL, fresh_for

_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,10})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is taken of an answer.

    Arguments:
        max_keys: how many keys it may have, good and bad together (B-52).
        stale_for: seconds for which it is believed while the issuer cannot be asked again (B-32).
    """

    max_keys: int = MAX_KEYS
    stale_for: float = HARD_TTL


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The keys as they were published at one moment; replaced, never changed (B-39).

    Arguments:
        generation: counts the snapshots of this process.
        confirmed_at: monotonic seconds at which the issuer last said so.
        believed_until: monotonic seconds from which on they are not believed without being confirmed (B-32).
        source, etag: the address that sent them, and what it called them.
    """

    keys: KeySet
    generation: int
    confirmed_at: float
    believed_until: float
    source: str
    etag: str | None


def next_snapshot(held: Snapshot | None, answer: Fetched, source: str, *, now: float, limits: Limits) -> Snapshot:
    """Return the keys that an answer brings, or confirms.

    Raises:
        NotAKeySet: it holds no usable key.
    """
    # Never for less than they are fresh: what is not stale yet need not be confirmed.
    until = now + max(limits.stale_for, fresh_for(max_age(answer)))
    if answer.status == 304 and held is not None:
        return replace(held, confirmed_at=now, believed_until=until)
    keys = parse_key_set(answer.body, max_keys=limits.max_keys)
    generation = held.generation + 1 if held is not None else 1
    return Snapshot(keys, generation, now, until, source, answer.headers.get("etag"))


def max_age(answer: Fetched) -> float | None:
    """Return for how long the answer says it is fresh, in seconds (RFC 9111 §5.2.2)."""
    directives = answer.headers.get("cache-control", "").lower()
    if "no-store" in directives or "no-cache" in directives:
        return MIN_TTL
    match = _MAX_AGE.search(directives)
    return float(match[1]) if match else None
