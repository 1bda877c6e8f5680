"""A running oidc-provider: its keys, its clients, and how it is given other keys."""

import json
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jwcrypto.jwk import JWK

from authmux.testing.signing_key import SigningKey
from tests.authorization_servers.node_package import oidc_provider_package
from tests.authorization_servers.processes import listen, port_of, running

AUDIENCE: Final = "https://api.example.com"
SCOPES: Final = ("reports:read", "reports:write")
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
CALLBACK: Final = "http://127.0.0.1/callback"

JOB, WEB, API = ("job", "job-secret"), ("web", "web-secret"), ("api", "api secret+/%=")
"""Clients: a machine, an application that people use, and the API itself, which introspects (RFC 6749 §2.3.1)."""


def new_keys() -> tuple[SigningKey, ...]:
    """Return a key for each algorithm."""
    return tuple(SigningKey.generate(algorithm) for algorithm in ALGORITHMS)


@dataclass(slots=True)
class OIDCProvider:
    """A server on one port for as long as it runs, with one set of keys after another."""

    issuer: str
    _listener: socket.socket
    _log: Path
    _process: ExitStack = field(default_factory=ExitStack)

    @property
    def token_url(self) -> str:
        """Return where tokens are had."""
        return f"{self.issuer}/token"

    @property
    def introspection_url(self) -> str:
        """Return where tokens are asked about."""
        return f"{self.issuer}/token/introspection"

    def serve(self, keys: Sequence[SigningKey]) -> None:
        """Start with these keys, or start again with them; in between, callers wait at the door."""
        self.stop()
        settings = {
            "issuer": self.issuer,
            "audience": AUDIENCE,
            "scopes": SCOPES,
            "keys": [_private_jwk(key) for key in keys],
            "clients": [_machine(*JOB), _machine(*API), _application(*WEB)],
        }
        script = Path(__file__).with_suffix(".mjs")
        node = shutil.which("node") or "node"
        command = [
            node, str(script), str(oidc_provider_package()), str(self._listener.fileno()), json.dumps(settings)
        ]  # fmt: skip
        self._process.enter_context(running(command, self._listener, log=self._log))

    def stop(self) -> None:
        """Stop the process, if it runs."""
        self._process.close()


@contextmanager
def running_provider(keys: Sequence[SigningKey], *, log: Path) -> Iterator[OIDCProvider]:
    """Run a provider with these keys."""
    with listen() as listener:
        provider = OIDCProvider(f"http://127.0.0.1:{port_of(listener)}", listener, log)
        try:
            provider.serve(keys)
            yield provider
        finally:
            provider.stop()


def resource(kind: str) -> str:
    """Return the resource indicator (RFC 8707) whose tokens are signed so, or are opaque."""
    return f"{AUDIENCE}/{kind}"


def _private_jwk(key: SigningKey) -> dict[str, Any]:
    members: dict[str, Any] = JWK.from_pyca(key.private_key).export_private(as_dict=True)
    return members | {"kid": key.kid, "alg": key.algorithm, "use": "sig"}


def _machine(client_id: str, secret: str) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "client_secret": secret,
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
        "scope": " ".join(SCOPES),
    }


def _application(client_id: str, secret: str) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "client_secret": secret,
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "redirect_uris": [CALLBACK],
        "application_type": "native",
        "scope": f"openid {' '.join(SCOPES)}",
    }
