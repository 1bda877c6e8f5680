"""Judges a metadata document by authmux's discovery and, where that believes it, by Authlib's validation."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from authmux.verifying.discovery import discover_jwks_uri
from authmux.verifying.fetch import Fetched, FetchFailed
from tests.oracles.metadata_mutations import ISSUER
from tests.oracles.token_judge import Disagreement


def judge_metadata(document: bytes) -> str | None:
    """Return where authmux would look for keys, or None where it refuses the document.

    Raises:
        Disagreement: the document says something else, or Authlib refuses it.
        Exception: whatever escaped from authmux and is no `FetchFailed`.
    """

    def fetch(_: str, __: Mapping[str, str]) -> Fetched:
        return Fetched(200, {}, document)

    try:
        address = discover_jwks_uri(ISSUER, fetch)
    except FetchFailed:
        return None
    said = json.loads(document)
    if said["issuer"] != ISSUER or said["jwks_uri"] != address or urlsplit(address).scheme != "https":
        raise Disagreement(f"authmux would look for keys at {address!r}, which the document does not say")
    metadata = AuthorizationServerMetadata(said)
    try:
        metadata.validate_issuer()
        metadata.validate_jwks_uri()
    except ValueError as error:
        raise Disagreement(f"Authlib refuses what authmux believes: {error}") from error
    return address
