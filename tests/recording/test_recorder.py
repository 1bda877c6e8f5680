"""`UsageRecorder` writes down soon what it is told, off the request's path, in a thread or on the event loop (K-70)."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from authmux import (
    APIKeyVerifier,
    Authenticator,
    ConfigurationError,
    InsufficientScope,
    InvalidCredential,
    MalformedCredential,
    MissingCredential,
    Principal,
    TokenService,
    Unavailable,
    UsageRecorder,
    VerifiedCredential,
    run,
    system,
)
from authmux.errors import AuthError, Fault
from authmux.stores.audit_event import Action, AuditEntry, AuditEvent, Entries
from authmux.stores.audit_log import AuditQuery
from authmux.stores.memory import MemoryStore
from authmux.stores.port import StoreUnavailable
from authmux.stores.sql import AsyncSQLStore
from authmux.stores.usage import Usage
from authmux.testing.manual_clock import ManualClock
from tests.issuing.house import NOW, TOKENS

BY = system("tests")
PATIENCE = 20.0  # seconds


class Shop:
    """A key, and a recorder that writes after a hundredth of a second."""

    def __init__(self, **options: Any) -> None:
        self.store = MemoryStore()
        self.clock = ManualClock(NOW)
        issued = TokenService(self.store, TOKENS).issue_key(name="k", scopes=["a:b"], tenant="t1", by=BY)
        self.id = issued.record.id
        self.recorder = UsageRecorder(self.store, TOKENS, every=0.01, clock=self.clock, **options)

    def use(self, *, credential_id: str | None = None, status: int = 200) -> None:
        """Use the key once."""
        self.recorder.used(principal(credential_id or self.id), address="192.0.2.7", status=status)

    def refuse(self, refusal: AuthError) -> None:
        """Refuse a request."""
        self.recorder.refused(refusal, address="192.0.2.7", user_agent="curl/8")

    def uses(self) -> int:
        """Return how many uses are written down."""
        used = self.store.usage([self.id]).get(self.id)
        return 0 if used is None else used.uses

    def observed(self) -> list[AuditEvent]:
        """Return what was observed, as far as it is written down."""
        entries = self.store.audit(AuditQuery(limit=1000))
        return [entry.event for entry in entries if entry.event.action is not Action.CREATED]


def principal(credential_id: str, *, generation: int | None = 1) -> Principal:
    """Return whoever comes with a credential."""
    credential = VerifiedCredential(kind="key", id=credential_id, generation=generation)
    return Principal(id="job", issuer="acme", scopes=frozenset(), credential=credential)


RETIRED = InvalidCredential(Fault.REVOKED, "retired_secret", credential_id="x" * 16)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for something that a background thread does."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.005)


@pytest.mark.parametrize("options", [{"every": 0}, {"every": 2.1}, {"most": 0}], ids=str)
def test_numbers(options: Mapping[str, Any]) -> None:
    """More than two seconds would break the promise, and so it is refused (K-70)."""
    with pytest.raises(ConfigurationError):
        UsageRecorder(MemoryStore(), TOKENS, **options)


def test_written_by_itself() -> None:
    """A use is written down soon, and another one after that, too."""
    shop = Shop()
    shop.use()
    wait_until(lambda: shop.uses() == 1)
    shop.use()
    wait_until(lambda: shop.uses() == 2)


def test_flush() -> None:
    """What was noted is written when flush returns; twice writes nothing twice."""
    shop = Shop()
    for status in (200, 403, 500):
        shop.use(status=status)
    shop.recorder.flush()
    shop.recorder.flush()
    used = shop.store.usage([shop.id])[shop.id]
    assert (used.succeeded, used.rejected, used.failed) == (1, 1, 1)
    assert used.last_address == "192.0.2.0/24"
    assert used.last_used_at == NOW // 60 * 60


@pytest.mark.parametrize(
    "somebody",
    [
        pytest.param(Principal(id="u", issuer="i", scopes=frozenset()), id="made-by-hand"),
        pytest.param(principal("jti", generation=None), id="jwt"),
        pytest.param(
            Principal(
                id="u",
                issuer="i",
                scopes=frozenset(),
                credential=VerifiedCredential(kind="key", id=None, generation=1),
            ),
            id="without-an-id",
        ),
    ],
)
def test_what_is_not_ours(somebody: Principal) -> None:
    """Only keys and tokens of our own are counted."""
    shop = Shop()
    shop.recorder.used(somebody, address=None, status=200)
    shop.recorder.flush()
    assert shop.store.usage(["jti", "None"]) == {}


class LameStore(MemoryStore):
    """A store that cannot be written to for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = True
        self.tries = 0

    def add_usage(self, uses: Mapping[str, Usage]) -> None:
        self.tries += 1
        if self.is_away:
            raise StoreUnavailable("away")
        super().add_usage(uses)


