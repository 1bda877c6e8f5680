"""Discovery: from an issuer's name to the address of its keys, and to no other issuer's."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux.verifying.discovery import discover_jwks_uri, metadata_urls
from authmux.verifying.fetch import Fetched, FetchFailed
from tests.jose.token_maker import ISSUER
from tests.verifying.scripted_fetch import ScriptedFetch, document

JWKS_URI = "https://idp.example/keys"


def metadata(**changes: object) -> Fetched:
    return document(json.dumps({"issuer": ISSUER, "jwks_uri": JWKS_URI, **changes}).encode())


def not_found(status: int = 404) -> FetchFailed:
    return FetchFailed(f"status_{status}", status=status)


def failure(fetch: ScriptedFetch, issuer: str = ISSUER) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        discover_jwks_uri(issuer, fetch)
    return caught.value


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        (
            "https://idp.example/tenant",
            (
                "https://idp.example/.well-known/oauth-authorization-server/tenant",
                "https://idp.example/.well-known/openid-configuration/tenant",
                "https://idp.example/tenant/.well-known/openid-configuration",
            ),
        ),
        (
            "https://idp.example/realms/a/",
            (
                "https://idp.example/.well-known/oauth-authorization-server/realms/a",
                "https://idp.example/.well-known/openid-configuration/realms/a",
                "https://idp.example/realms/a/.well-known/openid-configuration",
            ),
        ),
        (
            "https://tenant.eu.auth0.com/",
            (
                "https://tenant.eu.auth0.com/.well-known/oauth-authorization-server",
                "https://tenant.eu.auth0.com/.well-known/openid-configuration",
            ),
        ),
        (
            "http://127.0.0.1:8080",
            (
                "http://127.0.0.1:8080/.well-known/oauth-authorization-server",
                "http://127.0.0.1:8080/.well-known/openid-configuration",
            ),
        ),
    ],
)
def test_where_the_metadata_may_be(issuer: str, urls: tuple[str, ...]) -> None:
    """B-57: RFC 8414 inserted, OpenID Connect inserted, OpenID Connect appended, in this order."""
    assert metadata_urls(issuer) == urls


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410])
def test_4xx_leads_to_the_next_place(place: int, status: int) -> None:
    """A-187: the first place that has metadata counts, and those before it may say 4xx."""
    fetch = ScriptedFetch(*[not_found(status)] * place, metadata())
    assert discover_jwks_uri(ISSUER, fetch) == JWKS_URI
    assert fetch.urls == list(metadata_urls(ISSUER)[: place + 1])


def test_4xx_everywhere() -> None:
    """B-57: an issuer without metadata is a failure, after three questions."""
    fetch = ScriptedFetch(not_found())
    assert failure(fetch).reason == "no_metadata"
    assert len(fetch.requests) == 3


@pytest.mark.parametrize(
    "error",
    [
        FetchFailed("status_500", status=500),
        FetchFailed("status_503", status=503, retry_after=20),
        FetchFailed("status_429", status=429, retry_after=20),
        FetchFailed("timeout"),
        FetchFailed("redirect", status=302),
        FetchFailed("tls"),
    ],
    ids=lambda error: error.reason,
)
def test_a_failure_ends_the_search(error: FetchFailed) -> None:
    """B-57: whoever does not answer is asked later, and nobody else is asked in his place."""
    fetch = ScriptedFetch(error, metadata())
    assert failure(fetch) is error
    assert len(fetch.requests) == 1


@pytest.mark.parametrize(
    "issuer",
    [ISSUER + "/", ISSUER.upper(), ISSUER.replace("https", "http"), "https://evil.example", "", None, 1, [ISSUER]],
    ids=ascii,
)
def test_metadata_of_another_issuer(issuer: object) -> None:
    """A-181: the metadata must name the issuer to the byte, and no other place is asked then."""
    fetch = ScriptedFetch(metadata(issuer=issuer), metadata())
    assert failure(fetch).reason == "metadata_of_another_issuer"
    assert len(fetch.requests) == 1


def test_metadata_without_issuer() -> None:
    """A-181: metadata that names no issuer is nobody's."""
    body = json.dumps({"jwks_uri": JWKS_URI}).encode()
    assert failure(ScriptedFetch(document(body))).reason == "metadata_of_another_issuer"


@pytest.mark.parametrize("jwks_uri", [None, "", 1, [JWKS_URI], {}], ids=ascii)
def test_metadata_without_an_address(jwks_uri: object) -> None:
    """B-57: jwks_uri is required, and is a text."""
    assert failure(ScriptedFetch(metadata(jwks_uri=jwks_uri))).reason == "metadata_without_jwks_uri"


@pytest.mark.parametrize(
    "jwks_uri",
    [
        "http://idp.example/keys",
        "http://127.0.0.1/keys",
        "http://localhost:8080/keys",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://idp.example/keys",
        "data:application/json,{}",
        "gopher://idp.example/",
        "//idp.example/keys",
        "https://[::1",
        "https:///keys",
        "keys",
        "https://%69dp.example/keys",  # urllib3 would ask idp.example
    ],
)
def test_addresses_that_are_not_https(jwks_uri: str) -> None:
    """A-182: an https issuer cannot send us anywhere but to https, not even to this machine itself."""
    assert isinstance(failure(ScriptedFetch(metadata(jwks_uri=jwks_uri))), FetchFailed)


def test_an_issuer_on_loopback() -> None:
    """B-54: an issuer that is itself on plain loopback may have its keys there."""
    issuer = "http://127.0.0.1:8080"
    fetch = ScriptedFetch(metadata(issuer=issuer, jwks_uri=f"{issuer}/keys"))
    assert discover_jwks_uri(issuer, fetch) == f"{issuer}/keys"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html>",
        b"[]",
        b"null",
        json.dumps({"issuer": ISSUER, "jwks_uri": JWKS_URI})[:-1].encode() + b',"issuer":"x"}',
        json.dumps({"issuer": ISSUER, "jwks_uri": JWKS_URI, "x": float("nan")}).encode(),
        b"\xef\xbb\xbf" + json.dumps({"issuer": ISSUER, "jwks_uri": JWKS_URI}).encode(),
        b'{"x":' + b"[" * 20_000,
    ],
    ids=lambda body: ascii(body[-20:]),
)
def test_metadata_that_cannot_be_read(body: bytes) -> None:
    """B-06: metadata is strict JSON, with one issuer and one address."""
    assert failure(ScriptedFetch(document(body))).reason == "metadata_unreadable"


@settings(deadline=None)
@given(
    st.binary(max_size=80)
    | st.dictionaries(st.sampled_from(["issuer", "jwks_uri", "x"]), st.text() | st.none() | st.integers()).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_any_document(body: bytes) -> None:
    """A-212: whatever an issuer answers, it is an address or FetchFailed, and nothing else."""
    with contextlib.suppress(FetchFailed):
        assert discover_jwks_uri(ISSUER, ScriptedFetch(document(body)))
