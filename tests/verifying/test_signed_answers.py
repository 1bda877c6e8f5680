"""Signed answers to introspection (RFC 9701): the server's own, for us and of now, or an outage."""

from collections.abc import Mapping
from typing import Any

import pytest

from authmux import Authenticator, ConfigurationError, FixedKeys, InvalidCredential, Unavailable
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.http_fetch import HTTPFetch
from authmux.verifying.introspect import HTTPIntrospect
from authmux.verifying.introspection import IntrospectionVerifier
from authmux.verifying.jwt import JWTVerifier
from tests.fault_server import FaultServer, ok, status
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, access_token, get_key, key_set, mint
from tests.verifying.jwt_door import admit

KEY, OTHER = get_key("ES256"), get_key("ES256 second")
CLIENT = "reports-api"
TYPE = "token-introspection+jwt"
ANSWER = {"active": True, "iss": ISSUER, "aud": AUDIENCE, "sub": "subject-1", "scope": "reports:read"}


def claims(**changes: object) -> dict[str, Any]:
    told = {"iss": ISSUER, "aud": CLIENT, "iat": NOW, "token_introspection": ANSWER} | changes
    return {name: value for name, value in told.items() if value is not ...}


def signed(text: str, media_type: str = f"application/{TYPE}") -> Any:
    return status(200, {"Content-Type": media_type}, text.encode())


def asking(server: FaultServer, **options: Any) -> HTTPIntrospect:
    told: dict[str, Any] = {"signed_by": ISSUER, "keys": FixedKeys(key_set(KEY)), "clock": ManualClock()} | options
    return HTTPIntrospect(server.url("/introspect"), client_id=CLIENT, client_secret="s", **told)


def outcome(text: str, **options: Any) -> Mapping[str, Any] | str:
    with FaultServer(signed(text)) as server:
        try:
            return asking(server, **options)("opaque-1")
        except Unavailable as error:  # and nothing else
            return error.reason


def test_a_signed_answer() -> None:
    """B-65: a signed answer is asked for, and what it says is believed as a plain one is."""
    with FaultServer(signed(mint(KEY, claims(), typ=TYPE))) as server:
        introspect = asking(server)
        verifier = IntrospectionVerifier(introspect, issuer=ISSUER, audience=AUDIENCE)
        assert admit(Authenticator(verifier), "opaque-1").id == "subject-1"
        (request,) = server.requests
        assert request.headers["accept"] == f"application/{TYPE}"


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        pytest.param({}, {"typ": f"application/{TYPE}"}, id="the long form of typ"),
        pytest.param({"aud": ["other", CLIENT]}, {}, id="several audiences"),
        pytest.param({"iat": NOW - 329}, {}, id="nearly too old"),
        pytest.param({"iat": NOW + 30}, {}, id="a clock that is ahead"),
        pytest.param({"token_introspection": {"active": False}}, {}, id="not active"),
    ],
)
def test_answers_that_are_good(changes: dict[str, object], options: dict[str, str]) -> None:
    """RFC 9701 §5: what else it may look like."""
    told = claims(**changes)
    assert outcome(mint(KEY, told, **{"typ": TYPE, **options})) == told["token_introspection"]


