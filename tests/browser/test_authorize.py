"""Swagger UI's "Authorize": paste a credential, try an operation out, see who one is."""

import pytest

from tests.browser.swagger_page import SwaggerPage
from tests.faces.site import Bank

Fields = dict[str, str]


def bearer(name: str) -> Fields:
    """Return what is pasted where only a token is asked for."""
    return {"auth-bearer-value": name}


def header(name: str) -> Fields:
    """Return what is pasted where a header's value is asked for."""
    return {"api_key_value": name}


def basic(user: str, password: str = "") -> Fields:
    """Return what is pasted where a user name and a password are asked for."""
    return {"auth-basic-username": user, "auth-basic-password": password}


WAYS = {
    "key": ("APIKey", bearer("key"), "anonymous"),
    "pat": ("PersonalAccessToken", bearer("pat"), "user"),
    "jwt": ("AccessToken", bearer("rs256"), "client"),
    "key-in-header": ("X-API-Key", header("key"), "anonymous"),
    "key-as-user": ("Basic", basic("key"), "anonymous"),
    "pat-as-password": ("Basic", basic("whoever", "pat"), "user"),
}
"""Where each credential is pasted, and as whom it is let in."""

WRONG = {
    "key": ("APIKey", bearer("revoked")),
    "pat": ("PersonalAccessToken", bearer("unknown")),
    "jwt": ("AccessToken", bearer("expired_jwt")),
    "header": ("X-API-Key", header("mistyped")),
    "basic": ("Basic", basic("expired")),
}
"""Where each bad credential is pasted."""


def texts(fields: Fields, bank: Bank) -> Fields:
    """Return what stands in the fields: a credential by its name in the bank, or a word as it is."""
    return {field: bank[name].text if name in bank else name for field, name in fields.items()}


@pytest.mark.parametrize(("scheme", "fields", "caller"), WAYS.values(), ids=WAYS.keys())
def test_let_in(page: SwaggerPage, bank: Bank, scheme: str, fields: Fields, caller: str) -> None:
    """A good credential is let in, and the page shows whose it is."""
    page.authorize(scheme, texts(fields, bank))
    shown = page.execute("GET /whoami")
    assert (shown.status, shown.body["type"]) == (200, caller)


@pytest.mark.parametrize(("scheme", "fields"), WRONG.values(), ids=WRONG.keys())
def test_refused(page: SwaggerPage, bank: Bank, scheme: str, fields: Fields) -> None:
    """A bad credential is refused, and the page shows our problem."""
    page.authorize(scheme, texts(fields, bank))
    shown = page.execute("GET /whoami")
    assert (shown.status, shown.body["code"]) == (401, "invalid_token")


def test_nothing_pasted(page: SwaggerPage) -> None:
    """Without a credential the page shows what is missing."""
    shown = page.execute("GET /whoami")
    assert (shown.status, shown.body["code"]) == (401, "missing_credential")


def test_dialog(page: SwaggerPage) -> None:
    """The dialog offers every way that the application takes, and no other."""
    assert page.open_dialog() == ["APIKey", "PersonalAccessToken", "AccessToken", "X-API-Key", "Basic"]
