"""Ask an authorization server about a token (RFC 7662): the port, and the way over HTTP."""

import base64
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote_plus, urlencode

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError, Unavailable
from authmux.jose.strict_json import NotStrict, parse_object
from authmux.verifying.fetch import Fetched, FetchFailed
from authmux.verifying.jwt_settings import require_https
from authmux.verifying.key_source import KeySource

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
        signed_by: the server's issuer, to have signed answers (RFC 9701), and to believe no other: they say for whom
            and of when they are. By default answers are JSON, for which TLS is enough where nobody else sees them.
        signed_for: what `aud` of a signed answer must name; by default `client_id`.
        keys: where the server's keys are, for signed answers; by default its metadata tells.
        fetch: how to speak HTTP.
        clock: by which a signed answer is of now.

    Raises:
        ConfigurationError: the endpoint is not an https URL, or `keys` or `signed_for` are given without `signed_by`.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        client_id: str,
        client_secret: str,
        signed_by: str | None = None,
        signed_for: str | Collection[str] | None = None,
        keys: KeySource | None = None,
        fetch: "HTTPFetch | None" = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        require_https("endpoint", endpoint)
        self._signed = None
        if signed_by is not None:
            from authmux.verifying.signed_answers import SignedAnswers  # here, as below: cryptography stands behind it

            self._signed = SignedAnswers(
                signed_by, audience=signed_for or client_id, keys=keys, fetch=fetch, clock=clock
            )
        elif keys is not None or signed_for is not None:
            raise ConfigurationError("keys= and signed_for= are for signed answers: say signed_by= too")
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
        media_type = "application/json" if self._signed is None else "application/token-introspection+jwt"
        headers = {"Authorization": self._authorization, "Accept": media_type}
        try:
            document = _body(self._fetch(self._endpoint, headers, form=form), media_type)
            return _read(document) if self._signed is None else self._signed.read(document)
        except FetchFailed as error:
            raise Unavailable(f"introspection_{error.reason}", retry_after=error.retry_after or 1.0) from None


def _body(answer: Fetched, media_type: str) -> bytes:
    """Return what came, if it is what was asked for: never JSON in place of what is to be signed."""
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        raise Unavailable("introspection_type")
    return answer.body


def _read(document: bytes) -> Mapping[str, Any]:
    try:
        return parse_object(document, max_depth=_DEPTH)
    except NotStrict:
        raise Unavailable("introspection_unreadable") from None