BAD: dict[str, tuple[str, str]] = {
    "another key": (mint(OTHER, claims(), typ=TYPE, kid=KEY.kid), "signature"),
    "an unknown key": (mint(OTHER, claims(), typ=TYPE), "unknown_kid"),
    "an access token": (mint(KEY, {**access_token(aud=CLIENT), "token_introspection": ANSWER}), "typ"),
    "no typ": (KEY.sign(claims(), {}), "typ"),
    "typ JWT": (mint(KEY, claims(), typ="JWT"), "typ"),
    "another issuer": (mint(KEY, claims(iss=ISSUER + "/"), typ=TYPE), "iss"),
    "no issuer": (mint(KEY, claims(iss=...), typ=TYPE), "iss"),
    "another audience": (mint(KEY, claims(aud=AUDIENCE), typ=TYPE), "aud"),
    "no audience": (mint(KEY, claims(aud=...), typ=TYPE), "aud"),
    "no iat": (mint(KEY, claims(iat=...), typ=TYPE), "iat_missing"),
    "too old": (mint(KEY, claims(iat=NOW - 330), typ=TYPE), "max_age"),
    "of the future": (mint(KEY, claims(iat=NOW + 31), typ=TYPE), "iat"),
    "expired": (mint(KEY, claims(iat=NOW - 100, exp=NOW - 60), typ=TYPE), "exp"),
    "no answer": (mint(KEY, claims(token_introspection=...), typ=TYPE), "unreadable"),
    "an answer that is no object": (mint(KEY, claims(token_introspection=[True]), typ=TYPE), "unreadable"),
    "not signed": ("eyJhbGciOiJub25lIn0.e30.", "base64"),
    "encrypted": ("a.b.c.d.e", "jws_segments"),
    "JSON": ('{"active":true}', "jws_segments"),
    "a line break at its end": (mint(KEY, claims(), typ=TYPE) + "\n", "base64"),
    "not ASCII": ("é.é.é", "base64"),
}


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD)
def test_answers_that_are_not(text: str, reason: str) -> None:
    """B-65: whatever is not signed by the server, for us and of now, is an outage: it says nothing of the token."""
    assert outcome(text) == f"introspection_{reason}"


@pytest.mark.parametrize("media_type", ["application/json", "application/jwt", "text/plain", "application/at+jwt"])
def test_no_other_type(media_type: str) -> None:
    """RFC 9701 §5: a server that leaves the signature out is not believed."""
    plain = status(200, {"Content-Type": media_type}, b'{"active":true}')
    with FaultServer(plain) as server, pytest.raises(Unavailable, match="introspection_type"):
        asking(server)("opaque-1")


def test_an_audience_of_ones_own() -> None:
    """RFC 9701 §5: where the server calls this API otherwise than by its client id, one says so."""
    text = mint(KEY, claims(aud=AUDIENCE), typ=TYPE)
    assert outcome(text, signed_for=AUDIENCE) == ANSWER
    assert outcome(mint(KEY, claims(), typ=TYPE), signed_for=[AUDIENCE]) == "introspection_aud"


def test_keys_from_metadata() -> None:
    """B-57: without `keys` the server's metadata tells where they are."""
    with FaultServer(ok({})) as server:
        issuer = server.url("")
        server.script(
            ok({"issuer": issuer, "jwks_uri": f"{issuer}/keys"}), path="/.well-known/oauth-authorization-server"
        )
        server.script(ok({"keys": [KEY.public_jwk]}), path="/keys")
        server.script(signed(mint(KEY, claims(iss=issuer), typ=TYPE)), path="/introspect")
        assert asking(server, signed_by=issuer, keys=None, fetch=HTTPFetch())("opaque-1") == ANSWER


def test_it_is_no_access_token() -> None:
    """RFC 9701 §8.1: an answer, sent as a token to the API itself, is refused for what it is."""
    clock = ManualClock()
    verifier = JWTVerifier(issuer=ISSUER, audience=CLIENT, keys=FixedKeys(key_set(KEY)), clock=clock)
    text = mint(KEY, access_token(aud=CLIENT, token_introspection=ANSWER), typ=TYPE)
    with pytest.raises(InvalidCredential, match="typ"):
        admit(Authenticator(verifier, clock=clock), text)


@pytest.mark.parametrize(
    "options",
    [{"keys": FixedKeys(key_set(KEY))}, {"signed_for": "api"}, {"signed_by": "http://as.example"}],
    ids=["keys alone", "audience alone", "no https"],
)
def test_options_that_do_not_fit(options: dict[str, Any]) -> None:
    """B-11: options for signed answers say by whom they are signed."""
    with pytest.raises(ConfigurationError):
        HTTPIntrospect("https://as.example/introspect", client_id=CLIENT, client_secret="s", **options)
