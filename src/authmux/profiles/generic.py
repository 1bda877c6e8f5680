"""Profiles for providers that have none of their own."""

from types import MappingProxyType

from authmux.profiles.shape import Profile, TokenRules

ACCESS_TOKEN = TokenRules(
    required=frozenset({"iss", "exp", "aud", "sub", "iat", "jti", "client_id"}),  # RFC 9068 §2.2
    evidence=False,
)
_COMPATIBLE = TokenRules(required=frozenset({"iss", "exp", "aud"}), evidence=True)

RFC9068 = Profile(name="rfc9068", types=MappingProxyType({"at+jwt": ACCESS_TOKEN}))
"""Only tokens that say they are access tokens: the profile to ask one's provider for."""

AUTO = Profile(name="auto", types=MappingProxyType({"at+jwt": ACCESS_TOKEN, "jwt": _COMPATIBLE, None: _COMPATIBLE}))
"""RFC 9068 where the token says so, and elsewhere evidence that it is an access token (B-08, B-09)."""
