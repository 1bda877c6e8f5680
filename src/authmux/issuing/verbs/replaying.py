"""The verb for a restored backup: `replay_revocations` ends again what had been ended since it was made (K-92)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from authmux.errors import NotFound, NotPossible
from authmux.flow import Flow, ask
from authmux.issuing import events
from authmux.issuing.actor import System
from authmux.issuing.bench import Bench
from authmux.issuing.denied_since import DENYING, LIFTING, denied_since
from authmux.issuing.events import SELECTION
from authmux.issuing.rules import REASONS
from authmux.issuing.verbs import changing, ending
from authmux.issuing.verbs.denying import MAX_DENIALS, denials_of
from authmux.issuing.verbs.reading import get
from authmux.stores.audit_event import Action, AuditEntry, AuditEvent
from authmux.stores.denial import Denial
from authmux.stores.port import Query
from authmux.stores.record import Owner, OwnerType, Record, State

_SETTLED_LAST: Final = {
    Action.DELETED: State.DELETED,
    Action.UNDELETED: State.DISABLED,
    Action.DISABLED: State.DISABLED,
    Action.ENABLED: State.ACTIVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What was ended again in a restored store, by id.

    Arguments:
        revoked, expired, disabled, deleted: what was done just now; what was so already is not among them.
        denied: whom or what a denial or suspension names that was made again.
        at_once: how many were revoked by revocations of everything that matches something.
        rolled_since: were rolled after the backup was made. Their newest text is lost, and one that was replaced works
            again: roll them, or revoke them.
        unknown: are not in the store; they were issued after the backup was made.
    """

    revoked: tuple[str, ...]
    expired: tuple[str, ...]
    disabled: tuple[str, ...]
    deleted: tuple[str, ...]
    denied: tuple[str, ...]
    at_once: int
    rolled_since: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(slots=True)
class _Fate:
    """What the log says of one credential, in the end."""

    reason: str | None = None
    is_expired: bool = False
    last: State | None = None
    generation: int = 0

    def learn(self, event: AuditEvent) -> None:
        """Take in what happened next."""
        match event.action:
            case Action.REVOKED:  # which nothing undoes
                self.reason = event.reason if event.reason in REASONS else "other"
            case Action.EXPIRED:
                self.is_expired = True
            case Action.ROLLED:
                self.generation = max(self.generation, _second(event.difference.get("generation")))
        self.last = _SETTLED_LAST.get(event.action, self.last)

    def is_to_be_settled(self) -> bool:
        """Return whether something has ended, or was rolled."""
        has_ended = self.reason is not None or self.is_expired or self.last in (State.DISABLED, State.DELETED)
        return has_ended or self.generation > 0


@dataclass(slots=True)
class _Told:
    """What the log says, apart by what it is about."""

    fates: dict[str, _Fate] = field(default_factory=dict)
    selections: list[AuditEvent] = field(default_factory=list)
    denials: list[AuditEvent] = field(default_factory=list)

    def learn(self, event: AuditEvent) -> None:
        """Take in what happened next."""
        if event.action in DENYING | LIFTING:
            self.denials.append(event)
        elif event.target != SELECTION:
            self.fates.setdefault(event.target, _Fate()).learn(event)
        elif event.action is Action.REVOKED:
            self.selections.append(event)


@dataclass(slots=True)
class _Report:
    found: dict[str, list[str]] = field(default_factory=dict)
    at_once: int = 0

    def put(self, what: str, credential_id: str) -> None:
        self.found.setdefault(what, []).append(credential_id)

    def of(self, what: str) -> tuple[str, ...]:
        return tuple(self.found.get(what, ()))


