"""What is said of a token is what a verifier does, for each of the vectors; other profiles are hinted at with care."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from authmux import Client, InvalidCredential, User, profiles
from authmux.flow import run
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.diagnosis import Outcome, TokenReport, VerifierOptions, report_on
from authmux.verifying.diagnosis.options import name_of
from authmux.verifying.static_keys import FixedKeys
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, access_token, get_key, key_set, mint
from tests.vectors.providers import Sample
from tests.verifying.jwt_door import JWKS_URI, admit
from tests.verifying.scripted_fetch import ScriptedFetch, down
from tests.verifying.test_providers import NAMED, door, keys_of, sign

KEY = get_key("ES256")


def told(verifier: Mapping[str, Any]) -> VerifierOptions | None:
    """Return the options that a file of vectors tells; None where it tells what the command line cannot."""
    accept = verifier.get("accept", {})
    pairs = accept.items() if isinstance(accept, dict) else ((tuple(path), values) for path, values in accept)
    rest = verifier.keys() - {"issuer", "audience", "profile", "accept", "tenants", "jwks_uri"}
    if rest or verifier["audience"] == "ANY_AUDIENCE":
        return None
    audience = verifier["audience"]
    return VerifierOptions(
        issuer=verifier["issuer"],
        audience=tuple([audience] if isinstance(audience, str) else audience),
        profile=getattr(profiles, verifier["profile"]),
        accept={path: tuple([values] if isinstance(values, str) else values) for path, values in pairs},
        tenants=tuple(verifier.get("tenants", ())),
        jwks_uri=verifier.get("jwks_uri"),
    )


OPTIONS = {name: options for name, sample in NAMED.items() if (options := told(sample.verifier)) is not None}
each_sample = pytest.mark.parametrize("name", OPTIONS)


def report_of(sample: Sample, options: VerifierOptions) -> TokenReport:
    keys = keys_of(sample.kid, sample.algorithm, sample.jwk.get("issuer"))
    verifier = options.verifier(keys=keys, clock=ManualClock())
    return run(report_on(sign(sample), verifier, options, now=NOW))


@each_sample
def test_it_is_what_a_verifier_does(name: str) -> None:
    """Who is let in is accepted, as the same principal; who is not is refused, for the same reason."""
    sample = NAMED[name]
    report = report_of(sample, OPTIONS[name])
    try:
        principal = admit(door(sample), sign(sample))
    except InvalidCredential as refused:
        assert report.outcome is Outcome.REFUSED  # both outcomes are compared
        first = next(each for each in report.rules if each.reason is not None)
        assert first.advice
        if refused.reason != "unknown_issuer":  # which an `Authenticator` says before its verifiers are asked
            assert report.reason == refused.reason == first.reason  # noqa: PT017
    else:
        assert report.outcome is Outcome.ACCEPTED
        assert report.principal is not None
        assert (type(report.principal), report.principal.key) == (type(principal), principal.key)
        assert all(each.reason is None for each in report.rules)


@each_sample
def test_no_token_is_talked_into_another_profile(name: str) -> None:
    """Under the issuer's own profile no other is hinted at: an ID token stays an ID token."""
    sample = NAMED[name]
    if sample.provider not in {"auto", "rfc9068", "hydra", "zitadel"}:  # whose issuers could be anybody's
        assert report_of(sample, OPTIONS[name]).hint == ""


KNOWN = [
    name
    for name, options in OPTIONS.items()
    if NAMED[name].provider in {"auth0", "logto", "keycloak", "okta", "entra", "cognito", "kinde"}
    if (NAMED[name].expected.principal or {}).get("type") in {"user", "client"} and not options.tenants
]


@pytest.mark.parametrize("name", KNOWN)
def test_the_own_profile_is_hinted_at(name: str) -> None:
    """Who chose AUTO for a provider that is known is told of its own profile, which proves a class."""
    report = report_of(NAMED[name], replace(OPTIONS[name], profile=profiles.AUTO))
    own = OPTIONS[name].profile
    assert own is not None
    assert name_of(own) in report.hint
    assert not isinstance(report.principal, Client | User)


def report_with(changes: dict[str, object] | None = None, **options: Any) -> TokenReport:
    chosen = VerifierOptions(**{"issuer": ISSUER, "audience": (AUDIENCE,), **options})
    verifier = chosen.verifier(keys=FixedKeys(key_set(KEY)), clock=ManualClock())
    return run(report_on(mint(KEY, access_token(**changes or {}), typ="JWT"), verifier, chosen, now=NOW))


def test_a_laxer_profile() -> None:
    """A token without the typ of RFC 9068 is told under which profile it would pass."""
    assert report_with(profile=profiles.AUTO).outcome is Outcome.ACCEPTED
    assert "profiles.AUTO" in report_with(profile=profiles.RFC9068).hint


@pytest.mark.parametrize("changes", [{"exp": NOW - 600, "iat": NOW - 900}, {"cnf": {}}, {"iss": "https://x.example"}])
def test_what_no_profile_mends(changes: dict[str, object]) -> None:
    """Where it is not the profile that is wrong, none is hinted at."""
    assert report_with(changes, profile=profiles.RFC9068).hint == ""


def test_keys_that_are_away() -> None:
    """An outage is not a refusal: the token could not be checked, and all else is said."""
    options = VerifierOptions(issuer=ISSUER, audience=(AUDIENCE,), jwks_uri=JWKS_URI)
    verifier = options.verifier(fetch=ScriptedFetch(down()), clock=ManualClock())
    report = run(report_on(mint(KEY), verifier, options, now=NOW))
    assert (report.outcome, report.reason, report.hint) == (Outcome.NOT_CHECKED, "issuer_unreachable", "")
    assert [each.reason for each in report.rules if each.reason is not None] == ["issuer_unreachable"]


def test_a_moment_of_ones_own() -> None:
    """A token is judged for the moment that is asked for."""
    options = VerifierOptions(issuer=ISSUER, audience=(AUDIENCE,))
    verifier = options.verifier(keys=FixedKeys(key_set(KEY)), clock=ManualClock())
    moments = (NOW - 60, NOW, NOW + 4000)
    reasons = [run(report_on(mint(KEY), verifier, options, now=each)).reason for each in moments]
    assert reasons == ["iat", None, "exp"]


def test_whom_to_accept_is_for_workloads_alone() -> None:
    """What `accept=` lists does not keep another profile from being hinted at."""
    options = VerifierOptions(
        issuer=ISSUER, audience=(AUDIENCE,), profile=profiles.KUBERNETES, accept={"sub": ("subject-1",)}
    )
    verifier = options.verifier(keys=FixedKeys(key_set(KEY)), clock=ManualClock())
    assert "profiles.AUTO" in run(report_on(mint(KEY), verifier, options, now=NOW)).hint
