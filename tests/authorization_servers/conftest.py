"""What the tests share: each server once, and the applications that believe it."""

import sys
from collections.abc import Iterator, Mapping

import pytest

from authmux.testing.signing_key import SigningKey
from tests.authorization_servers import authlib_server, oidc_provider
from tests.authorization_servers.house import protected_applications
from tests.authorization_servers.logto import Logto, running_logto
from tests.authorization_servers.oidc_provider import OIDCProvider, new_keys, running_provider
from tests.authorization_servers.processes import listen, port_of, running


@pytest.fixture(scope="session")
def provider_keys() -> tuple[SigningKey, ...]:
    """Give the keys that oidc-provider begins with."""
    return new_keys()


@pytest.fixture(scope="session")
def provider(provider_keys: tuple[SigningKey, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OIDCProvider]:
    """Run oidc-provider."""
    with running_provider(provider_keys, log=tmp_path_factory.mktemp("provider") / "log") as provider:
        yield provider


@pytest.fixture(scope="session")
def provider_houses(provider: OIDCProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Run the applications that believe oidc-provider, and ask it about opaque tokens."""
    audience = oidc_provider.AUDIENCE
    settings = {
        "issuers": [{"issuer": provider.issuer, "audience": audience, "profile": "RFC9068"}],
        "introspection": {
            "endpoint": provider.introspection_url,
            "client": oidc_provider.API,
            "issuer": provider.issuer,
            "audience": audience,
        },
    }
    with protected_applications(settings, directory=tmp_path_factory.mktemp("houses")) as urls:
        yield urls


@pytest.fixture(scope="session")
def authlib_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the server with Authlib."""
    with listen() as listener:
        port = port_of(listener)
        command = [sys.executable, "-m", authlib_server.__name__, str(listener.fileno()), str(port)]
        with running(command, listener, log=tmp_path_factory.mktemp("authlib") / "log"):
            yield f"http://127.0.0.1:{port}/tenant"


@pytest.fixture(scope="session")
def logto() -> Iterator[Logto]:
    """Run the server with Logto's ways."""
    with running_logto() as logto:
        yield logto


@pytest.fixture(scope="session")
def houses(authlib_issuer: str, logto: Logto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Run the applications that believe Authlib's server and Logto's."""
    audience = authlib_server.AUDIENCE
    settings = {
        "issuers": [
            {"issuer": authlib_issuer, "audience": audience, "profile": "RFC9068"},
            {"issuer": logto.issuer, "audience": [audience, "urn:logto:organization:acme"], "profile": "LOGTO"},
        ],
        "introspection": {
            "endpoint": f"{authlib_issuer}/introspect",
            "client": authlib_server.API,
            "issuer": authlib_issuer,
            "audience": audience,
        },
    }
    with protected_applications(settings, directory=tmp_path_factory.mktemp("houses")) as urls:
        yield urls


@pytest.fixture(autouse=True)
def plain_http_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let oauthlib fetch tokens over plain http: everything here is on loopback."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
