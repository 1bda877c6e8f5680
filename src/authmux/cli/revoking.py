"""The verb that ends credentials: `revoke`, one or many."""

import json
import sys
from collections.abc import Iterator, Sequence

from authmux.cli import options, outlet
from authmux.cli.desk import Desk, read_reference
from authmux.cli.exit_codes import Exit, Misuse
from authmux.cli.questions import confirm, require_answer
from authmux.cli.record_view import as_object, date_text, summary
from authmux.errors import NotFound
from authmux.stores.record import Record

_FROM_STDIN = "-"


def revoke(
    desk: Desk,
    references: options.References,
    *,
    reason: options.WhyRevoked = options.Reason.OTHER,
    yes: options.Yes = False,
) -> Exit:
    """Refuse them from now on, for good.

    An id that is not there stops none of the others: in a leak, what can be revoked is to be revoked.
    """
    require_answer(yes=yes, stdin_is_used=_FROM_STDIN in references)
    ids = list(dict.fromkeys(_read_ids(references)))
    records = list(_found(desk, ids))
    if any(record.revoked_at is None for record in records):
        confirm(desk.voice, f"revoke {_count(records, desk.noun)} for good?", yes=yes)
    done: list[Record] = []
    try:
        for record in records:
            done.append(desk.service.revoke(record.id, by=desk.by, reason=reason.value))
            _tell(desk, record, done[-1])
    finally:  # what was revoked before something broke is told, too
        if desk.as_json:
            outlet.write(json.dumps([as_object(record, desk.now()) for record in done], indent=2))
    return Exit.FINE if len(records) == len(ids) else Exit.NOT_FOUND


def _found(desk: Desk, ids: Sequence[str]) -> Iterator[Record]:
    """Show what is going to be revoked, and what is not there."""
    for each in ids:
        try:
            record = desk.get_record(each)
        except NotFound as error:
            desk.voice.complain(str(error))
        else:
            desk.voice.say(summary(record, desk.now()))
            yield record


def _count(records: Sequence[Record], noun: str) -> str:
    return f"this {noun}" if len(records) == 1 else f"these {len(records)} {noun}s"


def _tell(desk: Desk, before: Record, after: Record) -> None:
    if before.revoked_at is None:
        desk.voice.say(f"revoked: {after.id}")
    else:
        desk.voice.say(f"revoked already, {date_text(before.revoked_at)}: {after.id}")


def _read_ids(references: Sequence[str]) -> Iterator[str]:
    for place, reference in enumerate(references, start=1):
        if reference == _FROM_STDIN:
            yield from _read_stdin()
        else:
            yield read_reference(reference, where=f"argument {place}")


def _read_stdin() -> Iterator[str]:
    if sys.stdin is None:
        raise Misuse("standard input is closed, and the ids were to be read from it")
    for number, line in enumerate(sys.stdin, start=1):
        if line.strip():
            yield read_reference(line, where=f"line {number} of standard input", is_typed=False)
