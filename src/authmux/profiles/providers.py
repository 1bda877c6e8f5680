"""Profiles of the providers whose tokens stand for users and for clients; what each writes is in their documentation.

How a client is told from a user is the point of each: by something that no user can bring about for himself.
"""

from types import MappingProxyType

from authmux.profiles.generic import ACCESS_TOKEN
from authmux.profiles.shape import Profile, Signs, TokenRules

_DATED = frozenset({"iss", "exp", "aud", "iat"})

AUTH0 = Profile(
    name="auth0",
    issuer=r"https://[^/]+/",  # with its slash
    types=MappingProxyType(
        # The first is Auth0's own dialect; its ID tokens name no authorized party.
        {"jwt": TokenRules(required=_DATED | {"sub", "azp"}, evidence=True), "at+jwt": ACCESS_TOKEN}
    ),
    client_id=("azp", "client_id"),
    client=(  # a user's `sub` has a bar: auth0|5f7c…
        Signs(equal={"gty": "client-credentials"}, matching={"sub": r"(?P<azp>.+)@clients"}),
        Signs(absent=frozenset({"gty", "azp"}), matching={"sub": r"(?P<client_id>.+)@clients"}),
    ),
    user=(Signs(matching={"sub": r"[^|]+\|.+"}),),
    tenant="org_id",
    permissions=(("permissions",),),
)
"""Auth0, in its own dialect and in that of RFC 9068."""

LOGTO = Profile(
    name="logto",
    issuer=r"https?://.+/oidc",
    types=MappingProxyType({"at+jwt": ACCESS_TOKEN}),
    client_id=("client_id",),
    client=(Signs(same=(("sub", "client_id"),)),),  # Logto makes the ids of users itself
    user=(Signs(different=(("sub", "client_id"),)),),
    tenant="organization_id",
    tenant_in_audience="urn:logto:organization:",
)
"""Logto, which signs with ES384."""

_KEYCLOAK = TokenRules(required=_DATED | {"jti", "typ"}, evidence=True)
_OF_SERVICE_ACCOUNTS = frozenset({"clientHost", "clientAddress"})  # notes of a session that no user has

KEYCLOAK = Profile(
    name="keycloak",
    issuer=r"https?://.+/realms/[^/]+",
    types=MappingProxyType({"jwt": _KEYCLOAK, "at+jwt": _KEYCLOAK}),
    must=Signs(equal={"typ": "Bearer"}),  # in the payload: an ID token says ID, a refresh token Refresh
    client_id=("azp", "client_id"),
    # Not by the name `service-account-…`, which a user who registers himself may choose; whose name it is may be a
    # client without these notes, though, and is no proof of a user.
    client=(Signs(present=_OF_SERVICE_ACCOUNTS, same=(("client_id", "azp"),)),),
    user=(
        Signs(
            present=frozenset({"sub", "sid"}),
            absent=_OF_SERVICE_ACCOUNTS,
            matching={"preferred_username": r"(?i:(?!service-account-)).+"},
        ),
    ),
    roles=(("realm_access", "roles"), ("resource_access", "{audience}", "roles")),
    groups=(("groups",),),
)
"""Keycloak; its service accounts need an audience mapper, since their tokens name none of ours by themselves."""

OKTA = Profile(
    name="okta",
    issuer=r"https://[^/]+/oauth2/[^/]+",  # a custom authorization server: the organisation's own is for Okta's API
    types=MappingProxyType({None: TokenRules(required=_DATED | {"jti", "cid", "sub"}, evidence=True)}),
    client_id=("cid",),
    client=(Signs(same=(("sub", "cid"),), absent=frozenset({"uid"})),),
    user=(Signs(present=frozenset({"uid"})),),
    scopes=("scp",),
    groups=(("groups",),),
)
"""Okta's custom authorization servers."""

_GUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # `common` or a domain stand in addresses, and never in `iss`

