"""The verbs that change nothing: `list` and `show`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from authmux.cli import options, outlet
from authmux.cli.desk import Desk, option, read_reference
from authmux.cli.exit_codes import Misuse
from authmux.cli.record_view import as_object
from authmux.stores.record import Owner, OwnerType, Record, State

_PAGE = 100  # records that are asked for at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records to show; what the store does not know how to look for is looked for here.

    Arguments:
        owner: type and id, of whichever issuer unless `issuer` is given.
        states: none means all.
    """

    owner: tuple[OwnerType, str] | None
    issuer: str | None
    tenant: str | None
    states: frozenset[State]

    def is_met_by(self, record: Record, now: float) -> bool:
        """Return whether to show it."""
        is_owned = self.owner in (None, (record.owner.type, record.owner.id))
        return is_owned and (not self.states or record.state(now) in self.states)


def list_records(
    desk: Desk,
    *,
    owner: options.OwnedBy = None,
    whose: str | None = None,
    issuer: options.Issuer = None,
    tenant: options.InTenant = None,
    state: options.States = None,
    limit: options.Limit = 100,
    after: options.After = None,
    every: options.All = False,
) -> None:
    """List them by id, without any secret."""
    wanted = Wanted(owner=_read_owner(desk, owner, whose), issuer=issuer, tenant=tenant, states=frozenset(state or ()))
    if issuer is not None and wanted.owner is None:
        raise Misuse("--issuer says who names the owner: say the owner, too")
    now = desk.now()
    start = None if after is None else read_reference(after, where="--after")
    found = _read_records(desk, wanted, start, now)
    records = list(found if every else islice(found, limit))
    is_more = not every and next(found, None) is not None
    if desk.as_json:
        outlet.write(json.dumps([as_object(record, now) for record in records], indent=2))
    elif records:
        from authmux.cli.record_table import print_records  # here, so that issuing loads no rich

        print_records(records, now)
    else:
        desk.voice.say(f"there is no {desk.noun} like that")
    if is_more:
        desk.voice.say(f"there are more: --after {records[-1].id}, or --all")


def show(desk: Desk, reference: options.Reference) -> None:
    """Show everything of one but its secret."""
    record, now = desk.get_record(read_reference(reference, where="ID")), desk.now()
    if desk.as_json:
        outlet.write(json.dumps(as_object(record, now), indent=2))
        return
    from authmux.cli.record_table import print_record  # see above

    print_record(record, now)


def _read_records(desk: Desk, wanted: Wanted, after: str | None, now: float) -> Iterator[Record]:
    """Read page after page."""
    owner = Owner(wanted.owner[0], wanted.issuer, wanted.owner[1]) if wanted.owner and wanted.issuer else None
    while True:
        page = desk.service.list(
            by=desk.by, kind=desk.kind, tenant=wanted.tenant, owner=owner, limit=_PAGE, after=after
        )
        yield from (record for record in page if wanted.is_met_by(record, now))
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _read_owner(desk: Desk, owner: str | None, whose: str | None) -> tuple[OwnerType, str] | None:
    if owner is not None and whose is not None:
        raise Misuse(f"say --owner or --{options.OWNER_TYPE[desk.kind].value}, not both")
    if whose is not None:
        return options.OWNER_TYPE[desk.kind], whose
    if owner is None:
        return None
    with option("--owner"):
        return _parse_owner(owner)


def _parse_owner(text: str) -> tuple[OwnerType, str]:
    type_name, _, owner_id = text.partition(":")
    if type_name in list(OwnerType) and bool(owner_id) is (type_name != OwnerType.NONE):
        return OwnerType(type_name), owner_id
    raise ValueError("write user:ID, client:ID, service:ID or org:ID; or none")
