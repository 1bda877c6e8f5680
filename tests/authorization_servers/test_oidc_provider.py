"""oidc-provider for Node, which nobody here wrote: its JWTs, its opaque tokens, its ID tokens."""

from collections.abc import Mapping

import pytest
import requests

from authmux import Authenticator, Fault, InvalidCredential, JWTVerifier, PresentedCredential, run
from tests.authorization_servers.clients import CLIENTS, Call
from tests.authorization_servers.house import FACES, get, refusal
from tests.authorization_servers.oidc_provider import ALGORITHMS, JOB, WEB, OIDCProvider, resource
from tests.authorization_servers.person import sign_in

each_face = pytest.mark.parametrize("face", FACES)
each_client = pytest.mark.parametrize("call", CLIENTS.values(), ids=CLIENTS)


def grant(provider: OIDCProvider, kind: str, scope: str = "reports:read") -> str:
    """Return an access token for the machine."""
    form = {"grant_type": "client_credentials", "scope": scope, "resource": resource(kind)}
    answer = requests.post(provider.token_url, data=form, auth=JOB, timeout=10)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


@each_face
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_machine_comes_in(
    provider: OIDCProvider, provider_houses: Mapping[str, str], face: str, algorithm: str
) -> None:
    """Client credentials with a resource indicator: a Client, whatever algorithm signs."""
    answer = get(provider_houses[face], grant(provider, algorithm))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "type": "client", "id": "job", "issuer": provider.issuer, "tenant": None, "scopes": ["reports:read"],
    }  # fmt: skip


@each_face
@each_client
def test_real_clients_come_in(
    provider: OIDCProvider, provider_houses: Mapping[str, str], face: str, call: Call
) -> None:
    """What Authlib, requests-oauthlib and httpx-auth fetch and send is taken."""
    status, body = call(
        provider.token_url, JOB, scope="reports:read", resource=resource("ES256"),
        url=provider_houses[face],
    )  # fmt: skip
    assert (status, body["id"]) == (200, "job")


@each_face
def test_scopes_decide(provider: OIDCProvider, provider_houses: Mapping[str, str], face: str) -> None:
    """A token without the scope is genuine, and goes no further (RFC 6750 §3.1)."""
    answer = get(provider_houses[face], grant(provider, "RS256", scope="reports:write"))
    assert (answer.status_code, answer.json()["required"]) == (403, ["reports:read"])


@each_face
def test_opaque_tokens_are_asked_about(provider: OIDCProvider, provider_houses: Mapping[str, str], face: str) -> None:
    """RFC 7662: an opaque token stands for the same client as a JWT; one that nobody issued is refused."""
    token = grant(provider, "opaque")
    assert "." not in token
    answer = get(provider_houses[face], token)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["id"], answer.json()["scopes"]) == ("job", ["reports:read"])
    assert refusal(get(provider_houses[face], token[::-1])) == (401, "revoked")


@each_face
def test_a_revoked_opaque_token_is_refused(
    provider: OIDCProvider, provider_houses: Mapping[str, str], face: str
) -> None:
    """RFC 7009: after its revocation the server says that it is not active."""
    token = grant(provider, "opaque")
    requests.post(f"{provider.issuer}/token/revocation", data={"token": token}, auth=JOB, timeout=10).raise_for_status()
    assert refusal(get(provider_houses[face], token)) == (401, "revoked")


@pytest.fixture(scope="module")
def signed_in(provider: OIDCProvider) -> dict[str, str]:
    """Sign in as ada."""
    return sign_in(provider, "ada", kind="PS256", scope="openid reports:read")


@each_face
def test_a_person_comes_in(provider_houses: Mapping[str, str], signed_in: dict[str, str], face: str) -> None:
    """Her access token, by the authorization code flow, stands for her and for no client."""
    answer = get(provider_houses[face], signed_in["access_token"])
    assert answer.status_code == 200, answer.text
    assert (answer.json()["type"], answer.json()["id"]) == ("principal", "ada")


@each_face
def test_an_id_token_is_refused(provider_houses: Mapping[str, str], signed_in: dict[str, str], face: str) -> None:
    """A-115: it is signed by the same server and keys, and is for the application that she signed in at."""
    assert refusal(get(provider_houses[face], signed_in["id_token"])) == (401, "type")


def test_an_id_token_is_refused_where_the_application_is_the_api(
    provider: OIDCProvider, signed_in: dict[str, str]
) -> None:
    """A-116: even where the API has the application's own id for its name (AUTO, B-09)."""
    door = Authenticator(JWTVerifier(issuer=provider.issuer, audience=WEB[0]))
    with pytest.raises(InvalidCredential) as caught:
        run(door.verify(PresentedCredential(signed_in["id_token"])))
    assert caught.value.fault is Fault.TYPE


@each_face
def test_a_token_for_another_api_is_refused(
    provider: OIDCProvider, provider_houses: Mapping[str, str], face: str
) -> None:
    """A-124: a token that was asked for without naming us is not for us."""
    form = {"grant_type": "client_credentials", "scope": "reports:read"}
    token = requests.post(provider.token_url, data=form, auth=JOB, timeout=10).json()["access_token"]
    assert refusal(get(provider_houses[face], token))[0] == 401
