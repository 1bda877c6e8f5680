"""Whose issuer it is: by its address, or by its metadata; and nobody's where nothing shows."""

import pytest

from authmux.verifying.diagnosis.provider_signs import SIGNS, suggest
from tests.vectors.providers import PROVIDERS, read_file
from tests.verifying.test_providers import PROFILES

HOSTED = [
    (provider, verifier["issuer"])
    for provider in PROVIDERS
    for verifier in read_file(provider)["verifiers"].values()
    if provider not in {"auto", "rfc9068", "hydra", "zitadel"}  # at home on hosts that tell nothing
]


@pytest.mark.parametrize(("provider", "issuer"), HOSTED, ids=lambda part: part)
def test_every_issuer_of_the_vectors(provider: str, issuer: str) -> None:
    """The issuers of the real-shaped tokens are those of their own provider."""
    assert suggest(issuer, {}).profile is PROFILES[provider]


@pytest.mark.parametrize(
    ("issuer", "provider"),
    [
        ("https://acme.eu.auth0.com", "auth0"),  # the slash is missing, and whose it is shows all the same
        ("https://acme.okta.com", "okta"),
        ("https://login.microsoftonline.com/{tenantid}/v2.0", "entra"),
        ("https://login.microsoftonline.com/common/v2.0", "entra"),
        ("https://oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF", "kubernetes"),
        ("https://kubernetes.default.svc.cluster.local", "kubernetes"),
        ("https://container.googleapis.com/v1/projects/p/locations/l/clusters/c", "kubernetes"),
        ("https://acme-1a2b3c.zitadel.cloud", "zitadel"),
        ("https://slug.projects.oryapis.com", "hydra"),
        ("http://127.0.0.1:8080/realms/shop", "keycloak"),
        ("https://idp.example", "auto"),
        ("https://auth0.com.evil.example/", "auto"),
        ("https://evil.example/?x=.auth0.com", "auto"),
    ],
)
def test_addresses(issuer: str, provider: str) -> None:
    """The host tells, as a whole and not by a part of it."""
    assert suggest(issuer, {}).profile.name == provider


@pytest.mark.parametrize(
    ("metadata", "provider"),
    [
        ({"mfa_challenge_endpoint": "https://login.acme.example/mfa/challenge"}, "auth0"),
        ({"token_endpoint": "https://id.acme.example/auth/protocol/openid-connect/token"}, "keycloak"),
        ({"jwks_uri": "https://id.acme.example/oauth2/aus1/v1/keys"}, "okta"),
        ({"jwks_uri": "https://10.0.0.1:6443/openid/v1/jwks"}, "kubernetes"),
        ({"jwks_uri": "https://git.acme.example/oauth/discovery/keys"}, "gitlab-ci"),
        ({"introspection_endpoint": "https://id.acme.example/oauth/v2/introspect"}, "zitadel"),
        ({"issuer": "https://id.acme.example/oidc", "token_endpoint": "https://id.acme.example/oidc/token",
          "jwks_uri": "https://id.acme.example/oidc/jwks"}, "logto"),
        ({"token_endpoint": "https://h.acme.example/oauth2/token", "jwks_uri":
          "https://h.acme.example/.well-known/jwks.json", "revocation_endpoint": "https://h.acme.example/oauth2/revoke"},
         "hydra"),
        ({"token_endpoint": ["/protocol/openid-connect/token"], "jwks_uri": 5}, "auto"),
        ({}, "auto"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)  # fmt: skip
def test_metadata(metadata: dict[str, object], provider: str) -> None:
    """On a domain of one's own the endpoints tell; what is no text tells nothing."""
    assert suggest("https://id.acme.example", metadata).profile.name == provider


def test_the_address_comes_first() -> None:
    """What anybody can write into metadata does not outdo an address that only one provider has."""
    keycloaks = {"token_endpoint": "https://x.example/protocol/openid-connect/token"}
    assert suggest("https://acme.eu.auth0.com/", keycloaks).profile.name == "auth0"


def test_every_provider_has_signs() -> None:
    """Every profile but the two for everybody can be suggested, each once."""
    assert sorted(each.profile.name for each in SIGNS) == sorted(PROFILES.keys() - {"auto", "rfc9068"})
    assert all(each.issuer or each.metadata for each in SIGNS)