def test_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    """While the store is away the uses are kept, and written once it is back; requests notice nothing."""
    shop = Shop()
    shop.store = store = LameStore()
    shop.recorder = UsageRecorder(store, TOKENS, every=0.01)
    with caplog.at_level(logging.CRITICAL):
        shop.use()
        wait_until(lambda: store.tries > 1)
        shop.use()
        store.is_away = False
        wait_until(lambda: shop.uses() == 2)


def test_early(caplog: pytest.LogCaptureFixture) -> None:
    """With many credentials it is written before the time, and none is left out."""
    shop = Shop()
    shop.recorder = UsageRecorder(shop.store, TOKENS, every=2.0, most=2000)
    began = time.monotonic()
    ids = [f"{number:016}" for number in range(1200)]
    for each in ids:
        shop.use(credential_id=each)
    wait_until(lambda: len(shop.store.usage(ids)) >= 1000)
    assert time.monotonic() - began < 1.9
    shop.recorder.flush()
    assert len(shop.store.usage(ids)) == 1200
    assert caplog.records == []


def test_a_retired_secret() -> None:
    """The use of a retired secret is written into the audit log, with the credential's tenant (K-33, K-72)."""
    shop = Shop()
    shop.refuse(InvalidCredential(Fault.REVOKED, "retired_secret", credential_id=shop.id))
    wait_until(lambda: shop.observed() != [])
    [event] = shop.observed()
    assert (event.action, event.target, event.tenant) == (Action.RETIRED_SECRET_USED, shop.id, "t1")
    assert (event.address, event.user_agent, event.difference) == ("192.0.2.0/24", "curl/8", {"count": 1})


def test_failures_by_minute_and_cause() -> None:
    """Failures are counted by minute and cause: the first is written soon, the others when it is over (K-72)."""
    shop = Shop()
    refusals = [InvalidCredential(None, "unknown_id"), MalformedCredential("header_grammar")]
    for refusal in refusals:
        shop.refuse(refusal)
    wait_until(lambda: len(shop.observed()) == 2)
    for refusal in refusals * 50:
        shop.refuse(refusal)
    shop.use()
    wait_until(lambda: shop.uses() == 1)
    assert len(shop.observed()) == 2
    shop.clock.advance(60)
    wait_until(lambda: len(shop.observed()) == 4)
    assert [(event.reason, event.difference["count"]) for event in shop.observed()] == [
        ("unknown_id", 1), ("header_grammar", 1), ("unknown_id", 50), ("header_grammar", 50)
    ]  # fmt: skip
    assert {event.action for event in shop.observed()} == {Action.FAILED}
    assert {event.outcome for event in shop.observed()} == {"InvalidCredential", "MalformedCredential"}


def test_the_last_failures() -> None:
    """Where the process ends, the minute is not waited for."""
    shop = Shop()
    for _ in range(2):
        shop.refuse(InvalidCredential(None, "unknown_id"))
        shop.recorder.flush()
    assert [event.difference["count"] for event in shop.observed()] == [1, 1]


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(MissingCredential(), id="none-was-sent"),
        pytest.param(Unavailable("store_unavailable"), id="nobody-could-say"),
        pytest.param(InsufficientScope(required=["a:b"], granted=[]), id="a-good-one"),
    ],
)
def test_what_is_no_failure(refusal: AuthError) -> None:
    """Only a credential that is not good has failed."""
    shop = Shop()
    shop.refuse(refusal)
    shop.recorder.flush()
    assert shop.observed() == []


