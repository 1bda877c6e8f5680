"""The command on what was used: `usage`, of some or of all."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from authmux.cli import options, outlet
from authmux.cli.desk import Desk, option
from authmux.cli.exit_codes import Exit
from authmux.cli.moments import parse_ago
from authmux.cli.record_view import date_text, timestamp
from authmux.cli.reference_intake import read_ids
from authmux.errors import NotFound
from authmux.stores.record import Record
from authmux.stores.usage import COUNTS, Usage

_PAGE: Final = 500  # records that are asked for at once
_Row: TypeAlias = tuple[Record, Usage | None]


def usage(desk: Desk, references: options.SomeReferences = None, *, unused_since: options.UnusedSince = None) -> Exit:
    """Say how often keys and tokens were used, and when last; without ids, of all that were not deleted.

    It is known of applications that have a UsageRecorder.
    """
    with option("--unused-since"):
        limit = None if unused_since is None else parse_ago(unused_since, desk.now())
    ids = read_ids(references or ())
    shown: list[_Row] = []
    missing = 0
    for page in _found(desk, ids) if ids else _every(desk):
        used = desk.usage(page)
        rows = ((record, used.get(record.id)) for record in page)
        shown += [row for row in rows if limit is None or _is_unused(*row, limit)]
        missing += len(ids) - len(page) if ids else 0
    _show(desk, shown)
    return Exit.NOT_FOUND if missing else Exit.FINE


def _found(desk: Desk, ids: Iterable[str]) -> Iterator[Sequence[Record]]:
    page: list[Record] = []
    for each in ids:
        try:
            page.append(desk.service.get(each, by=desk.by, include_deleted=True))
        except NotFound:
            desk.voice.complain(f"there is no key or token {each}")
    yield page


def _every(desk: Desk) -> Iterator[Sequence[Record]]:
    after = None
    while page := desk.service.list(by=desk.by, limit=_PAGE, after=after):
        yield page
        after = page[-1].id


def _is_unused(record: Record, usage: Usage | None, limit: float) -> bool:
    """Return whether it was not used since a moment, though it was there."""
    return record.created_at < limit and (usage is None or usage.last_used_at < limit)


def _show(desk: Desk, rows: Sequence[_Row]) -> None:
    if desk.as_json:
        outlet.write(json.dumps([as_object(*row) for row in rows], indent=2))
    elif rows:
        from authmux.cli.drawing import cells, new_list, print_table  # here, so that issuing loads no rich

        table = new_list("id", "name", "uses", "last used", "from", "first used", "2xx", "3xx", "4xx", "5xx")
        for row in rows:
            table.add_row(*cells(*_texts(*row)))
        print_table(table)
    else:
        desk.voice.say("there is no key or token like that")


def _texts(record: Record, usage: Usage | None) -> Iterator[str]:
    yield from (record.id, record.name)
    if usage is None:
        yield from ("0", "never", *[""] * 6)
        return
    yield from (
        str(usage.uses),
        date_text(usage.last_used_at),
        usage.last_address or "",
        date_text(usage.first_used_at),
    )
    yield from (str(getattr(usage, name)) for name in COUNTS)


def as_object(record: Record, usage: Usage | None) -> dict[str, Any]:
    """Return the uses of a credential as JSON shows them; the members are documented, and stay."""
    return {
        "id": record.id,
        "kind": record.kind.value,
        "name": record.name,
        "uses": 0 if usage is None else usage.uses,
        "first_used_at": None if usage is None else timestamp(usage.first_used_at),
        "last_used_at": None if usage is None else timestamp(usage.last_used_at),
        "last_address": None if usage is None else usage.last_address,
        **{name: 0 if usage is None else getattr(usage, name) for name in COUNTS},
    }
