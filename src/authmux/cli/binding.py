"""A verb as a command: its own options, those that say where the store is, and the desk that it works at."""

import getpass
import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from inspect import Parameter, Signature, signature
from typing import Any, Final

from authmux.cli import options
from authmux.cli.desk import Desk
from authmux.cli.exit_codes import Interrupted, Misuse
from authmux.cli.needs import Needs
from authmux.cli.place import Place, open_service
from authmux.cli.voice import Voice
from authmux.issuing.actor import System, system


def bound(
    verb: Callable[..., object],
    voice: Voice,
    *,
    needs: Needs,
    make_desk: Callable[..., Desk] = Desk,
    own: Sequence[Parameter] | None = None,
    if_interrupted: str = "",
) -> Callable[..., object]:
    """Return a verb without its desk, with the options that say where the store is: typer reads its signature.

    Arguments:
        make_desk: makes the desk of what all desks have.
        own: its own parameters, where they differ from those that it has.
        if_interrupted: what is said then.
    """

    def command(**given: Any) -> object:
        _refuse_empty(given)
        place = Place(**{each.name: given.pop(each.name) for each in fields(Place)})
        voice.mask.learn_passwords(place.store or "")
        as_json = given.pop("output") is options.Output.JSON
        try:
            with open_service(place, needs=needs, warn=voice.complain) as service:
                return verb(make_desk(service=service, by=doer(), voice=voice, as_json=as_json), **given)
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted{if_interrupted}") from None

    parameters = [*(parameters_of(verb) if own is None else own), _OUTPUT, *options.place_parameters()]
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # typer looks there
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def parameters_of(verb: Callable[..., object]) -> list[Parameter]:
    """Return the parameters of a verb besides its desk."""
    return list(signature(verb, eval_str=True).parameters.values())[1:]


def doer() -> System:
    """Return what is written down as the doer: the program, and the operating system's user."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container's user often has no name
        return system("cli")
    return system(f"cli:{user}" if re.fullmatch(r"[\w.@+-]{1,64}", user) else "cli")


_MAY_BE_EMPTY: Final = frozenset({"description"})
_OUTPUT: Final = options.keyword("output", options.OUTPUT, default=options.Output.TEXT)


def _refuse_empty(given: dict[str, Any]) -> None:
    """Refuse what a script's unset variable leaves behind: no tenant at all is another thing than an empty name."""
    for name, value in given.items():
        if value == "" and name not in _MAY_BE_EMPTY:
            raise Misuse(f"an option is empty ({name.replace('_', '-')}): leave it out, or give it a value")
