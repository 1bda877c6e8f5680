"""The verbs on the audit log: `audit`, `verify_audit`, `purge_audit`, `export_audit` and `import_audit` (K-71)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from authmux.errors import Conflict, NotPossible
from authmux.flow import Flow, ask
from authmux.issuing.actor import System
from authmux.issuing.bench import Bench
from authmux.stores.audit_chain import START, Break, ChainCheck, purge_point
from authmux.stores.audit_event import Action, AuditEntry, AuditEvent, Head
from authmux.stores.audit_lines import write_line
from authmux.stores.audit_log import AuditQuery
from authmux.stores.port import WriteRefused

RETENTION: Final = timedelta(days=400)  # K-71
_PAGE: Final = 500  # entries at a time
_TRIES: Final = 3  # how often one begins again because others purged meanwhile
_LOG: Final = "audit"


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of the check of an audit log.

    Arguments:
        entries: how many hold.
        start: from where they were followed; what came before was purged.
        head: how far the chain holds. Keep it elsewhere: what is cut off at the end, nothing else shows.
        broken: the first place at which it does not hold; None where it does.
        unsealed: positions of entries that were written without a pepper, so that nothing shows whether they are true.
    """

    entries: int
    start: Head
    head: Head
    broken: Break | None
    unsealed: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Return whether every entry is there as it was written."""
        return self.broken is None and not self.unsealed


def audit(
    bench: Bench,
    *,
    by: System,
    tenant: str | None = None,
    target: str | None = None,
    actor: str | None = None,
    action: Action | tuple[Action, ...] | None = None,
    since: float | None = None,
    until: float | None = None,
    after: int = 0,
    limit: int = 100,
    newest: bool = False,
) -> Flow[Sequence[AuditEntry]]:
    """Return the entries of the audit log that match, oldest first (K-71).

    Arguments:
        tenant, target, actor, action: only these; a target is mostly the id of a credential.
        since, until: seconds since the epoch; from the first on, and before the second.
        after: only positions behind this one, to read page after page.
        limit: how many at most.
        newest: read from the end: the last that match.
    """
    _require_system(by)
    if limit < 1:
        raise NotPossible("limit is 1 or more")
    query = AuditQuery(
        tenant=tenant,
        target=target,
        actor=actor,
        action=action,
        since=since,
        until=until,
        after=after,
        limit=limit,
        newest=newest,
    )
    return ask(bench.store.audit, query)


def verify_audit(bench: Bench, *, by: System, expected_head: Head | None = None) -> Flow[Verification]:
    """Follow the chain of the audit log from its start, or from the last purge, to its head (K-71).

    Arguments:
        expected_head: the head of an earlier check, kept elsewhere: it shows what was cut off at the end since.
    """
    _require_system(by)
    for _ in range(_TRIES):
        start = yield from _start(bench)
        found = yield from _follow(bench, start=start, expected=expected_head)
        if found.broken is None or (yield from _start(bench)) == start:
            return found
    raise Conflict("others purge the audit log all the time; try again")


def purge_audit(bench: Bench, *, by: System, older_than: timedelta = RETENTION) -> Flow[AuditEntry | None]:
    """Remove the oldest entries, and write down from where on the chain can be verified; return that entry.

    None is returned where there is nothing so old.

    Arguments:
        older_than: 400 days by default.

    Raises:
        NotPossible: what is to go does not verify, and is evidence.
    """
    _require_system(by)
    now = bench.clock.time()
    start = yield from _start(bench)
    younger = yield from ask(bench.store.audit, AuditQuery(since=now - older_than.total_seconds(), limit=1))
    through = younger[0].position - 1 if younger else None
    found = yield from _follow(bench, start=start, expected=None, through=through)
    if found.broken is not None:
        raise NotPossible(f"the audit log is broken at entry {found.broken.position}: look into that before you purge")
    if found.head.position <= start.position:
        return None
    point = {"position": found.head.position, "mac": found.head.mac}
    event = AuditEvent(at=now, action=Action.AUDIT_PURGED, actor=by.name, target=_LOG, difference=point)
    entries = bench.entries(event)
    yield from ask(bench.store.purge_audit, entries, through=found.head.position)
    yield from bench.tell(entries)
    return entries.written[0]


def export_audit(bench: Bench, write: Callable[[str], object], *, by: System, after: int = 0) -> Flow[Head]:
    """Write the audit log as lines of JSON, a page at a time; return how far it went, which is where to go on.

    Arguments:
        write: takes a few lines; such as a file's own `write`.
        after: only positions behind this one.
    """
    _require_system(by)
    head = Head(after, "")
    while page := (yield from ask(bench.store.audit, AuditQuery(after=head.position, limit=_PAGE))):
        yield from ask(write, "".join(f"{write_line(entry)}\n" for entry in page))
        head = page[-1].head
    return head


def import_audit(bench: Bench, entries: Iterable[AuditEntry], *, by: System) -> Flow[int]:
    """Put back what a restored store's audit log has lost since its backup; return how many entries that were.

    Entries that it has already are passed over. Every other one must continue the chain.

    Arguments:
        entries: of an export of the same log, in its order: `audit_lines.read_lines(file)`.

    Raises:
        NotPossible: the next entry does not continue the chain; what came before it, is there.
    """
    _require_system(by)
    newest = yield from ask(bench.store.audit, AuditQuery(newest=True, limit=1))
    check = ChainCheck(bench.tokens.peppers.seals(), start=newest[0].head if newest else START)
    position = check.head.position
    missing = (entry for entry in entries if entry.position > position)
    while page := list(islice(missing, _PAGE)):
        tip = check.head
        broken = check.follow(page)
        good = page[: check.head.position - tip.position]
        try:
            yield from ask(bench.store.extend_audit, good, tip=tip)
        except WriteRefused:
            raise Conflict("the audit log was written to meanwhile: put it back before the store is used") from None
        if broken is not None:
            raise NotPossible(f"entry {broken.position} does not continue this log: {broken.damage}")
    return check.checked


def _start(bench: Bench) -> Flow[Head]:
    """Return from where on the chain is to be followed."""
    query = AuditQuery(action=Action.AUDIT_PURGED, newest=True, limit=1)
    found = yield from ask(bench.store.audit, query)
    return (purge_point(found[0]) or START) if found else START


def _follow(bench: Bench, *, start: Head, expected: Head | None, through: int | None = None) -> Flow[Verification]:
    check = ChainCheck(bench.tokens.peppers.seals(), start=start, expected=expected)
    broken: Break | None = None
    while broken is None:
        page = yield from ask(bench.store.audit, AuditQuery(after=check.head.position, limit=_PAGE))
        if through is not None:
            page = [entry for entry in page if entry.position <= through]
        if not page:
            broken = check.end()
            break
        broken = check.follow(page)
    return Verification(check.checked, start, check.head, broken, tuple(check.unsealed))


def _require_system(by: System) -> None:
    """Refuse everybody but the application itself: the log tells of all tenants.

    Raises:
        NotPossible: it is somebody else.
    """
    if not isinstance(by, System):
        raise NotPossible("only the application itself reads the audit log: by=system()")
