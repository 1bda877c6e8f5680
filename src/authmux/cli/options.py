"""The options, each said once: those of every verb, and those that differ between keys and personal access tokens."""

from dataclasses import fields
from enum import StrEnum
from inspect import Parameter
from typing import Annotated, Any, Final, TypeAlias

import typer

from authmux.cli.place import Place
from authmux.stores.record import OwnerType, State
from authmux.token_format import Kind


class Output(StrEnum):
    """How a product is written."""

    TEXT = "text"
    JSON = "json"


class Reason(StrEnum):
    """Why a credential is revoked (K-35); a test compares the list with the one of `issuing`."""

    COMPROMISED = "compromised"
    SUPERSEDED = "superseded"
    OFFBOARDING = "offboarding"
    POLICY = "policy"
    OTHER = "other"


PLACE: Final[dict[str, Any]] = {
    "store": typer.Option(metavar="URL", envvar="AUTHMUX_STORE", help="The database, such as sqlite:///keys.db."),
    "pepper": typer.Option(metavar="DIRECTORY", envvar="AUTHMUX_PEPPER_DIR", help="Where the pepper is."),
    "prefix": typer.Option(metavar="MARK", envvar="AUTHMUX_PREFIX", help="How tokens begin, such as acme."),
    "app": typer.Option(
        metavar="MODULE:NAME",
        envvar="AUTHMUX_APP",
        help="A TokenService of your application, instead of store, pepper and prefix.",
    ),
}
OUTPUT: Final = Annotated[Output, typer.Option("--output", "-o", help="How the result is written.")]

OWNER_TYPE: Final = {Kind.KEY: OwnerType.CLIENT, Kind.PAT: OwnerType.USER}
NOUN: Final = {Kind.KEY: "API key", Kind.PAT: "personal access token"}
ISSUED_TO: Final[dict[Kind, Any]] = {
    Kind.KEY: Annotated[
        str | None, typer.Option("--client", metavar="ID", help="The client it belongs to; else nobody.")
    ],
    Kind.PAT: Annotated[str, typer.Option("--user", metavar="ID", help="The user it belongs to.")],
}
LISTED_OF: Final[dict[Kind, Any]] = {
    Kind.KEY: Annotated[str | None, typer.Option("--client", metavar="ID", help="Only those of this client.")],
    Kind.PAT: Annotated[str | None, typer.Option("--user", metavar="ID", help="Only those of this user.")],
}

References: TypeAlias = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Ids; - reads them from standard input, one a line.")
]
Reference: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Its id, such as 5g2v9k0m3x7q1b8n.")]
Name: TypeAlias = Annotated[str, typer.Option(help="For people; unique among the owner's live ones.")]
Scopes: TypeAlias = Annotated[
    list[str], typer.Option("--scope", metavar="SCOPE", help="What it may do, such as reports:read; several times.")
]
Tenant: TypeAlias = Annotated[str | None, typer.Option(help="The customer or organisation it acts within.")]
Env: TypeAlias = Annotated[str | None, typer.Option(help="A mark in its text, such as live or test.")]
ExpiresIn: TypeAlias = Annotated[
    str | None, typer.Option(metavar="DURATION", help="How long it lives, such as 90d; or never.")
]
Description: TypeAlias = Annotated[str, typer.Option(help="A note.")]
Meta: TypeAlias = Annotated[str | None, typer.Option(metavar="JSON", help="The application's notes, a JSON object.")]
Issuer: TypeAlias = Annotated[str | None, typer.Option(help="Who names the owner, where that is an identity provider.")]
OwnedBy: TypeAlias = Annotated[
    str | None, typer.Option("--owner", metavar="TYPE:ID", help="Only those of this owner, such as org:acme; or none.")
]
InTenant: TypeAlias = Annotated[str | None, typer.Option(help="Only those of this tenant.")]
States: TypeAlias = Annotated[list[State] | None, typer.Option("--state", help="Only these; several times.")]
Limit: TypeAlias = Annotated[int, typer.Option(min=1, help="How many at most.")]
After: TypeAlias = Annotated[str | None, typer.Option(metavar="ID", help="Only those behind this id: the next page.")]
All: TypeAlias = Annotated[bool, typer.Option("--all", help="All pages.")]
Overlap: TypeAlias = Annotated[
    str | None, typer.Option(metavar="DURATION", help="How long the old text still works; 24h if not said.")
]
Generation: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Roll only if this is still the newest generation.")
]
WhyRevoked: TypeAlias = Annotated[Reason, typer.Option(help="Why.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def place_parameters() -> list[Parameter]:
    """Return the parameters that say where the store is, for a verb's signature."""
    return [keyword(each.name, Annotated[str | None, PLACE[each.name]], default=None) for each in fields(Place)]


def keyword(name: str, annotation: Any, *, default: Any = Parameter.empty) -> Parameter:
    """Return a parameter that is given by name."""
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
