"""`authmux`: the whole of its commands."""

from typing import Annotated

import typer

from authmux import __version__
from authmux.cli import (
    auditing,
    clearing,
    denying,
    diagnosing,
    importing,
    migrating,
    outlet,
    parties,
    peppering,
    upgrading,
    using,
)
from authmux.cli.binding import bound
from authmux.cli.exit_codes import Misuse
from authmux.cli.group import group_for
from authmux.cli.needs import CHANGES, COMPARES, ENDS, LETS_IN, READS
from authmux.cli.options import PLACE, PREPARE
from authmux.cli.party import Party
from authmux.cli.place import Place, open_store, read_peppers, refuse_other_pepper
from authmux.cli.voice import Voice
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

    for party in Party:
        app.add_typer(parties.group_for(party, voice), name=f"{party}s")
    app.add_typer(_deny(voice), name="deny")
    app.command("usage", help=using.usage.__doc__)(bound(using.usage, voice, needs=READS))
    app.add_typer(_audit(voice), name="audit")
    app.add_typer(_pepper(voice), name="pepper")
    app.command("revoke-all", help=clearing.revoke_all.__doc__)(bound(clearing.revoke_all, voice, needs=ENDS))
    app.command("import", help=importing.import_.__doc__)(bound(importing.import_, voice, needs=LETS_IN))
    app.command()(migrating.migrate_with(voice))
    app.command()(upgrading.upgrade_with(voice))
    app.command()(diagnosing.doctor_with(voice))
    app.command()(diagnosing.explain_with(voice))
    return app


def _audit(voice: Voice) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="Read, check and keep the audit log.")
    for name, verb, needs in (
        ("tail", auditing.tail, READS),
        ("verify", auditing.verify, CHANGES),
        ("export", auditing.export, READS),
        ("import", auditing.import_, CHANGES),
        ("replay-revocations", auditing.replay_revocations, ENDS),
    ):
        group.command(name, help=verb.__doc__)(bound(verb, voice, needs=needs))
    return group


def _deny(voice: Voice) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="Refuse JWTs that are genuine, and let them in again.")
    for name, verb, needs in (
        ("add", denying.add, ENDS),
        ("lift", denying.lift, CHANGES),
        ("list", denying.list_denials, READS),
    ):
        group.command(name, help=verb.__doc__)(bound(verb, voice, needs=needs))
    return group


def _pepper(voice: Voice) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="See which peppers there are, and change to a fresh one.")
    for name, verb in (("status", peppering.status), ("retire", peppering.retire)):
        group.command(name, help=verb.__doc__)(bound(verb, voice, needs=COMPARES))

    @group.command()
    def rotate(
        *,
        pepper: Annotated[str | None, PLACE["pepper"]] = None,
        prepare: Annotated[bool, PREPARE] = False,
    ) -> None:
        """Make a fresh pepper the current one, and keep the others; keys move to it as they are used."""
        peppering.rotate(voice, pepper=pepper, prepare=prepare)

    return group


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
        # A fresh pepper beside keys that another one was made for would only hide that theirs is lost (K-13).
        peppers = read_peppers(place, create=not store.pepper_checks())
        if peppers is None:
            voice.say("no pepper was named, and none made: issuing keys needs --pepper DIRECTORY")
            return
        refuse_other_pepper(store, peppers)
    voice.say("the pepper is there: back it up, apart from the database; without it every key is dead")
