"""The port of every store of keys and tokens, and what it promises. Rules about verbs live in `issuing`, not here.

A store keeps a *revision*: a token that is another one after every change that could matter to a verdict (K-22).
Who holds a record that was read under the current revision may believe it without asking again.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from authmux.scopes import grants_covering
from authmux.stores.audit_event import Entries
from authmux.stores.audit_log import AsyncAuditLog, AuditLog
from authmux.stores.record import Owner, Record, State
from authmux.stores.usage import AsyncUsageLog, UsageLog
from authmux.token_format import Kind

Revision: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Reading:
    """A record, or the fact that there is none, as it was under a revision that was sampled before it was read.

    Arguments:
        suspended_until: when its owner's or its tenant's suspension ends, in seconds since the epoch (K-40).
    """

    record: Record | None
    revision: Revision | None
    suspended_until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which records to list or to revoke: those that match everything that is given. Times are seconds since the epoch.

    Arguments:
        kind, env, tenant, owner, created_by: only these; None means all.
        tenantless: only those that are within no tenant.
        state: only those that are in this state at `now`.
        scope: only those whose grants cover this scope.
        created_after, created_before, expires_before, deleted_before: only these; the moment itself is in the first of
            each two, and a credential without expiry expires before nothing.
        unused_since: only those that were made before this, and not used from then on, as far as uses are recorded; for
            lists alone.
        with_deleted: whether those that were deleted match, too.
        limit, after: how many at most, and only ids behind this one; for lists alone.
    """

    kind: Kind | None = None
    env: str | None = None
    tenant: str | None = None
    tenantless: bool = False
    owner: Owner | None = None
    created_by: str | None = None
    state: State | None = None
    now: float = 0.0
    scope: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    expires_before: float | None = None
    deleted_before: float | None = None
    unused_since: float | None = None
    with_deleted: bool = True
    limit: int = 100
    after: str | None = None

    def matches(self, record: Record, *, last_used_at: float | None = None) -> bool:
        """Return whether a record is among them; every store agrees with this.

        Arguments:
            last_used_at: when it was used last, as `UsageLog` knows it; only `unused_since` asks for that.
        """
        exact = (
            (self.kind, record.kind), (self.env, record.env), (self.tenant, record.tenant), (self.owner, record.owner),
            (self.created_by, record.created_by), (self.state, record.state(self.now)),
        )  # fmt: skip
        return (
            all(wanted is None or wanted == found for wanted, found in exact)
            and not (self.tenantless and record.tenant is not None)
            and (self.with_deleted or record.deleted_at is None)
            and (self.scope is None or not record.scopes.isdisjoint(grants_covering(self.scope)))
            and (self.after is None or record.id > self.after)
            and self._is_in_time(record)
            and self._is_unused(record, last_used_at)
        )

    def _is_unused(self, record: Record, last_used_at: float | None) -> bool:
        if self.unused_since is None:
            return True
        return record.created_at < self.unused_since and (last_used_at is None or last_used_at < self.unused_since)

    def _is_in_time(self, record: Record) -> bool:
        """Return whether all its moments are among those that are asked for."""
        before = (
            (self.created_before, record.created_at), (self.expires_before, record.expires_at),
            (self.deleted_before, record.deleted_at),
        )  # fmt: skip
        return (self.created_after is None or record.created_at >= self.created_after) and all(
            limit is None or (moment is not None and moment < limit) for limit, moment in before
        )


@dataclass(frozen=True, slots=True)
class PepperCheck:
    """What a store keeps to notice a wrong pepper under a right id (K-13)."""

    pepper_id: str
    check: bytes


class StoreUnavailable(Exception):
    """The store could not answer; it says nothing of any credential. A caller is told 503 (K-24)."""


