"""Keys come and go at real servers: a new one is found at once, and one that is gone counts no more."""

from pathlib import Path

import pytest
import requests

from authmux import InvalidCredential, Principal, profiles
from authmux.flow import Flow
from authmux.jose.compact import parse_compact
from authmux.profiles import Profile
from authmux.testing.manual_clock import ManualClock
from authmux.testing.signing_key import SigningKey
from authmux.verifying.http_fetch import HTTPFetch
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.refresh_plan import MAX_TTL
from authmux.verifying.remote_keys import RemoteKeys
from authmux.verifying.verdict import Verdict
from tests.authorization_servers.house import get, protected_applications, refusal
from tests.authorization_servers.logto import running_logto
from tests.authorization_servers.oidc_provider import (
    AUDIENCE,
    JOB,
    OIDCProvider,
    new_keys,
    resource,
    running_provider,
)
from tests.verifying.hand_scheduler import HandScheduler


class Door:
    """A verifier that fetches over real HTTP, while the test says how time passes.

    Arguments:
        issuer: whose tokens.
        profile: by which they are read.
    """

    def __init__(self, issuer: str, profile: Profile) -> None:
        self.clock = ManualClock()
        self._scheduler = HandScheduler(self.clock)
        fetch = HTTPFetch().held_to(trusted=[issuer], allow_private=[])
        keys = RemoteKeys(issuer, jwks_uri=None, fetch=fetch, clock=self.clock, scheduler=self._scheduler)
        self._verifier = JWTVerifier(issuer=issuer, audience=AUDIENCE, profile=profile, keys=keys, clock=self.clock)

    def admit(self, text: str) -> Principal:
        """Return whom a token stands for."""
        return self._scheduler.run(self._judged(text)).principal

    def refusal(self, text: str) -> str:
        """Return why a token is refused."""
        with pytest.raises(InvalidCredential) as caught:
            self.admit(text)
        return caught.value.reason

    def pass_time(self, seconds: float) -> None:
        """Let keys be refreshed as they are when so much time has passed; tokens do not get older."""
        self._scheduler.pass_time(seconds)

    def _judged(self, text: str) -> Flow[Verdict]:
        token = parse_compact(text)
        return (yield from self._verifier.judge(token, now=float(token.claims["iat"])))


def grant(provider: OIDCProvider, kind: str = "ES256") -> str:
    """Return an access token for the machine."""
    form = {"grant_type": "client_credentials", "scope": "reports:read", "resource": resource(kind)}
    return str(requests.post(provider.token_url, data=form, auth=JOB, timeout=20).json()["access_token"])


def test_rotation_at_oidc_provider(tmp_path: Path) -> None:
    """A-166, A-169: tokens of new keys are taken at once, those of removed ones only until the next refresh."""
    old_keys, new = new_keys(), new_keys()
    with running_provider(old_keys, log=tmp_path / "log") as provider:
        door, before = Door(provider.issuer, profiles.RFC9068), grant(provider)
        assert door.admit(before).id == "job"

        provider.serve([*new, *old_keys])
        after = grant(provider)
        assert parse_compact(after).header.kid != parse_compact(before).header.kid
        assert door.admit(after).id == door.admit(before).id == "job"

        provider.serve(new)
        door.pass_time(MAX_TTL)
        assert door.admit(after).id == "job"
        assert door.refusal(before) == "unknown_kid"


def test_the_applications_find_a_new_key(tmp_path: Path) -> None:
    """A-166: so do applications with their own clocks and threads, at the first request; no stranger's key is found."""
    with running_logto() as logto:
        settings = {"issuers": [{"issuer": logto.issuer, "audience": AUDIENCE, "profile": "LOGTO"}]}
        with protected_applications(settings, directory=tmp_path) as urls:
            assert [get(url, logto.token()).status_code for url in urls.values()] == [200, 200]
            logto.rotate(SigningKey.generate("ES384"), keep=logto.published)
            assert [get(url, logto.token()).status_code for url in urls.values()] == [200, 200]
            logto.signs = SigningKey.generate("ES384")
            assert [refusal(get(url, logto.token())) for url in urls.values()] == [(401, "signature")] * 2


def test_logto_moves_to_rsa() -> None:
    """Logto's RSA keys have no `alg`: the key's type says it; the old key signs on until it is gone (B-10)."""
    with running_logto() as logto:
        door, before = Door(logto.issuer, profiles.LOGTO), logto.token()
        assert door.admit(before).type == "user"
        assert logto.served == [
            "/.well-known/oauth-authorization-server/oidc",
            "/.well-known/openid-configuration/oidc",
            "/oidc/.well-known/openid-configuration",
            "/oidc/jwks",
        ]
        old = logto.published
        logto.rotate(SigningKey.generate("RS256"), keep=old)
        assert "alg" not in logto.published[0]
        assert door.admit(logto.token()).type == "user"
        assert door.admit(before).type == "user"

        logto.published = logto.published[:1]
        door.pass_time(MAX_TTL)
        assert door.refusal(before) == "unknown_kid"


def test_logto_asks_not_to_be_cached() -> None:
    """A-173: `no-cache, max-age=0` is no reason to ask with every request: five minutes are the least (B-30)."""
    with running_logto() as logto:
        door = Door(logto.issuer, profiles.LOGTO)
        for _ in range(50):
            door.admit(logto.token())
        assert logto.served.count("/oidc/jwks") == 1
        door.pass_time(200)
        assert logto.served.count("/oidc/jwks") == 1
        door.pass_time(200)
        assert logto.served.count("/oidc/jwks") == 2


def test_logto_breaks_down() -> None:
    """A-188, B-32: while its keys cannot be had, tokens of known keys are good; a key that is new is not found."""
    with running_logto() as logto:
        door, token = Door(logto.issuer, profiles.LOGTO), logto.token()
        assert door.admit(token).type == "user"
        logto.published = []
        door.pass_time(MAX_TTL)
        assert door.admit(token).type == "user"
        logto.signs = SigningKey.generate("ES384")
        assert door.refusal(logto.token()) == "unknown_kid"
