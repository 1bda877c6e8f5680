"""The verbs by which credentials stop working, on one or many: `disable`, `expire`, `revoke` and `delete`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from authmux.cli import options, outlet
from authmux.cli.desk import KindDesk
from authmux.cli.exit_codes import Exit
from authmux.cli.questions import confirm, require_answer
from authmux.cli.record_view import as_object, date_text
from authmux.cli.reference_intake import is_from_stdin, read_ids
from authmux.errors import NotFound, NotPossible
from authmux.stores.record import Record, State


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """One of these verbs.

    Arguments:
        verb, done: as in "disable" and "disabled".
        asked: the question, with a place for what it is about.
        since: since when a record is so already; None where it is not.
    """

    verb: str
    done: str
    asked: str
    since: Callable[[Record, float], float | None]


_DISABLE: Final = _Ending(
    verb="disable",
    done="disabled",
    asked="disable {}, until it is enabled?",
    since=lambda record, now: record.disabled_at if record.state(now) is State.DISABLED else None,
)
_EXPIRE: Final = _Ending(
    verb="expire",
    done="expired",
    asked="end {} now, for good?",
    since=lambda record, now: record.expires_at if record.state(now) is State.EXPIRED else None,
)
_REVOKE: Final = _Ending(
    verb="revoke",
    done="revoked",
    asked="revoke {} for good?",
    since=lambda record, _: record.revoked_at,
)
_DELETE: Final = _Ending(
    verb="delete",
    done="deleted",
    asked="delete {}, and revoke what was issued with it?",
    since=lambda record, _: record.deleted_at,
)


def disable(
    desk: KindDesk, references: options.References, *, reason: options.WhySaid = None, yes: options.Yes = False
) -> Exit:
    """Refuse them until they are enabled."""
    return _end(desk, references, _DISABLE, lambda each: desk.service.disable(each, by=desk.by, reason=reason), yes=yes)


def expire(desk: KindDesk, references: options.References, *, yes: options.Yes = False) -> Exit:
    """End them now, as if their time were over."""
    return _end(desk, references, _EXPIRE, lambda each: desk.service.expire(each, by=desk.by), yes=yes)


def revoke(
    desk: KindDesk,
    references: options.References,
    *,
    reason: options.WhyRevoked = options.Reason.OTHER,
    yes: options.Yes = False,
) -> Exit:
    """Refuse them from now on, for good, and what was issued with them.

    An id that is not there stops none of the others: in a leak, what can be revoked is to be revoked.
    """
    return _end(
        desk, references, _REVOKE, lambda each: desk.service.revoke(each, by=desk.by, reason=reason.value), yes=yes
    )


def delete(desk: KindDesk, references: options.References, *, yes: options.Yes = False) -> Exit:
    """Refuse and hide them, and revoke what was issued with them; for 30 days they can be undeleted."""
    return _end(desk, references, _DELETE, lambda each: desk.service.delete(each, by=desk.by), yes=yes)


@dataclass(slots=True)
class _Batch:
    """What came of several."""

    found: list[Record] = field(default_factory=list)
    done: list[Record] = field(default_factory=list)
    code: Exit = Exit.FINE


def _end(
    desk: KindDesk, references: Sequence[str], ending: _Ending, act: Callable[[str], Record], *, yes: bool
) -> Exit:
    require_answer(yes=yes, stdin_is_used=is_from_stdin(references))
    batch = _Batch()
    _find(desk, read_ids(references), batch)
    if any(ending.since(record, desk.now()) is None for record in batch.found):
        confirm(desk.voice, ending.asked.format(_count(batch.found, desk.noun)), yes=yes)
    try:
        for record in batch.found:
            _act(desk, record, ending, act, batch)
    finally:  # what was done before something broke is told, too
        if desk.as_json:
            outlet.write(json.dumps([as_object(record, desk.now()) for record in batch.done], indent=2))
    return batch.code


def _find(desk: KindDesk, ids: Sequence[str], batch: _Batch) -> None:
    """Show what is going to stop working, and what is not there."""
    for each in ids:
        try:
            batch.found.append(desk.get_record(each, include_deleted=True))
        except NotFound as error:
            desk.voice.complain(str(error))
            batch.code = Exit.NOT_FOUND
    if batch.found:
        desk.voice.say(desk.summaries(batch.found))


def _act(desk: KindDesk, record: Record, ending: _Ending, act: Callable[[str], Record], batch: _Batch) -> None:
    since = ending.since(record, desk.now())
    try:
        batch.done.append(act(record.id))
    except (NotPossible, NotFound) as error:  # its state forbids it, or it is hidden; the others are to stop working
        desk.voice.complain(str(error) if record.deleted_at is None else f"{record.id} was deleted")
        batch.code = batch.code or (Exit.REFUSED if isinstance(error, NotPossible) else Exit.NOT_FOUND)
        return
    if since is None:
        desk.voice.say(f"{ending.done}: {record.id}")
    else:
        desk.voice.say(f"{ending.done} already, {date_text(since)}: {record.id}")


def _count(records: Sequence[Record], noun: str) -> str:
    return f"this {noun}" if len(records) == 1 else f"these {len(records)} {noun}s"
