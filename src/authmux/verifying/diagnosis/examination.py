"""`examine`: reach an issuer as its verifier would, and say what was found."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError
from authmux.profiles import Profile
from authmux.verifying.diagnosis.clock_check import check_clock
from authmux.verifying.diagnosis.failures import FAILURES
from authmux.verifying.diagnosis.key_set_check import fetch_keys
from authmux.verifying.diagnosis.metadata_check import Discovered, discover
from authmux.verifying.diagnosis.observation import Mark, Observation, Part
from authmux.verifying.diagnosis.options import VerifierOptions, name_of
from authmux.verifying.diagnosis.provider_signs import Suggestion, suggest
from authmux.verifying.diagnosis.witness import Witness
from authmux.verifying.fetch import FetchFailed
from authmux.verifying.jwt_settings import read_jwks_uri, require_https
from authmux.verifying.plain_http import parse_origins


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found of one issuer.

    Arguments:
        profile: the one that was given, or else the one that fits.
        python: the line that makes a verifier for it; None where no verifier could be made.
    """

    issuer: str
    observations: tuple[Observation, ...]
    profile: Profile
    python: str | None

    @property
    def is_well(self) -> bool:
        """Return whether a verifier can do its work, and no secret is out; warnings do not count."""
        return all(each.mark is not Mark.WRONG for each in self.observations)


def examine(options: VerifierOptions, *, ca_bundle: str | None = None, clock: Clock = SYSTEM_CLOCK) -> Examination:
    """Ask the issuer, blocking for some seconds at most, and return what was found.

    Arguments:
        options: what the verifier is to be told.
        ca_bundle: a PEM file of the only authorities to trust; None trusts the system's.
        clock: what the issuer's is compared with.

    Raises:
        ConfigurationError: the bundle cannot be read.
    """
    witness = Witness(ca_bundle=ca_bundle, clock=clock)
    try:
        plain = parse_origins(options.allow_http)
        require_https("issuer", options.issuer, allow_http=plain)
        guessed = options.profile or suggest(options.issuer, {}).profile
        configured = read_jwks_uri(options.jwks_uri or guessed.jwks_uri, options.issuer, allow_http=plain)
        # As JWTVerifier holds it: what was configured may be anywhere, what is learnt may not (B-56).
        trusted = [each for each in (options.issuer, configured, *options.allow_http) if each is not None]
        held = witness.held_to(trusted=trusted, allow_private=options.allow_private, allow_http=options.allow_http)
    except ConfigurationError as error:
        return _hopeless(options, str(error))
    except FetchFailed as failed:
        return _hopeless(options, f"issuer or jwks_uri: {FAILURES[failed.reason][0]}")
    found = _configured(configured) if configured is not None else discover(options.issuer, held, allow_http=plain)
    observations = [*found.observations]
    if found.jwks_uri is not None:
        observations += fetch_keys(found.jwks_uri, held)
    else:
        says = "not looked at, for a verifier would not ask for them"
        observations.append(Observation(part=Part.KEYS, mark=Mark.WARNING, says=says, advice="mend discovery first"))
    observations.append(check_clock(held.asked))
    suggestion = suggest(options.issuer, found.metadata)
    profile = options.profile or suggestion.profile
    observations += _profile(options, profile, suggestion)
    return Examination(
        issuer=options.issuer,
        observations=tuple(observations),
        profile=profile,
        python=replace(options, issuer=found.spelling or options.issuer).as_python(profile),
    )


def _configured(jwks_uri: str) -> Discovered:
    says = f"not needed: the keys are said to be at {jwks_uri!r}"
    return Discovered(
        observations=(Observation(part=Part.DISCOVERY, mark=Mark.OK, says=says),),
        jwks_uri=jwks_uri,
    )


def _hopeless(options: VerifierOptions, says: str) -> Examination:
    """Return that no verifier could be made of this, and that nobody was asked."""
    wrong = Observation(part=Part.OPTIONS, mark=Mark.WRONG, says=says, advice="correct it; nobody was asked")
    profile = options.profile or suggest(options.issuer, {}).profile
    return Examination(issuer=options.issuer, observations=(wrong,), profile=profile, python=None)


def _profile(options: VerifierOptions, profile: Profile, suggestion: Suggestion) -> Iterator[Observation]:
    """Return whether the profile goes with the issuer, and which one fits."""
    if suggestion.provider is None:
        says = f"{suggestion.why}: {name_of(profile)}"
        advice = (
            "" if options.profile else "if its access tokens have the header typ at+jwt, profiles.RFC9068 is stricter"
        )
        yield Observation(part=Part.PROFILE, mark=Mark.OK, says=says, advice=advice)
    elif profile.name == suggestion.profile.name:
        says = f"{name_of(profile)} fits, for this is {suggestion.provider}: {suggestion.why}"
        yield Observation(part=Part.PROFILE, mark=Mark.OK, says=says)
    else:
        says = f"{name_of(profile)} was given, and this looks like {suggestion.provider}: {suggestion.why}"
        advice = f"{name_of(suggestion.profile)} tells its clients from its users"
        yield Observation(part=Part.PROFILE, mark=Mark.WARNING, says=says, advice=advice)
    try:
        _check_profile(options, profile)
    except ConfigurationError as error:
        yield Observation(
            part=Part.PROFILE, mark=Mark.WRONG, says=str(error), advice="no verifier can be made like that"
        )


def _check_profile(options: VerifierOptions, profile: Profile) -> None:
    """Return if a verifier takes these options; whom to accept may still be open."""
    if profile.accept and not options.accept:
        options = replace(options, accept={profile.accept[0]: ("…",)})
    options.verifier(profile=profile)
