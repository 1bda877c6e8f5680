"""The commands on peppers: `status`, `rotate` and `retire` (K-13). A pepper itself is never shown."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from authmux.cli import options, outlet
from authmux.cli.desk import Desk
from authmux.cli.exit_codes import Exit, Misuse
from authmux.cli.place import PEPPERS
from authmux.cli.questions import confirm, require_answer
from authmux.cli.voice import Voice
from authmux.issuing.pepper_status import PepperStatus
from authmux.peppers import Peppers


def status(desk: Desk) -> Exit:
    """Say which peppers there are, here and in the store, and how many secrets are under each."""
    found = desk.service.pepper_status(by=desk.by)
    _show(desk, found)
    return Exit.FINE if all(is_well(each) for each in found) else Exit.NOT_WELL


def is_well(pepper: PepperStatus) -> bool:
    """Return whether what is under a pepper can be proved here."""
    is_lost = not pepper.is_known and pepper.live_secrets > 0 and pepper.pepper_id != ""
    return pepper.is_right is not False and not is_lost


def retire(
    desk: Desk, pepper_id: options.PepperId, *, although_used: options.AlthoughUsed = False, yes: options.Yes = False
) -> None:
    """Have the store forget an old pepper under which nothing is any more."""
    counts = {each.pepper_id: each.live_secrets for each in desk.service.pepper_status(by=desk.by)}
    if pepper_id not in counts or not pepper_id:
        raise Misuse("there is no pepper of this id: `authmux pepper status` lists them")
    if although_used and counts[pepper_id]:
        require_answer(yes=yes)
        confirm(desk.voice, f"have {counts[pepper_id]} secrets under {pepper_id} refused, for good?", yes=yes)
    rest = desk.service.retire_pepper(pepper_id, although_used=although_used, by=desk.by)
    desk.voice.say(
        f"the store has forgotten {pepper_id}; keep it as long as the audit log has entries that were sealed with it"
    )
    _show(desk, rest)


def rotate(voice: Voice, *, pepper: str | None, prepare: bool) -> None:
    """Make a fresh pepper the current one in a directory.

    Raises:
        Misuse: no directory is named.
    """
    if not pepper:
        raise Misuse(
            "say where the pepper is: --pepper DIRECTORY; whatever else keeps it is changed where it is, as is the"
            f" variable {PEPPERS}"
        )
    peppers = Peppers.rotate_file(pepper, prepare=prepare)
    *_, newest = peppers
    if prepare:
        voice.say(f"{newest} is known, and {peppers.current} is current: start every process anew, then rotate again")
    else:
        voice.say(f"{peppers.current} is current: start every process anew, and back the peppers up")


def _show(desk: Desk, found: Sequence[PepperStatus]) -> None:
    if desk.as_json:
        outlet.write(json.dumps([asdict(each) | {"is_well": is_well(each)} for each in found], indent=2))
        return
    from authmux.cli.drawing import cells, new_list, print_table  # here, so that --help loads no rich

    table = new_list("pepper", "secrets", "state")
    for each in found:
        table.add_row(*cells(each.pepper_id or "(none)", str(each.live_secrets), ", ".join(_words(each))))
    print_table(table)


def _words(pepper: PepperStatus) -> Iterator[str]:
    if pepper.pepper_id == "":
        yield "imported, and not used since"
        return
    if pepper.is_current:
        yield "current"
    if pepper.is_right is False:
        yield "another one than the store knows: put that one back"
    elif not pepper.is_known:
        yield "not known here: put it back" if pepper.live_secrets else "not known here"
    elif pepper.is_right is None:
        yield "known here alone" if not pepper.is_current else "not used yet"
    elif not pepper.is_current:
        yield "known" if pepper.live_secrets else "to be retired when you like"
