"""What one verifier asks of a token's claims, rule by rule; pure, at a moment that is handed in (B-08…B-27)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from authmux.errors import Fault, InvalidCredential
from authmux.jose.claims import TimeRules, check_audience
from authmux.profiles import Path, Profile, TokenRules
from authmux.verifying.token_class import check_class, check_presence, find_member


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """What one verifier asks of the claims.

    Arguments:
        issuers: what `iss` may be, to the byte, and the tenant that each is of, or None (B-21).
        audiences: `aud` must hold one of them; empty for a verifier that knows what it does (B-22).
        sole_audience: refuse a token that is for somebody else as well.
        profile: how the issuer writes its access tokens.
        time: how long tokens may live (B-23…B-26).
        accept: values that claims must have, where whoever asks for a token chooses its audience (B-67).
    """

    issuers: Mapping[str, str | None]
    audiences: frozenset[str]
    sole_audience: bool = False
    profile: Profile
    time: TimeRules
    accept: Mapping[str | Path, Collection[str]] = field(default_factory=dict[str | Path, Collection[str]])

    def check(self, typ: str | None, claims: Mapping[str, Any], *, now: float) -> None:
        """Return if the token is an access token, of this issuer, for us, and in its time.

        Raises:
            InvalidCredential: it is not; the reason says which rule refused it.
        """
        for _, check in CHECKS:
            check(self, typ, claims, now)


def rules_for(profile: Profile, typ: str | None) -> TokenRules:
    """Return what a token of this `typ` must hold (B-08).

    Raises:
        InvalidCredential: tokens of this `typ` are of another class.
    """
    rules = profile.types.get(typ)
    if rules is None:
        raise InvalidCredential(Fault.TYPE, "typ")
    return rules


def _check_type(rules: ClaimRules, typ: str | None, _: Mapping[str, Any], __: float) -> None:
    rules_for(rules.profile, typ)


def _check_issuer(rules: ClaimRules, _: str | None, claims: Mapping[str, Any], __: float) -> None:
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or issuer not in rules.issuers:
        raise InvalidCredential(Fault.ISSUER, "iss")
    tenant = rules.issuers[issuer]
    if tenant is not None and claims.get(rules.profile.tenant or "") != tenant:
        raise InvalidCredential(Fault.ISSUER, "tenant")


def _check_audience(rules: ClaimRules, _: str | None, claims: Mapping[str, Any], __: float) -> None:
    if not rules.audiences:
        return
    if "aud" not in claims and rules.profile.audience_in_scopes:
        check_audience_of_scopes(claims, rules.profile, rules.audiences)
    else:
        check_audience(claims.get("aud"), rules.audiences, sole=rules.sole_audience)


def _check_time(rules: ClaimRules, _: str | None, claims: Mapping[str, Any], now: float) -> None:
    rules.time.check(claims, now=now)


def _check_presence(rules: ClaimRules, typ: str | None, claims: Mapping[str, Any], _: float) -> None:
    check_presence(claims, rules_for(rules.profile, typ), rules.profile)


def _check_class(rules: ClaimRules, typ: str | None, claims: Mapping[str, Any], _: float) -> None:
    check_class(claims, rules_for(rules.profile, typ), rules.profile)


def _check_accepted(rules: ClaimRules, _: str | None, claims: Mapping[str, Any], __: float) -> None:
    for path, values in rules.accept.items():
        value = find_member(claims, path)
        if not isinstance(value, str) or value not in values:  # a list cannot even be looked up
            raise InvalidCredential(Fault.AUDIENCE, "not_accepted")


Check: TypeAlias = Callable[[ClaimRules, str | None, Mapping[str, Any], float], None]

CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("its typ is one of this issuer's access tokens (B-08)", _check_type),
    ("iss is this issuer, to the byte (B-21)", _check_issuer),
    ("aud names this API (B-22)", _check_audience),
    ("it is in its time: exp, nbf, iat (B-23…B-26)", _check_time),
    ("the claims that must be there are (B-27)", _check_presence),
    ("it is an access token, and not bound to a key (B-09)", _check_class),
    ("the values that accept= asks for are there (B-67)", _check_accepted),
)
"""All that is asked, in the order in which it is; `authmux explain` says them one by one."""


def check_audience_of_scopes(claims: Mapping[str, Any], profile: Profile, audiences: frozenset[str]) -> None:
    """Return if a scope begins with one of the audiences, as in `https://api.example.com/read` (B-22, Cognito).

    Raises:
        InvalidCredential: none does.
    """
    text = next((claims[name] for name in profile.scopes if name in claims), "")
    scopes = text.split(" ") if isinstance(text, str) else []
    if not any(scope.startswith(f"{audience}/") for scope in scopes for audience in audiences):
        raise InvalidCredential(Fault.AUDIENCE, "aud_in_scopes")
