"""What every face may be told: required mode, Basic, a header for keys, and what becomes of a credential."""

import logging

import pytest

from authmux import run
from authmux.credential import Location, PresentedCredential
from authmux.errors import AuthError, ConfigurationError, MissingCredential
from authmux.visit import Headers, Visit
from authmux.web.doorkeeper import VISIT
from tests.web.test_doorkeeper import ANN, PLACES, SENT, new_doorkeeper

PUBLIC = ["/health", "/docs/*"]


@pytest.mark.parametrize("path", ["/health", "/docs/x"])
def test_requires_nothing_on_public_paths(path: str) -> None:
    """Where a path is public, a request without a credential goes on."""
    new_doorkeeper(required=True, public=PUBLIC).require(path, is_preflight=False)


@pytest.mark.parametrize("path", ["/", "/admin", "/docs", "/docs/../admin", "//health", ""])
def test_requires_a_credential(path: str) -> None:
    """Everywhere else it is refused, as missing."""
    with pytest.raises(MissingCredential) as refused:
        new_doorkeeper(required=True, public=PUBLIC).require(path, is_preflight=False)
    assert refused.value.reason == "required"


def test_preflights_pass() -> None:
    """A preflight goes on to whoever answers it, unless that was switched off (A-140)."""
    new_doorkeeper(required=True).require("/admin", is_preflight=True)
    with pytest.raises(MissingCredential):
        new_doorkeeper(required=True, preflights=False).require("/admin", is_preflight=True)


def test_public_without_required() -> None:
    """Public paths without `required` would leave everything open: that is refused at once."""
    with pytest.raises(ConfigurationError, match="required"):
        new_doorkeeper(public=PUBLIC)


def handed(sent: Headers = SENT, location: Location = Location.AUTHORIZATION) -> Visit:
    """Return the visit of another authenticator's middleware, which has taken a credential out."""
    return new_doorkeeper().admit(ANN, sent, PresentedCredential("user_ann", location))


def test_credential_is_handed_on() -> None:
    """What another middleware took out of the request is there for this one."""
    visit = handed()
    assert new_doorkeeper().handed_on({VISIT: visit}, SENT, PLACES) is visit.credential


@pytest.mark.parametrize(
    "found",
    [None, handed([(b"x", b"y")]), new_doorkeeper().admit(ANN, SENT), "user_ann", handed(location=Location.HEADER)],
    ids=["none", "of-other-headers", "of-nobody", "text", "where-it-may-not-stand"],
)
def test_nothing_is_handed_on(found: object) -> None:
    """Another request's credential is not, and not one that may not stand here where it stood."""
    assert new_doorkeeper().handed_on({} if found is None else {VISIT: found}, SENT, PLACES) is None


@pytest.mark.parametrize("location", [Location.HEADER, Location.BASIC], ids=str)
def test_handed_on_where_it_may_stand(location: Location) -> None:
    """The header and Basic count where they are enabled."""
    doorkeeper = new_doorkeeper(api_key_header="X-API-Key", basic=True)
    assert doorkeeper.handed_on({VISIT: handed(location=location)}, SENT, PLACES) is not None


@pytest.mark.parametrize(
    ("location", "fetch_site", "is_refused"),
    [
        (Location.BASIC, "cross-site", True),
        (Location.BASIC, "same-site", False),
        (Location.BASIC, "same-origin", False),
        (Location.BASIC, "none", False),
        (Location.BASIC, None, False),
        (Location.AUTHORIZATION, "cross-site", False),
        (Location.HEADER, "cross-site", False),
    ],
    ids=str,
)
def test_basic_from_another_site(location: Location, fetch_site: str | None, *, is_refused: bool) -> None:
    """What a browser sends unasked from another site's page counts for nothing, be it good or bad (K-80)."""
    for text in ("user_ann", "nonsense"):
        outcome = None
        try:
            run(new_doorkeeper().verify(PresentedCredential(text, location), fetch_site=fetch_site))
        except AuthError as refusal:
            outcome = refusal.reason
        assert (outcome == "basic_cross_site") is is_refused


def test_marks_nothing_by_default() -> None:
    """Without a header of its own, caches know of `Authorization` by themselves (RFC 9111 §3.5)."""
    headers = [(b"content-type", b"text/plain")]
    assert new_doorkeeper().mark(headers, handed()) is headers


@pytest.mark.parametrize(
    ("location", "added"),
    [
        (Location.HEADER, [(b"vary", b"x-api-key"), (b"cache-control", b"private")]),
        (Location.AUTHORIZATION, [(b"vary", b"x-api-key")]),
    ],
    ids=str,
)
def test_marks_answers(location: Location, added: list[tuple[bytes, bytes]]) -> None:
    """An answer says that it depends on the header, and is private where a credential stood in it."""
    doorkeeper = new_doorkeeper(api_key_header="X-API-Key")
    assert doorkeeper.mark([], handed(location=location)) == added


URLS = {
    "path": (b"/reports", b"/reports"),
    "query": (b"/reports?a=1", b"/reports?a=1"),
    "token": (b"https://x.example/?key=%b&a=1", b"https://x.example/?key=acme_key_5g2v9k0m3x7q1b8n_***&a=1"),
    "two-marks": (b"/?a=?&key=%b", b"/?a=?&key=acme_key_5g2v9k0m3x7q1b8n_***"),
}
TOKEN = b"acme_key_5g2v9k0m3x7q1b8n_" + b"x" * 49


@pytest.mark.parametrize(("url", "redacted"), URLS.values(), ids=URLS)
def test_redacts_addresses(url: bytes, redacted: bytes) -> None:
    """Of an address only the query is redacted."""
    assert new_doorkeeper().redact_url(url.replace(b"%b", TOKEN)) == redacted


def test_tells_of_a_credential_in_a_query(caplog: pytest.LogCaptureFixture) -> None:
    """The operator is told that there was one, and not which."""
    new_doorkeeper().redact(b"key=" + TOKEN)
    assert caplog.record_tuples == [
        ("authmux.web", logging.WARNING, "a credential stood in a query string and was masked there: have it rolled")
    ]


def test_tells_nothing_of_other_queries(caplog: pytest.LogCaptureFixture) -> None:
    """An ordinary query string is no event."""
    query = b"page=2&filter=" + b"x" * 60
    assert new_doorkeeper().redact(query) is query
    assert not caplog.records
