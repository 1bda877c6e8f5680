"""An issuer's keys as they were published at one moment, and what an answer makes of them (B-30, B-39)."""

import re
from dataclasses import dataclass, replace
from typing import Final

from authmux.jose.key_set import KeySet, parse_key_set
from authmux.verifying.fetch import Fetched
from authmux.verifying.refresh_plan import MIN_TTL

_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,10})")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The keys as they were published at one moment; replaced, never changed (B-39).

    Arguments:
        generation: counts the snapshots of this process.
        confirmed_at: monotonic seconds at which the issuer last said so.
        source, etag: the address that sent them, and what it called them.
    """

    keys: KeySet
    generation: int
    confirmed_at: float
    source: str
    etag: str | None


def next_snapshot(held: Snapshot | None, answer: Fetched, source: str, *, now: float) -> Snapshot:
    """Return the keys that an answer brings, or confirms.

    Raises:
        NotAKeySet: it holds no usable key.
    """
    if answer.status == 304 and held is not None:
        return replace(held, confirmed_at=now)
    generation = held.generation + 1 if held is not None else 1
    return Snapshot(parse_key_set(answer.body), generation, now, source, answer.headers.get("etag"))


def max_age(answer: Fetched) -> float | None:
    """Return for how long the answer says it is fresh, in seconds (RFC 9111 §5.2.2)."""
    directives = answer.headers.get("cache-control", "").lower()
    if "no-store" in directives or "no-cache" in directives:
        return MIN_TTL
    match = _MAX_AGE.search(directives)
    return float(match[1]) if match else None