ENTRA = Profile(
    name="entra",
    issuer=(
        rf"https://sts\.(?:windows\.net|chinacloudapi\.cn)/{_GUID}/"
        r"|https://(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|[^/.]+\.ciamlogin\.com)"
        rf"/{_GUID}/v2\.0"
    ),
    # `must` has better evidence, so that an app may ask for tokens for itself: then `aud` is its own client id.
    types=MappingProxyType({"jwt": TokenRules(required=_DATED | {"tid", "sub", "ver"}, evidence=False)}),
    must=Signs(
        absent=frozenset({"nonce"}),
        # The first says that somebody was granted something; the second is in no ID token.
        one_of=(frozenset({"roles", "scp"}), frozenset({"appidacr", "azpacr"})),
        either=(
            Signs(equal={"ver": "1.0"}, present=frozenset({"appid"}), matching={"iss": r".+/(?P<tid>[^/]+)/"}),
            Signs(equal={"ver": "2.0"}, present=frozenset({"azp"}), matching={"iss": r".+/(?P<tid>[^/]+)/v2\.0"}),
        ),
    ),
    client_id=("azp", "appid"),
    client=(
        Signs(equal={"idtyp": "app"}, absent=frozenset({"scp"})),
        Signs(same=(("sub", "oid"),), present=frozenset({"roles"}), absent=frozenset({"scp", "idtyp"})),
    ),
    user=(
        Signs(present=frozenset({"scp"}), different=(("sub", "oid"),), absent=frozenset({"idtyp"})),
        Signs(present=frozenset({"scp"}), different=(("sub", "oid"),), equal={"idtyp": "user"}),
    ),
    scopes=("scp",),
    tenant="tid",
    roles=(("roles",),),
    groups=(("groups",),),
    keys_name_issuer=True,
)
"""Microsoft Entra, tokens of version 1 and 2; `tenants=` for an application of several tenants."""

COGNITO = Profile(
    name="cognito",
    issuer=r"https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[^/]+",
    types=MappingProxyType(
        {None: TokenRules(required=frozenset({"iss", "exp", "iat", "jti", "sub", "client_id"}), evidence=True)}
    ),
    must=Signs(equal={"token_use": "access"}),
    client_id=("client_id",),
    client=(Signs(same=(("sub", "client_id"),), absent=frozenset({"username"})),),
    user=(Signs(present=frozenset({"username"})),),
    scopes=("scope",),
    audience_in_scopes=True,
    groups=(("cognito:groups",),),
)
"""Amazon Cognito; its tokens rarely have an audience, so that a scope of the resource server stands for it."""

_ZITADEL = TokenRules(required=_DATED | {"sub", "jti", "client_id"}, evidence=True)

ZITADEL = Profile(
    name="zitadel",
    types=MappingProxyType({"jwt": _ZITADEL, "at+jwt": _ZITADEL}),
    # ID tokens are for the project too, and name the client: but they tell when the user logged in, and have no jti.
    must=Signs(absent=frozenset({"auth_time"})),
    client_id=("client_id",),
    # Not `…:project:roles`: these are the roles in the project of the client, which need not be ours.
    roles=(("urn:zitadel:iam:org:project:{audience}:roles",),),
)
"""ZITADEL with JWT access tokens; its services look like its users, so that `clients=` names them."""

HYDRA = Profile(
    name="hydra",
    types=MappingProxyType({"jwt": TokenRules(required=_DATED | {"sub", "jti", "client_id"}, evidence=True)}),
    client_id=("client_id",),
    # A client's `sub` is its id, but a user's is what the login application says: it may be a name that he chose.
    user=(Signs(different=(("sub", "client_id"),)),),
    scopes=("scp", "scope"),
)
"""Ory Hydra with the JWT strategy; say `subjects_assigned_by_issuer=True` where no user can choose his subject."""

KINDE = Profile(
    name="kinde",
    issuer=r"https://[^/]+",
    types=MappingProxyType({"jwt": TokenRules(required=_DATED | {"jti", "azp"}, evidence=True)}),
    client_id=("azp",),
    client=(Signs(holding={"gty": "client_credentials"}, absent=frozenset({"sub"})),),
    user=(Signs(matching={"sub": r"kp_.+"}),),
    scopes=("scp", "scope"),
    tenant="org_code",
    permissions=(("permissions",),),
)
"""Kinde, whose clients have no subject."""
