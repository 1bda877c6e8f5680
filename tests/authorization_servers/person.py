"""A person with a browser, who signs in at oidc-provider and lets an application act for her."""

from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from tests.authorization_servers.oidc_provider import CALLBACK, WEB, OIDCProvider, resource

_MOST_STEPS = 12


def sign_in(provider: OIDCProvider, name: str, *, kind: str, scope: str) -> dict[str, str]:
    """Return the token response of the authorization code flow (RFC 6749 §4.1), ID token included.

    Arguments:
        provider: where.
        name: who signs in.
        kind: how the access token is signed.
        scope: what the application asks for.
    """
    with requests.Session() as browser:
        asked = {
            "client_id": WEB[0],
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": scope,
            "resource": resource(kind),
            "nonce": "nonce-1",
        }
        answer = browser.get(f"{provider.issuer}/auth", params=asked, allow_redirects=False, timeout=10)
        for _ in range(_MOST_STEPS):
            place = urljoin(answer.url, answer.headers["Location"])
            if place.startswith(CALLBACK):
                return _redeem(provider, parse_qs(urlsplit(place).query)["code"][0], kind)
            answer = _follow(browser, place, name)
    raise AssertionError(f"the flow did not end in {_MOST_STEPS} steps; it is at {answer.url}: {answer.text[:500]}")


def _follow(browser: requests.Session, place: str, name: str) -> requests.Response:
    """Go where the server says; fill in the form that it shows there, if it shows one."""
    if "/interaction/" not in place:
        return browser.get(place, allow_redirects=False, timeout=10)
    page = browser.get(place, allow_redirects=False, timeout=10).text
    is_consent = 'value="consent"' in page
    form = {"prompt": "consent"} if is_consent else {"prompt": "login", "login": name, "password": "any"}
    return browser.post(place, data=form, allow_redirects=False, timeout=10)


def _redeem(provider: OIDCProvider, code: str, kind: str) -> dict[str, str]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "resource": resource(kind)}
    answer = requests.post(provider.token_url, data=form, auth=WEB, timeout=10)
    answer.raise_for_status()
    tokens: dict[str, str] = answer.json()
    return tokens
