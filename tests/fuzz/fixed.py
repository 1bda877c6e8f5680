"""Keys, tokens and a door that are the same in every run, so that a finding of one run is a finding of the next."""

import hashlib
import json
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import get_algorithm_by_name

from authmux import APIKeyVerifier, Authenticator, PATVerifier
from authmux.peppers import Peppers
from authmux.stores.memory import MemoryStore
from authmux.stores.port import PepperCheck
from authmux.stores.record import Owner, OwnerType, Record, Secret
from authmux.testing.manual_clock import ManualClock
from authmux.testing.signing_key import PrivateKey, SigningKey
from authmux.token_format import Kind, TokenFormat, checksum
from authmux.verifying.jwt import JWTVerifier
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW
from tests.verifying.jwt_door import JWKS_URI
from tests.verifying.scripted_fetch import ScriptedFetch, keys_of

PEPPERS: Final = Peppers({"p1": bytes(range(32))})
TOKENS: Final = TokenFormat(prefix="acme", peppers=PEPPERS, former_prefixes=("old1",))


def _text(kind: Kind, token_id: str, env: str = "") -> str:
    body = f"acme_{kind}_{env}{token_id}_{'0123456789abcdefghijABCDEFGHIJ0123456789xyz'}"
    return body + checksum(body)


KEY_TEXT: Final = _text(Kind.KEY, "5g2v9k0m3x7q1b8n", "live_")
PAT_TEXT: Final = _text(Kind.PAT, "64f8yptwdstsahwy")
REVOKED_TEXT: Final = _text(Kind.KEY, "rj7n9ryxrsgmnngb")
OPAQUE_TEXTS: Final = (KEY_TEXT, PAT_TEXT, REVOKED_TEXT)


def _bits(name: str, count: int) -> int:
    return int.from_bytes(hashlib.shake_256(name.encode()).digest(count // 8))


def _signing_key(algorithm: str, private_key: PrivateKey) -> SigningKey:
    members = get_algorithm_by_name(algorithm).to_jwk(private_key.public_key(), as_dict=True)
    public_jwk = {name: value for name, value in members.items() if name != "key_ops"}
    public_jwk |= {"kid": algorithm, "alg": algorithm, "use": "sig"}
    return SigningKey(algorithm=algorithm, kid=algorithm, public_jwk=public_jwk, private_key=private_key)


ED25519: Final = _signing_key("EdDSA", ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
P256: Final = _signing_key("ES256", ec.derive_private_key(_bits("P-256", 248), ec.SECP256R1()))
RSA_JWK: Final = {
    # Nobody knows whether this is the product of two primes, and nobody has to sign with it.
    **get_algorithm_by_name("RS256").to_jwk(
        rsa.RSAPublicNumbers(65537, 1 << 2047 | _bits("RSA", 2040) | 1).public_key(), as_dict=True
    ),
    "kid": "RS256",
    "key_ops": ["verify"],
}


def _record(text: str, owner: Owner, revoked_at: float | None = None) -> Record:
    token = TOKENS.parse(text)
    secret = Secret(generation=1, digest=TOKENS.digest(text, "p1"), pepper_id="p1", hint=text[-4:], created_at=NOW)
    return Record(
        id=token.id,
        kind=token.kind,
        env=token.env,
        owner=owner,
        created_by="system",
        name=token.id,
        scopes=frozenset({"reports:read"}),
        created_at=NOW,
        revoked_at=revoked_at,
        secrets=(secret,),
    )


@cache
def door() -> Authenticator:
    """Return an authenticator for the known texts and for the JWTs of one issuer; it needs no network."""
    store, clock = MemoryStore(), ManualClock(NOW)
    for record in (
        _record(KEY_TEXT, Owner(OwnerType.CLIENT, "acme", "job")),
        _record(PAT_TEXT, Owner(OwnerType.USER, "acme", "ada")),
        _record(REVOKED_TEXT, Owner(OwnerType.NONE, "acme"), revoked_at=NOW - 1.0),
    ):
        store.add(record, pepper=PepperCheck("p1", PEPPERS.check("p1")), max_live=9, now=NOW)
    fetch = ScriptedFetch(keys_of(ED25519, P256, RSA_JWK))
    return Authenticator(
        APIKeyVerifier(store, TOKENS, clock=clock),
        PATVerifier(store, TOKENS, clock=clock),
        JWTVerifier(issuer=ISSUER, audience=AUDIENCE, jwks_uri=JWKS_URI, fetch=fetch, clock=clock),
        clock=clock,
    )


def claims_of(**changes: object) -> dict[str, object]:
    """Return the claims of a good token, some changed."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "client_id": "job", "iat": NOW, "exp": NOW + 600, "jti": "1"}
    return good | {"scope": "reports:read"} | changes


@cache
def jwt_text() -> str:
    """Return a good token; Ed25519 signs the same bytes in the same way each time."""
    return ED25519.sign(claims_of(), {"typ": "at+jwt"})


def dumps(value: object) -> bytes:
    """Return a JSON value as compact text."""
    return json.dumps(value, separators=(",", ":")).encode()
