"""A record as it is shown: the object of `--output json`, and the words of a table. Never a digest (K-31)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from authmux.stores.record import Owner, OwnerType, Record, Secret
from authmux.stores.usage import Usage

_LAST_MOMENT: Final = 253_402_300_799.0  # the end of the year 9999, behind which no calendar goes


def as_object(record: Record, now: float) -> dict[str, Any]:
    """Return a record as JSON shows it; the members are documented, and stay.

    Arguments:
        now: decides the state, in seconds since the epoch.
    """
    return {
        "id": record.id,
        "kind": record.kind.value,
        "state": record.state(now).value,
        "name": record.name,
        "description": record.description,
        "env": record.env,
        "tenant": record.tenant,
        "owner": {"type": record.owner.type.value, "issuer": record.owner.issuer, "id": record.owner.id or None},
        "scopes": sorted(record.scopes),
        "resources": list(record.resources),
        "audience": record.audience,
        "allowed_cidrs": list(record.allowed_cidrs),
        "allowed_origins": list(record.allowed_origins),
        "limit_policy": record.limit_policy,
        "parent": {"id": record.parent_id, "generation": record.parent_generation} if record.parent_id else None,
        "created_at": timestamp(record.created_at),
        "created_by": record.created_by,
        "not_before": timestamp(record.not_before),
        "expires_at": timestamp(record.expires_at),
        "rotate_by": timestamp(record.rotate_by),
        "disabled_at": timestamp(record.disabled_at),
        "disabled_by": record.disabled_by,
        "revoked_at": timestamp(record.revoked_at),
        "revoked_by": record.revoked_by,
        "revoked_reason": record.revoked_reason,
        "deleted_at": timestamp(record.deleted_at),
        "generation": record.generation,
        "generations": [_generation(secret, now) for secret in record.secrets],
        "meta": thawed(record.meta),
    }


def _generation(secret: Secret, now: float) -> dict[str, Any]:
    return {
        "generation": secret.generation,
        "hint": secret.hint,
        "created_at": timestamp(secret.created_at),
        "retire_at": timestamp(secret.retire_at),
        "live": secret.is_live(now),
    }


def timestamp(moment: float | None) -> str | None:
    """Return a moment in UTC as RFC 3339 writes it, to the millisecond."""
    return None if moment is None else f"{_moment(moment).isoformat(timespec='milliseconds').partition('+')[0]}Z"


def date_text(moment: float | None) -> str:
    """Return a moment in UTC for people, to the minute."""
    return "never" if moment is None else f"{_moment(moment):%Y-%m-%d %H:%M} UTC"


def _moment(moment: float) -> datetime:
    return datetime.fromtimestamp(max(0.0, min(moment, _LAST_MOMENT)), UTC)


def owner_text(owner: Owner) -> str:
    """Return to whom it belongs, as `--owner` takes it."""
    return owner.type.value if owner.type is OwnerType.NONE else f"{owner.type.value}:{owner.id}"


def summary(record: Record, now: float) -> str:
    """Return a line by which a person knows a credential again."""
    return (
        f"{record.id}  {record.name!r}  of {owner_text(record.owner)}, {record.state(now).value},"
        f" ends in …{record.secrets[-1].hint}, created {date_text(record.created_at)}"
    )


def last_use_text(usage: Usage | None) -> str:
    """Return when a credential was last used, as far as it was noted."""
    if usage is None:
        return "no use of it was noted"
    place = f" from {usage.last_address}" if usage.last_address else ""
    return f"last used {date_text(usage.last_used_at)}{place}"


def thawed(value: Any) -> Any:
    """Return a JSON value that json.dumps takes, of one that is read-only in depth."""
    if isinstance(value, Mapping):
        return {name: thawed(member) for name, member in value.items()}
    return [thawed(member) for member in value] if isinstance(value, (list, tuple)) else value


def as_fields(record: Record, now: float) -> Iterator[tuple[str, str]]:
    """Return what a person wants to know of one record, with names."""
    yield from (("id", record.id), ("kind", record.kind.value), ("name", record.name))
    yield "state", record.state(now).value
    yield "owner", f"{owner_text(record.owner)} (named by {record.owner.issuer})"
    yield "scopes", " ".join(sorted(record.scopes))
    yield "created", f"{date_text(record.created_at)} by {record.created_by}"
    yield "expires", date_text(record.expires_at)
    for name in ("tenant", "env", "description", "audience", "limit_policy"):
        if getattr(record, name):
            yield name.replace("_", " "), getattr(record, name)
    for name in ("resources", "allowed_cidrs", "allowed_origins"):
        if getattr(record, name):
            yield name.replace("_", " "), " ".join(getattr(record, name))
    yield from _endings(record)
    for secret in record.secrets:
        yield f"generation {secret.generation}", _generation_text(secret, now)


def _endings(record: Record) -> Iterator[tuple[str, str]]:
    if record.disabled_at is not None:
        yield "disabled", f"{date_text(record.disabled_at)} by {record.disabled_by}"
    if record.revoked_at is not None:
        yield "revoked", f"{date_text(record.revoked_at)} by {record.revoked_by}: {record.revoked_reason}"
    if record.deleted_at is not None:
        yield "deleted", date_text(record.deleted_at)


def _generation_text(secret: Secret, now: float) -> str:
    text = f"…{secret.hint}, made {date_text(secret.created_at)}"
    if secret.retire_at is None:
        return text
    return f"{text}, {'works until' if secret.is_live(now) else 'refused since'} {date_text(secret.retire_at)}"
