"""From an issuer's name to the address of its keys (RFC 8414 §3, OpenID Connect Discovery §4; B-57)."""

from typing import Final
from urllib.parse import urlsplit, urlunsplit

from authmux.jose.strict_json import NotStrict, parse_object
from authmux.verifying.fetch import Fetch, FetchFailed
from authmux.verifying.loopback import is_loopback
from authmux.verifying.plain_http import Origins, may_be_plain

BELIEVED_FOR: Final = 86_400.0  # seconds; B-57
_DEPTH: Final = 8
_OAUTH = "/.well-known/oauth-authorization-server"
_OPENID = "/.well-known/openid-configuration"


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """Return where the metadata may be, in the order in which to look: inserted before the path, then appended."""
    scheme, host, path, _, _ = urlsplit(issuer)
    path = path.rstrip("/")
    paths = (_OAUTH + path, _OPENID + path, path + _OPENID)
    return tuple(dict.fromkeys(urlunsplit((scheme, host, each, "", "")) for each in paths))


def discover_jwks_uri(issuer: str, fetch: Fetch, *, allow_http: Origins = frozenset()) -> str:
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
        return _read(document, issuer, allow_http)
    raise FetchFailed("no_metadata")


def _read(document: bytes, issuer: str, allow_http: Origins) -> str:
    try:
        metadata = parse_object(document, max_depth=_DEPTH)
    except NotStrict:
        raise FetchFailed("metadata_unreadable") from None
    if metadata.get("issuer") != issuer:
        raise FetchFailed("metadata_of_another_issuer")
    jwks_uri = metadata.get("jwks_uri")
    if not isinstance(jwks_uri, str) or not jwks_uri:
        raise FetchFailed("metadata_without_jwks_uri")
    if not _may_send_to(issuer, jwks_uri, allow_http):
        raise FetchFailed("metadata_scheme")
    return jwks_uri


def _may_send_to(issuer: str, jwks_uri: str, allow_http: Origins) -> bool:
    """Return whether the keys are at an https address, or at a plain one that is listed (B-54).

    This machine is meant only by an issuer that has no TLS itself.
    """
    try:
        parts = urlsplit(jwks_uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if "%" in parts.netloc:  # urllib3 decodes it, and would ask another host than the one looked at here
        return False
    if parts.scheme == "http":
        return (issuer.startswith("http://") or not is_loopback(host)) and may_be_plain(host, port, allow_http)
    return parts.scheme == "https" and bool(host)


class KeyAddress:
    """Where an issuer's keys are: as it was configured, or as the issuer's metadata said within the last day.

    Arguments:
        issuer: the issuer, exactly.
        configured: the address, or None to ask the metadata.
        allow_http: origins that it may send to without TLS.
        fetch: how documents are fetched.
    """

    def __init__(self, issuer: str, *, configured: str | None, allow_http: Origins = frozenset(), fetch: Fetch) -> None:
        self._issuer = issuer
        self._configured = configured
        self._allow_http = allow_http
        self._fetch = fetch
        self._learnt: str | None = None
        self._learnt_at = 0.0

    def get(self, *, now: float) -> str:
        """Return the address, asking the metadata if need be; `now` is in monotonic seconds.

        Raises:
            FetchFailed: the metadata does not tell.
        """
        if self._configured is not None:
            return self._configured
        if self._learnt is not None and now - self._learnt_at < BELIEVED_FOR:
            return self._learnt
        try:
            self._learnt = discover_jwks_uri(self._issuer, self._fetch, allow_http=self._allow_http)
        except FetchFailed as error:
            if self._learnt is None or error.reason.startswith("metadata"):
                raise
            return self._learnt  # the metadata is away, which says nothing against the address
        self._learnt_at = now
        return self._learnt

    def forget(self) -> None:
        """Ask the metadata again next time: the keys have moved (B-57)."""
        self._learnt = None
