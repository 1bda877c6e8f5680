"""What the parts of a store in memory have in common: what they keep, one lock, and one revision."""

import secrets
import threading

from authmux.forking import renew_after_fork
from authmux.stores.audit_chain import START, chained
from authmux.stores.audit_event import AuditEntry, Entries, Head
from authmux.stores.denial import OWNERS, Denial, Denied, DenyList, Target
from authmux.stores.foreign import ForeignName
from authmux.stores.port import PepperCheck, Reading, Revision, WriteRefused
from authmux.stores.record import Record
from authmux.stores.usage import Usage


class Shelf:
    """Where everything stands; whoever changes it holds the lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {}
        self._peppers: dict[str, bytes] = {}
        self._foreign: dict[ForeignName, str] = {}
        self._audit: list[AuditEntry] = []
        self._usage: dict[str, Usage] = {}
        self._denials: dict[Target, Denial] = {}
        self._deny_list = DenyList(secrets.token_hex(16))
        self._revision: Revision = secrets.token_hex(16)
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Go on with a copy of the records, in a child; from here on it has others than its parent."""
        self._lock = threading.Lock()

    def freshness(self) -> Revision:
        """Return the current revision (K-22)."""
        return self._revision

    def _reading(self, credential_id: str, revision: Revision) -> Reading:
        record, denials = self._records.get(credential_id), self._denials
        names = [] if record is None or record.tenant is None else [Target(Denied.TENANT, "", record.tenant)]
        if record is not None and record.owner.type in OWNERS:
            names.append(Target.of_owner(record.owner))
        ends = [end for name in names if name in denials and (end := denials[name].suspends_until) is not None]
        return Reading(record, revision, max(ends, default=None))

    def _keep(self, record: Record) -> None:
        # The record first: whoever sees the new revision must find it.
        self._records[record.id] = record
        self._revision = secrets.token_hex(16)

    def _keep_pepper(self, pepper: PepperCheck) -> None:
        if self._peppers.setdefault(pepper.pepper_id, pepper.check) != pepper.check:
            raise WriteRefused("pepper")

    def _write(self, entries: Entries | None) -> None:
        if entries is not None:
            entries.written[:] = chained(entries, self._tip())
            self._audit.extend(entries.written)

    def _tip(self) -> Head:
        return self._audit[-1].head if self._audit else START
