"""Introspection over real HTTP: what is sent, what is believed, and what is an outage (RFC 7662 §2, B-65)."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

import pytest

from authmux import Authenticator, ConfigurationError, Unavailable
from authmux.testing.loopback_server import Answer, LoopbackServer, Refused, Request, Route
from authmux.verifying.http_fetch import HTTPFetch
from authmux.verifying.introspect import HTTPIntrospect
from authmux.verifying.introspection import IntrospectionVerifier
from tests.fault_server import Behaviour, FaultServer, ok, redirect, status
from tests.jose.token_maker import AUDIENCE, ISSUER
from tests.verifying.jwt_door import admit, refusal

CLIENT, SECRET, TOKEN = "reports api", "pä:ss+word&", "opaque token/+=&"  # what must be encoded
ACTIVE = {"active": True, "iss": ISSUER, "aud": AUDIENCE, "sub": "subject-1", "scope": "reports:read"}


@contextmanager
def server(requests: list[Request]) -> Iterator[str]:
    """Serve an endpoint that knows one token, and yield its address."""

    def answer(request: Request) -> Answer:
        requests.append(request)
        if request.headers.get("Authorization", "") != expected_authorization():
            raise Refused("invalid_client", status=401)
        (token,) = parse_qs(request.body.decode(), strict_parsing=True)["token"]
        return Answer(ACTIVE if token == TOKEN else {"active": False})

    running = LoopbackServer(0, {"/introspect": Route("POST", answer)}, [])
    running.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/introspect"
    finally:
        running.stop()


def expected_authorization() -> str:
    """Return RFC 6749 §2.3.1: both parts are form-encoded before they are joined."""
    return "Basic " + base64.b64encode(b"reports+api:p%C3%A4%3Ass%2Bword%26").decode()


def asking(url: str, fetch: HTTPFetch | None = None) -> HTTPIntrospect:
    return HTTPIntrospect(url, client_id=CLIENT, client_secret=SECRET, fetch=fetch)


def test_what_is_sent() -> None:
    """RFC 7662 §2.1: the token is in the body of a POST, our own credentials in the header, nothing in the URL."""
    requests: list[Request] = []
    with server(requests) as url:
        assert asking(url)(TOKEN) == ACTIVE
    (request,) = requests
    assert parse_qs(request.body.decode()) == {"token": [TOKEN], "token_type_hint": ["access_token"]}
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"] == "application/json"


def test_the_whole_way() -> None:
    """B-65: a token that the server knows is let in, another is refused, and each is asked about once."""
    requests: list[Request] = []
    with server(requests) as url:
        verifier = IntrospectionVerifier(asking(url), issuer=ISSUER, audience=AUDIENCE)
        authenticator = Authenticator(verifier)
        assert {admit(authenticator, TOKEN).id for _ in range(3)} == {"subject-1"}
        assert {refusal(authenticator, "another").reason for _ in range(3)} == {"inactive"}
    assert len(requests) == 2


def test_credentials_that_the_server_refuses() -> None:
    """Credentials of ours that are wrong are an outage, and not the caller's fault."""
    with server([]) as url:
        wrong = HTTPIntrospect(url, client_id=CLIENT, client_secret="wrong")
        with pytest.raises(Unavailable, match="introspection_status_401"):
            wrong(TOKEN)


JSON = {"Content-Type": "application/json"}
FAILURES: dict[str, tuple[Behaviour, str]] = {
    "500": (status(500), "introspection_status_500"),
    "401": (status(401), "introspection_status_401"),
    "404": (status(404), "introspection_status_404"),
    "redirect": (redirect("http://127.0.0.1:1/"), "introspection_redirect"),
    "HTML": (status(200, {"Content-Type": "text/html"}, b"<html>"), "introspection_html"),
    "text": (status(200, {"Content-Type": "text/plain"}, b'{"active":true}'), "introspection_type"),
    "a signed answer (RFC 9701)": (
        status(200, {"Content-Type": "application/token-introspection+jwt"}, b"a.b.c"),
        "introspection_type",
    ),
    "no type": (status(200, {}, b'{"active":true}'), "introspection_type"),
    "no JSON": (status(200, JSON, b"active"), "introspection_unreadable"),
    "an array": (status(200, JSON, b"[true]"), "introspection_unreadable"),
    "active twice": (status(200, JSON, b'{"active":false,"active":true}'), "introspection_unreadable"),
    "NaN": (status(200, JSON, b'{"active":true,"exp":NaN}'), "introspection_unreadable"),
    "too deep": (status(200, JSON, b'{"a":' + b"[" * 20 + b"]" * 20 + b"}"), "introspection_unreadable"),
    "too large": (ok({"active": True, "x": "x" * 300_000}), "introspection_too_large"),
}


@pytest.mark.parametrize(("behaviour", "reason"), FAILURES.values(), ids=FAILURES)
def test_answers_that_are_none(behaviour: Behaviour, reason: str) -> None:
    """B-65: whatever is no JSON object from the endpoint itself is an outage, and never an answer."""
    with FaultServer(behaviour) as faulty, pytest.raises(Unavailable) as caught:
        asking(faulty.url("/introspect"))(TOKEN)
    assert caught.value.reason == reason


def test_when_to_come_again() -> None:
    """A server that says when to come again is passed on; otherwise it is a second."""
    busy = status(503, {"Retry-After": "7"})
    with FaultServer(busy, status(503)) as faulty:
        for seconds in (7.0, 1.0):
            with pytest.raises(Unavailable) as caught:
                asking(faulty.url())(TOKEN)
            assert caught.value.retry_after == seconds


def test_nobody_listens() -> None:
    """A server that is away is an outage."""
    with FaultServer(ok({})) as faulty:
        url = faulty.url()
    with pytest.raises(Unavailable, match="introspection_connect"):
        asking(url)(TOKEN)


def test_a_server_that_is_slow() -> None:
    """B-50: a question ends at its deadline."""
    with FaultServer(lambda peer: peer.wait(20)) as faulty, pytest.raises(Unavailable, match="introspection_timeout"):
        asking(faulty.url(), HTTPFetch(deadline=0.2))(TOKEN)


def test_an_error_shows_no_secret() -> None:
    """Neither our secret nor the token stands in an error, in what caused it, or in a repr."""
    with FaultServer(status(500)) as faulty:
        introspect = asking(faulty.url())
        with pytest.raises(Unavailable) as caught:
            introspect(TOKEN)
    texts = f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {introspect!r}"
    assert not [each for each in (TOKEN, SECRET, expected_authorization()[6:]) if each in texts]


@pytest.mark.parametrize("endpoint", ["http://as.example/introspect", "as.example", "", "https://u:p@as.example/"])
def test_endpoints_that_are_none(endpoint: str) -> None:
    """B-54: a token is sent over https only, or to this machine itself."""
    with pytest.raises(ConfigurationError, match="endpoint"):
        asking(endpoint)
