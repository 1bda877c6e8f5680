"""The issuers whose tokens are mutated: one for each way to write access tokens, behind one authenticator."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from authmux import Authenticator, profiles
from authmux.profiles import Profile
from authmux.testing.manual_clock import ManualClock
from authmux.testing.signing_key import SigningKey
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.static_keys import FixedKeys
from tests.jose.token_maker import ALGORITHMS, get_key, jwk

AUDIENCE: Final = "https://api.example.com"
TENANT: Final = "7b1f3a52-55d2-4b5e-9a57-0c1f5c0f3b11"
LEEWAY: Final = 30


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one issuer writes a good token.

    Arguments:
        issuer: its name.
        typ: the header's, None for none.
        claims: what a good token says, besides `iss`, `aud`, `iat`, `exp` and `jti`.
        profile: by which it is read.
        options: for the verifier.
        has_audience: whether its tokens have `aud`.
    """

    issuer: str
    typ: str | None
    claims: Mapping[str, Any]
    profile: Profile
    options: Mapping[str, Any]
    has_audience: bool = True

    def good_claims(self, now: int) -> dict[str, Any]:
        """Return the claims of a token that is good for a day."""
        claims = {"iss": self.issuer, "iat": now - 60, "exp": now + 86_400, "jti": "token-1", **self.claims}
        return claims | {"aud": AUDIENCE} if self.has_audience else claims


_CLIENT: Final = {"sub": "client-1", "client_id": "client-1", "scope": "reports:read reports:write"}
_SERVICE_ACCOUNT: Final = {"namespace": "prod", "serviceaccount": {"name": "job", "uid": "5f0c"}}

DIALECTS: Final = (
    Dialect("https://auto.example", "at+jwt", _CLIENT, profiles.AUTO, {}),
    Dialect("https://plain.example", "JWT", {"sub": "ada", "scope": "reports:read"}, profiles.AUTO, {}),
    Dialect("https://strict.example/", "at+jwt", _CLIENT, profiles.RFC9068, {"sole_audience": True}),
    Dialect("https://logto.example/oidc", "at+jwt", _CLIENT | {"organization_id": "acme"}, profiles.LOGTO, {}),
    Dialect(
        "https://auth0.example/", "JWT",
        {"sub": "abc@clients", "azp": "abc", "gty": "client-credentials", "permissions": ["a:b"]}, profiles.AUTH0, {},
    ),
    Dialect(
        "https://keycloak.example/realms/main", "JWT",
        {"sub": "u-1", "typ": "Bearer", "azp": "abc", "sid": "s", "scope": "email", "realm_access": {"roles": ["r"]}},
        profiles.KEYCLOAK, {},
    ),
    Dialect("https://okta.example/oauth2/default", None, {"sub": "c", "cid": "c", "scp": ["a"]}, profiles.OKTA, {}),
    Dialect(
        f"https://login.microsoftonline.com/{TENANT}/v2.0", "JWT",
        {"sub": "o", "oid": "o", "tid": TENANT, "ver": "2.0", "azp": "abc", "azpacr": "1", "roles": ["R"]},
        profiles.ENTRA, {"tenants": [TENANT], "jwks_uri": "https://login.microsoftonline.com/keys"},
    ),
    Dialect(
        "https://cognito-idp.eu-west-1.amazonaws.com/pool", None,
        {"sub": "c", "client_id": "c", "token_use": "access", "scope": f"{AUDIENCE}/read"}, profiles.COGNITO, {},
        has_audience=False,
    ),
    Dialect(
        "https://cluster.example", None,
        {"sub": "system:serviceaccount:prod:job", "kubernetes.io": _SERVICE_ACCOUNT}, profiles.KUBERNETES,
        {"accept": {("kubernetes.io", "namespace"): ["prod"]}},
    ),
    Dialect(
        "https://token.actions.githubusercontent.com", "JWT",
        {"sub": "repo:o/r:ref:refs/heads/main", "repository_id": "12", "repository_owner_id": "7"},
        profiles.GITHUB_ACTIONS, {"accept": {"repository_id": ["12"]}},
    ),
    Dialect("https://kinde.example", "JWT", {"azp": "c", "gty": ["client_credentials"], "scp": ["a"]},
            profiles.KINDE, {}),
)  # fmt: skip
BY_ISSUER: Final = {dialect.issuer: dialect for dialect in DIALECTS}

KEY_NAMES: Final = (*ALGORITHMS, "ES256 second", "EdDSA second", "RS256 second")


def signing_keys() -> list[SigningKey]:
    """Return the keys that every issuer publishes."""
    return [get_key(name) for name in KEY_NAMES]


@cache
def published() -> Mapping[str, Any]:
    """Return the key set of every issuer; some keys do not say their algorithm."""
    keys = [jwk(key, alg=None) if "second" in key.kid else jwk(key) for key in signing_keys()]
    return {"keys": keys}


class Door:
    """An authenticator for every dialect, with one clock.

    Arguments:
        jwks: the key set of every issuer.
    """

    def __init__(self, jwks: Mapping[str, Any] | bytes) -> None:
        self.clock = ManualClock()
        keys = FixedKeys(jwks if isinstance(jwks, bytes) else json.dumps(jwks))
        self.verifiers = {each.issuer: self._verifier(each, keys) for each in DIALECTS}
        self.authenticator = Authenticator(*self.verifiers.values(), clock=self.clock, remember=64)

    def _verifier(self, dialect: Dialect, keys: FixedKeys) -> JWTVerifier:
        issuer = dialect.issuer.replace(TENANT, "{tenantid}")
        return JWTVerifier(
            issuer=issuer,
            audience=AUDIENCE,
            profile=dialect.profile,
            keys=keys,
            leeway=LEEWAY,
            clock=self.clock,
            **dialect.options,
        )
