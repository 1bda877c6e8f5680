"""The verbs that change nothing: `list` and `show`."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from authmux.cli import options, outlet
from authmux.cli.desk import KindDesk, option, read_reference
from authmux.cli.exit_codes import Misuse
from authmux.cli.moments import parse_ago, parse_ahead
from authmux.cli.record_view import as_object
from authmux.stores.record import Owner, OwnerType, Record, State

_PAGE = 100  # records that are asked for at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records to show; what the store does not know how to look for is looked for here.

    Arguments:
        owner: type and id, of whichever issuer unless `issuer` is given.
        states: none means all but deleted ones.
        created_after, created_before: from the first moment on, and before the second; seconds since the epoch.
        asked: what the store is asked for besides.
    """

    owner: tuple[OwnerType, str] | None
    issuer: str | None
    states: frozenset[State]
    created_after: float | None
    created_before: float | None
    asked: Mapping[str, Any]

    def is_met_by(self, record: Record, now: float) -> bool:
        """Return whether to show it."""
        return (
            self.owner in (None, (record.owner.type, record.owner.id))
            and (not self.states or record.state(now) in self.states)
            and (self.created_after is None or record.created_at >= self.created_after)
            and (self.created_before is None or record.created_at < self.created_before)
        )


def list_records(
    desk: KindDesk,
    *,
    owner: options.OwnedBy = None,
    whose: str | None = None,
    issuer: options.Issuer = None,
    tenant: options.InTenant = None,
    env: options.InEnv = None,
    state: options.States = None,
    scope: options.WithScope = None,
    expires_before: options.ExpiresBefore = None,
    created_after: options.CreatedAfter = None,
    created_before: options.CreatedBefore = None,
    deleted: options.Deleted = False,
    limit: options.Limit = 100,
    after: options.After = None,
    every: options.All = False,
) -> None:
    """List them by id, without any secret."""
    now, states = desk.now(), frozenset(state or ())
    wanted = Wanted(
        owner=_read_owner(desk, owner, whose),
        issuer=issuer,
        states=states,
        created_after=_read_moment("--created-after", created_after, parse_ago, now),
        created_before=_read_moment("--created-before", created_before, parse_ago, now),
        asked={
            "tenant": tenant,
            "env": env,
            "scope": scope,
            "state": next(iter(states)) if len(states) == 1 else None,
            "expires_before": _read_moment("--expires-before", expires_before, parse_ahead, now),
            "include_deleted": deleted or State.DELETED in states,
        },
    )
    if issuer is not None and wanted.owner is None:
        raise Misuse("--issuer says who names the owner: say the owner, too")
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


def show(desk: KindDesk, reference: options.Reference) -> None:
    """Show everything of one but its secret."""
    record, now = desk.get_record(read_reference(reference, where="ID"), include_deleted=True), desk.now()
    if desk.as_json:
        outlet.write(json.dumps(as_object(record, now), indent=2))
        return
    from authmux.cli.record_table import print_record  # see above

    print_record(record, now)


def _read_records(desk: KindDesk, wanted: Wanted, after: str | None, now: float) -> Iterator[Record]:
    """Read page after page."""
    owner = Owner(wanted.owner[0], wanted.issuer, wanted.owner[1]) if wanted.owner and wanted.issuer else None
    while True:
        page = desk.service.list(by=desk.by, kind=desk.kind, owner=owner, limit=_PAGE, after=after, **wanted.asked)
        yield from (record for record in page if wanted.is_met_by(record, now))
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _read_moment(name: str, text: str | None, parse: Callable[[str, float], float], now: float) -> float | None:
    with option(name):
        return None if text is None else parse(text, now)


def _read_owner(desk: KindDesk, owner: str | None, whose: str | None) -> tuple[OwnerType, str] | None:
    if owner is not None and whose is not None:
        raise Misuse(f"say --owner or --{options.OWNER_TYPE[desk.kind].value}, not both")
    if whose is not None:
        return options.OWNER_TYPE[desk.kind], whose
    if owner is None:
        return None
    with option("--owner"):
        return parse_owner(owner)


def parse_owner(text: str) -> tuple[OwnerType, str]:
    """Return type and id of an owner.

    Raises:
        ValueError: it is not written like one.
    """
    type_name, _, owner_id = text.partition(":")
    if type_name in list(OwnerType) and bool(owner_id) is (type_name != OwnerType.NONE):
        return OwnerType(type_name), owner_id
    raise ValueError("write user:ID, client:ID, service:ID or org:ID; or none")
