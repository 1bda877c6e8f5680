"""A store in one process's memory: for tests, and for keys that are made anew at every start."""

import secrets
import threading
from collections.abc import Sequence

from authmux.forking import renew_after_fork
from authmux.stores.denial import Denial, DenyList, Target
from authmux.stores.port import DenialsReading, PepperCheck, Query, Reading, Revision, WriteRefused
from authmux.stores.record import OwnerType, Record


class MemoryStore:
    """Keeps records in this process; another process, a forked one too, has others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {}
        self._peppers: dict[str, bytes] = {}
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

    def find(self, credential_id: str) -> Reading:
        """Read a record by its public id."""
        revision = self._revision
        return Reading(self._records.get(credential_id), revision)

    def list(self, query: Query) -> Sequence[Record]:
        """Return the records that match, by id."""
        with self._lock:
            records = sorted(self._records.values(), key=lambda record: record.id)
        return [record for record in records if _matches(record, query)][: query.limit]

    def add(self, record: Record, *, pepper: PepperCheck, max_live: int, now: float) -> None:
        """Keep a new record; see `TokenStore.add`."""
        with self._lock:
            if record.id in self._records:
                raise WriteRefused("exists")
            rivals = [each for each in self._records.values() if _is_rival(each, record) and each.is_live(now)]
            if any(each.name == record.name for each in rivals):
                raise WriteRefused("name_taken")
            if len(rivals) >= max_live:
                raise WriteRefused("too_many")
            self._keep_pepper(pepper)
            self._keep(record)

    def replace(self, record: Record, *, expected: int, pepper: PepperCheck | None = None) -> None:
        """Keep a record instead of an older version of it; see `TokenStore.replace`."""
        with self._lock:
            held = self._records.get(record.id)
            if held is None or held.row_version != expected:
                raise WriteRefused("changed")
            if pepper is not None:
                self._keep_pepper(pepper)
            self._keep(record)

    def pepper_checks(self) -> Sequence[PepperCheck]:
        """Return the checks of all the peppers that records were issued under."""
        with self._lock:
            return [PepperCheck(*item) for item in self._peppers.items()]

    def deny(self, denial: Denial, *, limit: int, now: float) -> Denial:
        """Keep a denial; see `DenialStore.deny`."""
        with self._lock:
            standing = {at: each for at, each in self._denials.items() if each.until is None or each.until > now}
            denial = standing[denial.target] = denial.joined_to(standing.get(denial.target))
            if len(standing) > limit:
                raise WriteRefused("too_many_denials")
            self._keep_denials(standing)
        return denial

    def lift(self, target: Target) -> bool:
        """Take a denial away; return whether there was one."""
        with self._lock:
            rest = {at: each for at, each in self._denials.items() if at != target}
            was_there = len(rest) < len(self._denials)
            self._keep_denials(rest)
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

    def _keep_pepper(self, pepper: PepperCheck) -> None:
        if self._peppers.setdefault(pepper.pepper_id, pepper.check) != pepper.check:
            raise WriteRefused("pepper")

    def _keep(self, record: Record) -> None:
        # The record first: whoever sees the new revision must find it.
        self._records[record.id] = record
        self._revision = secrets.token_hex(16)


def _matches(record: Record, query: Query) -> bool:
    return (
        (query.kind is None or record.kind is query.kind)
        and (query.tenant is None or record.tenant == query.tenant)
        and (query.owner is None or record.owner == query.owner)
        and (query.after is None or record.id > query.after)
    )


def _is_rival(held: Record, new: Record) -> bool:
    """Return whether both belong to the same somebody; what is nobody's has no rivals."""
    if new.owner.type is OwnerType.NONE:
        return False
    return (held.kind, held.tenant, held.owner) == (new.kind, new.tenant, new.owner)
