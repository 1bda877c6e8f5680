"""`RedisChannel` on a real server: what it shortens, and that it vouches for nothing (K-22)."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from statistics import median

import pytest

from authmux.errors import ConfigurationError
from authmux.stores.record import Record
from authmux.stores.redis_channel import RedisChannel
from authmux.stores.sql import AsyncSQLStore, SQLStore
from tests.postgres import PostgreSQL
from tests.redis_server import RedisServer, redis_server
from tests.stores.driven import driven
from tests.stores.sample_records import add, make_record
from tests.stores.test_watcher import begin, health_of, is_at, wait_for


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """Give a server for all the tests here."""
    with redis_server() as server:
        yield server


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Give the name of a channel that no other test has."""
    return str(request.node.name)


class Ears:
    """Counts how often it is woken."""

    def __init__(self) -> None:
        self.heard = 0

    def wake(self) -> None:
        """Count."""
        self.heard += 1

    def have_heard(self, times: int) -> bool:
        """Return whether it was that often at least."""
        return self.heard >= times


@pytest.fixture
def channel(redis: RedisServer, name: str) -> Iterator[Callable[[], RedisChannel]]:
    """Give a way to open channels of one name, each as another process would."""
    opened: list[RedisChannel] = []

    def make() -> RedisChannel:
        opened.append(RedisChannel(redis.url, name=name))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def test_everybody_is_told(channel: Callable[[], RedisChannel]) -> None:
    """Whoever announces a change wakes every process that listens, his own too."""
    channels = [channel() for _ in range(3)]
    ears = [Ears() for _ in channels]
    for each, ear in zip(channels, ears, strict=True):
        each.open(ear.wake)
    wait_for(lambda: all(ear.heard for ear in ears))
    before = [ear.heard for ear in ears]
    channels[0].announce()
    wait_for(lambda: all(ear.heard > then for ear, then in zip(ears, before, strict=True)))


def test_nobody_else_is_told(redis: RedisServer, channel: Callable[[], RedisChannel], name: str) -> None:
    """A channel of another name is another channel."""
    ears = Ears()
    channel().open(ears.wake)
    wait_for(lambda: ears.heard)
    with redis.connect() as client:
        wait_for(lambda: client.pubsub_numsub(name)[0][1] == 1)
        with closing(RedisChannel(redis.url, name=f"not {name}")) as other:
            other.announce()
        assert ears.heard == 1
        client.publish(name, b"")
    wait_for(lambda: ears.heard == 2)


def test_what_was_announced_is_sent_before_the_end(
    redis: RedisServer, channel: Callable[[], RedisChannel], name: str
) -> None:
    """A process that announces a change and ends has told it: a command line is such a one."""
    ears = Ears()
    channel().open(ears.wake)
    with redis.connect() as client:
        wait_for(lambda: client.pubsub_numsub(name)[0][1] == 1)
    for number in range(2, 12):
        other = RedisChannel(redis.url, name=name)
        other.announce()
        other.close()
        wait_for(partial(ears.have_heard, number))


def test_announcing_never_waits(caplog: pytest.LogCaptureFixture) -> None:
    """Where no Redis answers a change waits for nothing; the log says so once, and names no password."""
    with closing(RedisChannel("redis://:tr0ub4dor@127.0.0.1:1/0")) as channel:
        ears = Ears()
        channel.open(ears.wake)
        longest = 0.0
        for _ in range(50):
            began = time.monotonic()
            channel.announce()
            longest = max(longest, time.monotonic() - began)
        wait_for(lambda: "Redis does not answer: ConnectionError" in caplog.text)
    assert longest < 0.5
    assert ears.heard == 0
    assert caplog.text.count("Redis does not answer") == 1
    assert "tr0ub4dor" not in caplog.text


def test_redis_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    """After an outage of Redis everybody looks once, for what was missed, and is told of changes again."""
    with redis_server() as server, closing(RedisChannel(server.url)) as channel:
        ears = Ears()
        channel.open(ears.wake)
        wait_for(lambda: ears.heard == 1)
        server.stop()
        wait_for(lambda: "Redis does not answer" in caplog.text)
        server.start()
        wait_for(lambda: ears.heard == 2)
        with server.connect() as client:
            wait_for(lambda: client.pubsub_numsub("authmux")[0][1] == 1)
        channel.announce()
        wait_for(lambda: ears.heard == 3)


def test_closing_ends_its_threads(channel: Callable[[], RedisChannel]) -> None:
    """A channel that is closed leaves no thread behind, and may be opened again."""
    ears = Ears()
    one = channel()
    for number in (1, 2):
        one.open(ears.wake)
        one.open(ears.wake)
        wait_for(partial(ears.have_heard, number))
        one.announce()
        one.close()
        assert not [each for each in threading.enumerate() if each.name.startswith("authmux-redis")]
        ears.heard = number


@pytest.mark.parametrize("url", ["", "127.0.0.1:6379", "http://:tr0ub4dor@localhost", "redis://:tr0ub4dor@localhost:x"])
def test_a_url_that_is_none(url: str) -> None:
    """What is no URL of Redis is refused with a sentence, which repeats none of it."""
    with pytest.raises(ConfigurationError, match="redis://host:6379/0") as refused:
        RedisChannel(url)
    assert "tr0ub4dor" not in str(refused.value)


@pytest.fixture
def url(postgres: PostgreSQL) -> str:
    """Give the place of an empty store."""
    return postgres.url("psycopg", postgres.make_room())


@pytest.fixture
def record(url: str) -> Record:
    """Give a record that is kept there."""
    with closing(SQLStore(url, max_staleness=0)) as store:
        store.create_schema()
        return add(store, make_record())


@pytest.mark.parametrize("colour", ["blocking", "awaiting"])
def test_a_store_is_told(url: str, record: Record, channel: Callable[[], RedisChannel], colour: str) -> None:
    """With Redis in place of LISTEN a change is noticed sooner than by asking every four tenths of a second (K-22)."""
    with (
        closing(SQLStore(url, wake=channel())) as mine,
        driven(AsyncSQLStore(url, wake=channel())) as other,
    ):
        there = mine if colour == "blocking" else other
        here = other if colour == "blocking" else mine
        begin(there)
        begin(here)
        assert not health_of(there).is_told
        delays = []
        for version in range(2, 13):
            here.replace(replace(record, row_version=version), expected=version - 1)
            began = time.monotonic()
            now = here.find(record.id).revision
            wait_for(partial(is_at, there, now))
            delays.append(time.monotonic() - began)
        assert median(delays) < 0.15


def test_a_store_without_redis(url: str, record: Record) -> None:
    """Where Redis is away, changes are noticed by asking (K-22)."""
    with (
        closing(SQLStore(url, wake=RedisChannel("redis://127.0.0.1:1/0"))) as there,
        closing(SQLStore(url, max_staleness=0)) as here,
    ):
        begin(there)
        here.replace(replace(record, row_version=2), expected=1)
        now = here.find(record.id).revision
        wait_for(lambda: there.freshness() == now)


def test_an_announcement_that_is_untrue(url: str, record: Record, channel: Callable[[], RedisChannel]) -> None:
    """Whoever may write to Redis can have the database asked, fifty times a second at most, and nothing else (K-22)."""
    with closing(SQLStore(url, wake=channel())) as store:
        begin(store)
        before, loud = store.freshness(), channel()
        for _ in range(200):
            loud.announce()
            assert store.freshness() in (before, None)
            time.sleep(0.002)
