"""The options of `doctor` and `explain`: those of a `JWTVerifier`, and read as it takes them."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from authmux import profiles
from authmux.cli.exit_codes import Misuse
from authmux.cli.options import Output
from authmux.profiles import Path, Profile

if TYPE_CHECKING:
    from authmux.verifying.diagnosis import VerifierOptions

PROFILES = {each.name: each for each in vars(profiles).values() if isinstance(each, Profile)}

Issuer: TypeAlias = Annotated[
    str,
    typer.Option(metavar="URL", help="The issuer, to the byte as tokens have it in iss; mind the slash at its end."),
]
MaybeIssuer: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--issuer",
        metavar="URL",
        help="The issuer to look at, to the byte as tokens have it in iss; mind the slash at its end.",
    ),
]
ExaminedStore: TypeAlias = Annotated[
    str | None,
    typer.Option("--store", metavar="URL", help="The database to look at; AUTHMUX_STORE, where no issuer is named."),
]
Audience: TypeAlias = Annotated[
    list[str], typer.Option(metavar="NAME", help="What this API is called at the issuer; several times.")
]
MaybeAudience: TypeAlias = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="What this API is called at the issuer; several times.")
]
ProfileName: TypeAlias = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help=f"How it writes tokens: {', '.join(PROFILES)}.")
]
JWKSAddress: TypeAlias = Annotated[
    str | None, typer.Option("--jwks-uri", metavar="URL", help="Where the keys are, instead of asking the metadata.")
]
AllowPrivate: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="NETWORK", help="Where keys may be that the metadata puts elsewhere, as 10.2.0.0/16."),
]
AllowHTTP: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--allow-http", metavar="ORIGIN", help="What may be asked without TLS, as http://keycloak:8080."),
]
Accept: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="CLAIM=VALUE", help="Whom to accept, for profiles of workloads; several times."),
]
Tenants: TypeAlias = Annotated[
    list[str] | None, typer.Option("--tenant", metavar="ID", help="A tenant, for {tenantid} in the issuer.")
]
CABundle: TypeAlias = Annotated[
    str | None, typer.Option(metavar="FILE", help="A PEM file of the only certificate authorities to trust.")
]
Form: TypeAlias = Annotated[Output, typer.Option("--format", "--output", "-o", help="How the result is written.")]
KeysFile: TypeAlias = Annotated[
    str | None,
    typer.Option("--keys", metavar="FILE", help="A key set or a public key in PEM form, instead of asking the issuer."),
]
At: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="The moment to judge for, as 2026-01-31T12:00:00Z or seconds.")
]


def read_options(
    *,
    issuer: str,
    audience: list[str] | None,
    profile: str | None,
    jwks_uri: str | None,
    allow_private: list[str] | None,
    allow_http: list[str] | None,
    accept: list[str] | None,
    tenant: list[str] | None,
) -> "VerifierOptions":
    """Return what a verifier is to be told.

    Raises:
        Misuse: an option is empty, the profile is not known, or whom to accept is not said in two words.
    """
    from authmux.verifying.diagnosis import VerifierOptions  # here, so that --help loads no cryptography

    for name, value in (("--issuer", issuer), ("--profile", profile), ("--jwks-uri", jwks_uri)):
        if value == "":
            raise Misuse(f"{name} is empty: leave it out, or give it a value")
    found = None if profile is None else find_profile(profile)
    return VerifierOptions(
        issuer=issuer,
        audience=tuple(audience or ()),
        profile=found,
        jwks_uri=jwks_uri,
        allow_private=tuple(allow_private or ()),
        allow_http=tuple(allow_http or ()),
        accept=read_accept(accept or [], found),
        tenants=tuple(tenant or ()),
    )


def find_profile(name: str) -> Profile:
    """Return a profile by its name, in any case, with hyphens or underscores.

    Raises:
        Misuse: there is none of this name.
    """
    found = PROFILES.get(name.lower().replace("_", "-").removeprefix("profiles."))
    if found is None:
        raise Misuse(f"--profile: there is no such profile; choose from {', '.join(PROFILES)}")
    return found


def read_accept(texts: list[str], profile: Profile | None) -> dict[str | Path, tuple[str, ...]]:
    """Return the values that claims must have; a claim within claims is written with dots.

    Raises:
        Misuse: one is not a claim, an equals sign and a value.
    """
    spelt = {path if isinstance(path, str) else ".".join(path): path for path in (profile.accept if profile else ())}
    accept: dict[str | Path, tuple[str, ...]] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if not name or not value:
            raise Misuse("--accept: write a claim and a value, as in --accept repository_id=1234")
        path = spelt.get(name, name)
        accept[path] = (*accept.get(path, ()), value)
    return accept
