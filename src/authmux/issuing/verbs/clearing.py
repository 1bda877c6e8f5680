"""The verbs on many credentials at once: `revoke_all` and `purge` (K-35, K-36)."""

from collections.abc import Sequence
from typing import Final

from authmux.errors import Conflict, NotPossible
from authmux.flow import Flow, ask
from authmux.issuing import events, fields, rules
from authmux.issuing.actor import Doer, System
from authmux.issuing.bench import Bench
from authmux.issuing.standing import Standing
from authmux.stores.port import Query, WriteRefused
from authmux.stores.record import Owner, Record, State

_BATCH: Final = 200  # records that are purged in one transaction
_TRIES: Final = 8


def revoke_all(
    bench: Bench,
    *,
    by: Doer,
    owner: Owner | None = None,
    tenant: str | None = None,
    created_after: float | None = None,
    created_before: float | None = None,
    reason: str = "other",
) -> Flow[int]:
    """Revoke everything that matches all that is given, in one statement; return how many that were (K-35).

    What is issued meanwhile, or later, is not among them. A principal revokes only what is its own.

    Arguments:
        owner, tenant: of whom, and within which.
        created_after, created_before: from the first moment on, and before the second; seconds since the epoch.
        reason: compromised, superseded, offboarding, policy or other.

    Raises:
        NotPossible: nothing is given, and the application itself asks: that would be everybody's.
    """
    rules.read_reason(reason)
    who = yield from bench.who(by)
    asked = Query(
        owner=owner,
        tenant=tenant,
        created_after=fields.read_moment("created_after", created_after),
        created_before=fields.read_moment("created_before", created_before),
    )
    if who.is_system and asked == Query():
        raise NotPossible("say whose, within which tenant, or when made: everything is never revoked by mistake")
    query = who.narrow(asked)
    if query is None:
        return 0
    now = bench.clock.time()
    entries = bench.entries(*events.of_bulk_revocation(query, who=who, now=now, reason=reason))
    count = yield from ask(bench.store.revoke_all, query, at=now, by=who.name, reason=reason, audit=entries)
    yield from bench.tell(entries)
    return count


def purge(bench: Bench, *, by: System) -> Flow[int]:
    """Remove for good what was deleted more than 30 days ago; return how many that were (K-36).

    For a job of yours, once a day, and never for a request. What was removed leaves its entries in the audit log.

    Raises:
        NotPossible: it is not the application itself that asks.
    """
    who = yield from bench.who(by)
    if not who.is_system:
        raise NotPossible("only the application itself purges: by=system()")
    count = misses = 0
    after: str | None = None
    while misses < _TRIES:
        now = bench.clock.time()
        limit = rules.purged_before(now)
        query = Query(state=State.DELETED, now=now, deleted_before=limit, limit=_BATCH, after=after)
        batch = yield from ask(bench.store.list, query)
        if not batch:
            return count
        if (yield from _purge(bench, batch, who=who, now=now, limit=limit)):
            count, after = count + len(batch), batch[-1].id
        else:
            misses, after = misses + 1, None
    raise Conflict("others purge at the same time, or bring back what is to be purged; try again")


def _purge(bench: Bench, batch: Sequence[Record], *, who: Standing, now: float, limit: float) -> Flow[bool]:
    """Remove a few; return False where somebody brought one back, or removed it, meanwhile."""
    entries = bench.entries(*(events.of_purge(record, who=who, now=now) for record in batch))
    ids = [record.id for record in batch]
    try:
        yield from ask(bench.store.purge, ids, deleted_before=limit, audit=entries)
    except WriteRefused as refused:
        if refused.reason != "changed":
            raise
        return False
    yield from bench.tell(entries)
    return True
