"""A record in memory, with what can be said of it once and for all."""

from copy import copy
from dataclasses import replace

from authmux.principal import AnonymousKey, Principal, VerifiedCredential
from authmux.stores.port import Reading
from authmux.stores.record import Record, Secret


class Held:
    """What was read of one id, under which revision, and the principals that it makes.

    Arguments:
        reading: a record, or an absence.
        until: monotonic seconds from which on an absence is looked up again.
    """

    __slots__ = ("_principals", "has_unknown_restrictions", "record", "revision", "suspended_until", "until")

    def __init__(self, reading: Reading, *, until: float) -> None:
        self.record = reading.record
        self.revision = reading.revision
        self.suspended_until = reading.suspended_until
        self.until = until
        self.has_unknown_restrictions = reading.record is not None and _has_unknown_restrictions(reading.record)
        self._principals: dict[int, Principal] = {}

    def moved(self, secret: Secret, *, digest: bytes, pepper_id: str) -> "Held":
        """Return the same with one digest under another pepper; it was proved, so that nothing else is different."""
        assert self.record is not None
        new = replace(secret, digest=digest, algorithm="hmac-sha256", pepper_id=pepper_id)
        secrets = tuple(new if each is secret else each for each in self.record.secrets)
        moved = copy(self)
        moved.record = replace(self.record, secrets=secrets)
        return moved

    def principal(self, secret: Secret) -> Principal:
        """Return the principal that comes with one generation of the record's secret."""
        principal = self._principals.get(secret.generation)
        if principal is None:
            assert self.record is not None
            principal = self._principals[secret.generation] = _principal(self.record, secret)
        return principal


def _principal(record: Record, secret: Secret) -> Principal:
    make = record.principal_class()
    return make(
        id=record.id if make is AnonymousKey else record.owner.id,
        issuer=record.owner.issuer,
        tenant=record.tenant,
        scopes=record.scopes,
        name=record.name if make is AnonymousKey else None,
        claims=record.meta,
        credential=VerifiedCredential(
            kind=record.kind.value, id=record.id, generation=secret.generation, expires_at=_deadline(record, secret)
        ),
    )


def _deadline(record: Record, secret: Secret) -> float | None:
    deadlines = [each for each in (record.expires_at, secret.retire_at) if each is not None]
    return min(deadlines, default=None)


def _has_unknown_restrictions(record: Record) -> bool:
    """Return whether the record is restricted in a way that this version cannot check: it is refused then."""
    return bool(
        record.parent_id or record.resources or record.audience or record.allowed_cidrs or record.allowed_origins
        or record.limit_policy
    )  # fmt: skip
