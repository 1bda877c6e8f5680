"""What the verbs do to a record: decisions only, on values, at a moment that is handed in (K-33…K-37).

`states.TABLE` says what each verb leads to in each state. Who is handed back the record itself, has nothing to write.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from authmux.errors import Conflict, NotPossible
from authmux.issuing.states import Verb, is_to_change
from authmux.stores.record import KEPT_GENERATIONS, Record, Secret

MAX_OVERLAP: Final = timedelta(days=30)  # K-33
REASONS: Final = frozenset({"compromised", "superseded", "offboarding", "policy", "other"})  # K-35
KEPT_DELETED: Final = timedelta(days=30)  # K-36


def rolled(record: Record, fresh: Secret, *, generation: int, overlap: timedelta, now: float) -> Record:
    """Return the record with a new generation, whose predecessor lives on for the overlap (K-33).

    Raises:
        NotPossible: the overlap is not one, or the record is not in use.
        Conflict: the newest generation is not the expected one: somebody else rolled first.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise NotPossible("an overlap is 0 to 30 days (K-33)")
    is_to_change(Verb.ROLL, record, now)
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


def disabled(record: Record, *, by: str, now: float) -> Record:
    """Return the record refused until it is enabled (K-34)."""
    if not is_to_change(Verb.DISABLE, record, now):
        return record
    return replace(record, disabled_at=now, disabled_by=by, row_version=record.row_version + 1)


def enabled(record: Record, *, now: float) -> Record:
    """Return the record as good as it was before it was disabled (K-34)."""
    if not is_to_change(Verb.ENABLE, record, now):
        return record
    return replace(record, disabled_at=None, disabled_by=None, row_version=record.row_version + 1)


def expired(record: Record, *, now: float) -> Record:
    """Return the record as if its time were over now (K-37)."""
    if not is_to_change(Verb.EXPIRE, record, now):
        return record
    return replace(until(record, now), row_version=record.row_version + 1)


def revoked(record: Record, *, by: str, reason: str, now: float) -> Record:
    """Return the record revoked for good; one that is revoked already stays as it is (K-35).

    Raises:
        NotPossible: the reason is none of those that there are.
    """
    reason = read_reason(reason)
    if not is_to_change(Verb.REVOKE, record, now) or record.revoked_at is not None:  # which one may be that is deleted
        return record
    return replace(record, revoked_at=now, revoked_by=by, revoked_reason=reason, row_version=record.row_version + 1)


def deleted(record: Record, *, now: float) -> Record:
    """Return the record refused and hidden (K-36)."""
    if not is_to_change(Verb.DELETE, record, now):
        return record
    return replace(record, deleted_at=now, row_version=record.row_version + 1)


def undeleted(record: Record, *, by: str, now: float) -> Record:
    """Return the record disabled, and to be seen again; what had ended before it was deleted stays ended (K-36).

    Raises:
        NotPossible: it was deleted longer ago than one can go back.
    """
    if not is_to_change(Verb.UNDELETE, record, now):
        return record
    if is_to_be_purged(record, now):
        raise NotPossible(f"{record.id} was deleted more than {KEPT_DELETED.days} days ago: issue another")
    back = replace(record, deleted_at=None, row_version=record.row_version + 1)
    return back if back.disabled_at is not None else replace(back, disabled_at=now, disabled_by=by)


def is_to_be_purged(record: Record, now: float) -> bool:
    """Return whether a record was deleted so long ago that nobody can have it back (K-36)."""
    return record.deleted_at is not None and record.deleted_at < purged_before(now)


def purged_before(now: float) -> float:
    """Return the moment before which what was deleted is gone for good (K-36)."""
    return now - KEPT_DELETED.total_seconds()


def until(record: Record, expires_at: float | None) -> Record:
    """Return the record with another expiry, which no generation of its secret outlives (K-33)."""
    if expires_at is None:
        return replace(record, expires_at=None)
    secrets = tuple(
        secret if secret.retire_at is None else replace(secret, retire_at=min(secret.retire_at, expires_at))
        for secret in record.secrets
    )
    return replace(record, expires_at=expires_at, secrets=secrets)


def read_reason(reason: str) -> str:
    """Return a reason, if it is one (K-35).

    Raises:
        NotPossible: it is none of those that there are.
    """
    if reason not in REASONS:
        raise NotPossible(f"reason {reason!r}: write one of {', '.join(sorted(REASONS))}")
    return reason
