"""The audit log and usage in memory: what `AuditLog` and `UsageLog` promise (K-70, K-71)."""

from collections.abc import Collection, Mapping, Sequence

from authmux.stores.audit_event import AuditEntry, Entries, Head
from authmux.stores.audit_log import AuditQuery
from authmux.stores.memory.shelf import Shelf
from authmux.stores.port import WriteRefused
from authmux.stores.usage import Usage


class Logs(Shelf):
    """Keeps what happened, and what was used."""

    def audit(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """Return the entries that match, oldest first; see `AuditLog.audit`."""
        with self._lock:
            found = [entry for entry in self._audit if query.matches(entry)]
        return found[-query.limit :] if query.newest else found[: query.limit]

    def append_audit(self, entries: Entries) -> None:
        """Write down what was observed; see `AuditLog.append_audit`."""
        with self._lock:
            self._write(entries)

    def extend_audit(self, entries: Sequence[AuditEntry], *, tip: Head) -> None:
        """Put entries back that another copy of this log had; see `AuditLog.extend_audit`."""
        with self._lock:
            if self._tip() != tip:
                raise WriteRefused("changed")
            self._audit.extend(entries)

    def purge_audit(self, entries: Entries, *, through: int) -> None:
        """Append entries and remove older ones; see `AuditLog.purge_audit`."""
        with self._lock:
            self._write(entries)
            self._audit = [entry for entry in self._audit if entry.position > through]

    def add_usage(self, uses: Mapping[str, Usage]) -> None:
        """Add to what is known of each credential; see `UsageLog.add_usage`."""
        with self._lock:
            for credential_id, new in uses.items():
                old = self._usage.get(credential_id)
                self._usage[credential_id] = new if old is None else old.and_then(new)

    def usage(self, credential_ids: Collection[str]) -> Mapping[str, Usage]:
        """Return what is known of these credentials; see `UsageLog.usage`."""
        with self._lock:
            return {each: self._usage[each] for each in credential_ids if each in self._usage}
