"""Under which other profile a token's claims would pass, where it was the profile that was wrong."""

import re
from dataclasses import replace

from authmux import profiles
from authmux.errors import ConfigurationError, InvalidCredential
from authmux.jose.compact import CompactToken
from authmux.principal import Client, Principal, User, VerifiedCredential
from authmux.profiles import AUTO, RFC9068, Profile
from authmux.verifying.caller import CallerRules
from authmux.verifying.diagnosis.options import VerifierOptions
from authmux.verifying.diagnosis.provider_signs import suggest
from authmux.verifying.jwt import JWTVerifier

PROFILES = tuple(each for each in vars(profiles).values() if isinstance(each, Profile))
"""Every profile that there is, by its own name."""

_MOST = 3


def fitting(token: CompactToken, options: VerifierOptions, *, now: float) -> tuple[Profile, ...]:
    """Return the profiles other than the chosen one under which the claims pass, the likeliest first.

    The signature is not looked at: it does not depend on the profile. Where the chosen one is the issuer's own, it is
    the token that is wrong: an ID token, say, must not be talked into a profile that would take it.
    """
    likely = suggest(options.issuer, {}).profile.name
    chosen = options.profile or AUTO
    if chosen.name == likely != AUTO.name:
        return ()
    others = [each for each in PROFILES if each.name != chosen.name and _passes(token, options, each, now)]
    others.sort(key=lambda each: (each.name != likely, each in (AUTO, RFC9068), not _knows(each, options.issuer)))
    return tuple(others[:_MOST])


def better(token: CompactToken, principal: Principal, options: VerifierOptions, *, now: float) -> Profile | None:
    """Return the issuer's own profile, if it proves a class where the chosen one does not."""
    own = suggest(options.issuer, {}).profile
    if isinstance(principal, Client | User) or own.name in (AUTO.name, (options.profile or AUTO).name):
        return None
    proves = _passes(token, options, own, now) and issubclass(_class_by(token, own), Client | User)
    return own if proves else None


def _passes(token: CompactToken, options: VerifierOptions, profile: Profile, now: float) -> bool:
    verifier = _verifier(options, profile)
    if verifier is None:
        return False
    try:
        verifier.rules.check(token.header.typ, token.claims, now=now)
        _principal(token, profile)
    except InvalidCredential:
        return False
    return True


def _verifier(options: VerifierOptions, profile: Profile) -> JWTVerifier | None:
    """Return a verifier that is never asked for a key; None where the options do not go with the profile."""
    if options.accept and not profile.accept:
        options = replace(options, accept={})
    try:
        return options.verifier(profile=profile)
    except ConfigurationError:
        return None


def _principal(token: CompactToken, profile: Profile) -> Principal:
    rules = CallerRules(profile=profile, audiences=frozenset())
    return rules.principal(token.claims, issuer="", credential=VerifiedCredential(kind="jwt"))


def _class_by(token: CompactToken, profile: Profile) -> type[Principal]:
    return type(_principal(token, profile))


def _knows(profile: Profile, issuer: str) -> bool:
    return profile.issuer is not None and re.fullmatch(profile.issuer, issuer) is not None
