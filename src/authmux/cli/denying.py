"""The commands on denials: `add`, `lift` and `list`, of tokens that are refused though they are genuine (B-64)."""

import json
from typing import Any

from authmux.cli import options, outlet
from authmux.cli.desk import Desk, option
from authmux.cli.moments import parse_ago, parse_ahead
from authmux.cli.questions import confirm, require_answer
from authmux.cli.record_view import date_text, timestamp
from authmux.errors import NotFound
from authmux.stores.denial import Denial, Denied, Target


def add(
    desk: Desk,
    what: options.DeniedWhat,
    value: options.DeniedValue = None,
    *,
    issuer: options.DeniedIssuer = None,
    before: options.IssuedBefore = None,
    until: options.Until = None,
    reason: options.WhyRevoked = options.Reason.OTHER,
    yes: options.Yes = False,
) -> None:
    """Refuse JWTs from now on, in applications whose Authenticator has denials=store."""
    require_answer(yes=yes)
    now = desk.now()
    with option("--before"):
        earlier = None if before is None else parse_ago(before, now)
    with option("--until"):
        end = None if until is None else parse_ahead(until, now)
    scope = "everything" if before is None else f"what was issued before {date_text(earlier)}"
    target = Target(what, issuer or "", value or "")
    confirm(desk.voice, f"refuse {scope} of {_words(target)}?", yes=yes)
    denial = desk.service.deny(target, reason=reason.value, before=earlier, until=end, by=desk.by)
    desk.voice.say(f"denied: {_words(denial.target)}")


def lift(
    desk: Desk, what: options.DeniedWhat, value: options.DeniedValue = None, *, issuer: options.DeniedIssuer = None
) -> None:
    """Take a denial away: what it refused is good again, if it still is."""
    target = Target(what, issuer or "", value or "")
    if not desk.service.lift(target, by=desk.by):
        raise NotFound(f"there is no denial of {_words(target)}")
    desk.voice.say(f"lifted: {_words(target)}")


def list_denials(desk: Desk) -> None:
    """List all denials and suspensions."""
    found = desk.service.list_denials(by=desk.by)
    if desk.as_json:
        outlet.write(json.dumps([as_object(each) for each in found], indent=2))
    elif found:
        from authmux.cli.drawing import cells, new_list, print_table  # here, so that issuing loads no rich

        table = new_list("what", "value", "issuer", "issued before", "until", "reason", "by")
        for each in found:
            before = "" if each.before is None else date_text(each.before)
            until = "" if each.until is None else date_text(each.until)
            what, issuer, value = each.target
            table.add_row(*cells(what.value, value, issuer, before, until, each.reason, each.by))
        print_table(table)
    else:
        desk.voice.say("nothing is denied, and nobody is suspended")


def as_object(denial: Denial) -> dict[str, Any]:
    """Return a denial as JSON shows it; the members are documented, and stay."""
    return {
        "what": denial.target.what.value,
        "issuer": denial.target.issuer or None,
        "value": denial.target.value or None,
        "before": timestamp(denial.before),
        "until": timestamp(denial.until),
        "reason": denial.reason,
        "by": denial.by,
        "at": timestamp(denial.at),
    }


def _words(target: Target) -> str:
    of = f" of {target.issuer}" if target.issuer and target.what is not Denied.ISSUER else ""
    return f"{target.what} {target.value or target.issuer}{of}"
