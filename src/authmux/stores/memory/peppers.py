"""Peppers and foreign names in memory: what `UpgradingStore` and `ForeignStore` promise (K-13, K-14)."""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from authmux.stores.audit_event import Entries
from authmux.stores.digest_upgrade import DigestUpgrade
from authmux.stores.foreign import ForeignName
from authmux.stores.memory.shelf import Shelf
from authmux.stores.port import PepperCheck, Reading, WriteRefused
from authmux.stores.record import Record


class Peppers(Shelf):
    """Knows under which peppers digests are, and moves them; finds records by the names that others gave them."""

    def pepper_checks(self) -> Sequence[PepperCheck]:
        """Return the checks of all the peppers that records were issued under."""
        with self._lock:
            return [PepperCheck(*item) for item in self._peppers.items()]

    def pepper_counts(self, *, now: float) -> Mapping[str, int]:
        """Return how many live secrets of live credentials are under each pepper."""
        with self._lock:
            return self._count_peppers(now)

    def upgrade_digests(self, batch: Sequence[DigestUpgrade], *, pepper: PepperCheck) -> int:
        """Move digests to another pepper; see `UpgradingStore.upgrade_digests`."""
        with self._lock:
            if self._peppers.get(pepper.pepper_id, pepper.check) != pepper.check:
                raise WriteRefused("pepper")
            moved = sum(self._upgrade(each, pepper.pepper_id) for each in batch)
            if moved and pepper.pepper_id not in self._peppers:
                self._keep_pepper(pepper)
                self._revision = secrets.token_hex(16)
            return moved

    def forget_pepper(self, pepper_id: str, *, now: float, although_used: bool = False) -> None:
        """Forget the check of a pepper; see `UpgradingStore.forget_pepper`."""
        with self._lock:
            if not although_used and self._count_peppers(now)[pepper_id]:
                raise WriteRefused("in_use")
            self._peppers.pop(pepper_id, None)
            self._revision = secrets.token_hex(16)

    def find_foreign(self, name: ForeignName) -> Reading:
        """Read a record by its foreign name; see `ForeignStore.find_foreign`."""
        revision = self._revision
        return self._reading(self._foreign.get(name, ""), revision)

    def add_foreign(
        self, batch: Sequence[tuple[Record, ForeignName]], *, audit: Entries | None = None
    ) -> Sequence[bool]:
        """Keep those whose foreign name nobody has; see `ForeignStore.add_foreign`."""
        with self._lock:
            kept = [self._add_foreign(record, name) for record, name in batch]
            if audit is not None and any(kept):
                events = tuple(event for event, is_kept in zip(audit.events, kept, strict=True) if is_kept)
                self._write(replace(audit, events=events))
            return kept

    def _add_foreign(self, record: Record, name: ForeignName) -> bool:
        if name in self._foreign:
            return False
        self._foreign[name] = record.id
        self._keep(record)
        return True

    def _upgrade(self, upgrade: DigestUpgrade, pepper_id: str) -> bool:
        """Move one digest; return whether it was still the old one."""
        record = self._records.get(upgrade.credential_id)
        if record is None:
            return False
        moved = tuple(
            replace(each, digest=upgrade.new, algorithm="hmac-sha256", pepper_id=pepper_id)
            if (each.generation, each.digest) == (upgrade.generation, upgrade.old)
            else each
            for each in record.secrets
        )
        self._records[record.id] = replace(record, secrets=moved)
        return moved != record.secrets

    def _count_peppers(self, now: float) -> Counter[str]:
        live = (record for record in self._records.values() if record.is_live(now))
        return Counter(secret.pepper_id for record in live for secret in record.secrets if secret.is_live(now))