def replay_revocations(bench: Bench, entries: Iterable[AuditEntry], *, by: System) -> Flow[Replayed]:
    """End again, in a store that was restored from a backup, what an audit log says was ended (K-92).

    What is so already stays as it is, so that it may be done twice. Nothing is ever brought back by it.

    Arguments:
        entries: of an export of the audit log that is newer than the backup; from before it they do no harm. They are
            believed: `import_audit` checks them.
    """
    if not isinstance(by, System):
        raise NotPossible("only the application itself restores a store: by=system()")
    told = _Told()
    for entry in entries:
        told.learn(entry.event)
    report = _Report()
    for credential_id, fate in told.fates.items():
        if fate.is_to_be_settled():
            yield from _settle(bench, credential_id, fate, report, by=by)
    for event in told.selections:
        report.at_once += yield from _revoke_selected(bench, event, by=by)
    for action, denial in denied_since(told.denials):
        yield from _deny(bench, action, denial, report, by=by)
    return Replayed(
        revoked=report.of("revoked"),
        expired=report.of("expired"),
        disabled=report.of("disabled"),
        deleted=report.of("deleted"),
        denied=report.of("denied"),
        at_once=report.at_once,
        rolled_since=report.of("rolled_since"),
        unknown=report.of("unknown"),
    )


def _settle(bench: Bench, credential_id: str, fate: _Fate, report: _Report, *, by: System) -> Flow[None]:
    try:
        record = yield from get(bench, credential_id, by=by, include_deleted=True)
    except NotFound:
        report.put("unknown", credential_id)
        return
    if fate.reason is not None and record.revoked_at is None:
        record = yield from ending.revoke(bench, credential_id, by=by, reason=fate.reason, cascade=False)
        report.put("revoked", credential_id)
    if fate.is_expired and _is_usable(record, bench.clock.time()):
        record = yield from ending.expire(bench, credential_id, by=by)
        report.put("expired", credential_id)
    if fate.last is State.DISABLED and _is_usable(record, bench.clock.time()) and record.disabled_at is None:
        record = yield from changing.disable(bench, credential_id, by=by)
        report.put("disabled", credential_id)
    if fate.last is State.DELETED and record.deleted_at is None:
        record = yield from ending.delete(bench, credential_id, by=by)
        report.put("deleted", credential_id)
    if record.generation < fate.generation and _is_usable(record, bench.clock.time()):
        report.put("rolled_since", credential_id)


def _deny(bench: Bench, action: Action, denial: Denial, report: _Report, *, by: System) -> Flow[None]:
    """Deny again, unless as much is denied already, or would not be any more."""
    store, now = denials_of(bench), bench.clock.time()
    held = {each.target: each for each in (yield from ask(store.list_denials))}.get(denial.target)
    has_ended = denial.until is not None and denial.until <= now
    if has_ended or (held is not None and held.is_at_least(denial)):
        return
    who = yield from bench.who(by)
    entries = bench.entries(events.of_denial(action, denial.target, who=who, now=now, denial=denial))
    yield from ask(store.deny, denial, limit=MAX_DENIALS, now=now, audit=entries)
    yield from bench.tell(entries)
    report.put("denied", denial.target.value or denial.target.issuer)


def _is_usable(record: Record, now: float) -> bool:
    """Return whether it works, or may again."""
    return record.state(now) in (State.ACTIVE, State.NOT_YET, State.DISABLED)


def _revoke_selected(bench: Bench, event: AuditEvent, *, by: System) -> Flow[int]:
    """Revoke again everything that matched then, and nothing that was issued later."""
    told = event.difference
    owner = told.get("owner")
    before, then = told.get("created_before"), math.nextafter(event.at, math.inf)
    query = Query(
        owner=Owner(OwnerType(owner[0]), owner[1], owner[2]) if owner else None,
        tenant=told.get("tenant"),
        tenantless=bool(told.get("tenantless")),
        created_by=told.get("created_by"),
        created_after=told.get("created_after"),
        created_before=then if before is None else min(before, then),
    )
    reason = event.reason if event.reason in REASONS else "other"
    now = bench.clock.time()
    who = yield from bench.who(by)
    entries = bench.entries(*events.of_bulk_revocation(query, who=who, now=now, reason=reason))
    count = yield from ask(bench.store.revoke_all, query, at=now, by=by.name, reason=reason, audit=entries)
    yield from bench.tell(entries)
    return count


def _second(pair: Any) -> int:
    return pair[1] if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], int) else 0