class WriteRefused(Exception):
    """A store would not make a change.

    `reason` is `exists`, `name_taken`, `too_many`, `changed`, `pepper` or `too_many_denials`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Freshness(Protocol):
    """How a holder of records learns, without I/O that could wait, that they are still true."""

    def freshness(self) -> Revision | None:
        """Return the current revision; None where it is not known, so that nothing held may be believed.

        Raises:
            StoreUnavailable: the store is away.
        """
        ...


class RecordSource(Freshness, Protocol):
    """As much of a store as a verifier asks for; blocking."""

    def find(self, credential_id: str) -> Reading:
        """Read a record by its public id."""
        ...

    def pepper_checks(self) -> Sequence[PepperCheck]:
        """Return the checks of all the peppers that records were issued under."""
        ...


class AsyncRecordSource(Freshness, Protocol):
    """The same for callers that await."""

    def find(self, credential_id: str) -> Awaitable[Reading]:
        """See `RecordSource.find`."""
        ...

    def pepper_checks(self) -> Awaitable[Sequence[PepperCheck]]:
        """See `RecordSource.pepper_checks`."""
        ...


class TokenStore(RecordSource, AuditLog, UsageLog, Protocol):
    """A store that blocks. Every method may raise `StoreUnavailable`."""

    def list(self, query: Query) -> Sequence[Record]:
        """Return the records that match, by id, at most `query.limit` of them."""
        ...

    def add(
        self, record: Record, *, pepper: PepperCheck, max_live: int, now: float, audit: Entries | None = None
    ) -> None:
        """Keep a new record, in one transaction with the checks that it must not race with.

        Arguments:
            pepper: kept with the first record that uses it.
            max_live: how many live records of this kind one owner may have, this one included.
            now: decides which records are live.
            audit: written down in the same transaction (K-70).

        Raises:
            WriteRefused: `exists`, `name_taken` among the owner's live ones, `too_many`, or `pepper` where another
                pepper is kept under this id.
        """
        ...

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
        """Keep a record instead of the one with this id, if that is still at row_version `expected`.

        Arguments:
            pepper: kept with the first record that uses it, where the change brings a new generation.
            live_at: where it is given, the name must not be another's among the owner's that are live at that moment.
            max_live: where it is given too, how many of those there may be, this one included.
            audit: written down in the same transaction (K-70).

        Raises:
            WriteRefused: `changed`, where it is not; `name_taken`, `too_many` and `pepper`, as in `add`.
        """
        ...

    def revoke_all(self, query: Query, *, at: float, by: str, reason: str, audit: Entries | None = None) -> int:
        """Revoke every record that matches and is not revoked yet, in one transaction; return how many that were.

        Arguments:
            query: whose limit and `after` do not count.
            at, by, reason: written into the records.
            audit: written down in the same transaction, if anything was revoked.
        """
        ...

    def purge(self, ids: Sequence[str], *, deleted_before: float, audit: Entries | None = None) -> None:
        """Remove records, with everything that hangs on them, all of them or none.

        Arguments:
            deleted_before: only if they were deleted before this moment, in seconds since the epoch.
            audit: written down in the same transaction.

        Raises:
            WriteRefused: `changed`, where one is not there any more, or was not deleted then.
        """
        ...


class AsyncTokenStore(AsyncRecordSource, AsyncAuditLog, AsyncUsageLog, Protocol):
    """The same store for callers that await."""

    def list(self, query: Query) -> Awaitable[Sequence[Record]]:
        """See `TokenStore.list`."""
        ...

    def add(
        self, record: Record, *, pepper: PepperCheck, max_live: int, now: float, audit: Entries | None = None
    ) -> Awaitable[None]:
        """See `TokenStore.add`."""
        ...

    def replace(
        self,
        record: Record,
        *,
        expected: int,
        pepper: PepperCheck | None = None,
        live_at: float | None = None,
        max_live: int | None = None,
        audit: Entries | None = None,
    ) -> Awaitable[None]:
        """See `TokenStore.replace`."""
        ...

    def revoke_all(
        self, query: Query, *, at: float, by: str, reason: str, audit: Entries | None = None
    ) -> Awaitable[int]:
        """See `TokenStore.revoke_all`."""
        ...

    def purge(self, ids: Sequence[str], *, deleted_before: float, audit: Entries | None = None) -> Awaitable[None]:
        """See `TokenStore.purge`."""
        ...
