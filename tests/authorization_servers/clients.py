"""OAuth clients that somebody else wrote: each fetches a token by client credentials, and calls an API with it."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import httpx
from authlib.integrations.requests_client import OAuth2Session
from httpx_auth import OAuth2ClientCredentials
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session as RequestsOAuth2Session

Call: TypeAlias = Callable[..., tuple[int, Any]]
"""Called with the token URL, the client and its secret, the scope, the resource, and the URL to get."""


def call_with_authlib(
    token_url: str, client: tuple[str, str], *, scope: str, resource: str | None, url: str
) -> tuple[int, Any]:
    """Call with Authlib's session over requests."""
    session: Any = OAuth2Session(*client, scope=scope)
    with session:
        session.fetch_token(token_url, grant_type="client_credentials", **_extra(resource))
        answer = session.get(url, timeout=10)
        return answer.status_code, answer.json()


def call_with_requests_oauthlib(
    token_url: str, client: tuple[str, str], *, scope: str, resource: str | None, url: str
) -> tuple[int, Any]:
    """Call with requests-oauthlib; it fetches over plain http only where OAUTHLIB_INSECURE_TRANSPORT says so."""
    session: Any = RequestsOAuth2Session(client=BackendApplicationClient(client_id=client[0], scope=scope))
    with session:
        session.fetch_token(token_url, auth=client, **_extra(resource))
        answer = session.get(url, timeout=10)
        return answer.status_code, answer.json()


def call_with_httpx_auth(
    token_url: str, client: tuple[str, str], *, scope: str, resource: str | None, url: str
) -> tuple[int, Any]:
    """Call with httpx-auth over httpx."""
    auth = OAuth2ClientCredentials(token_url, *client, scope=scope, **_extra(resource))
    with httpx.Client(timeout=10) as session:
        answer = session.get(url, auth=auth)
        return answer.status_code, answer.json()


def _extra(resource: str | None) -> dict[str, str]:
    return {} if resource is None else {"resource": resource}


CLIENTS: Final[dict[str, Call]] = {
    "authlib": call_with_authlib,
    "requests-oauthlib": call_with_requests_oauthlib,
    "httpx-auth": call_with_httpx_auth,
}
