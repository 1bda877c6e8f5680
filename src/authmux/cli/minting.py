"""The verbs that make a token: `issue` and `roll`. Its text alone goes to standard output."""

import json
from datetime import timedelta
from typing import Any

from authmux.cli import options, outlet
from authmux.cli.desk import KindDesk, option, read_reference
from authmux.cli.durations import parse_duration
from authmux.cli.exit_codes import Misuse, TextLost
from authmux.cli.field_intake import read_meta, read_scopes
from authmux.cli.questions import confirm, require_answer
from authmux.cli.record_view import as_object, date_text, summary
from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.token_service import OVERLAP
from authmux.stores.record import Owner, Record
from authmux.token_format import Kind


def issue(
    desk: KindDesk,
    *,
    owner: str | None = None,
    issuer: options.Issuer = None,
    name: options.Name,
    scope: options.Scopes,
    tenant: options.Tenant = None,
    env: options.Env = None,
    expires_in: options.ExpiresIn = None,
    description: options.Description = "",
    meta: options.Meta = None,
) -> None:
    """Issue one, and write its text to standard output: once, for it is kept nowhere."""
    _require_output()
    given: dict[str, Any] = {
        "name": name,
        "scopes": read_scopes(scope),
        "tenant": tenant,
        "env": env,
        "description": description,
        "meta": read_meta(meta),
        "by": desk.by,
    }
    if expires_in is not None:  # else the service knows how long a credential of its kind lives
        given["expires_in"] = _read_life(expires_in)
    whose = _owner(desk.kind, owner, issuer)
    issued = (
        desk.service.issue_pat(user=whose or "", **given)
        if desk.kind is Kind.PAT
        else desk.service.issue_key(client=whose, **given)
    )
    _hand_out(desk, issued, "issued")


def roll(
    desk: KindDesk,
    reference: options.Reference,
    *,
    overlap: options.Overlap = None,
    generation: options.Generation = None,
    yes: options.Yes = False,
) -> None:
    """Issue a new text for the same credential; the old one works until the overlap is over."""
    _require_output()
    with option("--overlap"):
        lapse = OVERLAP if overlap is None else parse_duration(overlap)
    record = desk.get_record(read_reference(reference, where="ID"))
    stopping = _stopping_at_once(record, lapse, desk.now())
    if stopping:
        require_answer(yes=yes)
        desk.voice.say(f"{desk.summaries([record])}\nthe text of generation {stopping} stops working at once")
        confirm(desk.voice, f"roll this {desk.noun}?", yes=yes)
    issued = desk.service.roll(record.id, generation=generation or record.generation, overlap=lapse, by=desk.by)
    _hand_out(desk, issued, "rolled")
    retire_at = issued.record.secrets[-2].retire_at
    if not stopping or lapse:
        desk.voice.say(f"the text before it works until {date_text(retire_at)}")


def _require_output() -> None:
    """Refuse to make what could not be handed over."""
    if not outlet.is_open():
        raise Misuse("standard output is closed, and the token would be written there: nothing was made")


def _owner(kind: Kind, owner_id: str | None, issuer: str | None) -> str | Owner | None:
    if issuer is None:
        return owner_id
    if owner_id is None:
        raise Misuse("--issuer says who names the owner: say --client, too")
    return Owner(options.OWNER_TYPE[kind], issuer, owner_id)


def _read_life(text: str) -> timedelta | None:
    with option("--expires-in"):
        life = None if text.strip().lower() == "never" else parse_duration(text)
        if life == timedelta(0):
            raise ValueError("it would be expired at once")
        return life


def _stopping_at_once(record: Record, overlap: timedelta, now: float) -> str:
    """Return which generations a roll would kill, in words; those that it leaves a while do not count."""
    *older, newest = record.secrets
    stopping = [secret for secret in older if secret.is_live(now)] + ([] if overlap else [newest])
    return " and ".join(str(secret.generation) for secret in stopping)


def _hand_out(desk: KindDesk, issued: IssuedToken, done: str) -> None:
    """Write the text; where nobody takes it, say that there is a credential now whose text nobody has."""
    record, now = issued.record, desk.now()
    shown = json.dumps({"token": issued.text, "record": as_object(record, now)}) if desk.as_json else issued.text
    try:
        outlet.write(shown)
    except outlet.OutputLost as lost:
        raise TextLost(
            f"the {desk.noun} with id {record.id} was {done}, but its text could not be written ({lost}), and nobody"
            f" has it: roll it, or revoke it with `authmux {desk.kind.value}s revoke {record.id}`"
        ) from None
    desk.voice.say(f"{done}: {summary(record, now)}, expires {date_text(record.expires_at)}")
    if outlet.is_terminal():
        desk.voice.say("this is the only time that its text is shown: put it where it belongs now")
