"""The verbs of one kind as commands: one implementation, bound to keys and to personal access tokens."""

from collections.abc import Callable
from functools import partial
from inspect import Parameter
from typing import Any, Final

import typer

from authmux.cli import changing, ending, minting, options, reading
from authmux.cli.binding import bound, parameters_of
from authmux.cli.desk import KindDesk
from authmux.cli.needs import CHANGES, ENDS, MINTS, READS, Needs
from authmux.cli.voice import Voice
from authmux.token_format import Kind

_VERBS: Final[dict[str, tuple[Callable[..., object], Needs]]] = {
    "issue": (minting.issue, MINTS),
    "list": (reading.list_records, READS),
    "show": (reading.show, READS),
    "edit": (changing.edit, CHANGES),
    "roll": (minting.roll, MINTS),
    "disable": (ending.disable, ENDS),
    "enable": (changing.enable, CHANGES),
    "expire": (ending.expire, ENDS),
    "revoke": (ending.revoke, ENDS),
    "delete": (ending.delete, ENDS),
    "undelete": (changing.undelete, CHANGES),
}
_BY_KIND: Final[dict[str, tuple[str, dict[Kind, Any]]]] = {
    "issue": ("owner", options.ISSUED_TO),
    "list": ("whose", options.LISTED_OF),
}


def group_for(kind: Kind, voice: Voice) -> typer.Typer:
    """Return the commands on credentials of one kind."""
    group = typer.Typer(
        no_args_is_help=True, help=f"Issue, list, edit, roll, disable and revoke {options.NOUN[kind]}s."
    )
    lost = f"; if something was made, its text is lost: look with `authmux {kind.value}s list`"
    for name, (verb, needs) in _VERBS.items():
        command = bound(
            verb,
            voice,
            needs=needs,
            make_desk=partial(KindDesk, kind=kind, noun=options.NOUN[kind]),
            own=_parameters(name, verb, kind),
            if_interrupted=lost if needs is MINTS else "",
        )
        group.command(name, help=verb.__doc__)(command)
    return group


def _parameters(name: str, verb: Callable[..., object], kind: Kind) -> list[Parameter]:
    own = parameters_of(verb)
    if name not in _BY_KIND:
        return own
    special, annotations = _BY_KIND[name]
    own = [each.replace(annotation=annotations[kind]) if each.name == special else each for each in own]
    if name == "issue" and kind is Kind.PAT:
        own = [each.replace(default=Parameter.empty) if each.name == special else each for each in own]
    return own
