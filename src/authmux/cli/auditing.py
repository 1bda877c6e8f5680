"""The commands on the audit log: `tail`, `verify`, `export`, `import` and `replay-revocations`."""

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final

from authmux.cli import audit_view, options, outlet
from authmux.cli.desk import Desk, option
from authmux.cli.exit_codes import Exit, Misuse
from authmux.cli.line_intake import lines_of
from authmux.cli.moments import parse_ago
from authmux.cli.references import WholeToken, parse_reference
from authmux.stores.audit_event import AuditEntry, Head
from authmux.stores.audit_lines import read_lines, write_line

_PAUSE: Final = 1.0  # seconds between two looks
_PAGE: Final = 500
_HEAD: Final = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


def tail(
    desk: Desk,
    *,
    number: options.Number = 20,
    follow: options.Follow = False,
    tenant: options.InTenant = None,
    target: options.Target = None,
    actor: options.Actor = None,
    action: options.Actions = None,
    since: options.Since = None,
) -> None:
    """Show the last entries, oldest first; nothing in them is secret."""
    with option("--since"):
        start = None if since is None else parse_ago(since, desk.now())
    asked: dict[str, Any] = {
        "tenant": tenant,
        "target": _read_target(target),
        "actor": actor,
        "action": tuple(action) if action else None,
        "since": start,
        "by": desk.by,
    }
    entries = desk.service.audit(newest=True, limit=number, **asked)
    _show(desk, entries)
    if not entries and not follow:
        desk.voice.say("there is no entry like that")
    position = entries[-1].position if entries else 0
    while follow:
        time.sleep(_PAUSE)
        entries = desk.service.audit(after=position, limit=_PAGE, **asked)
        _show(desk, entries)
        position = entries[-1].position if entries else position


def verify(desk: Desk, *, expected_head: options.ExpectedHead = None) -> Exit:
    """Follow the chain from its start to its head, and say whether it holds."""
    expected = None if expected_head is None else _read_head(expected_head)
    found = desk.service.verify_audit(expected_head=expected, by=desk.by)
    if desk.as_json:
        outlet.write(json.dumps(audit_view.verification_object(found), indent=2))
    else:
        outlet.write(audit_view.verification_text(found))
    return Exit.FINE if found.is_whole else Exit.NOT_WELL


def export(desk: Desk, *, after: options.AfterPosition = 0) -> None:
    """Write the log to standard output as lines of JSON, to be kept elsewhere."""

    def write(text: str) -> None:
        with outlet.flushed():
            sys.stdout.write(text)

    head = desk.service.export_audit(write, after=after, by=desk.by)
    desk.voice.say(f"exported up to {head.position}: the next time, --after {head.position}")


def import_(desk: Desk, file: options.File) -> None:
    """Put back what a restored store's log has lost since its backup."""
    with _entries_of(file) as entries:
        count = desk.service.import_audit(entries, by=desk.by)
    desk.voice.say(f"{count} entries were put back")


def replay_revocations(desk: Desk, file: options.File) -> Exit:
    """End again, in a restored store, what an export of the log says was ended; nothing is brought back by it."""
    with _entries_of(file) as entries:
        done = desk.service.replay_revocations(entries, by=desk.by)
    told = asdict(done)
    if desk.as_json:
        outlet.write(json.dumps(told, indent=2))
    else:
        for name, what in told.items():
            listed = str(what) if isinstance(what, int) else f"{len(what)}  {' '.join(what)}"
            outlet.write(f"{name.replace('_', ' '):<12}  {listed}".rstrip())
    if not done.rolled_since:
        return Exit.FINE
    desk.voice.say("what was rolled since the backup has its replaced text again: roll or revoke it")
    return Exit.NOT_WELL


def _show(desk: Desk, entries: Iterable[AuditEntry]) -> None:
    for entry in entries:
        outlet.write(write_line(entry) if desk.as_json else audit_view.as_line(entry))


@contextmanager
def _entries_of(file: str) -> Iterator[Iterator[AuditEntry]]:
    with lines_of(file) as lines:
        try:
            yield read_lines(lines)
        except ValueError as error:
            raise Misuse(f"{file}: {error}") from None


def _read_target(text: str | None) -> str | None:
    """Return what to look for: mostly an id, which may be written as a log shows it."""
    if text is None:
        return None
    try:
        return parse_reference(text)
    except WholeToken as token:
        raise Misuse(f"--target is a whole token: give its id alone, {token.credential_id}") from None
    except ValueError:
        return text


def _read_head(text: str) -> Head:
    match = _HEAD.fullmatch(text.strip())
    if match is None:
        raise Misuse("--expected-head: write what `authmux audit verify` has shown as the head, POSITION:MAC")
    return Head(int(match[1]), match[2])
