"""An issuer's keys: fetched off the request path, shared by all who wait, and kept when the issuer fails."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from authmux.clock import SYSTEM_CLOCK
from authmux.errors import AuthError, InvalidCredential, Unavailable
from authmux.flow import run, run_async
from authmux.jose.jwk import PublicKey
from authmux.testing import LocalIssuer, ManualClock
from authmux.testing.signing_key import SigningKey
from authmux.verifying.discovery import metadata_urls
from authmux.verifying.fetch import Fetch, Fetched, FetchFailed
from authmux.verifying.http_fetch import HTTPFetch
from authmux.verifying.remote_keys import WAIT, RemoteKeys
from authmux.verifying.scheduler import Scheduler
from tests.fault_server import FaultServer, held, html, ok, slow, status
from tests.jose.token_maker import ISSUER, get_key, jwk, rename
from tests.verifying.hand_scheduler import HandScheduler
from tests.verifying.scripted_fetch import Answer, Gate, ScriptedFetch, document, down, keys_of, unchanged

URI = "https://idp.example/keys"
OLD, NEW, OTHER = (rename(get_key(f"ES256 {name}"), name) for name in ("old", "new", "other"))

THREADS = Scheduler(clock=ManualClock())  # real threads, whose timekeeper's clock stands: only `do` does anything


@dataclass
class Stage:
    """Keys with a scripted issuer, a clock that is moved by hand, and no thread."""

    fetch: ScriptedFetch
    clock: ManualClock = field(default_factory=ManualClock)
    jwks_uri: str | None = URI

    def __post_init__(self) -> None:
        self.scheduler = HandScheduler(self.clock)
        self.keys = RemoteKeys(
            ISSUER, jwks_uri=self.jwks_uri, fetch=self.fetch, clock=self.clock, scheduler=self.scheduler
        )

    @property
    def fetched(self) -> int:
        return len(self.fetch.requests)

    def find(self, kid: str | None = "old", *, alg: str = "ES256") -> PublicKey:
        return self.scheduler.run(self.keys.find(alg, kid))

    def has(self, kid: str) -> bool:
        """Return whether a key is found; an issuer that cannot be asked is no answer."""
        try:
            return self.find(kid).kid == kid
        except InvalidCredential as error:
            reason = error.reason
        assert reason == "unknown_kid"
        return False

    def refresh(self) -> None:
        """Let time pass until the next scheduled fetch is done."""
        self.scheduler.pass_time(self.scheduler.next_due)


def stage(*answers: Answer, jwks_uri: str | None = URI) -> Stage:
    return Stage(ScriptedFetch(*answers), jwks_uri=jwks_uri)


def warm(*answers: Answer) -> Stage:
    """Return a stage whose keys hold `old`, and that answers so from then on."""
    ready = stage(keys_of(OLD))
    assert ready.has("old")
    ready.fetch.script(*answers)
    ready.fetch.requests.clear()
    return ready


def threaded(fetch: Fetch, clock: ManualClock | None = None) -> RemoteKeys:
    return RemoteKeys(ISSUER, jwks_uri=URI, fetch=fetch, clock=clock or ManualClock(), scheduler=THREADS)


def outcome(keys: RemoteKeys, kid: str = "old") -> str:
    """Find a key, blocking; return its kid or the name of the error."""
    try:
        return run(keys.find("ES256", kid)).kid or ""
    except AuthError as error:
        return type(error).__name__


async def outcome_async(keys: RemoteKeys, kid: str = "old") -> str:
    try:
        return (await run_async(keys.find("ES256", kid))).kid or ""
    except AuthError as error:
        return type(error).__name__


def generation(keys: RemoteKeys) -> int:
    snapshot = keys.usable()
    return snapshot.generation if snapshot else 0


def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.002)


# The first keys


def test_the_first_request_fetches_and_the_next_do_not() -> None:
    """B-30: keys are fetched once, and then they are there."""
    cold = stage(keys_of(OLD))
    assert [cold.find().kid for _ in range(100)] == ["old"] * 100
    assert cold.fetch.urls == [URI]


def test_a_known_key_asks_for_nothing() -> None:
    """B-31: a flow whose key is known ends at its first step."""
    with pytest.raises(StopIteration) as caught:
        next(warm().keys.find("ES256", "old"))
    assert caught.value.value.kid == "old"


def test_preload_begins_without_waiting() -> None:
    """B-40: the first fetch can begin before the first request, and begins once."""
    cold = stage(keys_of(OLD))
    for _ in range(3):
        cold.keys.preload()
    assert cold.fetched == 0
    cold.scheduler.work()
    cold.keys.preload()
    cold.scheduler.work()
    assert (cold.fetched, cold.find().kid, cold.fetched) == (1, "old", 1)


def test_fifty_threads_cold() -> None:
    """A-175: 50 threads that find no keys cause one fetch; those who find room get their key, the others a 503."""
    gate = Gate()
    fetch = ScriptedFetch(gate.hold(keys_of(OLD)))
    keys = threaded(fetch)
    begin = threading.Barrier(50)

    def come(_: int) -> str:
        begin.wait(10)
        return outcome(keys)

    with ThreadPoolExecutor(50) as pool:
        coming = [pool.submit(come, number) for number in range(50)]
        until(lambda: sum(each.done() for each in coming) == 46)
        gate.open()
        outcomes = [each.result(10) for each in coming]
    assert (outcomes.count("old"), outcomes.count("Unavailable")) == (4, 46)
    assert len(fetch.requests) == 1


def test_five_hundred_tasks_cold() -> None:
    """A-175: 500 tasks that find no keys cause one fetch, and 256 of them wait for it."""
    gate = Gate()
    fetch = ScriptedFetch(gate.hold(keys_of(OLD)))
    keys = threaded(fetch)

    async def come_together() -> list[str]:
        tasks = [asyncio.create_task(outcome_async(keys)) for _ in range(500)]
        await asyncio.sleep(0.05)
        gate.open()
        return await asyncio.gather(*tasks)

    outcomes = asyncio.run(come_together())
    assert (outcomes.count("old"), outcomes.count("Unavailable")) == (256, 244)
    assert len(fetch.requests) == 1


# Outages


def test_an_outage_from_the_start() -> None:
    """A-148: 100 good tokens in the first second of an outage cause two fetches at most, and each is told 503."""
    cold = stage(down())
    waits = []
    for _ in range(100):
        with pytest.raises(Unavailable) as caught:
            cold.find()
        waits.append(caught.value.retry_after)
        cold.scheduler.pass_time(0.01)
    assert 1 <= cold.fetched <= 2
    assert all(1 <= wait <= 30 for wait in waits)


def test_an_outage_that_lasts() -> None:
    """B-37: an hour of outage under constant requests costs as many fetches as the back-off has steps."""
    cold = stage(down())
    for _ in range(3600):
        with pytest.raises(Unavailable):
            cold.find()
        cold.scheduler.pass_time(1)
    assert 60 <= cold.fetched <= 130


def test_an_outage_that_ends() -> None:
    """A-149: the issuer is asked again after one step of the back-off, whether somebody comes or not."""
    cold = stage(down(), keys_of(OLD))
    with pytest.raises(Unavailable):
        cold.find()
    cold.scheduler.pass_time(1)
    assert cold.fetched == 2
    assert cold.find().kid == "old"
    assert cold.fetched == 2


def test_a_request_after_the_back_off_asks_itself() -> None:
    """A-149: should the background be late, the next request after the back-off begins the fetch."""
    cold = stage(down(), keys_of(OLD))
    with pytest.raises(Unavailable):
        cold.find()
    cold.clock.advance(1)
    assert cold.find().kid == "old"


def test_retry_after_of_the_issuer() -> None:
    """B-37: while the issuer asked to be left alone nobody asks, and the callers are told how long."""
    cold = stage(down(retry_after=20), keys_of(OLD))
    waits = []
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            cold.find()
        waits.append(caught.value.retry_after)
    assert waits == [20, 20]
    cold.scheduler.pass_time(19.9)
    assert cold.fetched == 1
    cold.scheduler.pass_time(0.2)
    assert cold.find().kid == "old"


def test_retry_after_is_not_handed_on_beyond_its_bound() -> None:
    """B-37: however long the issuer wants to be left alone, callers are told 30 seconds at most."""
    cold = stage(down(retry_after=300))
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            cold.find()
        assert 1 <= caught.value.retry_after <= 30


FAILURES: dict[str, Answer] = {
    "503": down(),
    "404": FetchFailed("status_404", status=404),
    "timeout": FetchFailed("timeout"),
    "html": FetchFailed("html", status=200),
    "a defect of the fetch": ZeroDivisionError("secret"),
    "304 unasked": unchanged(),
    **{
        body.decode(): document(body)
        for body in (
            b"",
            b"<!doctype html>",
            b"null",
            b"[]",
            b"{}",
            b'{"keys":null}',
            b'{"keys":{}}',
            b'{"keys":[]}',
            b'{"keys":[1,"x",null]}',
            b'{"keys":[{"kty":"oct","k":"AAAA"}]}',
        )
    },
}


@pytest.mark.parametrize("name", [name for name in FAILURES if name != "304 unasked"])
def test_a_failure_keeps_the_keys(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """B-38: whatever comes instead of keys, those that are known stay, and the operator is told (A-155)."""
    ready = warm(FAILURES[name])
    with caplog.at_level(logging.WARNING, logger="authmux.fetch"):
        ready.refresh()
    assert ready.fetched == 1
    assert ready.has("old")
    assert [record.levelno >= logging.WARNING for record in caplog.records] == [True]
    assert ISSUER in caplog.text


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_from_the_start(name: str) -> None:
    """B-38: whatever comes instead of keys, without any known the answer is 503, and the next good set ends it."""
    cold = stage(FAILURES[name], keys_of(OLD))
    with pytest.raises(Unavailable):
        cold.find()
    cold.scheduler.pass_time(1)
    assert cold.has("old")


def test_keys_are_believed_for_a_day_without_their_issuer() -> None:
    """B-32: through an outage the keys stand for 24 hours and no longer, and are back with the issuer."""
    ready = warm(down())
    ready.scheduler.pass_time(86_399)
    assert ready.has("old")
    ready.scheduler.pass_time(1)
    with pytest.raises(Unavailable):
        ready.find()
    ready.fetch.script(keys_of(OLD))
    ready.scheduler.pass_time(60)
    assert ready.has("old")


def test_a_request_that_finds_the_keys_too_old_asks_itself() -> None:
    """B-32: should the background be late, a request that finds no usable keys begins the fetch."""
    ready = warm(keys_of(NEW))
    ready.clock.advance(86_400)
    assert ready.keys.usable() is None
    assert ready.has("new")


def test_an_outage_does_not_hold_known_keys_up() -> None:
    """A-151: the issuer is down, and a known key waits for nothing."""
    ready = warm(down())
    ready.refresh()
    with pytest.raises(StopIteration):
        next(ready.keys.find("ES256", "old"))


# Unknown kids


def test_an_unknown_kid_costs_one_fetch() -> None:
    """A-035: the first unknown kid asks the issuer, once; further ones are refused until 30 seconds have passed."""
    ready = warm(keys_of(OLD))
    assert not ready.has("made-up")
    assert ready.fetched == 1
    for number in range(100):
        assert not ready.has(f"made-up {number}")
    ready.clock.advance(29.9)
    assert not ready.has("made-up")
    assert ready.fetched == 1
    ready.clock.advance(0.2)
    assert not ready.has("another")
    assert ready.fetched == 2


def test_a_kid_that_is_known_to_be_absent_causes_no_fetch() -> None:
    """B-35: a kid that was not in an answer that was asked for after it was seen is refused for a minute."""
    ready = warm(keys_of(OLD))
    assert not ready.has("made-up")
    ready.clock.advance(45)
    assert not ready.has("made-up")
    assert ready.fetched == 1
    ready.clock.advance(16)
    assert not ready.has("made-up")
    assert ready.fetched == 2


def test_a_scheduled_answer_ends_the_memory_of_absent_kids() -> None:
    """B-35: whatever is published later is found, at the latest with the next fetch that succeeds."""
    ready = warm(keys_of(OLD), keys_of(OLD), keys_of(OLD, NEW))
    assert not ready.has(NEW.kid)
    while ready.fetched < 2:
        ready.refresh()
    assert ready.has(NEW.kid)


def test_a_forced_fetch_passes_caches_by() -> None:
    """B-33: a fetch for an unknown kid says no-cache, a scheduled one does not."""
    ready = warm(keys_of(OLD))
    ready.refresh()
    assert not ready.has("made-up")
    said = [request.headers.get("Cache-Control") for request in ready.fetch.requests]
    assert said == [None, "no-cache"]
    assert all("application/jwk-set+json" in request.headers["Accept"] for request in ready.fetch.requests)


def test_a_new_key_is_found_at_once() -> None:
    """A-166: the first token under a new key costs one fetch and is believed."""
    ready = warm(keys_of(NEW, OLD))
    assert ready.find("new").kid == "new"
    assert ready.has("old")
    assert ready.fetched == 1


def test_a_key_published_right_after_a_fetch() -> None:
    """B-33: a scheduled fetch starts no cool-down."""
    ready = warm(keys_of(OLD), keys_of(NEW))
    ready.refresh()
    assert ready.has("new")
    assert ready.fetched == 2


def test_a_key_published_while_a_fetch_is_under_way() -> None:
    """B-33: an unknown kid first waits for the fetch in flight, and where that was too early still forces its own."""
    ready = warm(keys_of(OLD), keys_of(NEW, OLD))
    ready.clock.advance(ready.scheduler.next_due + 1)
    ready.keys.run_if_due()  # in flight: `work` will bring the set without the new key
    assert ready.find("new").kid == "new"
    assert ready.fetched == 2


def test_a_fetch_under_way_that_brings_the_key() -> None:
    """B-33: where the fetch in flight brings the key, none is forced."""
    ready = warm(keys_of(NEW))
    ready.clock.advance(ready.scheduler.next_due + 1)
    ready.keys.run_if_due()
    assert ready.find("new").kid == "new"
    assert ready.fetched == 1


def test_an_unknown_kid_waits_once() -> None:
    """B-33: who waited three seconds for a fetch that hangs is refused, and does not wait for it again."""
    ready = warm(keys_of(NEW))
    ready.clock.advance(ready.scheduler.next_due + 1)
    ready.keys.run_if_due()
    flow = ready.keys.find("ES256", "new")
    next(flow)
    with pytest.raises(InvalidCredential, match="unknown_kid"):
        flow.throw(TimeoutError())


def test_an_unknown_kid_waits_three_seconds_in_all() -> None:
    """B-33: who spent his three seconds on the fetch in flight does not wait for a forced one as well."""
    ready = warm(keys_of(OLD), keys_of(NEW))
    ready.clock.advance(ready.scheduler.next_due + 1)
    ready.keys.run_if_due()
    flow = ready.keys.find("ES256", "new")
    next(flow)
    ready.clock.advance(WAIT)
    ready.scheduler.work()
    with pytest.raises(InvalidCredential, match="unknown_kid"):
        flow.send(None)


def test_an_unknown_kid_during_an_outage() -> None:
    """B-33: a forced fetch that fails refuses the kid, keeps the keys, and starts the cool-down."""
    ready = warm(down())
    assert not ready.has("new")
    assert ready.has("old")
    assert not ready.has("new")
    assert ready.fetched == 1


@pytest.mark.parametrize(("alg", "kid"), [("ES384", "old"), ("RS256", "old"), ("HS256", "old"), ("RS256", None)])
def test_a_key_that_is_known_and_does_not_fit(alg: str, kid: str | None) -> None:
    """B-36: a kid that is known for another algorithm fetches nothing."""
    ready = warm(keys_of(NEW))
    for _ in range(10):
        with pytest.raises(InvalidCredential, match="key_not_for_alg"):
            ready.find(kid, alg=alg)
    assert ready.fetched == 0


def test_no_kid_is_no_unknown_kid() -> None:
    """B-13: a token without kid has the only key, and fetches nothing."""
    ready = warm(keys_of(NEW))
    assert ready.find(None).kid == "old"
    assert ready.fetched == 0


def test_rotation_under_a_flood() -> None:
    """A-167: under 200 made-up kids a second a new key is found within 30 seconds, at two fetches a minute."""
    ready = warm(keys_of(OLD))
    published_at = found_at = None
    for second in range(120):
        for number in range(200):
            assert not ready.has(f"{second} {number}")
        if second == 47:
            ready.fetch.script(keys_of(NEW, OLD))
            published_at = second
        if published_at is not None and found_at is None and ready.has("new"):
            found_at = second
        ready.scheduler.pass_time(1)
    assert published_at is not None
    assert found_at is not None
    assert found_at - published_at <= 30
    assert ready.fetched <= 4


def test_a_flood_does_not_stop_the_scheduled_fetches() -> None:
    """B-34: a removed key is gone as soon under a flood as without one."""
    ready = warm(keys_of(OLD))
    for _ in range(60):
        assert not ready.has("made-up")
        ready.scheduler.pass_time(10)
    ready.fetch.script(keys_of(OTHER))
    for _ in range(53):
        ready.scheduler.pass_time(10)
        assert not ready.has("made-up")
    assert not ready.has("old")


def test_waiting_threads_are_few() -> None:
    """B-33: four threads wait for an unknown kid, the fifth is refused at once, and known keys are not held up."""
    gate = Gate()
    fetch = ScriptedFetch(keys_of(OLD), gate.hold(keys_of(OLD, NEW)))
    keys = threaded(fetch)
    assert outcome(keys) == "old"
    with ThreadPoolExecutor(30) as pool:
        coming = [pool.submit(outcome, keys, "new") for _ in range(30)]
        until(lambda: sum(each.done() for each in coming) == 26)
        assert {each.result() for each in coming if each.done()} == {"InvalidCredential"}
        assert outcome(keys) == "old"
        gate.open()
        outcomes = [each.result(10) for each in coming]
    assert outcomes.count("new") == 4
    assert len(fetch.requests) == 2


# A slow issuer


def test_a_known_key_never_waits_for_a_refresh() -> None:
    """A-151: while a refresh hangs, a known key is there at once, for as long as it takes."""
    gate = Gate()
    clock = ManualClock()
    keys = threaded(ScriptedFetch(keys_of(OLD), gate.hold(keys_of(NEW))), clock)
    assert outcome(keys) == "old"
    clock.advance(700)
    keys.run_if_due()
    assert gate.arrived.wait(5)
    begun = time.perf_counter()
    for _ in range(1000):
        assert outcome(keys) == "old"
    assert time.perf_counter() - begun < 1
    gate.open()
    until(lambda: outcome(keys, "new") == "new")
    assert outcome(keys) == "InvalidCredential"


def test_no_second_fetch_while_one_is_under_way() -> None:
    """B-37: one attempt is in flight, however often it is due."""
    ready = warm(keys_of(NEW))
    ready.clock.advance(5_000)
    for _ in range(5):
        ready.keys.run_if_due()
        ready.keys.preload()
    ready.scheduler.work()
    assert ready.fetched == 1


def test_nothing_is_fetched_before_it_is_due() -> None:
    """B-31: a scheduler that comes too early is sent away."""
    ready = warm(keys_of(NEW))
    ready.clock.advance(400)
    ready.keys.run_if_due()
    ready.scheduler.work()
    assert ready.fetched == 0


@pytest.mark.parametrize(
    ("headers", "shortest", "longest"),
    [
        ({}, 432, 528),
        ({"cache_control": "max-age=0"}, 216, 264),
        ({"cache_control": "max-age=15"}, 216, 264),
        ({"cache_control": "public, max-age=1000, must-revalidate"}, 720, 880),
        ({"cache_control": 'MAX-AGE="1000"'}, 720, 880),
        ({"cache_control": "max-age=86400"}, 2592, 3168),
        ({"cache_control": "max-age=5184000"}, 2592, 3168),
        ({"cache_control": "max-age=" + "9" * 500}, 2592, 3168),
        ({"cache_control": "max-age=-1"}, 432, 528),
        ({"cache_control": "max-age=soon"}, 432, 528),
        ({"cache_control": "s-maxage=3600"}, 432, 528),
        ({"cache_control": "x-max-age=3600"}, 432, 528),
        ({"cache_control": "no-store"}, 216, 264),
        ({"cache_control": "no-cache, max-age=3600"}, 216, 264),
        ({"cache_control": "é\0,,=;"}, 432, 528),
        ({"expires": "Thu, 01 Jan 2037 00:00:00 GMT"}, 432, 528),
        ({"cache_control": "max-age=1000", "age": "990"}, 0, 880),
    ],
    ids=ascii,
)
def test_how_long_keys_are_fresh(headers: dict[str, str], shortest: float, longest: float) -> None:
    """B-30: max-age counts between 300 and 3600 seconds, and the refresh comes at 80 % of it (A-173)."""
    fresh = stage(keys_of(OLD, **headers))
    fresh.find()
    assert shortest <= fresh.scheduler.next_due <= longest


def test_refreshes_go_on_for_ever() -> None:
    """B-31: keys are fetched ahead of time again and again, without a single request."""
    ready = warm(keys_of(OLD))
    ready.scheduler.pass_time(24 * 3600)
    assert 150 <= ready.fetched <= 220


# Swapping


def test_a_removed_key_is_gone() -> None:
    """A-169: a key that is no longer in the set is refused after the next fetch."""
    ready = warm(keys_of(OTHER, NEW))
    ready.refresh()
    assert not ready.has("old")


def test_a_full_rotation(caplog: pytest.LogCaptureFixture) -> None:
    """A-170: a set with none of the known keys is taken, and the operator is told."""
    ready = warm(keys_of(NEW), keys_of(NEW, OTHER))
    with caplog.at_level(logging.WARNING, logger="authmux.fetch"):
        ready.refresh()
        assert "full rotation" in caplog.text
        caplog.clear()
        ready.refresh()
    assert ready.has("new")
    assert "full rotation" not in caplog.text


def test_a_published_secret_is_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    """B-15: an issuer that publishes secrets is reported as an error, without the secret."""
    cold = stage(keys_of(OLD, jwk(NEW, d="c2VjcmV0"), {"kty": "oct", "k": "c2VjcmV0", "kid": "s"}))
    with caplog.at_level(logging.INFO, logger="authmux.fetch"):
        assert cold.has("old")
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        f"issuer {ISSUER}: 2 keys skipped: secret_published",
    )


def test_two_keys_of_one_kid_are_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    """B-14: an issuer with two different keys under one kid is reported, for none of them can be used (A-163)."""
    cold = stage(keys_of(OLD, rename(NEW, "twice"), rename(OTHER, "twice")))
    with caplog.at_level(logging.WARNING, logger="authmux.fetch"):
        assert cold.has("old")
    assert len(caplog.records) == 1
    assert ISSUER in caplog.text


def test_the_same_key_twice_is_no_alarm(caplog: pytest.LogCaptureFixture) -> None:
    """B-14: a key that is published twice is one key."""
    cold = stage(keys_of(OLD, OLD))
    with caplog.at_level(logging.INFO, logger="authmux.fetch"):
        assert cold.has("old")
    assert caplog.records == []


def test_a_snapshot_is_replaced_whole() -> None:
    """B-39: who holds a snapshot holds it unchanged, and the next one has the next number."""
    ready = warm(keys_of(NEW))
    before = ready.keys.usable()
    ready.refresh()
    after = ready.keys.usable()
    assert before is not None
    assert after is not None
    assert [key.kid for key in before.keys.keys] == ["old"]
    assert [key.kid for key in after.keys.keys] == ["new"]
    assert after.generation == before.generation + 1


def test_not_modified() -> None:
    """B-55: a 304 to our ETag keeps the keys and counts as a success."""
    fresh = stage(keys_of(OLD, etag='"1"'), unchanged(cache_control="max-age=1000"))
    fresh.find()
    before = fresh.keys.usable()
    fresh.refresh()
    after = fresh.keys.usable()
    assert [request.headers.get("If-None-Match") for request in fresh.fetch.requests] == [None, '"1"']
    assert before is not None
    assert after is not None
    assert (after.keys, after.generation) == (before.keys, before.generation)
    assert after.confirmed_at > before.confirmed_at
    assert 720 <= fresh.scheduler.next_due <= 880
    fresh.scheduler.pass_time(30 * 3600)
    assert fresh.has("old")


def test_no_etag_no_condition() -> None:
    """B-55: without an ETag nothing is asked for conditionally."""
    ready = warm(keys_of(OLD))
    ready.refresh()
    assert "If-None-Match" not in ready.fetch.requests[0].headers


def test_readers_during_swaps() -> None:
    """B-39: threads that read while the keys are swapped find every key that is in all of the sets."""
    clock = ManualClock()
    keys = threaded(ScriptedFetch(*[keys_of(OLD, each) for each in (NEW, OTHER) * 20]), clock)
    assert outcome(keys) == "old"
    stop = threading.Event()

    def read() -> set[str]:
        seen = set()
        while not stop.is_set():
            seen.add(outcome(keys))
        return seen

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        for swaps in range(2, 12):
            clock.advance(700)
            keys.run_if_due()
            until(lambda: generation(keys) == swaps)  # noqa: B023  # it is called before the next round
        stop.set()
        assert [reader.result(10) for reader in readers] == [{"old"}] * 4


# Discovery


METADATA = document(b'{"issuer":"%s","jwks_uri":"%s"}' % (ISSUER.encode(), URI.encode()))
MOVED = document(b'{"issuer":"%s","jwks_uri":"%s/moved"}' % (ISSUER.encode(), URI.encode()))


def discovering(*answers: Answer, metadata: Answer = METADATA) -> Stage:
    """Return a stage that looks the address of the keys up, and finds it at the first place."""
    cold = stage(*answers, jwks_uri=None)
    cold.fetch.script(metadata, at=metadata_urls(ISSUER)[0])
    return cold


def test_the_address_is_looked_up_once() -> None:
    """B-57: the metadata is asked where the keys are, and not again with every refresh."""
    cold = discovering(keys_of(OLD))
    assert cold.has("old")
    cold.refresh()
    assert cold.fetch.urls == [metadata_urls(ISSUER)[0], URI, URI]


def test_an_address_that_is_given_is_not_looked_up() -> None:
    """B-57: with jwks_uri there is no discovery, also where it answers 404."""
    cold = stage(FetchFailed("status_404", status=404))
    with pytest.raises(Unavailable):
        cold.find()
    cold.scheduler.pass_time(30)
    assert set(cold.fetch.urls) == {URI}


def test_metadata_of_another_issuer_makes_the_issuer_unusable() -> None:
    """A-181: on a mix-up nothing is fetched from the address, and the answer is 503."""
    cold = discovering(
        keys_of(OLD), metadata=document(b'{"issuer":"%s/","jwks_uri":"%s"}' % (ISSUER.encode(), URI.encode()))
    )
    with pytest.raises(Unavailable):
        cold.find()
    assert URI not in cold.fetch.urls


def test_keys_at_the_third_place() -> None:
    """A-187: metadata at the last of the well-known places is found."""
    cold = stage(keys_of(OLD), jwks_uri=None)
    for place, answer in zip(
        metadata_urls(ISSUER), [FetchFailed("status_404", status=404)] * 2 + [METADATA], strict=True
    ):
        cold.fetch.script(answer, at=place)
    assert cold.has("old")
    assert cold.fetch.urls == [*metadata_urls(ISSUER), URI]


def test_keys_that_moved() -> None:
    """B-57: where the keys are gone, the metadata is asked again, and the old keys serve until then."""
    cold = discovering(keys_of(OLD), FetchFailed("status_404", status=404))
    assert cold.has("old")
    cold.fetch.script(MOVED, at=metadata_urls(ISSUER)[0])
    cold.fetch.script(keys_of(NEW), at=f"{URI}/moved")
    cold.refresh()
    assert cold.has("old")
    cold.scheduler.pass_time(1)
    assert cold.has("new")


def test_an_etag_belongs_to_its_address() -> None:
    """RFC 9110 §8.8.3: what another address once sent is no condition here; its 304 would keep keys that are gone."""
    cold = discovering(keys_of(OLD, etag='"1"'), FetchFailed("status_404", status=404))
    assert cold.has("old")
    cold.fetch.script(MOVED, at=metadata_urls(ISSUER)[0])
    cold.fetch.script(keys_of(NEW, etag='"1"'), at=f"{URI}/moved")
    cold.refresh()
    cold.scheduler.pass_time(1)
    (moved,) = [request for request in cold.fetch.requests if request.url == f"{URI}/moved"]
    assert "If-None-Match" not in moved.headers


def test_metadata_is_read_again_after_a_day() -> None:
    """B-57: an address is believed for 24 hours, even if it goes on answering."""
    cold = discovering(keys_of(OLD))
    assert cold.has("old")
    cold.fetch.script(MOVED, at=metadata_urls(ISSUER)[0])
    cold.fetch.script(keys_of(NEW), at=f"{URI}/moved")
    cold.scheduler.pass_time(25 * 3600)
    assert cold.has("new")


def test_discovery_fails_while_keys_are_known() -> None:
    """A-188: keys that are known are used though the metadata cannot be had."""
    cold = discovering(keys_of(OLD), FetchFailed("status_404", status=404))
    assert cold.has("old")
    cold.fetch.script(FetchFailed("status_500", status=500), at=metadata_urls(ISSUER)[0])
    cold.scheduler.pass_time(3600)
    assert cold.has("old")


def test_metadata_that_cannot_be_read_again() -> None:
    """A-188: where the metadata is away for days, keys are still fetched from the address that is known."""
    cold = discovering(keys_of(OLD))
    assert cold.has("old")
    cold.fetch.script(FetchFailed("status_500", status=500), at=metadata_urls(ISSUER)[0])
    cold.scheduler.pass_time(72 * 3600)
    assert cold.has("old")


# Event loops, cancellation, forks


def test_a_waiter_that_goes_away() -> None:
    """A-176: whoever is cancelled takes nothing along: the fetch goes on, and the others get their key."""
    gate = Gate()
    fetch = ScriptedFetch(gate.hold(keys_of(OLD)))
    keys = threaded(fetch)

    async def come_and_go() -> list[str]:
        tasks = [asyncio.create_task(outcome_async(keys)) for _ in range(20)]
        await asyncio.sleep(0.02)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.sleep(0.02)
        assert all(task.cancelled() for task in tasks[::2])
        gate.open()
        return await asyncio.gather(*tasks[1::2])

    assert asyncio.run(come_and_go()) == ["old"] * 10
    assert asyncio.run(outcome_async(keys)) == "old"
    assert len(fetch.requests) == 1


def test_waiters_that_go_away_leave_room() -> None:
    """A-176: 1000 requests that were given up do not fill the waiting room."""
    gate = Gate()
    keys = threaded(ScriptedFetch(gate.hold(keys_of(OLD))))

    async def come_and_go() -> str:
        for _ in range(1000):
            task = asyncio.create_task(outcome_async(keys))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        stays = asyncio.create_task(outcome_async(keys))
        await asyncio.sleep(0.01)
        gate.open()
        return await stays

    assert asyncio.run(come_and_go()) == "old"


def test_two_event_loops_wait_for_one_fetch() -> None:
    """A-178: tasks of two loops, and a thread, share a fetch."""
    gate = Gate()
    fetch = ScriptedFetch(gate.hold(keys_of(OLD)))
    keys = threaded(fetch)
    with ThreadPoolExecutor(3) as pool:
        waiters = [
            pool.submit(asyncio.run, outcome_async(keys)),
            pool.submit(asyncio.run, outcome_async(keys)),
            pool.submit(outcome, keys),
        ]
        assert gate.arrived.wait(5)
        time.sleep(0.05)
        gate.open()
        assert [waiter.result(10) for waiter in waiters] == ["old"] * 3
    assert len(fetch.requests) == 1


def test_a_loop_that_is_closed_before_the_fetch_ends(caplog: pytest.LogCaptureFixture) -> None:
    """A-178: a loop may be gone when the keys come; nothing is complained of, and the next loop has them."""
    gate = Gate()
    fetch = ScriptedFetch(gate.hold(keys_of(OLD)))
    keys = threaded(fetch)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(outcome_async(keys), timeout=0.02)

    with caplog.at_level(logging.WARNING):
        asyncio.run(give_up())
        gate.open()
        until(lambda: keys.usable() is not None)
        assert asyncio.run(outcome_async(keys)) == "old"
    assert caplog.records == []
    assert len(fetch.requests) == 1


def in_child(work: Callable[[], str]) -> str:
    """Fork, do the work in the child, and return what it says."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, work().encode())
        except BaseException as error:
            os.write(writer, f"{error!r}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


forks = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@forks
def test_a_forked_child_uses_the_keys() -> None:
    """B-41: the child has its parent's keys at once, and refreshes them itself."""
    gate = Gate()
    fetch = ScriptedFetch(keys_of(OLD), gate.hold(keys_of(NEW)))
    clock = ManualClock()
    keys = threaded(fetch, clock)
    assert outcome(keys) == "old"

    def work() -> str:
        first = outcome(keys)  # nobody has opened the gate: it comes from memory
        keys.run_if_due()
        gate.open()
        until(lambda: outcome(keys, "new") == "new")
        return f"{first} {len(fetch.requests)}"

    assert in_child(work) == "old 2"
    assert len(fetch.requests) == 1


@forks
def test_a_fork_while_a_fetch_is_under_way() -> None:
    """B-41: a child of a process that was fetching, and held its locks, fetches for itself."""
    gate = Gate()
    fetch = ScriptedFetch(gate.hold(keys_of(OLD)), keys_of(OLD))
    keys = threaded(fetch)
    keys.preload()
    assert gate.arrived.wait(5)
    with keys._lock:
        said = in_child(lambda: outcome(keys))
    gate.open()
    assert said == "old"
    assert outcome(keys) == "old"


@forks
def test_a_fork_before_anything_was_fetched() -> None:
    """B-41: keys that were made before the fork work in the child and in the parent."""
    fetch = ScriptedFetch(keys_of(OLD))
    keys = threaded(fetch)
    assert in_child(lambda: outcome(keys)) == "old"
    assert len(fetch.requests) == 0
    assert outcome(keys) == "old"


# Over real HTTP


@pytest.fixture
def http() -> HTTPFetch:
    return HTTPFetch(deadline=8.0)


def remote(url: str, http: HTTPFetch, *, jwks_uri: str | None = None) -> RemoteKeys:
    """Return keys as an application has them: real clock, real threads."""
    return RemoteKeys(url, jwks_uri=jwks_uri, fetch=http, clock=SYSTEM_CLOCK)


def test_rotation_at_a_real_issuer(http: HTTPFetch) -> None:
    """A-166: with discovery, HTTP and threads as they are, a new key is used at once and an old one is forgotten."""
    with LocalIssuer(algorithm="ES256") as issuer:
        keys = remote(issuer.url, http)
        first = issuer.key
        assert outcome(keys, first.kid) == first.kid
        second = issuer.rotate(keep_old=False)
        assert outcome(keys, second.kid) == second.kid
        assert outcome(keys, first.kid) == "InvalidCredential"
        assert issuer.fetches("/jwks") == 2
        assert issuer.fetches("/.well-known/oauth-authorization-server") == 1


def test_a_real_issuer_that_stops_and_comes_back(http: HTTPFetch) -> None:
    """A-149: an issuer that is away at the start is used soon after it is there."""
    issuer = LocalIssuer(algorithm="ES256")
    issuer.start()
    issuer.stop()
    keys = remote(issuer.url, http)
    assert outcome(keys, issuer.key.kid) == "Unavailable"
    with issuer:
        until(lambda: outcome(keys, issuer.key.kid) == issuer.key.kid)
        assert issuer.fetches("/jwks") == 1


def published(*keys: SigningKey) -> dict[str, object]:
    return {"keys": [key.public_jwk for key in keys]}


def test_a_slow_issuer(http: HTTPFetch) -> None:
    """A-151: with ten seconds to the first byte known keys cost nothing, and unknown ones three seconds at most."""
    with FaultServer(ok(published(OLD)), slow(10, ok(published(OLD, NEW)))) as server:
        keys = remote("http://127.0.0.1", http, jwks_uri=server.url("/keys"))
        assert outcome(keys) == "old"

        async def wait_together() -> list[str]:
            waiters = [asyncio.create_task(outcome_async(keys, "new")) for _ in range(5)]
            waiters.append(asyncio.create_task(asyncio.to_thread(outcome, keys, "new")))
            await asyncio.sleep(0.05)
            begun = time.perf_counter()
            assert [await outcome_async(keys) for _ in range(200)] == ["old"] * 200
            assert time.perf_counter() - begun < 0.5
            return await asyncio.gather(*waiters)

        begun = time.perf_counter()
        assert asyncio.run(wait_together()) == ["InvalidCredential"] * 6
        assert WAIT == 3
        assert 2.9 < time.perf_counter() - begun < 4.5
        assert len(server.requests) == 2


def test_a_real_captive_portal(http: HTTPFetch) -> None:
    """A-155: a page instead of keys, or an error, keeps the keys that are known."""
    with FaultServer(ok(published(OLD)), html(), status(500), ok({})) as server:
        keys = remote("http://127.0.0.1", http, jwks_uri=server.url("/keys"))
        assert outcome(keys) == "old"
        assert outcome(keys, "new") == "InvalidCredential"
        until(lambda: len(server.requests) >= 3)  # after a failed attempt the next one is a second away
        assert outcome(keys) == "old"


def test_a_real_crowd(http: HTTPFetch) -> None:
    """A-175: 200 tasks at a cold start are one request on the wire."""
    gate = threading.Event()
    with FaultServer(held(gate, ok(published(OLD)))) as server:
        keys = remote("http://127.0.0.1", http, jwks_uri=server.url("/keys"))

        async def come_together() -> list[str]:
            tasks = [asyncio.create_task(outcome_async(keys)) for _ in range(200)]
            await asyncio.sleep(0.1)
            gate.set()
            return await asyncio.gather(*tasks)

        assert asyncio.run(come_together()) == ["old"] * 200
        assert len(server.requests) == 1


def test_a_fetch_that_is_cancelled() -> None:
    """B-37: a fetch that ends in a cancellation, as one over asyncio may, is a failure like any other."""
    cold = stage(keys_of(OLD))
    calls: list[str] = []

    def cancelled_once(url: str, headers: Mapping[str, str]) -> Fetched:
        calls.append(url)
        if len(calls) == 1:
            raise asyncio.CancelledError
        return cold.fetch(url, headers)

    keys = RemoteKeys(ISSUER, jwks_uri=URI, fetch=cancelled_once, clock=cold.clock, scheduler=cold.scheduler)
    with pytest.raises(Unavailable):
        cold.scheduler.run(keys.find("ES256", "old"))
    cold.scheduler.pass_time(1)
    assert cold.scheduler.run(keys.find("ES256", "old")).kid == "old"


def test_no_thread_can_be_had() -> None:
    """B-37: where the system has no thread left, that is a failure, and the next attempt is made."""

    class Exhausted(HandScheduler):
        is_exhausted = True

        def do(self, action: Callable[[], None]) -> bool:
            return not self.is_exhausted and super().do(action)

    clock = ManualClock()
    scheduler = Exhausted(clock)
    keys = RemoteKeys(ISSUER, jwks_uri=URI, fetch=ScriptedFetch(keys_of(OLD)), clock=clock, scheduler=scheduler)
    with pytest.raises(Unavailable):
        scheduler.run(keys.find("ES256", "old"))
    scheduler.is_exhausted = False
    scheduler.pass_time(1)
    assert scheduler.run(keys.find("ES256", "old")).kid == "old"
