"""Profiles of platforms that tell one program to another: the token's own bearer chooses the audience.

So anybody there could ask for a token for us, and a verifier must be told whom to accept: `accept={claim: values}`.
"""

from types import MappingProxyType

from authmux.profiles.shape import Profile, Signs, TokenRules

_DATED = frozenset({"iss", "exp", "aud", "iat", "sub"})


def _only(typ: str | None, *claims: str) -> "MappingProxyType[str | None, TokenRules]":
    return MappingProxyType({typ: TokenRules(required=_DATED | set(claims), evidence=False)})


GITHUB_ACTIONS = Profile(
    name="github-actions",
    issuer=r"https://token\.actions\.githubusercontent\.com(?:/[^/]+)?",
    types=_only("jwt", "jti", "repository_id", "repository_owner_id"),
    client_id=(),
    client=(Signs(),),
    tenant="repository_owner_id",
    accept=("repository_id", "repository_owner_id"),  # names can be given up and taken over, numbers cannot
)
"""Jobs of GitHub Actions."""

GITLAB_CI = Profile(
    name="gitlab-ci",
    issuer=r"https://gitlab\.com",
    types=_only("jwt", "jti", "project_id", "namespace_id"),
    client_id=(),
    client=(Signs(),),
    tenant="namespace_id",
    accept=("project_id", "namespace_id"),
)
"""Jobs of GitLab's CI, by `id_tokens`; `dataclasses.replace(GITLAB_CI, issuer=None)` for a GitLab of one's own."""

KUBERNETES = Profile(
    name="kubernetes",
    types=MappingProxyType(
        {typ: TokenRules(required=_DATED | {"kubernetes.io"}, evidence=False) for typ in (None, "jwt")}
    ),
    must=Signs(matching={"sub": r"system:serviceaccount:[^:]+:[^:]+"}),
    client_id=(),
    client=(Signs(),),
    accept=("sub", ("kubernetes.io", "serviceaccount", "uid"), ("kubernetes.io", "namespace")),
)
"""Service accounts of a Kubernetes cluster; legacy tokens never expire, and are refused."""

_OF_SERVICE_ACCOUNTS = r"[^@]+@(?:[^@]+\.)?gserviceaccount\.com"

GOOGLE_ID = Profile(
    name="google-id",
    issuer=r"https://accounts\.google\.com",
    aliases=("accounts.google.com",),
    types=_only("jwt", "email", "email_verified"),
    must=Signs(equal={"email_verified": True}, matching={"email": _OF_SERVICE_ACCOUNTS}),
    client_id=(),
    client=(Signs(),),
    accept=("sub",),
)
"""ID tokens of Google's service accounts."""

_OF_GOOGLE = r"accounts\.google\.com:.+"

GOOGLE_IAP = Profile(
    name="google-iap",
    issuer=r"https://cloud\.google\.com/iap",
    jwks_uri="https://www.gstatic.com/iap/verify/public_key-jwk",
    types=_only("jwt"),
    client_id=(),
    # Service accounts come through it too; accounts of other kinds (`securetoken.google.com/…`) choose their address.
    client=(Signs(matching={"sub": _OF_GOOGLE, "email": _OF_SERVICE_ACCOUNTS}),),
    user=(Signs(matching={"sub": _OF_GOOGLE, "email": r"[^@]+@[^@]+"}),),  # who is no client, which is asked first
)
"""What Google's Identity-Aware Proxy adds in `x-goog-iap-jwt-assertion`; the proxy chooses the audience."""

AWS = Profile(
    name="aws",
    issuer=r"https://[0-9a-f-]+\.tokens\.sts\.global\.api\.aws",
    types=MappingProxyType({typ: TokenRules(required=_DATED, evidence=False) for typ in (None, "jwt")}),
    client_id=(),
    client=(Signs(),),
    accept=("sub", ("https://sts.amazonaws.com/", "aws_account"), ("https://sts.amazonaws.com/", "org_id")),
)
"""Roles of AWS, by outbound identity federation."""

WORKLOADS = (GITHUB_ACTIONS, GITLAB_CI, KUBERNETES, GOOGLE_ID, GOOGLE_IAP, AWS)
