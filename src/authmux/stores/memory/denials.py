"""Denials in memory: what `DenialStore` promises (B-64, K-40)."""

import secrets
from collections.abc import Sequence

from authmux.stores.audit_event import Entries
from authmux.stores.denial import Denial, DenyList, Target
from authmux.stores.denial_store import DenialsReading
from authmux.stores.memory.shelf import Shelf
from authmux.stores.port import WriteRefused


class Denials(Shelf):
    """Denies, and lifts."""

    def deny(self, denial: Denial, *, limit: int, now: float, audit: Entries | None = None) -> Denial:
        """Keep a denial; see `DenialStore.deny`."""
        with self._lock:
            standing = {at: each for at, each in self._denials.items() if each.until is None or each.until > now}
            denial = standing[denial.target] = denial.joined_to(standing.get(denial.target))
            if len(standing) > limit:
                raise WriteRefused("too_many_denials")
            self._keep_denials(standing)
            self._write(audit)
        return denial

    def lift(self, target: Target, *, audit: Entries | None = None) -> bool:
        """Take a denial away; return whether there was one."""
        with self._lock:
            rest = {at: each for at, each in self._denials.items() if at != target}
            was_there = len(rest) < len(self._denials)
            if was_there:
                self._keep_denials(rest)
                self._write(audit)
        return was_there

    def denials_version(self) -> DenialsReading:
        """Read which denials there are; see `DenialStore.denials_version`."""
        revision = self._revision
        return DenialsReading(self._deny_list.version, revision)

    def denials(self) -> DenyList:
        """Read all denials; see `DenialStore.denials`."""
        return self._deny_list

    def list_denials(self) -> Sequence[Denial]:
        """Return all denials, by target."""
        with self._lock:
            return [self._denials[target] for target in sorted(self._denials)]

    def _keep_denials(self, denials: dict[Target, Denial]) -> None:
        # The denials first, as with records.
        self._denials, self._deny_list = denials, DenyList(secrets.token_hex(16), denials.values())
        self._revision = secrets.token_hex(16)
