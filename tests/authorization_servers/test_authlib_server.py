"""An authorization server with Authlib: RFC 9068 tokens, introspection and metadata as Authlib writes them."""

from collections.abc import Mapping

import pytest
import requests

from tests.authorization_servers.authlib_server import JOB, OPAQUE_JOB
from tests.authorization_servers.clients import CLIENTS, Call
from tests.authorization_servers.house import FACES, get

each_face = pytest.mark.parametrize("face", FACES)
each_client = pytest.mark.parametrize("call", CLIENTS.values(), ids=CLIENTS)
each_kind = pytest.mark.parametrize("client", [JOB, OPAQUE_JOB], ids=["jwt", "opaque"])


@each_face
@each_client
@each_kind
def test_a_machine_comes_in(
    authlib_issuer: str, houses: Mapping[str, str], face: str, call: Call, client: tuple[str, str]
) -> None:
    """Its JWTs are found good by its metadata and keys, its opaque tokens by introspection."""
    status, body = call(f"{authlib_issuer}/token", client, scope="reports:read", resource=None, url=houses[face])
    assert (status, body) == (
        200,
        {"type": "client", "id": client[0], "issuer": authlib_issuer, "tenant": None, "scopes": ["reports:read"]},
    )


@each_face
@each_kind
def test_scopes_decide(authlib_issuer: str, houses: Mapping[str, str], face: str, client: tuple[str, str]) -> None:
    """A token without the scope goes no further."""
    form = {"grant_type": "client_credentials", "scope": "reports:write"}
    token = requests.post(f"{authlib_issuer}/token", data=form, auth=client, timeout=10).json()["access_token"]
    assert get(houses[face], token).status_code == 403


@each_face
def test_a_spoilt_token_is_refused(authlib_issuer: str, houses: Mapping[str, str], face: str) -> None:
    """Every letter of a signature counts."""
    form = {"grant_type": "client_credentials", "scope": "reports:read"}
    token = requests.post(f"{authlib_issuer}/token", data=form, auth=JOB, timeout=10).json()["access_token"]
    spoilt = f"{token[:-9]}{'B' if token[-9] == 'A' else 'A'}{token[-8:]}"
    assert get(houses[face], token).status_code == 200
    assert get(houses[face], spoilt).status_code == 401
