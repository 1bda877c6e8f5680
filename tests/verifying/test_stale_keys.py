"""For how long keys are believed that their issuer does not confirm any more: settable, and told by `health` (B-32)."""

from typing import Any

import pytest

from authmux import Authenticator, Unavailable
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.remote_keys import RemoteKeys
from authmux.verifying.snapshot import Limits
from tests.jose.token_maker import ISSUER, get_key
from tests.verifying.hand_scheduler import HandScheduler
from tests.verifying.jwt_door import JWKS_URI
from tests.verifying.scripted_fetch import ScriptedFetch, down, keys_of, unchanged

KEY = get_key("ES256")
DAY = 86_400.0


class Outage:
    """An issuer that told its keys once, and is away since."""

    def __init__(self, *, stale_for: float, **headers: str) -> None:
        self.clock = ManualClock()
        self.scheduler = HandScheduler(self.clock)
        self.fetch = ScriptedFetch(keys_of(KEY, **headers), down())
        self.keys = RemoteKeys(
            ISSUER, jwks_uri=JWKS_URI, fetch=self.fetch, clock=self.clock, scheduler=self.scheduler,
            limits=Limits(stale_for=stale_for),
        )  # fmt: skip
        self.find()

    def find(self) -> None:
        assert self.scheduler.run(self.keys.find("ES256", KEY.kid)).kid == KEY.kid


@pytest.mark.parametrize(
    ("stale_for", "headers", "believed_for"),
    [
        pytest.param(DAY, {}, DAY, id="a day"),
        pytest.param(7 * DAY, {}, 7 * DAY, id="a week"),
        pytest.param(3600, {}, 3600, id="an hour"),
        pytest.param(0, {}, 600, id="0, and no max-age: ten minutes"),
        pytest.param(0, {"cache_control": "max-age=15"}, 300, id="0 and 15 s: five minutes"),
        pytest.param(0, {"cache_control": "max-age=999999"}, 3600, id="0 and weeks: an hour"),
        pytest.param(1000, {"cache_control": "max-age=2000"}, 2000, id="less than they are fresh"),
    ],
)
def test_how_long(stale_for: float, headers: dict[str, str], believed_for: float) -> None:
    """B-32: keys are believed for `stale_for` seconds, and never for less than they are fresh; `health` says so."""
    outage = Outage(stale_for=stale_for, **headers)
    outage.scheduler.pass_time(believed_for - 1)
    outage.find()
    assert outage.keys.health().is_ready
    assert outage.keys.health().believed_for == believed_for
    outage.scheduler.pass_time(1)
    assert not outage.keys.health().is_ready
    with pytest.raises(Unavailable, match="issuer_unreachable"):
        outage.find()


@pytest.mark.parametrize("answer", [keys_of(KEY), unchanged()], ids=["the keys again", "not modified"])
def test_an_issuer_that_confirms(answer: Any) -> None:
    """B-32: whatever confirms the keys lets them be believed anew, with `stale_for=0` too."""
    outage = Outage(stale_for=0)
    outage.fetch.script(answer)
    outage.scheduler.pass_time(DAY)
    outage.find()
    assert outage.keys.health().is_ready


def test_of_a_verifier() -> None:
    """B-32: `JWTVerifier` takes it, and says so in its health before anything was fetched."""
    verifier = JWTVerifier(issuer=ISSUER, audience="api", fetch=ScriptedFetch(down()), stale_for=7 * DAY)
    (health,) = Authenticator(verifier).health().issuers
    assert (health.believed_for, health.is_ready) == (7 * DAY, False)


@pytest.mark.parametrize(("max_keys", "reason"), [(2, "fetched"), (1, "keys")])
def test_how_many_keys(max_keys: int, reason: str) -> None:
    """B-52: a set of more keys than were said is none."""
    clock, fetch = ManualClock(), ScriptedFetch(keys_of(KEY, get_key("RS256")))
    scheduler, limits = HandScheduler(clock), Limits(max_keys=max_keys)
    keys = RemoteKeys(ISSUER, jwks_uri=JWKS_URI, fetch=fetch, limits=limits, clock=clock, scheduler=scheduler)
    scheduler.run(keys.ready())
    assert keys.health().fetches == {reason: 1}
