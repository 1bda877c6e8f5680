"""What to do about a token that is refused: a sentence for each reason, with the values that differ."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

from authmux.verifying.claim_rules import ClaimRules
from authmux.verifying.diagnosis.observation import quoted

_END: Final = 1e15  # seconds; what is written in milliseconds lies below
_LATER: Final = "the issuer's mistake, or the text was damaged on its way: fetch a new token and copy it whole"
_CLASS: Final = "send the access token that the token endpoint calls access_token"
_NOT_A_LIST: Final = "the issuer's mistake: tell it"

ADVICE: Final[dict[str, str]] = {
    "token_too_long": "it is longer than 16 KiB: have the issuer put fewer groups or roles into it",
    "header_too_long": "its header is longer than 4 KiB: have the issuer leave out certificate chains",
    "jws_segments": "a JWT has three parts with dots between: copy it whole",
    "base64": "a part of it is not base64url: was it cut off, or copied with something else?",
    "json": _LATER,
    "json_not_object": _LATER,
    "json_duplicate_name": "a member stands there twice, and who knows which one counts? The issuer must write it once",
    "json_names": "it has more than 256 members: the issuer must write fewer",
    "json_depth": "it is nested too deeply: the issuer must write it flatter",
    "json_number": "a number in it is none: the issuer must write finite numbers",
    "header_parameter": "its header changes what the signature means (crit, b64, zip, …): the issuer must not",
    "header_jwk": "the key in its header holds a private half, or is none: the issuer must leave it out",
    "alg": "sign with RS256, PS256, ES256, ES384 or EdDSA, say; never with none or a shared secret (HS256)",
    "kid": "the key's name in its header is no text of 1 to 256 characters: the issuer must name it so",
    "typ": "tokens with this header are of another class, or another profile's: choose the provider's own profile",
    "iss": "write the verifier's issuer as the token has it in iss, to the byte; if that is not yours, so is the token",
    "tenant": "it is of a tenant that is not taken: add it to tenants=, if it is meant to come",
    "aud": "have the client ask for a token for this API (audience= or resource=), or name what it has as the audience",
    "aud_not_sole": "it is for another API as well, and sole_audience=True refuses that",
    "aud_in_scopes": "it has no audience: name the identifier of the resource server, before the slash of its scopes",
    "not_accepted": "a claim has none of the values that accept= lists: add it, if it is meant to come",
    "exp_missing": "a token that never expires is not taken: have the issuer set exp",
    "exp": "it is expired: fetch a new one; if it is fresh, look at the clocks with `authmux doctor`",
    "nbf": "it is not valid yet: look at the clocks with `authmux doctor`",
    "iat": "it was issued in the future, or after its end: look at the clocks with `authmux doctor`",
    "iat_missing": "max_age and max_lifetime need iat: have the issuer write it",
    "max_age": "it was issued longer ago than max_age allows: fetch a new one",
    "max_lifetime": "it lives longer than max_lifetime allows: have the issuer shorten it",
    "scope_type": "scope is neither a text nor a list of texts: have the issuer write it so",
    "claim_missing": "it may be a token of another class, or of another provider: choose the provider's own profile",
    "nobody_named": "neither sub nor a client's id is there: it stands for nobody",
    "act": "who acts for the subject is not named, or there are more than eight: have the issuer write sub in each act",
    "other_class": f"it is a logout token, a refresh token, or another that is no access token: {_CLASS}",
    "id_token": f"it is an ID token, which is for the client and not for an API: {_CLASS}",
    "no_evidence": "nothing shows that it is an access token: ask the issuer for the header typ at+jwt, or for scopes",
    "profile": f"a sign is missing that every access token of this provider has: {_CLASS}; is the profile right?",
    "bound": "it is bound to a key by DPoP or mTLS: have the issuer issue plain bearer tokens for this API",
    "unknown_kid": "the issuer does not publish the key that signed it: is it of another environment, or made up?",
    "key_not_for_alg": "the key that it names is for another algorithm: the issuer's mistake, or a forgery",
    "key_ambiguous": "it names no key, or a name that two have: have the issuer give each key a kid of its own",
    "signature": "it does not verify: the text was changed, or somebody else signed it",
    "certificate": "it names another certificate (x5t) than the key has",
    "key_not_pinned": "its key is published, and pinned= does not list it",
    "key_of_another_issuer": "its key says that it is another tenant's",
    "issuer_unreachable": "the keys cannot be had: run `authmux doctor` with the same options",
}
"""By reason; those that end in `_type` are said below."""


def advice_for(
    reason: str, *, header: Mapping[str, Any], claims: Mapping[str, Any], rules: ClaimRules, now: float
) -> str:
    """Return what differs, and what to do.

    Arguments:
        reason: why it is refused.
        header, claims: what the token says.
        rules: what the verifier asks.
        now: seconds since the epoch.
    """
    advice = ADVICE.get(
        reason, f"{reason.removesuffix('_type')} is of the wrong type, empty, or too long: {_NOT_A_LIST}"
    )
    tell = _DIFFERENCES.get(reason)
    difference = tell(header, claims, rules, now) if tell is not None else ""
    return f"{difference}; {advice}" if difference else advice


def _typ(header: Mapping[str, Any], _: Mapping[str, Any], rules: ClaimRules, __: float) -> str:
    taken = _list("no typ" if each is None else quoted(each) for each in rules.profile.types)
    return f"{_said('typ', header)}, and profile {rules.profile.name} takes {taken}"


def _alg(header: Mapping[str, Any], _: Mapping[str, Any], __: ClaimRules, ___: float) -> str:
    return _said("alg", header)


def _kid(header: Mapping[str, Any], _: Mapping[str, Any], __: ClaimRules, ___: float) -> str:
    return _said("kid", header)


def _iss(_: Mapping[str, Any], claims: Mapping[str, Any], rules: ClaimRules, __: float) -> str:
    named, ours = claims.get("iss"), _list(map(quoted, rules.issuers))
    slash = isinstance(named, str) and any(named.rstrip("/") == each.rstrip("/") for each in rules.issuers)
    differ = ", and only the slash at the end differs" if slash else ""
    return f"{_said('iss', claims)}, and the verifier believes {ours}{differ}"


def _aud(_: Mapping[str, Any], claims: Mapping[str, Any], rules: ClaimRules, __: float) -> str:
    return f"{_said('aud', claims)}, and this API is {_list(map(quoted, sorted(rules.audiences)))}"


def _times(_: Mapping[str, Any], claims: Mapping[str, Any], __: ClaimRules, now: float) -> str:
    told = (f"{name} is {moment(claims[name])}" for name in ("iat", "nbf", "exp") if is_time(claims.get(name)))
    return ", ".join([*told, f"and it is {moment(now)} now"])


def _missing(header: Mapping[str, Any], claims: Mapping[str, Any], rules: ClaimRules, _: float) -> str:
    typ = header.get("typ")
    asked = rules.profile.types.get(typ.lower().removeprefix("application/") if isinstance(typ, str) else None)
    missing = sorted(asked.required - claims.keys()) if asked is not None else []
    return f"{_list(missing)} {'is' if len(missing) == 1 else 'are'} missing" if missing else ""


def _accepted(_: Mapping[str, Any], __: Mapping[str, Any], rules: ClaimRules, ___: float) -> str:
    return "accept= asks for " + _list(
        f"{path if isinstance(path, str) else '.'.join(path)} in {sorted(values)}"
        for path, values in rules.accept.items()
    )


_DIFFERENCES: Final[
    dict[str, Callable[[Mapping[str, Any], Mapping[str, Any], ClaimRules, float], str]]
] = {
    "typ": _typ, "alg": _alg, "iss": _iss, "aud": _aud, "aud_not_sole": _aud, "exp": _times, "nbf": _times,
    "iat": _times, "claim_missing": _missing, "not_accepted": _accepted, "unknown_kid": _kid, "key_not_for_alg": _alg,
}  # fmt: skip


def moment(seconds: float) -> str:
    """Return a moment in UTC, to the second."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return "no moment of a calendar"


def is_time(value: object) -> TypeGuard[float]:
    """Return whether a claim is a number that may be a moment."""
    return type(value) in (int, float) and abs(value) < _END  # type: ignore[arg-type]  # it was looked at


def _said(name: str, members: Mapping[str, Any]) -> str:
    return f"its {name} is {quoted(members[name])}" if name in members else f"it has no {name}"


def _list(words: Iterable[str]) -> str:
    told = list(words)
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told) or "none"
