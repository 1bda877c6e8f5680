"""`authmux`: the whole of its commands."""

from typing import Annotated

import typer

from authmux import __version__
from authmux.cli import diagnosing, outlet
from authmux.cli.exit_codes import Misuse
from authmux.cli.group import group_for
from authmux.cli.options import PLACE
from authmux.cli.place import Place, open_store, read_peppers
from authmux.cli.voice import Voice
from authmux.errors import ConfigurationError
from authmux.token_format import Kind


def commands_for(voice: Voice) -> typer.Typer:
    """Return the commands, which speak with this voice.

    No rich help, no completion that writes into the shell's files, and no pretty exceptions, which show what
    variables hold (K-92).
    """
    app = typer.Typer(
        help="Issue, list, roll and revoke API keys and personal access tokens; find out what is wrong with JWTs.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
    )
    for kind in Kind:
        app.add_typer(group_for(kind, voice), name=f"{kind.value}s")

    @app.callback()
    def authmux(
        *,
        version: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
        ] = False,
    ) -> None:
        """Do nothing by itself."""

    @app.command()
    def init(
        store: Annotated[str | None, PLACE["store"]] = None, pepper: Annotated[str | None, PLACE["pepper"]] = None
    ) -> None:
        """Make the tables and the pepper, where missing."""
        voice.mask.learn_passwords(store or "")
        _init(Place(store=store or None, pepper=pepper or None), voice)

    app.command()(diagnosing.doctor)
    app.command()(diagnosing.explain_with(voice))
    return app


def _print_version(is_wanted: bool) -> None:  # noqa: FBT001  # typer calls it so
    if is_wanted:
        outlet.write(__version__)
        raise typer.Exit


def _init(place: Place, voice: Voice) -> None:
    if place.store is None:
        raise Misuse(
            "say where the keys are to be kept: --store sqlite:///keys.db (with --app, the application makes it)"
        )
    with open_store(place, may_create=True) as store:
        store.create_schema()
        voice.say("the tables are there")
        kept = {check.pepper_id: check.check for check in store.pepper_checks()}
    # A fresh pepper beside keys that another one was made for would only hide that theirs is lost (K-13).
    peppers = read_peppers(place, create=not kept)
    if peppers is None:
        voice.say("no pepper was named, and none made: issuing keys needs --pepper DIRECTORY")
        return
    if any(each in peppers and peppers.check(each) != check for each, check in kept.items()):
        raise ConfigurationError(
            "the pepper is not the one that this store's keys were issued under: put that one back"
        )
    voice.say("the pepper is there: back it up, apart from the database; without it every key is dead")
