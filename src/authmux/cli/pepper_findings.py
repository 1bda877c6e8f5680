"""What `doctor` finds of the peppers: whether they are those that a store's secrets are under."""

from collections.abc import Iterator

from authmux.cli.finding import Finding, Part
from authmux.cli.peppering import is_well
from authmux.cli.place import Place, read_peppers
from authmux.errors import ConfigurationError
from authmux.issuing.actor import system
from authmux.issuing.pepper_status import PepperStatus
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.stores.sql import SQLStore
from authmux.token_format import TokenFormat
from authmux.verifying.diagnosis import Mark


def pepper_findings(store: SQLStore, place: Place) -> Iterator[Finding]:
    """Compare the peppers that are named with those that the store knows."""
    try:
        peppers = read_peppers(place)
    except ConfigurationError as error:
        yield Finding(part=Part.PEPPERS, mark=Mark.WRONG, says=str(error))
        return
    if peppers is None:
        says = "no pepper was named, and so none was looked at"
        yield Finding(part=Part.PEPPERS, mark=Mark.WARNING, says=says, advice="give --pepper DIRECTORY")
        return
    for each in _statuses(store, peppers):
        yield _pepper(each)


def _statuses(store: SQLStore, peppers: Peppers) -> list[PepperStatus]:
    service = TokenService(store, TokenFormat(prefix="unused", peppers=peppers))
    return list(service.pepper_status(by=system("cli")))


def _pepper(pepper: PepperStatus) -> Finding:
    count = f"{pepper.live_secrets} secret{'' if pepper.live_secrets == 1 else 's'}"
    if not pepper.pepper_id:
        return Finding(part=Part.PEPPERS, mark=Mark.OK, says=f"{count} imported, and not used since")
    if is_well(pepper):
        current = ", which is current" if pepper.is_current else "" if pepper.is_known else ", which is not known here"
        return Finding(part=Part.PEPPERS, mark=Mark.OK, says=f"{count} under {pepper.pepper_id}{current}")
    wrong = "another one than the store knows" if pepper.is_known else "not known here"
    return Finding(
        part=Part.PEPPERS,
        mark=Mark.WRONG,
        says=f"{pepper.pepper_id} is {wrong}: {count} under it cannot be proved, and their callers are answered 503",
        advice="put the one back that they were issued under",
    )
