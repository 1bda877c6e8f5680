"""What the driver and both applications agree on: where keys are kept, how they are written, and whom to believe."""

import os
from pathlib import Path

from authmux import APIKeyVerifier, Authenticator, JWTVerifier, PATVerifier, Peppers, Principal, TokenFormat
from authmux.stores.sql import SQLStore

DIRECTORY = "DEMO_DIRECTORY"
ISSUER = "DEMO_ISSUER"
"""The environment variables by which the driver tells the applications where they are."""

AUDIENCE = "https://reports.example"
API_KEY_HEADER = "X-API-Key"
PATH = "/reports"
SCOPE = "reports:read"


def open_store(directory: Path) -> SQLStore:
    """Open the one SQLite file of the demonstration."""
    return SQLStore(f"sqlite:///{directory}/keys.db")


def token_format(directory: Path) -> TokenFormat:
    """Return how keys and tokens are written; the first process to come makes the pepper."""
    return TokenFormat(prefix="acme", peppers=Peppers.file(directory / "pepper", create=True))


def make_authenticator() -> Authenticator:
    """Return what knows every credential of the demonstration, in a server's process."""
    directory = Path(os.environ[DIRECTORY])
    store, tokens = open_store(directory), token_format(directory)
    return Authenticator(
        APIKeyVerifier(store, tokens),
        PATVerifier(store, tokens),
        # Only the issuer of the demonstration names its subjects: a client may thus be known by its `sub`.
        JWTVerifier(issuer=os.environ[ISSUER], audience=AUDIENCE, subjects_assigned_by_issuer=True),
    )


def describe(principal: Principal) -> dict[str, object]:
    """Return who came, as both applications answer it."""
    return {
        "class": type(principal).__name__,
        "id": principal.id,
        "scopes": sorted(principal.scopes),
        "generation": principal.credential and principal.credential.generation,
    }
