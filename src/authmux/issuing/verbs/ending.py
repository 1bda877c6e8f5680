"""The verbs that end one credential: `expire`, `revoke`, `delete`; and `undelete`, which brings none to life."""

from authmux.flow import Flow, ask
from authmux.issuing import events, rules
from authmux.issuing.actor import Doer
from authmux.issuing.bench import Bench
from authmux.issuing.standing import Standing, reference
from authmux.issuing.states import Verb
from authmux.issuing.verbs.reading import id_of_self
from authmux.principal import Principal
from authmux.stores.port import Query
from authmux.stores.record import Record


def expire(bench: Bench, credential_id: str, *, by: Doer) -> Flow[Record]:
    """End a credential now, as if its time were over (K-37)."""
    who = yield from bench.who(by)

    def decide(record: Record, now: float) -> Record:
        return rules.expired(record, now=now)

    return (yield from bench.change(Verb.EXPIRE, credential_id, decide, who=who))


def revoke(bench: Bench, credential_id: str, *, by: Doer, reason: str = "other", cascade: bool = True) -> Flow[Record]:
    """Refuse a credential from now on, for good (K-35).

    Arguments:
        reason: compromised, superseded, offboarding, policy or other.
        cascade: revoke what was issued with it, too.
    """
    who = yield from bench.who(by)

    def decide(record: Record, now: float) -> Record:
        return rules.revoked(record, by=who.name, reason=reason, now=now)

    record = yield from bench.change(Verb.REVOKE, credential_id, decide, who=who, reason=reason)
    if cascade:
        yield from _revoke_made(bench, record, who=who, reason=reason)
    return record


def revoke_self(bench: Bench, *, by: Principal, reason: str = "other") -> Flow[Record]:
    """Refuse the key or token that a principal came with, for good, and what was issued with it (K-38).

    Arguments:
        reason: see `revoke`.
    """
    credential_id, _ = id_of_self(by)
    return revoke(bench, credential_id, by=by, reason=reason)


def delete(bench: Bench, credential_id: str, *, by: Doer) -> Flow[Record]:
    """Refuse a credential and hide it; what was issued with it is revoked (K-36).

    For 30 days it can be undeleted; `purge` removes it then.
    """
    who = yield from bench.who(by)

    def decide(record: Record, now: float) -> Record:
        return rules.deleted(record, now=now)

    record = yield from bench.change(Verb.DELETE, credential_id, decide, who=who)
    yield from _revoke_made(bench, record, who=who, reason="other")
    return record


def undelete(bench: Bench, credential_id: str, *, by: Doer) -> Flow[Record]:
    """Bring a credential back that was deleted, disabled: enable it, then it works (K-36).

    What was revoked or had expired stays so. A name that somebody else has by now is a `Conflict`.
    """
    who = yield from bench.who(by)

    def decide(record: Record, now: float) -> Record:
        return rules.undeleted(record, by=who.name, now=now)

    return (yield from bench.change(Verb.UNDELETE, credential_id, decide, who=who))


def _revoke_made(bench: Bench, maker: Record, *, who: Standing, reason: str) -> Flow[None]:
    """Revoke what a key or token has issued; after itself, so that it can issue nothing more (K-35)."""
    made = Query(created_by=reference(maker))
    now = bench.clock.time()
    entries = bench.entries(*events.of_bulk_revocation(made, who=who, now=now, reason=reason))
    yield from ask(bench.store.revoke_all, made, at=now, by=who.name, reason=reason, audit=entries)
    yield from bench.tell(entries)
