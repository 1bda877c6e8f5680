"""The whole way of a token at an issuer: its metadata, its keys, and then the token, with nothing but a script."""

from collections.abc import Mapping
from contextlib import suppress

from authmux import AuthError
from authmux.flow import Flow
from authmux.jose.compact import parse_compact
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.fetch import Fetched
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.remote_keys import RemoteKeys
from authmux.verifying.verdict import Verdict
from tests.oracles.doors import AUDIENCE, LEEWAY
from tests.oracles.metadata_mutations import ISSUER
from tests.verifying.hand_scheduler import HandScheduler


def judge_whole_way(metadata: bytes, keys: bytes, text: str, *, now: float) -> bool:
    """Return whether a token is accepted where the issuer's documents are these.

    Raises:
        Exception: whatever escaped from authmux and is no `AuthError`.
    """

    def fetch(url: str, _: Mapping[str, str]) -> Fetched:
        return Fetched(200, {"cache-control": "max-age=60"}, metadata if ".well-known" in url else keys)

    clock = ManualClock(now)
    scheduler = HandScheduler(clock)
    remote = RemoteKeys(ISSUER, jwks_uri=None, fetch=fetch, clock=clock, scheduler=scheduler)
    verifier = JWTVerifier(issuer=ISSUER, audience=AUDIENCE, keys=remote, leeway=LEEWAY, clock=clock)
    with suppress(AuthError):
        scheduler.run(_judged(verifier, text, now))
        return True
    return False


def _judged(verifier: JWTVerifier, text: str, now: float) -> Flow[Verdict]:
    return (yield from verifier.judge(parse_compact(text), now=now))
