"""Where credentials are issued and verified: a database, peppers, an issuer, and what is broken on purpose."""

import functools
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NoReturn, Self

from authmux import APIKeyVerifier, Authenticator, JWTVerifier, PATVerifier, Peppers, TokenFormat, TokenService, system
from authmux.stores.memory import MemoryStore
from authmux.stores.port import StoreUnavailable, TokenStore
from authmux.stores.sql import SQLStore
from authmux.testing import LocalIssuer, ManualClock
from authmux.token_format import Kind, new_id
from authmux.verifying.http_fetch import HTTPFetch
from tests.faces.verifiers import BrokenVerifier

AUDIENCE = "https://api.example.com"
ALGORITHMS = ("RS256", "ES256", "ES384", "EdDSA")
_VARIABLE = "AUTHMUX_TEST_SITE"
_BY = system("tests")


@dataclass(frozen=True, slots=True)
class Minted:
    """A credential's text, and the id by which it may be named."""

    text: str = field(repr=False)
    id: str = ""


Bank = Mapping[str, Minted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a process must know to verify the credentials of a bank."""

    database: str
    peppers: str
    issuer: str
    closed_issuer: str

    @classmethod
    def of_environment(cls) -> Self:
        """Return the site that another process has handed on."""
        return cls(**json.loads(os.environ[_VARIABLE]))

    def environment(self) -> dict[str, str]:
        """Return an environment that hands the site on to another process."""
        return {**os.environ, _VARIABLE: json.dumps(asdict(self))}

    def tokens(self, prefix: str = "acme") -> TokenFormat:
        """Return the format of keys and tokens."""
        return TokenFormat(prefix=prefix, peppers=Peppers.file(self.peppers, create=True))

    def authenticator(self, store: TokenStore) -> Authenticator:
        """Return one that has verified nothing so far."""
        return Authenticator(
            APIKeyVerifier(store, self.tokens()),
            PATVerifier(store, self.tokens()),
            APIKeyVerifier(ClosedStore(), self.tokens("down")),
            BrokenVerifier(),
            JWTVerifier(issuer=self.issuer, audience=AUDIENCE, subjects_assigned_by_issuer=True, fetch=_fetch()),
            JWTVerifier(issuer=self.closed_issuer, audience=AUDIENCE, fetch=_fetch()),
        )


class ClosedStore(MemoryStore):
    """A store that is away."""

    def freshness(self) -> NoReturn:
        raise StoreUnavailable

    def find(self, credential_id: str) -> NoReturn:
        raise StoreUnavailable

    def pepper_checks(self) -> NoReturn:
        raise StoreUnavailable


@functools.cache
def _fetch() -> HTTPFetch:
    """Return the one fetch of this process: making one loads the machine's root certificates, which takes 23 ms."""
    return HTTPFetch()


@contextmanager
def open_site(directory: Path) -> Iterator[tuple[Site, SQLStore, Bank]]:
    """Issue one credential of each kind, good and bad, and keep their issuer running."""
    with LocalIssuer(audience=AUDIENCE) as issuer, _closed_issuer() as closed:
        site = Site(
            database=f"sqlite:///{directory / 'keys.db'}",
            peppers=str(directory / "pepper"),
            issuer=issuer.url,
            closed_issuer=closed.url,
        )
        with closing(SQLStore(site.database)) as store:
            store.create_schema()
            bank = {**_opaque_tokens(store, site), **_access_tokens(issuer), "closed": _access_token(closed)}
            bank["oversize"] = Minted("x" * 200_000)
            bank["bug"] = Minted(f"bug_{new_id()}{new_id()}{new_id()}")
            yield site, store, bank


@contextmanager
def _closed_issuer() -> Iterator[LocalIssuer]:
    """Return an issuer that is away; its port is kept, so that nobody else answers there."""
    issuer = LocalIssuer(algorithm="ES256", audience=AUDIENCE)
    with issuer:
        port = int(issuer.url.rpartition(":")[2])
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", port))
        yield issuer


def _opaque_tokens(store: SQLStore, site: Site) -> dict[str, Minted]:
    tokens = site.tokens()
    service = TokenService(store, tokens)
    long_ago = TokenService(store, tokens, clock=ManualClock(time.time() - 7200))
    scopes = ["reports:read"]
    key = service.issue_key(name="key", scopes=scopes, by=_BY)
    client = service.issue_key(name="client", client="billing", tenant="north", scopes=["reports:*"], by=_BY)
    pat = service.issue_pat(name="pat", user="u1", scopes=scopes, by=_BY)
    expired = long_ago.issue_key(name="expired", scopes=scopes, expires_in=timedelta(hours=1), by=_BY)
    revoked = service.issue_key(name="revoked", scopes=scopes, by=_BY)
    service.revoke(revoked.record.id, by=_BY)
    rolled = service.issue_key(name="rolled", scopes=scopes, by=_BY)
    fresh = service.roll(rolled.record.id, generation=1, by=_BY)
    retired = service.issue_key(name="retired", scopes=scopes, by=_BY)
    service.roll(retired.record.id, generation=1, overlap=timedelta(0), by=_BY)
    issued = {
        "key": key, "client": client, "pat": pat, "expired": expired, "revoked": revoked,
        "rolled": rolled, "fresh": fresh, "retired": retired,
    }  # fmt: skip
    text = key.text
    return {
        **{name: Minted(each.text, each.record.id) for name, each in issued.items()},
        "mistyped": Minted(text[:-8] + ("a" if text[-8] != "a" else "b") + text[-7:]),
        "truncated": Minted(text[:-1]),
        "unknown": Minted(tokens.make(Kind.KEY, new_id())),
        "wrong_secret": Minted(tokens.make(Kind.KEY, key.record.id)),
        "wrong_kind": Minted(tokens.make(Kind.KEY, pat.record.id)),
        "down": Minted(site.tokens("down").make(Kind.KEY, new_id())),
    }


def _access_tokens(issuer: LocalIssuer) -> dict[str, Minted]:
    """Mint tokens of four algorithms, all of whose keys stay published, and of many faults."""
    bank = {"rs256": _access_token(issuer)}
    for algorithm in ALGORITHMS[1:]:
        issuer.rotate(algorithm=algorithm)
        bank[algorithm.lower()] = _access_token(issuer)
    good = bank["eddsa"].text
    header, claims, signature = good.split(".")
    forged = ("A" if signature[0] != "A" else "B") + signature[1:]
    alg_none = _access_token(issuer, headers={"alg": "none"}).text
    return bank | {
        "wildcard": _access_token(issuer, scope="*"),
        "unproved": _access_token(issuer, claims={"sub": "u1"}),
        "expired_jwt": _access_token(issuer, expires_in=-3600, claims={"iat": int(time.time()) - 7200}),
        "early_jwt": _access_token(issuer, claims={"nbf": int(time.time()) + 3600}),
        "other_audience": _access_token(issuer, claims={"aud": "https://other.example.com"}),
        "unknown_issuer": _access_token(issuer, claims={"iss": "https://issuer.example.org"}),
        "alg_none": Minted(alg_none),
        "unsigned": Minted(alg_none[: alg_none.rindex(".") + 1]),
        "alg_hs256": _access_token(issuer, headers={"alg": "HS256"}),
        "forged": Minted(f"{header}.{claims}.{forged}"),
        "unknown_kid": _access_token(issuer, headers={"kid": "made-up"}),
        "id_token": _access_token(issuer, headers={"typ": "JWT"}, claims={"nonce": "n", "at_hash": "x"}),
        "five_segments": Minted(f"{good}.{claims}.{signature}"),
    }  # fmt: skip


def _access_token(
    issuer: LocalIssuer,
    *,
    scope: str = "reports:read",
    expires_in: int = 3600,
    headers: Mapping[str, object] | None = None,
    claims: Mapping[str, object] | None = None,
) -> Minted:
    name = new_id()
    text = issuer.token(
        subject="job",
        client_id="job",
        scope=scope,
        expires_in=expires_in,
        headers=headers,
        claims={"jti": name, **(claims or {})},
    )
    return Minted(text, name)
