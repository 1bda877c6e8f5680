"""The verbs that change what a credential is, or bring it back: `edit`, `enable`, `undelete`."""

import json
from typing import Any

from authmux.cli import options, outlet
from authmux.cli.desk import KindDesk, option, read_reference
from authmux.cli.exit_codes import Misuse
from authmux.cli.field_intake import read_meta, read_scopes
from authmux.cli.moments import parse_ahead
from authmux.cli.record_view import as_object, date_text, summary
from authmux.stores.record import Record


def edit(
    desk: KindDesk,
    reference: options.Reference,
    *,
    name: options.NewName = None,
    description: options.NewDescription = None,
    meta: options.Meta = None,
    scope: options.NewScopes = None,
    add_scope: options.AddedScopes = None,
    remove_scope: options.RemovedScopes = None,
    expires: options.NewEnd = None,
) -> None:
    """Change what is given, and leave the rest."""
    record = desk.get_record(read_reference(reference, where="ID"))
    with option("--expires-in"):
        end = {} if expires is None else {"expires_at": _read_end(expires, desk.now())}
    scopes = _read_scopes(record, scope, add_scope, remove_scope)
    given = {"name": name, "description": description, "meta": read_meta(meta), "scopes": scopes}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None} | end
    if not changes:
        raise Misuse("say what is to be other: --name, --description, --meta, --scope, --add-scope, --expires-in, …")
    # What was added or removed was decided on these scopes: somebody else's edit in between is not to be undone.
    changed = desk.service.edit(record.id, expected=record.row_version, by=desk.by, **changes)
    _tell(desk, changed, "edited" if changed.row_version != record.row_version else "it is so already")


def enable(desk: KindDesk, reference: options.Reference, *, reason: options.WhySaid = None) -> None:
    """Accept one again that was disabled, or undeleted."""
    record = desk.get_record(read_reference(reference, where="ID"))
    changed = desk.service.enable(record.id, by=desk.by, reason=reason)
    _tell(desk, changed, "enabled" if changed.row_version != record.row_version else "it is enabled already")


def undelete(desk: KindDesk, reference: options.Reference) -> None:
    """Bring one back that was deleted in the last 30 days; it is disabled then, until it is enabled."""
    record = desk.get_record(read_reference(reference, where="ID"), include_deleted=True)
    changed = desk.service.undelete(record.id, by=desk.by)
    _tell(desk, changed, "undeleted" if changed.row_version != record.row_version else "it is not deleted")


def _read_end(text: str, now: float) -> float | None:
    return None if text.strip().lower() == "never" else parse_ahead(text, now)


def _read_scopes(
    record: Record, scope: list[str] | None, added: list[str] | None, removed: list[str] | None
) -> frozenset[str] | None:
    """Return all that it may do from now on; None where that stays."""
    if scope is not None and (added is not None or removed is not None):
        raise Misuse("--scope says all that it may do from now on: leave out --add-scope and --remove-scope")
    if scope is not None:
        return frozenset(read_scopes(scope))
    if added is None and removed is None:
        return None
    going = set(read_scopes(removed or ()))
    if not going <= record.scopes:
        raise Misuse(f"--remove-scope: it does not have {' '.join(sorted(going - record.scopes))}")
    return (record.scopes | set(read_scopes(added or ()))) - going


def _tell(desk: KindDesk, record: Record, done: str) -> None:
    now = desk.now()
    desk.voice.say(f"{done}: {summary(record, now)}, expires {date_text(record.expires_at)}")
    if desk.as_json:
        outlet.write(json.dumps(as_object(record, now), indent=2))
