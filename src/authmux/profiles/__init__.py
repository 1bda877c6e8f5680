"""How each identity provider writes its access tokens: data, and nothing that runs.

`AUTO` and `RFC9068` are for every provider; the others say more exactly what is to be believed.
"""

from authmux.profiles.generic import AUTO, RFC9068
from authmux.profiles.providers import AUTH0, COGNITO, ENTRA, HYDRA, KEYCLOAK, KINDE, LOGTO, OKTA, ZITADEL
from authmux.profiles.shape import Path, Profile, Signs, TokenRules
from authmux.profiles.workloads import AWS, GITHUB_ACTIONS, GITLAB_CI, GOOGLE_IAP, GOOGLE_ID, KUBERNETES

__all__ = [
    "AUTH0",
    "AUTO",
    "AWS",
    "COGNITO",
    "ENTRA",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "GOOGLE_IAP",
    "GOOGLE_ID",
    "HYDRA",
    "KEYCLOAK",
    "KINDE",
    "KUBERNETES",
    "LOGTO",
    "OKTA",
    "RFC9068",
    "ZITADEL",
    "Path",
    "Profile",
    "Signs",
    "TokenRules",
]
