"""Whose issuer this is, by its address and its metadata: a suggestion, and no proof."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authmux.profiles import (
    AUTH0,
    AUTO,
    AWS,
    COGNITO,
    ENTRA,
    GITHUB_ACTIONS,
    GITLAB_CI,
    GOOGLE_IAP,
    GOOGLE_ID,
    HYDRA,
    KEYCLOAK,
    KINDE,
    KUBERNETES,
    LOGTO,
    OKTA,
    ZITADEL,
    Profile,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSigns:
    """By what a provider is known.

    Arguments:
        profile: how it writes its tokens.
        provider: what people call it.
        issuer: a pattern of issuers that are its own hosting's, or of no other; None where anybody may host it.
        metadata: members that have a value of this pattern, all of them, on whatever host; none is no sign.
    """

    profile: Profile
    provider: str
    issuer: str | None = None
    metadata: Mapping[str, str] | None = None


SIGNS: Final = (
    ProviderSigns(profile=GITHUB_ACTIONS, provider="GitHub Actions", issuer=GITHUB_ACTIONS.issuer),
    ProviderSigns(
        profile=GITLAB_CI,
        provider="GitLab",
        issuer=GITLAB_CI.issuer,
        metadata={"jwks_uri": r".+/oauth/discovery/keys"},
    ),
    ProviderSigns(profile=GOOGLE_ID, provider="Google", issuer=GOOGLE_ID.issuer),
    ProviderSigns(profile=GOOGLE_IAP, provider="Google's Identity-Aware Proxy", issuer=GOOGLE_IAP.issuer),
    ProviderSigns(profile=AWS, provider="AWS", issuer=AWS.issuer),
    ProviderSigns(
        profile=KUBERNETES,
        provider="Kubernetes",
        issuer=(
            r"https://(?:kubernetes\.default(?:\.svc(?:\..+)?)?|oidc\.eks\.[^/]+/id/.+|[^/]+\.oic\.[^/]+\.azure\.com/.+"
            r"|container\.googleapis\.com/v1/projects/.+)"
        ),
        metadata={"jwks_uri": r".+/openid/v1/jwks"},
    ),
    ProviderSigns(
        profile=ENTRA,
        provider="Entra",
        issuer=(
            r"https://(?:sts\.(?:windows\.net|chinacloudapi\.cn)|login\.microsoftonline\.(?:com|us)"
            r"|login\.partner\.microsoftonline\.cn|[^/.]+\.ciamlogin\.com)/.+"
        ),
    ),
    ProviderSigns(profile=COGNITO, provider="Cognito", issuer=COGNITO.issuer),
    ProviderSigns(
        profile=OKTA,
        provider="Okta",
        issuer=r"https://[^/]+\.(?:okta|oktapreview|okta-emea|okta-gov)\.com(?:/.*)?",
        metadata={"jwks_uri": r".+/oauth2/[^/]+/v1/keys"},
    ),
    ProviderSigns(
        profile=AUTH0,
        provider="Auth0",
        issuer=r"https://[^/]+\.auth0\.com/?",
        metadata={"mfa_challenge_endpoint": r".+/mfa/challenge"},
    ),
    ProviderSigns(profile=KINDE, provider="Kinde", issuer=r"https://[^/]+\.kinde\.com"),
    ProviderSigns(
        profile=ZITADEL,
        provider="ZITADEL",
        issuer=r"https://[^/]+\.zitadel\.(?:cloud|app)",
        metadata={"introspection_endpoint": r".+/oauth/v2/introspect"},
    ),
    ProviderSigns(
        profile=KEYCLOAK,
        provider="Keycloak",
        issuer=KEYCLOAK.issuer,
        metadata={"token_endpoint": r".+/protocol/openid-connect/token"},
    ),
    ProviderSigns(
        profile=LOGTO,
        provider="Logto",
        issuer=r"https://[^/]+\.logto\.app/oidc",
        metadata={"issuer": r".+/oidc", "token_endpoint": r".+/oidc/token", "jwks_uri": r".+/oidc/jwks"},
    ),
    ProviderSigns(
        profile=HYDRA,
        provider="Ory Hydra",
        issuer=r"https://[^/]+\.oryapis\.com/?",
        metadata={"token_endpoint": r".+/oauth2/token", "revocation_endpoint": r".+/oauth2/revoke",
                  "jwks_uri": r".+/\.well-known/jwks\.json"},
    ),
)  # fmt: skip
"""The first that fits counts; those that name a host of their own stand before those that anybody may host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A profile, and why; `provider` is None where nothing is known."""

    profile: Profile
    provider: str | None
    why: str


def suggest(issuer: str, metadata: Mapping[str, Any]) -> Suggestion:
    """Return the profile that fits an issuer best, as far as one can tell without a token."""
    return next(_suggestions(issuer, metadata), Suggestion(profile=AUTO, provider=None, why="nothing shows a provider"))


def _suggestions(issuer: str, metadata: Mapping[str, Any]) -> Iterator[Suggestion]:
    for signs in SIGNS:
        if signs.issuer is not None and re.fullmatch(signs.issuer, issuer):
            yield Suggestion(profile=signs.profile, provider=signs.provider, why="its issuers look like that")
    for signs in SIGNS:
        if signs.metadata and all(_is_like(metadata.get(name), each) for name, each in signs.metadata.items()):
            yield Suggestion(profile=signs.profile, provider=signs.provider, why="its metadata looks like that")


def _is_like(value: object, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None
