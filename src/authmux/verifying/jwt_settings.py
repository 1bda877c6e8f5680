"""What a `JWTVerifier` may be told, and a sentence for everything that it may not (B-11)."""

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

from authmux.errors import ConfigurationError
from authmux.jose.jwk import ALGORITHMS
from authmux.profiles import Path, Profile
from authmux.profiles.workloads import WORKLOADS
from authmux.verifying.loopback import is_loopback
from authmux.verifying.plain_http import Origins, may_be_plain
from authmux.verifying.refresh_plan import MAX_HARD_TTL
from authmux.verifying.snapshot import Limits

TENANT: Final = "{tenantid}"
MOST_KEYS: Final = 1000  # what Entra says that it might publish (B-52)
_URL_TEXT: Final = re.compile(r"[!-~]+")


class AnyAudience:
    """The type of `ANY_AUDIENCE`."""

    def __repr__(self) -> str:
        return "ANY_AUDIENCE"


ANY_AUDIENCE: Final = AnyAudience()
"""Say this as the audience to take tokens that are meant for anybody: only where the issuer is for this API alone."""


def require_https(name: str, url: str, *, allow_http: Origins = frozenset()) -> None:
    """Return if a URL is one that keys may come from."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError(f"{name} {url!r} is no URL") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and may_be_plain(host, port, allow_http)):
        raise ConfigurationError(
            f"{name} {url!r}: write the https URL; plain http is for loopback only, and for origins that allow_http="
            " lists (B-11)"
        )
    if not _URL_TEXT.fullmatch(url):  # urlsplit() forgives blanks, but no token's `iss` has them
        raise ConfigurationError(f"{name} {url!r} has a blank or another character in it that no URL has")
    if not host or parts.fragment or "@" in parts.netloc or (parts.query and name == "issuer"):
        raise ConfigurationError(f"{name} {url!r}: write scheme, host and path, and nothing else")


def read_jwks_uri(jwks_uri: str | None, issuer: str, *, allow_http: Origins = frozenset()) -> str | None:
    """Return where the keys are, or None for a place that the issuer's metadata tells."""
    if jwks_uri is not None:
        require_https("jwks_uri", jwks_uri, allow_http=allow_http)
    elif TENANT in issuer:
        raise ConfigurationError(f"an issuer with {TENANT} in it has no metadata of its own: give jwks_uri=")
    return jwks_uri


def read_issuers(
    issuer: str, profile: Profile, tenants: Collection[str], *, allow_http: Origins = frozenset()
) -> Mapping[str, str | None]:
    """Return every spelling of `iss` that is taken, with the tenant that it is of (B-21)."""
    require_https("issuer", issuer, allow_http=allow_http)
    if (TENANT in issuer) != bool(tenants):
        raise ConfigurationError(f"tenants= and an issuer with {TENANT} in it go together: name the tenants to accept")
    names: dict[str, str | None] = {issuer: None}
    if tenants:
        if isinstance(tenants, str) or profile.tenant is None:
            raise ConfigurationError("tenants is a list of tenants, and the profile says in which claim they stand")
        names = {issuer.replace(TENANT, tenant): tenant for tenant in tenants}
    for name in names:
        _require_form(name, profile)
    return names | dict.fromkeys(profile.aliases)


def _require_form(issuer: str, profile: Profile) -> None:
    """Return if an issuer can be one of the profile's provider, and of no other kind of provider."""
    if profile.issuer is not None and not _is_loopback(issuer) and not re.fullmatch(profile.issuer, issuer):
        raise ConfigurationError(
            f"issuer {issuer!r} is none of profile {profile.name!r}, whose issuers are like {profile.issuer!r}:"
            " mind the slash at the end, and copy it from `iss` of a token"
        )
    for other in WORKLOADS:
        if other.issuer is not None and other.name != profile.name and re.fullmatch(other.issuer, issuer):
            raise ConfigurationError(
                f"at {issuer!r} anybody may ask for a token for your API: give the profile {other.name!r} (B-08)"
            )


def _is_loopback(issuer: str) -> bool:
    return is_loopback(urlsplit(issuer).hostname)


def read_audience(audience: "str | Collection[str] | AnyAudience") -> frozenset[str]:
    """Return what this API is called; nothing for a verifier that takes every audience (B-22)."""
    if isinstance(audience, AnyAudience):
        return frozenset()
    audiences = frozenset([audience] if isinstance(audience, str) else audience or ())
    if not audiences or not all(isinstance(each, str) and each for each in audiences):
        raise ConfigurationError("audience is empty: name this API as the issuer knows it (B-11)")
    return audiences


def read_clients(clients: Collection[str]) -> frozenset[str]:
    """Return the ids of clients that are services."""
    if isinstance(clients, str) or not all(isinstance(each, str) and each for each in clients):
        raise ConfigurationError(f"clients {clients!r}: write a list of client ids, such as ['nightly-job']")
    return frozenset(clients)


def read_pinned(pinned: Collection[str] | None) -> frozenset[str] | None:
    """Return the thumbprints of the only keys that are taken, or None for all that the issuer publishes (B-43)."""
    if pinned is None:
        return None
    if isinstance(pinned, str) or not pinned or not all(re.fullmatch(r"[A-Za-z0-9_-]{43}", each) for each in pinned):
        raise ConfigurationError(f"pinned {pinned!r}: write a list of SHA-256 thumbprints (RFC 7638), in base64url")
    return frozenset(pinned)


def read_algorithms(algorithms: Collection[str] | None) -> frozenset[str]:
    """Return the algorithms that are taken (B-10)."""
    if algorithms is None:
        return ALGORITHMS
    named = frozenset([algorithms] if isinstance(algorithms, str) else algorithms)
    if not named or not named <= ALGORITHMS:
        raise ConfigurationError(f"algorithms {sorted(named)}: choose from {sorted(ALGORITHMS)} (B-10)")
    return named


def read_seconds(name: str, seconds: float, *, least: float, most: float) -> float:
    """Return a length of time that lies within its limits."""
    if not least <= seconds <= most:
        raise ConfigurationError(f"{name} {seconds}: write seconds from {least:g} to {most:g}")
    return seconds


def read_max_keys(max_keys: int) -> int:
    """Return how many keys a set may have (B-52)."""
    if not 1 <= max_keys <= MOST_KEYS:
        raise ConfigurationError(f"max_keys {max_keys}: write a number from 1 to {MOST_KEYS} (B-52)")
    return max_keys


def read_limits(max_keys: int, stale_for: float) -> Limits:
    """Return how many keys are taken, and for how long they are believed."""
    return Limits(
        max_keys=read_max_keys(max_keys), stale_for=read_seconds("stale_for", stale_for, least=0, most=MAX_HARD_TTL)
    )


def read_accept(
    accept: Mapping[str | Path, Collection[str]] | None, profile: Profile
) -> Mapping[str | Path, frozenset[str]]:
    """Return the values that claims must have (B-67)."""
    values = {path: frozenset([each] if isinstance(each, str) else each or ()) for path, each in (accept or {}).items()}
    for path, each in values.items():
        if not each or not all(isinstance(value, str) and value for value in each):
            raise ConfigurationError(f"accept= names {path!r} without a text to accept: ids are texts here too, '1234'")
    if profile.accept and values.keys().isdisjoint(profile.accept):
        raise ConfigurationError(
            f"whoever asks {profile.name!r} for a token chooses its audience: say whom to accept, by one of"
            f" {', '.join(map(repr, profile.accept))}, as in accept={{{profile.accept[0]!r}: ['…']}} (B-67)"
        )
    return values
