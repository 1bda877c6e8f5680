"""From an issuer's name to the address of its keys (RFC 8414 §3, OpenID Connect Discovery §4; B-57)."""

from urllib.parse import urlsplit, urlunsplit

from authmux.jose.strict_json import NotStrict, parse_object
from authmux.verifying.fetch import Fetch, FetchFailed

_DEPTH = 8
_OAUTH = "/.well-known/oauth-authorization-server"
_OPENID = "/.well-known/openid-configuration"


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """Return where the metadata may be, in the order in which to look: inserted before the path, then appended."""
    scheme, host, path, _, _ = urlsplit(issuer)
    path = path.rstrip("/")
    paths = (_OAUTH + path, _OPENID + path, path + _OPENID)
    return tuple(dict.fromkeys(urlunsplit((scheme, host, each, "", "")) for each in paths))


def discover_jwks_uri(issuer: str, fetch: Fetch) -> str:
    """Return the `jwks_uri` of the metadata that speaks for this issuer.

    A place that answers 4xx is passed over; any other failure ends the search, to be tried again later.

    Raises:
        FetchFailed: there is no metadata, or it is another issuer's (a mix-up: RFC 8414 §3.3).
    """
    for url in metadata_urls(issuer):
        try:
            document = fetch(url, {"Accept": "application/json"}).body
        except FetchFailed as error:
            if error.status is not None and 400 <= error.status < 500 and error.status != 429:
                continue
            raise
        return _read(document, issuer)
    raise FetchFailed("no_metadata")


def _read(document: bytes, issuer: str) -> str:
    try:
        metadata = parse_object(document, max_depth=_DEPTH)
    except NotStrict:
        raise FetchFailed("metadata_unreadable") from None
    if metadata.get("issuer") != issuer:
        raise FetchFailed("metadata_of_another_issuer")
    jwks_uri = metadata.get("jwks_uri")
    if not isinstance(jwks_uri, str) or not jwks_uri:
        raise FetchFailed("metadata_without_jwks_uri")
    return jwks_uri
