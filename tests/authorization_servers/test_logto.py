"""A server with Logto's ways, read by the profile for Logto the whole way: metadata, keys, token."""

from collections.abc import Mapping

import pytest

from tests.authorization_servers.clients import CLIENTS, Call
from tests.authorization_servers.house import FACES, get, refusal
from tests.authorization_servers.logto import MACHINE, PERSON, SECRET, Logto

each_face = pytest.mark.parametrize("face", FACES)

ORGANISATION = "urn:logto:organization:acme"


@each_face
@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, ("user", PERSON, None)),
        ({"sub": MACHINE, "client_id": MACHINE}, ("client", MACHINE, None)),
        ({"organization_id": "acme"}, ("user", PERSON, "acme")),
        ({"aud": ORGANISATION, "organization_id": "acme"}, ("user", PERSON, "acme")),
        ({"aud": ORGANISATION, "organization_id": "acme", "sub": MACHINE, "client_id": MACHINE},
         ("client", MACHINE, "acme")),
    ],
    ids=["user", "machine", "user-of-an-organisation", "for-an-organisation", "machine-for-an-organisation"],
)  # fmt: skip
def test_who_comes_in(
    logto: Logto, houses: Mapping[str, str], face: str, claims: dict[str, object],
    expected: tuple[str, str, str | None],
) -> None:  # fmt: skip
    """Users, machines and organisations are told apart as Logto tells them."""
    answer = get(houses[face], logto.token(**claims))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["type"], body["id"], body["tenant"]) == expected


@each_face
@pytest.mark.parametrize("call", CLIENTS.values(), ids=CLIENTS)
def test_real_clients_come_in(logto: Logto, houses: Mapping[str, str], face: str, call: Call) -> None:
    """A machine fetches a token for the resource, and is a Client."""
    status, body = call(
        f"{logto.issuer}/token", (MACHINE, SECRET), scope="reports:read", resource="https://api.example.com",
        url=houses[face],
    )  # fmt: skip
    assert (status, body["type"], body["id"]) == (200, "client", MACHINE)


@each_face
@pytest.mark.parametrize(
    ("claims", "fault"),
    [
        ({"aud": "urn:logto:organization:other"}, "audience"),
        ({"aud": None}, "audience"),
        ({"iss": "https://other.example/oidc"}, "issuer"),
        ({"client_id": None}, "malformed"),
        ({"exp": 1_600_000_000, "iat": 1_500_000_000}, "expired"),
    ],
    ids=["another-organisation", "no-audience", "another-issuer", "no-client", "expired"],
)
def test_who_does_not(
    logto: Logto, houses: Mapping[str, str], face: str, claims: dict[str, object], fault: str
) -> None:
    """What Logto would not have issued for us is refused, and says of which kind its fault is."""
    status, said = refusal(get(houses[face], logto.token(**claims)))
    assert (status, said) == (401, fault)
