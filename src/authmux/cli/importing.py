"""The command that takes over keys which another library made: `import`, of lines of JSON (K-14)."""

import json
from collections.abc import Callable
from typing import Any, Final

from authmux.cli import options, outlet
from authmux.cli.desk import Desk
from authmux.cli.exit_codes import Exit, Misuse
from authmux.cli.field_intake import read_scopes
from authmux.cli.foreign_lines import Entries, Origin, read_entries
from authmux.cli.line_intake import lines_of
from authmux.issuing.foreign_entry import ImportReport
from authmux.issuing.foreign_rows import Row, from_digests, from_drf_api_key, from_knox
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers, new_pepper
from authmux.stores.foreign import ForeignName
from authmux.stores.memory import MemoryStore
from authmux.stores.record import Owner, OwnerType
from authmux.token_format import Kind, TokenFormat

_READERS: Final[dict[Origin, Callable[..., Entries]]] = {
    Origin.DRF_API_KEY: from_drf_api_key,
    Origin.KNOX: from_knox,
    Origin.DIGESTS: from_digests,
}
_SHOWN: Final = 20  # refusals that are listed for people


def import_(
    desk: Desk,
    file: options.File,
    *,
    origin: options.From,
    scope: options.Scopes,
    scheme: options.Scheme = None,
    kind: options.BecomesKind = Kind.KEY,
    digest_algorithm: options.Hash = "sha256",
    owner_field: options.OwnerField = None,
    owner_type: options.OwnerTypeOption = OwnerType.USER,
    issuer: options.OwnersIssuer = None,
    tenant_field: options.TenantField = None,
    dry_run: options.DryRun = False,
) -> Exit:
    """Take over keys that another library made: its table as lines of JSON, one a row. No text is needed, or asked for.

    It may be repeated: what is there already stays as it is.
    """
    shared: dict[str, Any] = {
        "scopes": read_scopes(scope),
        "owner": _owner_of(origin, owner_field, owner_type, issuer),
        "tenant": lambda row: None if tenant_field is None else _text(row[tenant_field]),
    }
    if origin is Origin.DIGESTS:
        if scheme is None:
            raise Misuse("--scheme: say how the application calls their shape, as in accept_digests")
        shared |= {"scheme": scheme, "kind": kind, "hash_name": digest_algorithm}
    read = _READERS[origin]
    with lines_of(file) as lines:
        entries = read_entries(lines, lambda rows: read(rows, **shared))
        service = _rehearsal() if dry_run else desk.service
        report = service.import_foreign(entries, by=desk.by)
    _show(desk, report, is_rehearsed=dry_run)
    return Exit.FINE if not report.refused else Exit.REFUSED


def _owner_of(
    origin: Origin, field: str | None, owner_type: OwnerType, issuer: str | None
) -> Callable[[Row], Owner | None]:
    """Return what says whose a key is; a token of knox is its user's, and others are nobody's if nothing is said."""
    column = "user_id" if field is None and origin is Origin.KNOX else field
    if column is None:
        return lambda _: None
    if issuer is None:
        raise Misuse("say who names the owners: --issuer acme, the mark that your tokens begin with, for your own")
    named = issuer

    def owner(row: Row) -> Owner | None:
        found = _text(row[column])
        return None if found is None else Owner(owner_type, named, found)

    return owner


def _text(value: Any) -> str | None:
    """Return a name; one of nobody is none."""
    return None if value is None or value == "" else str(value)


def _rehearsal() -> TokenService:
    """Return a service whose store is forgotten."""
    return TokenService(MemoryStore(), TokenFormat(prefix="rehearsal", peppers=Peppers({"none": new_pepper()})))


def _show(desk: Desk, report: ImportReport, *, is_rehearsed: bool) -> None:
    if desk.as_json:
        outlet.write(json.dumps(_as_object(report, is_rehearsed=is_rehearsed), indent=2))
        return
    taken = "would be taken, unless they are there already" if is_rehearsed else "taken"
    there = "a second time in the file" if is_rehearsed else "there already"
    desk.voice.say(f"{len(report.taken)} {taken}, {len(report.there)} {there}, {len(report.refused)} refused")
    for each in report.refused[:_SHOWN]:
        desk.voice.say(f"refused: {each.name}: {each.why}")
    if len(report.refused) > _SHOWN:
        desk.voice.say(f"… and {len(report.refused) - _SHOWN} more: --output json lists them")


def _as_object(report: ImportReport, *, is_rehearsed: bool) -> dict[str, Any]:
    """Return it for programs; the members are documented, and stay."""
    return {
        "dry_run": is_rehearsed,
        "taken": [_name(name) | {"id": None if is_rehearsed else each} for name, each in report.taken.items()],
        "there": [_name(name) for name in report.there],
        "refused": [{"name": each.name, "why": each.why} for each in report.refused],
    }


def _name(name: ForeignName) -> dict[str, Any]:
    return {"scheme": name.scheme, "locator": name.locator}
