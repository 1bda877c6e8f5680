"""How each identity provider writes its access tokens: data, and nothing that runs.

A profile lists the `typ` headers that its provider sends, and for each what such a token must hold. A token whose
`typ` is not listed is of another class, an ID token or a logout token say, and is refused (B-08).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token of one `typ` must hold besides a good signature, issuer, audience and time.

    Arguments:
        required: claims without which it is refused (B-27).
        evidence: also ask for a sign that it is an access token, as there is no `typ` that says so (B-09).
    """

    required: frozenset[str]
    evidence: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one provider writes its access tokens.

    Arguments:
        name: for messages and logs.
        types: what is asked of a token, by its `typ` header in lower case, without `application/`; None is for a
            token without one.
        client_id: the claims that may name the client, in the order in which they are looked for.
        client_if_subject_is_client: whether `sub` = client id proves a client: only where no user can choose such a
            `sub` for himself (RFC 9700 §4.15).
    """

    name: str
    types: Mapping[str | None, TokenRules]
    client_id: tuple[str, ...] = ("client_id", "azp", "cid", "appid")
    client_if_subject_is_client: bool = False


_ACCESS_TOKEN = TokenRules(
    required=frozenset({"iss", "exp", "aud", "sub", "iat", "jti", "client_id"}),  # RFC 9068 §2.2
    evidence=False,
)
_COMPATIBLE = TokenRules(required=frozenset({"iss", "exp", "aud"}), evidence=True)

RFC9068 = Profile(name="rfc9068", types=MappingProxyType({"at+jwt": _ACCESS_TOKEN}))
"""Only tokens that say they are access tokens: the profile to ask one's provider for."""

AUTO = Profile(name="auto", types=MappingProxyType({"at+jwt": _ACCESS_TOKEN, "jwt": _COMPATIBLE, None: _COMPATIBLE}))
"""RFC 9068 where the token says so, and elsewhere evidence that it is an access token (B-08, B-09)."""
