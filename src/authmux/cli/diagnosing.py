"""The commands that find out what is wrong: `doctor` with an issuer or a store, `explain` with a token."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

from authmux.cli import issuer_options as options
from authmux.cli import outlet
from authmux.cli.exit_codes import Exit, Misuse
from authmux.cli.moments import parse_moment
from authmux.cli.options import PLACE, Output
from authmux.cli.place import Place, open_store
from authmux.cli.token_intake import read_token
from authmux.cli.voice import Voice
from authmux.clock import SYSTEM_CLOCK
from authmux.errors import ConfigurationError

if TYPE_CHECKING:
    from authmux.verifying.diagnosis import VerifierOptions
    from authmux.verifying.jwt import JWTVerifier
    from authmux.verifying.static_keys import FixedKeys

_STORE: Final = "AUTHMUX_STORE"


def doctor_with(voice: Voice) -> Callable[..., Exit]:
    """Return the command `doctor`, which has the voice keep the database's password to itself."""

    def doctor(
        *,
        issuer: options.MaybeIssuer = None,
        store: options.ExaminedStore = None,
        pepper: Annotated[str | None, PLACE["pepper"]] = None,
        audience: options.MaybeAudience = None,
        profile: options.ProfileName = None,
        jwks_uri: options.JWKSAddress = None,
        allow_private: options.AllowPrivate = None,
        allow_http: options.AllowHTTP = None,
        accept: options.Accept = None,
        tenant: options.Tenants = None,
        ca_bundle: options.CABundle = None,
        form: options.Form = Output.TEXT,
    ) -> Exit:
        """Look at an issuer as a verifier would, or at a store as an application would, and say what to do."""
        if issuer is None:
            if audience or profile or jwks_uri or allow_private or allow_http or accept or tenant or ca_bundle:
                raise Misuse("these options are about an issuer: say which, --issuer https://…")
            return _examine_store(voice, store or os.environ.get(_STORE), pepper, form)
        if store is not None:
            raise Misuse("say --issuer or --store, and ask twice for both")
        told = options.read_options(
            issuer=issuer, audience=audience, profile=profile, jwks_uri=jwks_uri, allow_private=allow_private,
            allow_http=allow_http, accept=accept, tenant=tenant,
        )  # fmt: skip
        return _examine_issuer(told, ca_bundle=ca_bundle, form=form)

    return doctor


def _examine_issuer(told: "VerifierOptions", *, ca_bundle: str | None, form: Output) -> Exit:
    from authmux.cli import issuer_view  # here, so that --help loads no cryptography
    from authmux.verifying.diagnosis import examine

    try:
        examination = examine(told, ca_bundle=ca_bundle)
    except ConfigurationError as error:
        raise Misuse(str(error)) from None
    outlet.write(issuer_view.as_json(examination) if form is Output.JSON else issuer_view.as_text(examination))
    return Exit.FINE if examination.is_well else Exit.NOT_WELL


def _examine_store(voice: Voice, store: str | None, pepper: str | None, form: Output) -> Exit:
    if not store:
        raise Misuse("say what to look at: --issuer https://… or --store sqlite:///keys.db")
    voice.mask.learn_passwords(store)
    from authmux.cli import store_examination, store_view  # here, so that --help loads no SQLAlchemy

    place = Place(store=store, pepper=pepper or None)
    with open_store(place) as opened:
        findings = store_examination.examine(opened, place)
    text = store_view.as_json(findings) if form is Output.JSON else store_view.as_text(findings)
    outlet.write(voice.mask.without_known(text))
    return Exit.FINE if store_view.is_well(findings) else Exit.NOT_WELL


def explain_with(voice: Voice) -> Callable[..., Exit]:
    """Return the command `explain`, which has the voice keep the token's text to itself."""

    def explain(
        *,
        issuer: options.Issuer,
        audience: options.Audience,
        profile: options.ProfileName = None,
        jwks_uri: options.JWKSAddress = None,
        keys: options.KeysFile = None,
        allow_private: options.AllowPrivate = None,
        allow_http: options.AllowHTTP = None,
        accept: options.Accept = None,
        tenant: options.Tenants = None,
        ca_bundle: options.CABundle = None,
        at: options.At = None,
        form: options.Form = Output.TEXT,
    ) -> Exit:
        """Read a token from standard input, and say rule by rule why it would be accepted or refused."""
        told = options.read_options(
            issuer=issuer, audience=audience, profile=profile, jwks_uri=jwks_uri, allow_private=allow_private,
            allow_http=allow_http, accept=accept, tenant=tenant,
        )  # fmt: skip
        now = SYSTEM_CLOCK.time() if at is None else _read_at(at)
        text = read_token()
        voice.mask.learn_token(text)
        product, code = _explained(text, told, keys=keys, ca_bundle=ca_bundle, now=now, form=form)
        outlet.write(voice.mask.without_known(product))
        return code

    return explain


def _explained(
    text: str, told: "VerifierOptions", *, keys: str | None, ca_bundle: str | None, now: float, form: Output
) -> tuple[str, Exit]:
    """Return what is to be said of a token, and how the program ends."""
    from authmux.cli import token_view  # here, so that --help loads no cryptography
    from authmux.flow import run
    from authmux.verifying.diagnosis import Outcome, TokenKind, kind_of, report_on

    verifier = _verifier(told, text, keys=keys, ca_bundle=ca_bundle)
    kind = kind_of(text)
    if kind is not TokenKind.JWT:
        return token_view.kind_as_json(kind) if form is Output.JSON else token_view.kind_as_text(kind), Exit.NOT_WELL
    report = run(report_on(text, verifier, told, now=now))
    ends = {Outcome.ACCEPTED: Exit.FINE, Outcome.REFUSED: Exit.NOT_WELL, Outcome.NOT_CHECKED: Exit.NOT_CHECKED}
    return token_view.as_json(report) if form is Output.JSON else token_view.as_text(report, now), ends[report.outcome]


def _verifier(told: "VerifierOptions", text: str, *, keys: str | None, ca_bundle: str | None) -> "JWTVerifier":
    """Return the verifier that the options describe.

    Raises:
        Misuse: they cannot be meant, or a file cannot be read.
    """
    from authmux.verifying.http_fetch import HTTPFetch  # here, so that --help loads no HTTP client

    try:
        fetch = None if ca_bundle is None else HTTPFetch(ca_bundle=ca_bundle)
        return told.verifier(keys=None if keys is None else _read_keys(keys, text), fetch=fetch)
    except ConfigurationError as error:
        raise Misuse(str(error)) from None


def _read_keys(path: str, text: str) -> "FixedKeys":
    """Return the keys in a file; one in PEM form has no name, and gets the one that the token calls it by."""
    from authmux.verifying.diagnosis import read_parts  # here, so that --help loads no cryptography
    from authmux.verifying.static_keys import FixedKeys

    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise Misuse(f"--keys: {os.fspath(path)!r} cannot be read: {error.strerror}") from None
    if not content.lstrip().startswith(b"-----BEGIN"):
        return FixedKeys(content)
    kid = (read_parts(text)[0].members or {}).get("kid")
    return FixedKeys.pem(content, kid=kid if isinstance(kid, str) else None)


def _read_at(text: str) -> float:
    try:
        return parse_moment(text)
    except ValueError as error:
        raise Misuse(f"--at: {error}") from None
