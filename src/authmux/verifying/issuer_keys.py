"""The keys of an issuer, fetched from where a `JWTVerifier` was told, or from where the issuer's metadata says."""

from collections.abc import Collection

from authmux.clock import Clock
from authmux.errors import ConfigurationError
from authmux.verifying.fetch import Fetch
from authmux.verifying.jwt_settings import read_jwks_uri
from authmux.verifying.plain_http import parse_origins
from authmux.verifying.remote_keys import RemoteKeys
from authmux.verifying.snapshot import Limits


def issuer_keys(
    issuer: str,
    *,
    jwks_uri: str | None,
    allow_http: Collection[str],
    allow_private: Collection[str],
    trust_issuer_address: bool,
    limits: Limits,
    fetch: Fetch | None,
    clock: Clock,
) -> RemoteKeys:
    """Return where the keys of an issuer come from; see the arguments of `JWTVerifier`.

    Raises:
        ConfigurationError: an address is none that keys may come from.
    """
    jwks_uri = read_jwks_uri(jwks_uri, issuer, allow_http=parse_origins(allow_http))
    # An origin that is listed is configured too, and may be anywhere as the issuer itself may.
    trusted = [each for each in (issuer, jwks_uri, *allow_http) if each is not None] if trust_issuer_address else ()
    return RemoteKeys(
        issuer,
        jwks_uri=jwks_uri,
        allow_http=parse_origins(allow_http),
        fetch=_held(fetch, trusted, allow_private, allow_http),
        limits=limits,
        clock=clock,
    )


def _held(
    fetch: Fetch | None, trusted: Collection[str], allow_private: Collection[str], allow_http: Collection[str]
) -> Fetch:
    """Return a fetch that metadata cannot send inside (B-56), unless it was already said whom it may trust.

    Raises:
        ConfigurationError: somebody else's fetch cannot be told which networks to allow.
    """
    from authmux.verifying.http_fetch import HTTPFetch, usual_fetch  # here, so that importing authmux loads no client

    if fetch is None:
        fetch = usual_fetch()
    if isinstance(fetch, HTTPFetch) and not fetch.is_held:
        return fetch.held_to(trusted=trusted, allow_private=allow_private, allow_http=allow_http)
    if allow_private:
        raise ConfigurationError("allow_private= is for a fetch that is not held to anything yet: tell that one")
    return fetch
