"""The verbs of one kind as commands: one implementation, bound to keys and to personal access tokens."""

import getpass
import re
from collections.abc import Callable
from dataclasses import fields
from inspect import Parameter, Signature, signature
from typing import Any, Final

import typer

from authmux.cli import minting, options, reading, revoking
from authmux.cli.desk import Desk
from authmux.cli.exit_codes import Interrupted, Misuse
from authmux.cli.place import Place, open_service
from authmux.cli.voice import Voice
from authmux.issuing.actor import System, system
from authmux.token_format import Kind

_VERBS: Final[dict[str, Callable[..., object]]] = {
    "issue": minting.issue,
    "list": reading.list_records,
    "show": reading.show,
    "roll": minting.roll,
    "revoke": revoking.revoke,
}
_MINTING: Final = {"issue", "roll"}
_BY_KIND: Final = {"issue": ("owner", options.ISSUED_TO), "list": ("whose", options.LISTED_OF)}


def group_for(kind: Kind, voice: Voice) -> typer.Typer:
    """Return the commands on credentials of one kind."""
    group = typer.Typer(no_args_is_help=True, help=f"Issue, list, show, roll and revoke {options.NOUN[kind]}s.")
    for name, verb in _VERBS.items():
        group.command(name, help=verb.__doc__)(_bound(name, verb, kind, voice))
    return group


def _bound(name: str, verb: Callable[..., object], kind: Kind, voice: Voice) -> Callable[..., object]:
    """Return a verb without its desk, with the options that say where the store is: typer reads its signature."""

    def command(**given: Any) -> object:
        _refuse_empty(given)
        place = Place(**{each.name: given.pop(each.name) for each in fields(Place)})
        voice.mask.learn_passwords(place.store or "")
        as_json = given.pop("output") is options.Output.JSON
        try:
            with open_service(place, mints=name in _MINTING) as service:
                desk = Desk(
                    kind=kind,
                    noun=options.NOUN[kind],
                    service=service,
                    by=_doer(),
                    voice=voice,
                    as_json=as_json,
                )
                return verb(desk, **given)
        except KeyboardInterrupt:
            lost = f"; if something was made, its text is lost: look with `authmux {kind.value}s list`"
            raise Interrupted(f"interrupted{lost if name in _MINTING else ''}") from None

    parameters = _parameters(name, verb, kind)
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # typer looks there
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _parameters(name: str, verb: Callable[..., object], kind: Kind) -> list[Parameter]:
    _, *own = signature(verb, eval_str=True).parameters.values()
    special, annotations = _BY_KIND.get(name, ("", {}))
    own = [each.replace(annotation=annotations[kind]) if each.name == special else each for each in own]
    if name == "issue" and kind is Kind.PAT:
        own = [each.replace(default=Parameter.empty) if each.name == special else each for each in own]
    output = options.keyword("output", options.OUTPUT, default=options.Output.TEXT)
    return [*own, output, *options.place_parameters()]


def _refuse_empty(given: dict[str, Any]) -> None:
    """Refuse what a script's unset variable leaves behind: no tenant at all is another thing than an empty name."""
    for name, value in given.items():
        if value == "" and name != "description":
            raise Misuse(f"an option is empty ({name.replace('_', '-')}): leave it out, or give it a value")


def _doer() -> System:
    """Return what is written down as the doer: the program, and the operating system's user."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container's user often has no name
        return system("cli")
    return system(f"cli:{user}" if re.fullmatch(r"[\w.@+-]{1,64}", user) else "cli")
