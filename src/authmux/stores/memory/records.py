"""Records in memory: what `TokenStore` promises."""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from authmux.stores.audit_event import Entries
from authmux.stores.memory.shelf import Shelf
from authmux.stores.port import PepperCheck, Query, Reading, WriteRefused
from authmux.stores.record import OwnerType, Record


class Records(Shelf):
    """Finds, lists and changes records."""

    def find(self, credential_id: str) -> Reading:
        """Read a record by its public id."""
        revision = self._revision
        return self._reading(credential_id, revision)

    def list(self, query: Query) -> Sequence[Record]:
        """Return the records that match, by id."""
        with self._lock:
            records = sorted(self._records.values(), key=lambda record: record.id)
            used = {each: use.last_used_at for each, use in self._usage.items()}
        return [each for each in records if query.matches(each, last_used_at=used.get(each.id))][: query.limit]

    def add(
        self, record: Record, *, pepper: PepperCheck, max_live: int, now: float, audit: Entries | None = None
    ) -> None:
        """Keep a new record; see `TokenStore.add`."""
        with self._lock:
            if record.id in self._records:
                raise WriteRefused("exists")
            self._refuse_rivals(record, max_live=max_live, now=now)
            self._keep_pepper(pepper)
            self._write(audit)
            self._keep(record)

    def replace(
        self,
        record: Record,
        *,
        expected: int,
        pepper: PepperCheck | None = None,
        live_at: float | None = None,
        max_live: int | None = None,
        audit: Entries | None = None,
    ) -> None:
        """Keep a record instead of an older version of it; see `TokenStore.replace`."""
        with self._lock:
            held = self._records.get(record.id)
            if held is None or held.row_version != expected:
                raise WriteRefused("changed")
            if live_at is not None:
                self._refuse_rivals(record, max_live=max_live, now=live_at)
            if pepper is not None:
                self._keep_pepper(pepper)
            self._write(audit)
            self._keep(record)

    def revoke_all(self, query: Query, *, at: float, by: str, reason: str, audit: Entries | None = None) -> int:
        """Revoke every record that matches and is not revoked yet; see `TokenStore.revoke_all`."""
        with self._lock:
            found = [each for each in self._records.values() if each.revoked_at is None and query.matches(each)]
            if found:
                self._write(audit)
            for each in found:
                version = each.row_version + 1
                self._records[each.id] = replace(
                    each, revoked_at=at, revoked_by=by, revoked_reason=reason, row_version=version
                )
            if found:
                self._revision = secrets.token_hex(16)
            return len(found)

    def purge(self, ids: Sequence[str], *, deleted_before: float, audit: Entries | None = None) -> None:
        """Remove records that were deleted before a moment, all of them or none; see `TokenStore.purge`."""
        gone = Query(deleted_before=deleted_before)
        with self._lock:
            if not all(each in self._records and gone.matches(self._records[each]) for each in ids):
                raise WriteRefused("changed")
            self._write(audit)
            for each in ids:
                del self._records[each]
                self._usage.pop(each, None)
            self._foreign = {name: each for name, each in self._foreign.items() if each in self._records}
            self._revision = secrets.token_hex(16)

    def _refuse_rivals(self, record: Record, *, max_live: int | None, now: float) -> None:
        rivals = [each for each in self._records.values() if _is_rival(each, record) and each.is_live(now)]
        if any(each.name == record.name for each in rivals):
            raise WriteRefused("name_taken")
        if max_live is not None and len(rivals) >= max_live:
            raise WriteRefused("too_many")


def _is_rival(held: Record, new: Record) -> bool:
    """Return whether both belong to the same somebody; what is nobody's has no rivals."""
    if new.owner.type is OwnerType.NONE or held.id == new.id:
        return False
    return (held.kind, held.tenant, held.owner) == (new.kind, new.tenant, new.owner)