def test_in_a_url() -> None:
    """A key of ours that stood in a URL is written down by its id; an id that is nobody's was made up."""
    shop = Shop()
    made_up = "0" * 16
    shop.recorder.exposed(f"a=1&key=acme_key_{shop.id}_***&b=acme_key_live_{made_up}_%2A%2A%2A", address=None)
    shop.recorder.flush()
    [event] = shop.observed()
    assert (event.action, event.target, event.outcome) == (Action.EXPOSED_IN_URL, shop.id, "not_proved")


def test_made_up_causes_fill_nothing() -> None:
    """However many kinds of sightings somebody provokes, few are held."""
    shop = Shop()
    shop.recorder = UsageRecorder(shop.store, TOKENS, every=2.0)
    for number in range(5000):
        shop.refuse(InvalidCredential(None, f"cause {number}"))
    shop.recorder.flush()
    assert len(shop.observed()) == 256


def test_sinks() -> None:
    """Sinks are told of what was observed, once it is written."""
    told: list[AuditEntry] = []
    shop = Shop(audit_sinks=[told.append])
    shop.refuse(InvalidCredential(None, "unknown_id"))
    shop.recorder.flush()
    assert [entry.event for entry in told] == shop.observed() != []


class ForgetfulStore(MemoryStore):
    """A store whose audit log cannot be written to the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.away = [StoreUnavailable("away")]

    def append_audit(self, entries: Entries) -> None:
        if self.away:
            raise self.away.pop()
        super().append_audit(entries)


def test_an_outage_of_the_audit_log() -> None:
    """What could not be written down of sightings is written later, once."""
    shop = Shop()
    shop.store = ForgetfulStore()
    shop.recorder = UsageRecorder(shop.store, TOKENS, every=2.0)
    shop.refuse(InvalidCredential(None, "unknown_id"))
    shop.recorder.flush()
    assert shop.observed() == []
    shop.recorder.flush()
    assert [event.difference["count"] for event in shop.observed()] == [1]


def test_on_an_event_loop(tmp_path: Path) -> None:
    """With a store that awaits, a task on the loop of the requests writes; and a flush, what is left (K-70)."""

    async def serve() -> None:
        store = AsyncSQLStore(f"sqlite+aiosqlite:///{tmp_path}/keys.db")
        await store.create_schema()
        recorder = UsageRecorder(store, TOKENS, every=0.01)
        recorder.used(principal("a" * 16), address=None, status=200)
        deadline = time.monotonic() + PATIENCE
        while not await store.usage(["a" * 16]):
            assert time.monotonic() < deadline, "it was never written"
            await asyncio.sleep(0.005)
        recorder.used(principal("a" * 16), address=None, status=200)
        recorder.refused(InvalidCredential(None, "unknown_id"), address=None, user_agent=None)
        await recorder.flush_async()
        assert (await store.usage(["a" * 16]))["a" * 16].uses == 2
        assert len(await store.audit(AuditQuery())) == 1
        await store.close()

    asyncio.run(serve())


def test_after_the_event_loop(tmp_path: Path) -> None:
    """What a loop has left unwritten when it ended is written by a flush without one, as at the end of a process."""
    store = AsyncSQLStore(f"sqlite+aiosqlite:///{tmp_path}/keys.db")
    recorder = UsageRecorder(store, TOKENS)

    async def serve() -> None:
        await store.create_schema()
        recorder.used(principal("a" * 16), address=None, status=200)

    async def read() -> int:
        used = await store.usage(["a" * 16])
        await store.close()
        return used["a" * 16].uses

    asyncio.run(serve())
    recorder.flush()
    assert asyncio.run(read()) == 1


def test_on_a_blocking_face(tmp_path: Path) -> None:
    """A recorder whose store awaits is refused on a face that blocks, with what to do."""
    store = AsyncSQLStore(f"sqlite+aiosqlite:///{tmp_path}/keys.db")
    auth = Authenticator(APIKeyVerifier(MemoryStore(), TOKENS), recorder=UsageRecorder(store, TOKENS))
    with pytest.raises(ConfigurationError, match="the verifiers and the recorder a blocking store"):
        auth.require_blocking()
    assert run(auth.start()) is None
