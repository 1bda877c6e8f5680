"""What the verbs do to a record: decisions only, on values, at a moment that is handed in (K-30, K-33, K-35)."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from authmux.errors import Conflict, NotPossible
from authmux.stores.record import KEPT_GENERATIONS, Record, Secret, State

MAX_OVERLAP: Final = timedelta(days=30)  # K-33
REASONS: Final = frozenset({"compromised", "superseded", "offboarding", "policy", "other"})  # K-35

_ROLLED_IN: Final = frozenset({State.ACTIVE, State.NOT_YET})


def rolled(record: Record, fresh: Secret, *, generation: int, overlap: timedelta, now: float) -> Record:
    """Return the record with a new generation, whose predecessor lives on for the overlap (K-33).

    Raises:
        NotPossible: the overlap is not one, or the record is not in use.
        Conflict: the newest generation is not the expected one: somebody else rolled first.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise NotPossible("an overlap is 0 to 30 days (K-33)")
    state = record.state(now)
    if state not in _ROLLED_IN:
        raise NotPossible(f"{record.id} is {state.value} and cannot be rolled")
    if record.generation != generation:
        raise Conflict(
            f"{record.id} is at generation {record.generation}, not {generation}: somebody rolled it; look again"
        )
    retire_at = now + overlap.total_seconds()
    if record.expires_at is not None:
        retire_at = min(retire_at, record.expires_at)
    *older, previous = record.secrets
    retired = [replace(secret, retire_at=min(secret.retire_at or now, now)) for secret in older]
    secrets = (*retired, replace(previous, retire_at=retire_at), fresh)
    return replace(record, secrets=secrets[-KEPT_GENERATIONS:], row_version=record.row_version + 1)


def revoked(record: Record, *, by: str, reason: str, now: float) -> Record:
    """Return the record revoked for good; one that is revoked already stays as it is (K-35).

    Raises:
        NotPossible: the reason is none of those that there are.
    """
    reason = read_reason(reason)
    if record.revoked_at is not None:
        return record
    return replace(record, revoked_at=now, revoked_by=by, revoked_reason=reason, row_version=record.row_version + 1)


def read_reason(reason: str) -> str:
    """Return a reason, if it is one (K-35).

    Raises:
        NotPossible: it is none of those that there are.
    """
    if reason not in REASONS:
        raise NotPossible(f"reason {reason!r}: write one of {', '.join(sorted(REASONS))}")
    return reason
