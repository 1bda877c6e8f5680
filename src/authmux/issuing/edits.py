"""What may be changed of a credential: its notes freely, its rights and deadlines while it has not ended (K-32)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from authmux.errors import NotPossible
from authmux.issuing import fields
from authmux.issuing.rules import until
from authmux.issuing.states import Verb, is_to_change
from authmux.scopes import covers
from authmux.stores.record import Record


class Kept(Enum):
    """What stands for "as it is", where None is a value."""

    KEPT = "kept"

    def __repr__(self) -> str:
        return self.name


KEPT: Final = Kept.KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be other than before; None stays as it is, and so does an expiry that is KEPT."""

    name: str | None = None
    description: str | None = None
    meta: Mapping[str, Any] | None = None
    scopes: frozenset[str] | None = None
    expires_at: float | Kept | None = KEPT

    @classmethod
    def read(
        cls,
        *,
        name: str | None,
        description: str | None,
        meta: Mapping[str, Any] | None,
        scopes: Iterable[str] | None,
        expires_at: float | Kept | None,
    ) -> "Edit":
        """Return an edit whose values may stand in a record.

        Raises:
            NotPossible: one may not.
        """
        return cls(
            name=None if name is None else fields.read_name(name),
            description=None if description is None else fields.read_note(description),
            meta=None if meta is None else fields.read_meta(meta),
            scopes=None if scopes is None else fields.read_scopes(scopes),
            expires_at=expires_at if isinstance(expires_at, Kept) else fields.read_moment("expires_at", expires_at),
        )

    def of(self, record: Record, now: float) -> Record:
        """Return the record with what is other; the record itself, where nothing is.

        Raises:
            NotFound: it was deleted.
            NotPossible: it has ended, and its rights or its expiry were to be changed; or it would expire in the past.
        """
        is_to_change(Verb.EDIT, record, now)
        changed = replace(
            record,
            name=record.name if self.name is None else self.name,
            description=record.description if self.description is None else self.description,
            meta=record.meta if self.meta is None else self.meta,
        )
        if self._touches_rights(record):
            if not record.is_live(now):
                raise NotPossible(
                    f"{record.id} is {record.state(now).value}: only its name and notes can be edited (K-32)"
                )
            changed = self._with_rights(changed, now)
        if changed == record and fields.meta_text(changed.meta) == fields.meta_text(record.meta):  # 1 and true are two
            return record
        return replace(changed, row_version=record.row_version + 1)

    def _touches_rights(self, record: Record) -> bool:
        is_other_end = not isinstance(self.expires_at, Kept) and self.expires_at != record.expires_at
        return is_other_end or self.scopes not in (None, record.scopes)

    def _with_rights(self, record: Record, now: float) -> Record:
        if self.scopes is not None:
            record = replace(record, scopes=self.scopes)
        if isinstance(self.expires_at, Kept):
            return record
        if self.expires_at is not None and self.expires_at <= now:
            raise NotPossible("expires_at lies in the past; to end it now, expire it")
        return until(record, self.expires_at)


def widened(before: Collection[str], after: Collection[str]) -> frozenset[str]:
    """Return the scopes that reach further than those before did."""
    return frozenset(scope for scope in after if not covers(before, scope))
