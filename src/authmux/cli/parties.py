"""The commands on those to whom keys and tokens belong: who there is, what is theirs, and whether it is suspended."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import typer

from authmux.cli import options, outlet
from authmux.cli.binding import bound, parameters_of
from authmux.cli.desk import option
from authmux.cli.moments import parse_ahead
from authmux.cli.needs import LETS_IN, READS, SHUTS_OUT
from authmux.cli.party import Name, Party, PartyDesk
from authmux.cli.questions import confirm, require_answer
from authmux.cli.record_view import as_object, date_text, timestamp
from authmux.cli.voice import Voice
from authmux.errors import NotFound
from authmux.stores.denial import FOR_EVER

_SHOWN: Final = 20  # of those that are going to stop working


def group_for(party: Party, voice: Voice) -> typer.Typer:
    """Return the commands on all of one kind."""
    group = typer.Typer(no_args_is_help=True, help=f"List {party}s, and suspend what is theirs.")
    for name, verb, needs in (
        ("list", list_parties, READS),
        ("show", show, READS),
        ("suspend", suspend, SHUTS_OUT),
        ("reactivate", reactivate, LETS_IN),
    ):
        own = [each for each in parameters_of(verb) if party is not Party.TENANT or each.name != "issuer"]
        command = bound(verb, voice, needs=needs, make_desk=partial(PartyDesk, party=party), own=own)
        group.command(name, help=verb.__doc__)(command)
    return group


def list_parties(desk: PartyDesk) -> None:
    """List all to whom something belongs, or who are suspended."""
    now, suspended = desk.now(), desk.suspended_until()
    held: dict[Name, list[int]] = {name: [0, 0] for name in suspended}
    for record in desk.records():
        counts = held.setdefault(desk.party.name_in(record) or Name("", ""), [0, 0])
        counts[0] += record.is_live(now)
        counts[1] += 1
    holdings = [_Holding(name, live, total, suspended.get(name)) for name, (live, total) in sorted(held.items())]
    if desk.as_json:
        outlet.write(json.dumps([each.as_object() for each in holdings], indent=2))
    elif holdings:
        from authmux.cli.drawing import cells, new_list, print_table  # here, so that issuing loads no rich

        table = new_list(desk.party.value, "named by", "live", "all", "suspended")
        for each in holdings:
            table.add_row(*cells(each.name.id, each.name.issuer, str(each.live), str(each.total), each.standing()))
        print_table(table)
    else:
        desk.voice.say(f"there is no {desk.party}")


def show(desk: PartyDesk, name: options.PartyId, *, issuer: options.Issuer = None) -> None:
    """Show everything that belongs to one, and whether it is suspended."""
    now = desk.now()
    wanted = partial(_is_meant, name=name, issuer=issuer)
    suspended = {each: until for each, until in desk.suspended_until().items() if wanted(each)}
    records = [record for record in desk.records() if wanted(desk.party.name_in(record))]
    if not records and not suspended:
        raise NotFound(f"nothing belongs to a {desk.party} of this name, and none is suspended")
    if desk.as_json:
        ends = [{"issuer": each.issuer or None, "until": _end(until)} for each, until in suspended.items()]
        listed = [as_object(record, now) for record in records]
        outlet.write(json.dumps({"id": name, "suspended": ends, "credentials": listed}, indent=2))
        return
    for each, until in suspended.items():
        by = f" (named by {each.issuer})" if each.issuer else ""
        desk.voice.say(f"suspended{by} {_until_text(until)}")
    if records:
        from authmux.cli.record_table import print_records  # here, so that issuing loads no rich

        print_records(records, now)


def suspend(
    desk: PartyDesk,
    name: options.PartyId,
    *,
    issuer: options.Issuer = None,
    reason: options.WhyRevoked = options.Reason.OTHER,
    until: options.Until = None,
    yes: options.Yes = False,
) -> None:
    """Refuse everything that is theirs, until they are reactivated; nothing of it is changed."""
    require_answer(yes=yes)
    with option("--until"):
        end = None if until is None else parse_ahead(until, desk.now())
    records = [record for record in desk.records() if _is_meant(desk.party.name_in(record), name=name, issuer=issuer)]
    who = desk.named(name, issuer, {desk.party.name_in(record) for record in records})
    live = [record for record in records if record.is_live(desk.now())]
    if live:
        desk.voice.say(desk.summaries(live[:_SHOWN]))
    confirm(desk.voice, f"suspend this {desk.party}, with {len(live)} live keys and tokens?", yes=yes)
    denial = desk.service.suspend(reason=reason.value, until=end, by=desk.by, **who)
    desk.voice.say(f"suspended {_until_text(denial.suspends_until)}: {denial.target.value}")


def reactivate(desk: PartyDesk, name: options.PartyId, *, issuer: options.Issuer = None) -> None:
    """End a suspension: what was good before is good again."""
    suspended = {each for each in desk.suspended_until() if _is_meant(each, name=name, issuer=issuer)}
    if not desk.service.reactivate(by=desk.by, **desk.named(name, issuer, suspended)):
        raise NotFound(f"no {desk.party} of this name is suspended")
    desk.voice.say(f"reactivated: {name}")


@dataclass(frozen=True, slots=True)
class _Holding:
    """What one of them has."""

    name: Name
    live: int
    total: int
    suspended_until: float | None

    def standing(self) -> str:
        """Return whether it is suspended, for people."""
        return "" if self.suspended_until is None else _until_text(self.suspended_until)

    def as_object(self) -> dict[str, Any]:
        """Return it for programs; the members are documented, and stay."""
        return {
            "id": self.name.id,
            "issuer": self.name.issuer or None,
            "live": self.live,
            "all": self.total,
            "suspended": self.suspended_until is not None,
            "suspended_until": _end(self.suspended_until),
        }


def _is_meant(found: Name | None, *, name: str, issuer: str | None) -> bool:
    return found is not None and found.id == name and issuer in (None, found.issuer)


def _end(until: float | None) -> str | None:
    return None if until is None or until >= FOR_EVER else timestamp(until)


def _until_text(until: float | None) -> str:
    return "until reactivated" if until is None or until >= FOR_EVER else f"until {date_text(until)}"
