"""The credentials of the demonstration: some are issued, some fetched, some forged."""

import secrets
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from authlib.integrations.requests_client import OAuth2Session

from authmux import IssuedToken, MemoryStore, Record, TokenFormat, TokenService, system
from authmux.testing import LocalIssuer
from examples.demo.agreed import SCOPE

DRIVER = system("demo")
CLIENT = "reports-job"
_LETTER_OF_THE_SECRET = 40  # counted from the front: well behind the public id


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Every credential's text by its name in the table, and the two records that are still to change."""

    texts: Mapping[str, str] = field(repr=False)
    to_revoke: Record
    to_expire: Record


def make_credentials(service: TokenService, tokens: TokenFormat, issuer: LocalIssuer) -> Credentials:
    """Make all that the table names."""
    key = _issue_key(service, "nightly export", scopes=["reports:*"])
    brief = service.issue_pat(user="ada", name="brief", scopes=[SCOPE], expires_in=timedelta(seconds=1), by=DRIVER)
    doomed = _issue_key(service, "to be revoked")
    rolled = _issue_key(service, "rolled")
    texts = {
        "key": key.text,
        "mistyped": _mistype(key.text),
        "client_key": service.issue_key(name="billing", client="billing", scopes=[SCOPE], by=DRIVER).text,
        "pat": service.issue_pat(user="ada", name="laptop", scopes=[SCOPE], by=DRIVER).text,
        "brief": brief.text,
        "doomed": doomed.text,
        "rolled": rolled.text,
        "successor": service.roll(rolled.record.id, generation=rolled.record.generation, by=DRIVER).text,
        "other": _issue_key(service, "of another department", scopes=["invoices:read"]).text,
        # Right in shape and checksum, and kept in a store that no application reads.
        "unknown": _issue_key(TokenService(MemoryStore(), tokens), "unknown").text,
    }
    return Credentials(texts=texts | _make_jwts(issuer), to_revoke=doomed.record, to_expire=brief.record)


def _issue_key(service: TokenService, name: str, scopes: tuple[str, ...] | list[str] = (SCOPE,)) -> IssuedToken:
    return service.issue_key(name=name, scopes=scopes, by=DRIVER)


def _mistype(text: str) -> str:
    """Return the text with one letter of its secret changed."""
    wrong = "b" if text[_LETTER_OF_THE_SECRET] == "a" else "a"
    return text[:_LETTER_OF_THE_SECRET] + wrong + text[_LETTER_OF_THE_SECRET + 1 :]


def _make_jwts(issuer: LocalIssuer) -> dict[str, str]:
    with LocalIssuer(algorithm="ES256") as stranger:
        foreign = stranger.token(subject=CLIENT, scope=SCOPE)
    downgraded = issuer.token(subject=CLIENT, scope=SCOPE, headers={"alg": "none"})
    return {
        "jwt": fetch_access_token(issuer),
        "misdirected": issuer.token(subject=CLIENT, scope=SCOPE, claims={"aud": "https://other.example"}),
        "stale": issuer.token(subject=CLIENT, scope=SCOPE, expires_in=-60),
        "foreign": foreign,
        "downgraded": downgraded,
        "unsigned": downgraded.rpartition(".")[0] + ".",  # RFC 7519 §6
    }


def fetch_access_token(issuer: LocalIssuer) -> str:
    """Fetch a JWT as a client does: with an OAuth 2 library, in the client-credentials flow (RFC 6749 §4.4)."""
    secret = secrets.token_urlsafe()
    issuer.add_client(CLIENT, secret, scopes=(SCOPE,))
    session: Any = OAuth2Session(CLIENT, secret)
    session.trust_env = False  # a proxy of the machine has no business on loopback
    with closing(session):
        return str(session.fetch_token(issuer.token_endpoint, grant_type="client_credentials")["access_token"])
