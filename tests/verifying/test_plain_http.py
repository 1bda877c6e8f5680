"""Plain HTTP: for this machine and for origins that are listed, by name and port, and for nothing else (B-54)."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from authmux import Authenticator, ConfigurationError, Unavailable
from authmux.flow import run
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.http_fetch import HTTPFetch
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.plain_http import may_be_plain, parse_origins
from tests.fault_server import FaultServer, ok
from tests.jose.token_maker import AUDIENCE, access_token, get_key, mint
from tests.verifying.jwt_door import admit
from tests.verifying.scripted_fetch import ScriptedFetch, document, keys_of

KEY = get_key("ES256")
REALM = "/realms/acme"
NAME = f"http://keycloak:8080{REALM}"


@pytest.mark.parametrize(
    ("listed", "host", "port", "may"),
    [
        ("http://keycloak:8080", "keycloak", 8080, True),
        ("HTTP://Keycloak:8080", "keycloak", 8080, True),
        ("http://keycloak", "keycloak", 80, True),
        ("http://keycloak:80", "keycloak", None, True),
        ("http://[fd00::1]:8080", "fd00::1", 8080, True),
        ("http://keycloak:8080", "keycloak", 8081, False),
        ("http://keycloak:8080", "keycloak", None, False),
        ("http://keycloak:8080", "keycloak.evil.example", 8080, False),
        ("http://keycloak:8080", None, 8080, False),
        ("http://keycloak:8080", "127.0.0.1", 5000, True),
        ("http://keycloak:8080", "localhost", None, True),
    ],
)
def test_what_may_be_plain(listed: str, host: str | None, port: int | None, may: bool) -> None:
    """B-54: an origin is a host and a port, whichever way it is written; loopback needs no listing."""
    assert may_be_plain(host, port, parse_origins([listed])) is may


@pytest.mark.parametrize(
    "origin",
    [
        "keycloak:8080", "https://keycloak", "http://keycloak/", "http://keycloak/realms", "http://keycloak?x", "",
        "http://keycloak#x", "http://u@keycloak", "http://", "http://:8080", "http://keycloak:x", "http://keycloak:99999",
        "http://key%63loak", "http://key\\cloak", "http://keycloak ", " http://keycloak", "http://key\tcloak",
        "http://kéycloak", "http://[::1", "*", "http://*:\n",
    ],
    ids=ascii,
)  # fmt: skip
def test_origins_that_are_none(origin: str) -> None:
    """B-11: what is no origin is refused, with a sentence that shows one."""
    with pytest.raises(ConfigurationError, match="http://keycloak:8080"):
        parse_origins([origin])


def verifier(**options: Any) -> JWTVerifier:
    return JWTVerifier(**{"issuer": NAME, "audience": AUDIENCE, "allow_http": ["http://keycloak:8080"]} | options)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"allow_http": ()}, id="not listed"),
        pytest.param({"allow_http": ["http://keycloak"]}, id="another port"),
        pytest.param({"issuer": "http://other:8080/realms/acme"}, id="another host"),
        pytest.param({"jwks_uri": "http://other:8080/keys"}, id="keys at another host"),
        pytest.param({"allow_http": "http://keycloak:8080"}, id="a text for a list"),
        pytest.param({"allow_http": ["https://keycloak:8080"]}, id="https is always allowed"),
    ],
)
def test_what_is_not_listed(options: dict[str, Any]) -> None:
    """B-54: an issuer, and where its keys are, is at an https address or at an origin that is listed."""
    with pytest.raises(ConfigurationError):
        verifier(**options)


@pytest.mark.parametrize(
    ("issuer", "jwks_uri", "outcome"),
    [
        (NAME, "http://keycloak:8080/keys", "fetched"),
        (NAME, "https://keys.example/keys", "fetched"),
        (NAME, "http://keycloak:8081/keys", "metadata_scheme"),
        (NAME, "http://keycloak/keys", "metadata_scheme"),
        (NAME, "http://other:8080/keys", "metadata_scheme"),
        ("https://id.example", "http://keycloak:8080/keys", "fetched"),
        ("https://id.example", "http://127.0.0.1:8080/keys", "metadata_scheme"),
        ("https://id.example", "http://id.example/keys", "metadata_scheme"),
        ("https://id.example", "http://keycloak:99999/keys", "metadata_scheme"),
    ],
)
def test_where_metadata_may_send(issuer: str, jwks_uri: str, outcome: str) -> None:
    """B-54: metadata sends to an https address, or to an origin that the operator listed, and nowhere else."""
    fetch, clock = ScriptedFetch(keys_of(KEY)), ManualClock()
    metadata = f'{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}'.encode()
    host, _, path = issuer.partition("://")[2].partition("/")
    url = f"{issuer.partition(':')[0]}://{host}/.well-known/oauth-authorization-server{'/' + path if path else ''}"
    fetch.script(document(metadata), at=url)
    asking = verifier(issuer=issuer, fetch=fetch, clock=clock)
    authenticator = Authenticator(asking, clock=clock)
    text = mint(KEY, access_token(iss=issuer))
    if outcome == "fetched":
        assert admit(authenticator, text).issuer == issuer
    else:
        with pytest.raises(Unavailable):
            admit(authenticator, text)
    health = asking.health()
    assert health is not None
    assert health.fetches == {outcome: 1}


@pytest.fixture
def keycloak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the name of a host in a cluster resolve to this machine."""
    real: Callable[..., Any] = socket.getaddrinfo
    find = {"keycloak": "127.0.0.1"}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: real(find.get(host, host), *rest, **more))


@pytest.mark.usefixtures("keycloak")
@pytest.mark.parametrize("fetch", [None, HTTPFetch()], ids=["the usual fetch", "one of one's own"])
def test_the_whole_way(fetch: HTTPFetch | None) -> None:
    """B-54: an issuer at a listed origin is asked for metadata and keys without TLS, and may be anywhere."""
    with FaultServer(ok({})) as server:
        origin = server.url("", host="keycloak")
        issuer = f"{origin}{REALM}"
        server.script(
            ok({"issuer": issuer, "jwks_uri": f"{issuer}/keys"}), path=f"/.well-known/oauth-authorization-server{REALM}"
        )
        server.script(ok({"keys": [KEY.public_jwk]}), path=f"{REALM}/keys")
        clock = ManualClock()
        listed = verifier(issuer=issuer, allow_http=[origin], fetch=fetch, clock=clock)
        text = mint(KEY, access_token(iss=issuer))
        assert admit(Authenticator(listed, clock=clock), text).issuer == issuer
        with pytest.raises(ConfigurationError, match="allow_http="):
            verifier(issuer=issuer, fetch=fetch, allow_http=())


@pytest.mark.usefixtures("keycloak")
def test_an_issuer_that_somebody_else_chose() -> None:
    """B-56: a listed origin need not have TLS; that it may be inside is not said of one that a customer chose."""
    with FaultServer(ok({})) as server:
        origin = server.url("", host="keycloak")
        chosen = verifier(issuer=origin, allow_http=[origin], trust_issuer_address=False)
        authenticator = Authenticator(chosen)
        assert run(authenticator.ready()) is False
        assert [each.fetches for each in authenticator.health().issuers] == [{"port": 1}]
        assert server.requests == []
