"""The commands that find out what is wrong: `doctor` with an issuer, `explain` with a token."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from authmux.cli import issuer_options as options
from authmux.cli import outlet
from authmux.cli.exit_codes import Exit, Misuse
from authmux.cli.options import Output
from authmux.cli.token_intake import read_token
from authmux.cli.voice import Voice
from authmux.clock import SYSTEM_CLOCK
from authmux.errors import ConfigurationError

if TYPE_CHECKING:
    from authmux.verifying.diagnosis import VerifierOptions
    from authmux.verifying.jwt import JWTVerifier
    from authmux.verifying.static_keys import FixedKeys


def doctor(
    *,
    issuer: options.Issuer,
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
    """Reach an issuer as a verifier would, and say what was found and what to do."""
    told = options.read_options(
        issuer=issuer, audience=audience, profile=profile, jwks_uri=jwks_uri, allow_private=allow_private,
        allow_http=allow_http, accept=accept, tenant=tenant,
    )  # fmt: skip
    from authmux.cli import issuer_view  # here, so that --help loads no cryptography
    from authmux.verifying.diagnosis import examine

    try:
        examination = examine(told, ca_bundle=ca_bundle)
    except ConfigurationError as error:
        raise Misuse(str(error)) from None
    outlet.write(issuer_view.as_json(examination) if form is Output.JSON else issuer_view.as_text(examination))
    return Exit.FINE if examination.is_well else Exit.NOT_WELL


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
        now = SYSTEM_CLOCK.time() if at is None else read_moment(at)
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


def read_moment(text: str) -> float:
    """Return a moment in seconds since the epoch; one without a time zone is in UTC.

    Raises:
        Misuse: it is none.
    """
    try:
        if text.replace(".", "", 1).isdecimal():
            return float(text)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Misuse("--at: write a moment such as 2026-01-31T12:00:00Z, or seconds since 1970") from None
