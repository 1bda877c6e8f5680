"""Ask an authorization server about a token (RFC 7662): the port, and the way over HTTP."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote_plus, urlencode

from authmux.errors import Unavailable
from authmux.jose.strict_json import NotStrict, parse_object
from authmux.verifying.fetch import Fetched, FetchFailed
from authmux.verifying.jwt_settings import require_https

if TYPE_CHECKING:
    from authmux.verifying.http_fetch import HTTPFetch

_DEPTH: Final = 16


class Introspect(Protocol):
    """Ask about one token; blocking."""

    def __call__(self, text: str, /) -> Mapping[str, Any]:
        """Return what the server says of it, `active` above all.

        Raises:
            Unavailable: it cannot be asked, or its answer is none.
        """
        ...


class HTTPIntrospect:
    """Asks over HTTPS, with the same care as for keys: a deadline, a size, no redirect.

    Arguments:
        endpoint: the `introspection_endpoint` of the server's metadata.
        client_id, client_secret: with which this API authenticates itself there (RFC 6749 §2.3.1, in the header).
        fetch: how to speak HTTP.

    Raises:
        ConfigurationError: the endpoint is not an https URL.
    """

    def __init__(self, endpoint: str, *, client_id: str, client_secret: str, fetch: "HTTPFetch | None" = None) -> None:
        require_https("endpoint", endpoint)
        self._endpoint = endpoint
        pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
        self._authorization = "Basic " + base64.b64encode(pair.encode()).decode()
        if fetch is None:
            from authmux.verifying.http_fetch import usual_fetch  # here, so that importing authmux loads no HTTP client

            fetch = usual_fetch()
        self._fetch = fetch

    def __repr__(self) -> str:
        return f"HTTPIntrospect({self._endpoint!r})"

    def __call__(self, text: str, /) -> Mapping[str, Any]:
        """Return what the server says of a token."""
        form = urlencode({"token": text, "token_type_hint": "access_token"}).encode()
        headers = {"Authorization": self._authorization, "Accept": "application/json"}
        try:
            return _read(self._fetch(self._endpoint, headers, form=form))
        except FetchFailed as error:
            raise Unavailable(f"introspection_{error.reason}", retry_after=error.retry_after or 1.0) from None


def _read(answer: Fetched) -> Mapping[str, Any]:
    """Return the answer's members; a signed one (RFC 9701) was not asked for."""
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Unavailable("introspection_type")
    try:
        return parse_object(answer.body, max_depth=_DEPTH)
    except NotStrict:
        raise Unavailable("introspection_unreadable") from None
