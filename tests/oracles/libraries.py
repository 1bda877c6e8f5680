"""PyJWT, joserfc, jwcrypto and Authlib with their usual settings: what an API that uses one of them would accept."""

import json
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jwt as jwcrypto_jwt
from jwcrypto.common import JWException

from tests.oracles.forbidden.bench import AUDIENCE, ISSUER, key_set

with warnings.catch_warnings(record=True):  # Authlib's own, which it insists on: it will leave all of this to joserfc
    warnings.simplefilter("ignore")
    from authlib.jose import JsonWebKey, JsonWebToken
    from authlib.jose.errors import JoseError as AuthlibError

ALGORITHMS: Final = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
_ESSENTIAL: Final[dict[str, Any]] = {
    "iss": {"essential": True, "value": ISSUER},
    "aud": {"essential": True, "value": AUDIENCE},
    "exp": {"essential": True},
}


def _pyjwt(text: str) -> object:
    """As PyJWKClient does it: the key whose kid the header names."""
    kid = jwt.get_unverified_header(text)["kid"]
    key = jwt.PyJWKSet.from_dict(key_set())[kid]
    return jwt.decode(
        text, key, algorithms=ALGORITHMS, audience=AUDIENCE, issuer=ISSUER, options={"require": ["exp", "iss", "aud"]}
    )


def _joserfc(text: str) -> object:
    token = joserfc_jwt.decode(text, KeySet.import_key_set(key_set()), algorithms=ALGORITHMS)  # type: ignore[arg-type]
    joserfc_jwt.JWTClaimsRegistry(**_ESSENTIAL).validate(token.claims)
    return token


def _jwcrypto(text: str) -> object:
    keys = jwcrypto_jwk.JWKSet.from_json(json.dumps(key_set()))
    wanted = {"iss": ISSUER, "aud": AUDIENCE, "exp": None}
    return jwcrypto_jwt.JWT(jwt=text, key=keys, algs=ALGORITHMS, check_claims=wanted, expected_type="JWS")


def _authlib(text: str) -> object:
    keys = JsonWebKey.import_key_set(key_set())
    claims = JsonWebToken(ALGORITHMS).decode(text, keys, claims_options=_ESSENTIAL)
    claims.validate()
    return claims


LIBRARIES: Final[Mapping[str, tuple[Callable[[str], object], tuple[type[Exception], ...]]]] = {
    "PyJWT": (_pyjwt, (jwt.PyJWTError, KeyError)),
    "joserfc": (_joserfc, (JoseError, ValueError)),
    "jwcrypto": (_jwcrypto, (JWException, ValueError)),
    "Authlib": (_authlib, (AuthlibError, ValueError)),
}
"""How each is asked, and with which errors it says no; whatever else it raises has escaped."""


def outcome(name: str, text: str) -> str:
    """Return `accepts`, `refuses`, or the name of an exception that escapes."""
    ask, refusals = LIBRARIES[name]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ask(text)
    except refusals:
        return "refuses"
    except Exception as error:
        return type(error).__name__
    return "accepts"
