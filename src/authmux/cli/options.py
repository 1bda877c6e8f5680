"""The options, each said once: those of every verb, and those that differ between keys and personal access tokens."""

from dataclasses import fields
from enum import StrEnum
from inspect import Parameter
from typing import Annotated, Any, Final, TypeAlias

import typer

from authmux.cli.foreign_lines import Origin
from authmux.cli.place import Place
from authmux.stores.audit_event import Action
from authmux.stores.denial import Denied
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
OUTPUT: TypeAlias = Annotated[Output, typer.Option("--output", "-o", help="How the result is written.")]

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
SomeReferences: TypeAlias = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Ids; - reads them from standard input, one a line.")
]
UnusedSince: TypeAlias = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Only those not used since: 90d ago, or a moment.")
]
File: TypeAlias = Annotated[str, typer.Argument(metavar="FILE", help="A file of lines; - for standard input.")]
Number: TypeAlias = Annotated[int, typer.Option("--number", "-n", min=1, help="How many at most.")]
Follow: TypeAlias = Annotated[bool, typer.Option("--follow", "-f", help="Go on with those that come, until Ctrl-C.")]
Target: TypeAlias = Annotated[str | None, typer.Option(metavar="ID", help="Only what was done to this.")]
Actor: TypeAlias = Annotated[str | None, typer.Option(metavar="NAME", help="Only what this one did.")]
Actions: TypeAlias = Annotated[list[Action] | None, typer.Option("--action", help="Only this; several times.")]
Since: TypeAlias = Annotated[str | None, typer.Option(metavar="WHEN", help="Only since: 24h ago, or a moment.")]
ExpectedHead: TypeAlias = Annotated[
    str | None, typer.Option(metavar="POSITION:MAC", help="The head of an earlier check, which was kept elsewhere.")
]
AfterPosition: TypeAlias = Annotated[int, typer.Option("--after", min=0, help="Only entries behind this position.")]
PepperId: TypeAlias = Annotated[str, typer.Argument(metavar="PEPPER", help="Its id, such as p1.")]
AlthoughUsed: TypeAlias = Annotated[
    bool, typer.Option("--although-used", help="Also where secrets are under it, which are refused then, for good.")
]
PREPARE: Final = typer.Option("--prepare", help="Only make it known: rotate once more to have it current.")
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
NewName: TypeAlias = Annotated[str | None, typer.Option("--name", help="Another name for people.")]
NewDescription: TypeAlias = Annotated[str | None, typer.Option("--description", help="Another note.")]
NewScopes: TypeAlias = Annotated[
    list[str] | None, typer.Option("--scope", metavar="SCOPE", help="All that it may do from now on; several times.")
]
AddedScopes: TypeAlias = Annotated[
    list[str] | None, typer.Option("--add-scope", metavar="SCOPE", help="What it may do besides; several times.")
]
RemovedScopes: TypeAlias = Annotated[
    list[str] | None, typer.Option("--remove-scope", metavar="SCOPE", help="What it may do no longer; several times.")
]
NewEnd: TypeAlias = Annotated[
    str | None,
    typer.Option("--expires-in", metavar="WHEN", help="When it ends: 90d from now, a moment, or never."),
]
InTenant: TypeAlias = Annotated[str | None, typer.Option(help="Only those of this tenant.")]
States: TypeAlias = Annotated[list[State] | None, typer.Option("--state", help="Only these; several times.")]
WithScope: TypeAlias = Annotated[
    str | None, typer.Option("--scope", metavar="SCOPE", help="Only those that may do this, by a wider scope, too.")
]
InEnv: TypeAlias = Annotated[str | None, typer.Option("--env", help="Only those with this mark.")]
ExpiresBefore: TypeAlias = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Only those that expire before: 30d from now, or a moment.")
]
CreatedAfter: TypeAlias = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Only those made since: 24h ago, or a moment.")
]
CreatedBefore: TypeAlias = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Only those made before: 90d ago, or a moment.")
]
Deleted: TypeAlias = Annotated[bool, typer.Option("--deleted", help="Those that were deleted, too.")]
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
WhySaid: TypeAlias = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why, in your words, for the audit log.")
]
PartyId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="As the application, or who names it, has it.")]
Until: TypeAlias = Annotated[
    str | None, typer.Option(metavar="WHEN", help="When it ends by itself: 7d from now, or a moment.")
]
DeniedWhat: TypeAlias = Annotated[Denied, typer.Argument(metavar="WHAT", help=f"One of {', '.join(Denied)}.")]
DeniedValue: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="[VALUE]", help="Its jti, id or kid; nothing for a whole issuer.")
]
DeniedIssuer: TypeAlias = Annotated[
    str | None, typer.Option("--issuer", metavar="URL", help="Whose name it is, as iss has it; left out for a tenant.")
]
IssuedBefore: TypeAlias = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Only what was issued before: 1h ago, or a moment; else everything.")
]
From: TypeAlias = Annotated[Origin, typer.Option("--from", help="Whose table it is.")]
Scheme: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of digests: the name of their shape in accept_digests.")
]
BecomesKind: TypeAlias = Annotated[Kind, typer.Option("--kind", help="Of digests: what they become here.")]
Hash: TypeAlias = Annotated[str, typer.Option("--hash", metavar="NAME", help="Of digests: sha256, sha512 or sha3-512.")]
OwnerField: TypeAlias = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The column that says whose it is; of knox, user_id.")
]
OwnerTypeOption: TypeAlias = Annotated[OwnerType, typer.Option("--owner-type", help="What that one is.")]
OwnersIssuer: TypeAlias = Annotated[
    str | None, typer.Option("--issuer", envvar="AUTHMUX_PREFIX", help="Who names the owners.")
]
TenantField: TypeAlias = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The column that says within which tenant it acts.")
]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Only say what would be refused.")]
CountOnly: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Only say how many that would be.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def place_parameters() -> list[Parameter]:
    """Return the parameters that say where the store is, for a verb's signature."""
    return [keyword(each.name, Annotated[str | None, PLACE[each.name]], default=None) for each in fields(Place)]


def keyword(name: str, annotation: Any, *, default: Any = Parameter.empty) -> Parameter:
    """Return a parameter that is given by name."""
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
