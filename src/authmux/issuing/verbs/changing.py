"""The verbs that can be undone, or that change what a credential is: `edit`, `disable`, `enable` (K-32, K-34)."""

from collections.abc import Iterable, Mapping
from typing import Any

from authmux.flow import Flow
from authmux.issuing import fields, rules
from authmux.issuing.actor import Doer
from authmux.issuing.bench import Bench
from authmux.issuing.edits import KEPT, Edit, Kept
from authmux.issuing.states import Verb
from authmux.stores.record import Record


def edit(
    bench: Bench,
    credential_id: str,
    *,
    by: Doer,
    name: str | None = None,
    description: str | None = None,
    meta: Mapping[str, Any] | None = None,
    scopes: Iterable[str] | None = None,
    expires_at: float | Kept | None = KEPT,
    expected: int | None = None,
) -> Flow[Record]:
    """Change what is given, and leave the rest (K-32).

    What has ended keeps its scopes and its expiry: no edit brings it back.

    Arguments:
        name, description, meta: the notes; `meta` is replaced as a whole.
        scopes: all that it may do from now on. To widen them is written down apart.
        expires_at: in seconds since the epoch, and not in the past; None for no end.
        expected: the `row_version` that this was decided on; another is a `Conflict`.
    """
    who = yield from bench.who(by)
    wanted = Edit.read(name=name, description=description, meta=meta, scopes=scopes, expires_at=expires_at)

    def decide(record: Record, now: float) -> Record:
        changed = wanted.of(record, now)
        who.check_growth(record, changed)
        return changed

    return (yield from bench.change(Verb.EDIT, credential_id, decide, who=who, expected=expected))


def disable(bench: Bench, credential_id: str, *, by: Doer, reason: str | None = None) -> Flow[Record]:
    """Refuse a credential until it is enabled (K-34).

    Arguments:
        reason: in your words; it is written down in the audit log.
    """
    who = yield from bench.who(by)

    def decide(record: Record, now: float) -> Record:
        return rules.disabled(record, by=who.name, now=now)

    said = fields.read_reason(reason)
    return (yield from bench.change(Verb.DISABLE, credential_id, decide, who=who, reason=said))


def enable(bench: Bench, credential_id: str, *, by: Doer, reason: str | None = None) -> Flow[Record]:
    """Accept a credential again that was disabled, or undeleted (K-34).

    Arguments:
        reason: in your words; it is written down in the audit log.
    """
    who = yield from bench.who(by)

    def decide(record: Record, now: float) -> Record:
        return rules.enabled(record, now=now)

    said = fields.read_reason(reason)
    return (yield from bench.change(Verb.ENABLE, credential_id, decide, who=who, reason=said))
