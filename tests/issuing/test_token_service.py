"""The verbs of `TokenService`: what each one does, and what each one refuses."""

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authmux.errors import ConfigurationError, Conflict, IssuingError, NotFound, NotPossible
from authmux.flow import Flow
from authmux.issuing.actor import system
from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.token_service import AsyncTokenService, TokenService
from authmux.peppers import Peppers
from authmux.principal import Client, User, VerifiedCredential
from authmux.stores.memory import MemoryStore
from authmux.stores.port import AsyncTokenStore, Query, Reading, TokenStore, WriteRefused
from authmux.stores.record import Owner, OwnerType, Record, State
from authmux.stores.sql import SQLStore
from authmux.testing.manual_clock import ManualClock
from authmux.token_format import Kind, TokenFormat

NOW = 1_800_000_000.0
DAY = 86_400.0
BY = system("console")
TOKENS = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}))
ROTATED = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32, "p2": b"b" * 32}))
WRONG = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"x" * 32}))


class RivalledStore(MemoryStore):
    """A store in which somebody else changes the record just before each of our first changes."""

    def __init__(self, *rival_changes: Callable[[Record], Record]) -> None:
        super().__init__()
        self.rival_changes = list(rival_changes)

    def replace(self, record: Record, *, expected: int, **kwargs: Any) -> None:
        """Let the rival go first."""
        if self.rival_changes:
            change = self.rival_changes.pop(0)
            held = self.find(record.id).record
            assert held is not None
            super().replace(replace(change(held), row_version=held.row_version + 1), expected=held.row_version)
        super().replace(record, expected=expected, **kwargs)


class AwaitingStore(MemoryStore):
    """A store whose look-up is to be awaited."""

    async def find(self, credential_id: str) -> Reading:  # type: ignore[override]  # that is what the test is about
        """Read a record."""
        return super().find(credential_id)


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that stands at a known moment."""
    return ManualClock(NOW)


@pytest.fixture
def store() -> MemoryStore:
    """Give an empty store."""
    return MemoryStore()


class Driven:
    """A service that awaits, each of whose verbs is awaited on an event loop of its own."""

    def __init__(self, service: AsyncTokenService) -> None:
        self._service = service

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        """Return a verb that blocks."""
        return lambda *args, **kwargs: asyncio.run(getattr(self._service, verb)(*args, **kwargs))


class Awaited:
    """The same store for callers that await."""

    def __init__(self, kept: MemoryStore) -> None:
        self.kept = kept

    def freshness(self) -> str:
        """Return the revision."""
        return self.kept.freshness()

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        """Return a method of the store that awaits."""
        method = getattr(self.kept, name)

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            return method(*args, **kwargs)

        return awaited


SERVICES: dict[str, Callable[[MemoryStore, ManualClock], TokenService]] = {
    "blocking": lambda store, clock: TokenService(store, TOKENS, clock=clock),
    "awaiting": lambda store, clock: as_blocking(
        AsyncTokenService(cast("AsyncTokenStore", Awaited(store)), TOKENS, clock=clock)
    ),
    "awaiting-blocking-store": lambda store, clock: as_blocking(AsyncTokenService(store, TOKENS, clock=clock)),
}


def as_blocking(service: AsyncTokenService) -> TokenService:
    """Return a service that awaits as one that blocks."""
    return cast("TokenService", Driven(service))


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, store: MemoryStore, clock: ManualClock) -> TokenService:
    """Give a service of each colour on the store."""
    return SERVICES[request.param](store, clock)


def issue(service: TokenService, **changes: Any) -> IssuedToken:
    """Issue a key, different where it is said so."""
    values: dict[str, Any] = {"name": "nightly", "scopes": ["reports:read"], "by": BY}
    return service.issue_key(**values | changes)


def kept(store: TokenStore, issued: IssuedToken) -> Record:
    """Return the record that the store keeps of an issued token."""
    record = store.find(issued.record.id).record
    assert record is not None
    return record


def test_issue_key(service: TokenService, store: MemoryStore) -> None:
    """A key is issued with what was asked for, and its record is kept; nothing is decided for the caller (K-30)."""
    issued = issue(
        service,
        client="job",
        tenant="t1",
        env="live",
        expires_in=timedelta(days=2),
        description="for the reports",
        meta={"team": {"lead": "b"}, "cost": [1, 2.5, None]},
    )
    record = issued.record
    assert kept(store, issued) == record
    assert (record.kind, record.name, record.scopes) == (Kind.KEY, "nightly", frozenset({"reports:read"}))
    assert (record.owner, record.tenant, record.env) == (Owner(OwnerType.CLIENT, "acme", "job"), "t1", "live")
    assert (record.created_by, record.description) == ("console", "for the reports")
    assert (record.created_at, record.expires_at) == (NOW, NOW + 2 * DAY)
    assert record.meta == {"team": {"lead": "b"}, "cost": (1, 2.5, None)}
    assert record.state(NOW) is State.ACTIVE


def test_issued_text(service: TokenService) -> None:
    """The text is of our format, names the record, and its digest under the current pepper is what is kept (K-12)."""
    issued = issue(service, env="test")
    parsed = TOKENS.parse(issued.text)
    secret = issued.record.secrets[-1]
    assert (parsed.kind, parsed.env, parsed.id) == (Kind.KEY, "test", issued.record.id)
    assert secret.digest == TOKENS.digest(issued.text, "p1")
    assert (secret.generation, secret.pepper_id, secret.hint) == (1, "p1", issued.text[-4:])
    assert (secret.algorithm, secret.created_at, secret.retire_at) == ("hmac-sha256", NOW, None)


def test_no_two_are_alike(service: TokenService) -> None:
    """No two issued tokens have the same id or the same secret (K-04, K-05)."""
    issued = [issue(service) for _ in range(50)]
    assert len({each.record.id for each in issued}) == 50
    assert len({each.text.rpartition("_")[2] for each in issued}) == 50


@pytest.mark.parametrize(
    ("client", "owner"),
    [
        pytest.param(None, Owner(OwnerType.NONE, "acme"), id="nobody"),
        pytest.param("job", Owner(OwnerType.CLIENT, "acme", "job"), id="client-of-ours"),
        pytest.param(
            Owner(OwnerType.CLIENT, "https://id", "job"),
            Owner(OwnerType.CLIENT, "https://id", "job"),
            id="client-of-an-issuer",
        ),
        pytest.param(Owner(OwnerType.ORG, "acme", "o"), Owner(OwnerType.ORG, "acme", "o"), id="organisation"),
    ],
)
def test_owner_of_a_key(service: TokenService, client: str | Owner | None, owner: Owner) -> None:
    """A key belongs to whom it was issued for, or to nobody (K-11)."""
    assert issue(service, client=client).record.owner == owner


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        pytest.param("u1", Owner(OwnerType.USER, "acme", "u1"), id="user-of-ours"),
        pytest.param(
            Owner.of(User(id="u1", issuer="https://id")),
            Owner(OwnerType.USER, "https://id", "u1"),
            id="user-of-an-issuer",
        ),
    ],
)
def test_issue_pat(service: TokenService, store: MemoryStore, user: str | Owner, owner: Owner) -> None:
    """A personal access token belongs to its user and lives for thirty days (K-30)."""
    issued = service.issue_pat(user=user, name="laptop", scopes=["reports:*"], by=BY)
    assert issued.text.startswith("acme_pat_")
    assert kept(store, issued) == issued.record
    assert (issued.record.kind, issued.record.owner) == (Kind.PAT, owner)
    assert issued.record.expires_at == NOW + 30 * DAY


@pytest.mark.parametrize(
    ("expires_in", "expires_at"),
    [
        pytest.param(None, None, id="never"),
        pytest.param(timedelta(microseconds=1), NOW + 1e-6, id="at-once"),
        pytest.param(timedelta(days=3650), NOW + 3650 * DAY, id="in-ten-years"),
    ],
)
@pytest.mark.parametrize("kind", Kind)
def test_expires_in(service: TokenService, kind: Kind, expires_in: timedelta | None, expires_at: float | None) -> None:
    """A token lives for as long as was said, for ever if that was said (K-37)."""
    if kind is Kind.KEY:
        issued = issue(service, expires_in=expires_in)
    else:
        issued = service.issue_pat(user="u1", name="laptop", scopes=["a:b"], expires_in=expires_in, by=BY)
    assert issued.record.expires_at == expires_at


LONE_HALF = "\ud800"

REFUSED: list[Any] = [
    pytest.param({"name": ""}, "name", id="no-name"),
    pytest.param({"name": " \t"}, "name", id="blank-name"),
    pytest.param({"name": "a" * 256}, "name", id="long-name"),
    pytest.param({"name": "line\nbreak"}, "name", id="name-of-two-lines"),
    pytest.param({"name": "\x1b[31mred"}, "name", id="name-with-a-control-character"),
    pytest.param({"name": "a\u202eb"}, "name", id="name-that-turns-round"),
    pytest.param({"name": LONE_HALF}, "name", id="name-that-is-no-text"),
    pytest.param({"scopes": []}, "scopes", id="no-scopes"),
    pytest.param({"scopes": "reports:read"}, "list", id="scopes-in-one-string"),
    pytest.param({"scopes": ["reports:read", "Reports:Write"]}, "Reports:Write", id="upper-case-scope"),
    pytest.param({"scopes": ["a b"]}, "a b", id="two-scopes-in-one"),
    pytest.param({"scopes": ["*:read"]}, "read", id="star-in-front"),
    pytest.param({"env": "Live"}, "env", id="upper-case-env"),
    pytest.param({"env": "a"}, "env", id="short-env"),
    pytest.param({"env": "production"}, "env", id="long-env"),
    pytest.param({"env": ""}, "env", id="empty-env"),
    pytest.param({"expires_in": timedelta(0)}, "past", id="expired-now"),
    pytest.param({"expires_in": timedelta(seconds=-1)}, "past", id="expired-already"),
    pytest.param({"meta": {"a": object()}}, "JSON", id="meta-not-json"),
    pytest.param({"meta": {"a": float("nan")}}, "JSON", id="meta-not-a-number"),
    pytest.param({"meta": {"a": "x" * (8192 - 8)}}, "8192", id="meta-too-large"),
    pytest.param({"meta": {"a": "ü" * 1364}}, "8192", id="meta-too-large-in-bytes"),
    pytest.param({"client": ""}, "owner", id="client-without-a-name"),
    pytest.param({"client": LONE_HALF}, "owner", id="client-that-is-no-text"),
    pytest.param({"tenant": LONE_HALF}, "tenant", id="tenant-that-is-no-text"),
    pytest.param({"description": LONE_HALF}, "description", id="description-that-is-no-text"),
    pytest.param({"client": "x" * 256}, "owner", id="long-client"),
    pytest.param({"tenant": "x" * 256}, "tenant", id="long-tenant"),
    pytest.param({"tenant": "a\0b"}, "tenant", id="tenant-with-nul"),
    pytest.param({"description": "a\0b"}, "description", id="description-with-nul"),
]


@pytest.mark.parametrize(("changes", "word"), REFUSED)
def test_issue_refused(service: TokenService, store: MemoryStore, changes: dict[str, Any], word: str) -> None:
    """What breaks a rule is refused with a word on what to do, and nothing is kept (K-03, K-11, K-30, K-50)."""
    with pytest.raises(NotPossible, match=word):
        issue(service, **changes)
    assert store.list(Query()) == []


def test_deep_meta(service: TokenService) -> None:
    """Notes that are nested deeper than can be read again are refused, not an accident (K-11)."""
    deep: list[Any] = []
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(NotPossible, match="JSON"):
        issue(service, meta={"a": deep})


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(Owner(OwnerType.CLIENT, "acme", "job"), id="client"),
        pytest.param(Owner(OwnerType.ORG, "acme", "o"), id="organisation"),
        pytest.param(Owner(OwnerType.NONE, "acme"), id="nobody"),
        pytest.param(Owner(OwnerType.USER, "acme", ""), id="user-without-a-name"),
        pytest.param("", id="no-name"),
    ],
)
def test_pat_is_a_users(service: TokenService, store: MemoryStore, owner: str | Owner) -> None:
    """A personal access token is for a user only: it would make a user of anybody else's id (K-02, K-41)."""
    with pytest.raises(NotPossible):
        service.issue_pat(user=owner, name="laptop", scopes=["a:b"], by=BY)
    assert store.list(Query()) == []


@pytest.mark.parametrize(
    ("scopes", "granted"),
    [
        pytest.param(["a:b", "a:b"], {"a:b"}, id="twice"),
        pytest.param(["a:*"], {"a:*"}, id="all-of-a-resource"),
        pytest.param(["*"], {"*"}, id="everything-when-said"),
        pytest.param(("a:b", "c:d"), {"a:b", "c:d"}, id="tuple"),
    ],
)
def test_scopes(service: TokenService, scopes: Sequence[str], granted: set[str]) -> None:
    """A token holds the scopes that were named, and no other (K-30, K-50)."""
    assert issue(service, scopes=scopes).record.scopes == granted


@pytest.mark.parametrize("text", ["x" * (8192 - 9), "ü" * 1363], ids=["ascii", "not-ascii"])
def test_largest_meta(service: TokenService, text: str) -> None:
    """Notes may have as much as eight KiB of JSON (K-11)."""
    assert issue(service, meta={"a": text}).record.meta == {"a": text}


@pytest.mark.parametrize("meta", [None, {}], ids=["none", "empty"])
def test_no_meta(service: TokenService, meta: dict[str, Any] | None) -> None:
    """Notes are not asked for (K-11)."""
    assert issue(service, meta=meta).record.meta == {}


def test_meta_is_the_records_own(service: TokenService) -> None:
    """Whoever changes the notes that he handed in changes nothing that was issued (K-11)."""
    meta = {"team": {"lead": "b"}}
    issued = issue(service, meta=meta)
    meta["team"]["lead"] = "c"
    assert issued.record.meta["team"]["lead"] == "b"


def test_name_taken(service: TokenService) -> None:
    """A name that a live key of the same client has is a conflict, and the message names it (K-30)."""
    issue(service, client="job")
    with pytest.raises(Conflict, match="'nightly'"):
        issue(service, client="job")


def test_name_free_again(service: TokenService) -> None:
    """The name of a revoked key is free (K-30)."""
    service.revoke(issue(service, client="job").record.id, by=BY)
    assert issue(service, client="job").record.name == "nightly"


def test_name_free_after_expiry(service: TokenService, clock: ManualClock) -> None:
    """The name of an expired key is free from the second in which it expires (K-30, K-37)."""
    issue(service, client="job", expires_in=timedelta(seconds=10))
    clock.advance(9.5)
    with pytest.raises(Conflict):
        issue(service, client="job")
    clock.advance(0.5)
    assert issue(service, client="job").record.name == "nightly"


def test_too_many(store: MemoryStore) -> None:
    """An owner who has as many live ones as allowed is told how many that are (K-30)."""
    service = TokenService(store, TOKENS, max_live=2)
    for name in ("a", "b"):
        issue(service, client="job", name=name)
    with pytest.raises(NotPossible, match="2 live"):
        issue(service, client="job", name="c")


def test_hundred_by_default(service: TokenService) -> None:
    """An owner may have a hundred live ones where nothing else was said (K-30)."""
    for number in range(100):
        issue(service, client="job", name=f"key {number}")
    with pytest.raises(NotPossible, match="100 live"):
        issue(service, client="job")


def test_wrong_pepper_at_issue(store: MemoryStore, service: TokenService) -> None:
    """Where the pepper is not the one of the store's keys, nothing is issued, and a sentence says so (K-13)."""
    issue(service)
    with pytest.raises(ConfigurationError, match="pepper"):
        issue(TokenService(store, WRONG))
    assert len(store.list(Query())) == 1


def test_wrong_pepper_at_roll(store: MemoryStore, service: TokenService) -> None:
    """Where the pepper is not the one of the store's keys, nothing is rolled: the new text would be dead (K-13)."""
    issued = issue(service)
    with pytest.raises(ConfigurationError, match="pepper"):
        TokenService(store, WRONG).roll(issued.record.id, generation=1, by=BY)
    assert kept(store, issued) == issued.record


def test_new_pepper_at_roll(store: MemoryStore, service: TokenService) -> None:
    """The first roll under a new pepper keeps its check, so that a wrong one is noticed from then on (K-13)."""
    issued = issue(service)
    rolled = TokenService(store, ROTATED).roll(issued.record.id, generation=1, by=BY)
    assert [secret.pepper_id for secret in rolled.record.secrets] == ["p1", "p2"]
    assert {check.pepper_id for check in store.pepper_checks()} == {"p1", "p2"}


def test_get(service: TokenService) -> None:
    """A record is had by its public id, whatever its state (K-31)."""
    issued = issue(service)
    revoked = service.revoke(issued.record.id, by=BY)
    assert service.get(issued.record.id, by=BY) == revoked


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(lambda service, unknown: service.get(unknown, by=BY), id="get"),
        pytest.param(lambda service, unknown: service.roll(unknown, generation=1, by=BY), id="roll"),
        pytest.param(lambda service, unknown: service.revoke(unknown, by=BY), id="revoke"),
    ],
)
def test_not_found(service: TokenService, verb: Callable[[TokenService, str], object]) -> None:
    """What is no id of ours is not found, and is not repeated: it may be a whole text that was pasted (K-42, K-92)."""
    issued = issue(service)
    for unknown in ("0" * 16, issued.text):
        with pytest.raises(NotFound, match="no such key or token") as caught:
            verb(service, unknown)
        assert unknown not in str(caught.value)
    assert service.get(issued.record.id, by=BY) == issued.record


def test_list(service: TokenService) -> None:
    """Records are listed by kind, tenant and owner, page after page (K-31)."""
    keys = [issue(service, client="job", name=str(number)).record for number in range(3)]
    other = issue(service, client="other", tenant="t1").record
    pat = service.issue_pat(user="u1", name="laptop", scopes=["a:b"], by=BY).record
    keys.sort(key=lambda record: record.id)
    assert list(service.list(by=BY, owner=Owner(OwnerType.CLIENT, "acme", "job"))) == keys
    assert list(service.list(by=BY, tenant="t1")) == [other]
    assert list(service.list(by=BY, kind=Kind.PAT)) == [pat]
    assert list(service.list(by=BY, owner=keys[0].owner, limit=1, after=keys[0].id)) == [keys[1]]
    assert len(service.list(by=BY)) == 5


@pytest.mark.parametrize("limit", [0, -1])
def test_list_of_none(service: TokenService, limit: int) -> None:
    """A page of none is refused: some databases take a negative number for all (K-31)."""
    with pytest.raises(NotPossible, match="limit"):
        service.list(by=BY, limit=limit)


def test_roll(service: TokenService, store: MemoryStore) -> None:
    """Rolling makes a new text for the same id, and keeps the digest of the old one (K-33)."""
    issued = issue(service, env="live")
    rolled = service.roll(issued.record.id, generation=1, by=BY)
    assert kept(store, issued) == rolled.record
    parsed = TOKENS.parse(rolled.text)
    assert (parsed.id, parsed.kind, parsed.env) == (issued.record.id, Kind.KEY, "live")
    assert rolled.text != issued.text
    assert rolled.record.generation == 2
    assert [secret.digest for secret in rolled.record.secrets] == [
        TOKENS.digest(text, "p1") for text in (issued.text, rolled.text)
    ]


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        pytest.param({}, DAY, id="a-day-by-default"),
        pytest.param({"overlap": timedelta(0)}, 0.0, id="now"),
        pytest.param({"overlap": timedelta(days=30)}, 30 * DAY, id="thirty-days"),
    ],
)
def test_roll_overlap(service: TokenService, arguments: dict[str, Any], seconds: float) -> None:
    """The old text works until the overlap is over, a day if nothing is said (K-33)."""
    rolled = service.roll(issue(service).record.id, generation=1, by=BY, **arguments)
    assert [secret.retire_at for secret in rolled.record.secrets] == [NOW + seconds, None]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param({"generation": 2}, Conflict, id="another-generation"),
        pytest.param({"overlap": timedelta(days=31)}, NotPossible, id="too-long-an-overlap"),
        pytest.param({"overlap": timedelta(days=-1)}, NotPossible, id="negative-overlap"),
    ],
)
def test_roll_refused(
    service: TokenService, store: MemoryStore, arguments: dict[str, Any], error: type[IssuingError]
) -> None:
    """A roll that is refused leaves the record as it was, and the old text alive (K-33)."""
    issued = issue(service)
    values: dict[str, Any] = {"generation": 1, "by": BY} | arguments
    with pytest.raises(error):
        service.roll(issued.record.id, **values)
    assert kept(store, issued) == issued.record


def test_roll_of_what_was_revoked(service: TokenService) -> None:
    """What is revoked cannot be brought to life by rolling it (K-33)."""
    issued = issue(service)
    service.revoke(issued.record.id, by=BY)
    with pytest.raises(NotPossible, match="revoked"):
        service.roll(issued.record.id, generation=1, by=BY)


def test_roll_of_what_expired(service: TokenService, clock: ManualClock) -> None:
    """What has expired cannot be brought to life by rolling it, from that second on (K-33, K-37)."""
    issued = issue(service, expires_in=timedelta(seconds=10))
    clock.advance(10)
    with pytest.raises(NotPossible, match="expired"):
        service.roll(issued.record.id, generation=1, by=BY)


def revoke_as_a_rival(record: Record) -> Record:
    """Revoke it, as somebody else."""
    return replace(record, revoked_at=NOW, revoked_by="rival", revoked_reason="compromised")


def rename_as_a_rival(record: Record) -> Record:
    """Give it another description, as somebody else."""
    return replace(record, description=record.description + "!")


def test_roll_that_comes_after_a_revocation() -> None:
    """A roll that is overtaken by a revocation does not undo it (K-33, K-35)."""
    store = RivalledStore(revoke_as_a_rival)
    service = TokenService(store, TOKENS)
    issued = issue(service)
    with pytest.raises(NotPossible, match="revoked"):
        service.roll(issued.record.id, generation=1, by=BY)
    assert kept(store, issued).revoked_by == "rival"
    assert kept(store, issued).generation == 1


def test_revocation_that_comes_after_a_revocation() -> None:
    """Of two who revoke at once the first is written down (K-35)."""
    store = RivalledStore(revoke_as_a_rival)
    service = TokenService(store, TOKENS)
    assert service.revoke(issue(service).record.id, by=BY).revoked_by == "rival"


def test_revocation_that_comes_after_another_change() -> None:
    """A change that comes between does not keep a revocation from being made, and is not lost (K-35)."""
    store = RivalledStore(*[rename_as_a_rival] * 5)
    service = TokenService(store, TOKENS)
    issued = issue(service)
    assert service.revoke(issued.record.id, by=BY).revoked_by == "console"
    assert kept(store, issued).description == "!!!!!"
    assert kept(store, issued).state(NOW) is State.REVOKED


def test_changes_that_never_end() -> None:
    """Whoever never gets his turn is told so, in the end (K-33)."""
    store = RivalledStore(*[rename_as_a_rival] * 100)
    service = TokenService(store, TOKENS)
    issued = issue(service)
    with pytest.raises(Conflict, match="try again"):
        service.revoke(issued.record.id, by=BY)


def test_revoke(service: TokenService, store: MemoryStore) -> None:
    """Revoking is written down with who and why, and keeps the digest, to recognise a later use (K-35)."""
    issued = issue(service)
    revoked = service.revoke(issued.record.id, by=BY, reason="compromised")
    assert kept(store, issued) == revoked
    assert (revoked.revoked_at, revoked.revoked_by, revoked.revoked_reason) == (NOW, "console", "compromised")
    assert revoked.secrets == issued.record.secrets


def test_revoke_twice(service: TokenService, store: MemoryStore, clock: ManualClock) -> None:
    """Revoking again is no error and changes nothing: the first reason stands, and the revision stays (K-35)."""
    issued = issue(service)
    first = service.revoke(issued.record.id, by=BY, reason="compromised")
    before = store.freshness()
    clock.advance(60)
    assert service.revoke(issued.record.id, by=system("other"), reason="policy") == first
    assert store.freshness() == before


def test_revoke_without_a_reason(service: TokenService) -> None:
    """A reason need not be given (K-35)."""
    assert service.revoke(issue(service).record.id, by=BY).revoked_reason == "other"


def test_revoke_for_no_such_reason(service: TokenService, store: MemoryStore) -> None:
    """A reason that there is not is refused, and nothing is revoked for it (K-35)."""
    issued = issue(service)
    with pytest.raises(NotPossible, match="because"):
        service.revoke(issued.record.id, by=BY, reason="because")
    assert kept(store, issued) == issued.record


def test_a_store_that_awaits() -> None:
    """A service that blocks takes no store that awaits, and says so at once (K-30)."""
    with pytest.raises(ConfigurationError, match="blocking store"):
        TokenService(AwaitingStore(), TOKENS)  # type: ignore[arg-type]  # as who checks no types does


@pytest.mark.parametrize("max_live", [0, -1])
@pytest.mark.parametrize("colour", [TokenService, AsyncTokenService])
def test_none_may_live(store: MemoryStore, colour: type[TokenService] | type[AsyncTokenService], max_live: int) -> None:
    """A service under which nobody may have anything is refused at once (K-30)."""
    with pytest.raises(ConfigurationError, match="max_live"):
        colour(store, TOKENS, max_live=max_live)


VERBS = sorted(
    {name for service in (TokenService, AsyncTokenService) for name in vars(service) if not name.startswith("_")}
)


@pytest.mark.parametrize("verb", VERBS)
def test_both_colours_show_one_signature(verb: str) -> None:
    """Both colours have the same arguments, say the same of them, and differ in that one of them awaits."""
    blocks, awaits = getattr(TokenService, verb), getattr(AsyncTokenService, verb)
    assert inspect.signature(blocks) == inspect.signature(awaits)
    assert get_origin(inspect.signature(blocks).return_annotation) is not get_origin(Flow[None])
    assert blocks.__doc__ == awaits.__doc__ is not None
    assert (inspect.iscoroutinefunction(blocks), inspect.iscoroutinefunction(awaits)) == (False, True)


def test_every_verb_has_both_colours() -> None:
    """There is no verb that one of the two does not have (K-30…K-38)."""
    for service in (TokenService, AsyncTokenService):
        assert {name for name in vars(service) if not name.startswith("_")} == set(VERBS)


def test_a_whole_life(service: TokenService, clock: ManualClock) -> None:
    """Every verb does the same in every colour: from its making until nothing is left of it (K-30…K-38)."""
    issued = issue(service, client="job", tenant="t1", scopes=["a:b", "self:roll"])
    of = issued.record.id
    assert service.edit(of, by=BY, description="for the reports").description == "for the reports"
    assert service.disable(of, by=BY, reason="quiet").state(NOW) is State.DISABLED
    assert service.list(by=BY, state=State.DISABLED, scope="a:b")[0].id == of
    assert service.enable(of, by=BY).state(NOW) is State.ACTIVE
    came = VerifiedCredential(kind="key", id=of, generation=1)
    job = Client(id="job", issuer="acme", tenant="t1", credential=came)
    assert service.get_self(by=job) == service.get(of, by=BY)
    assert service.roll_self(by=job).record.generation == 2
    assert service.delete(of, by=BY).state(NOW) is State.DELETED
    assert service.list(by=BY) == []
    assert service.undelete(of, by=BY).state(NOW) is State.DISABLED
    service.enable(of, by=BY)
    other = issue(service, client="job", tenant="t1", name="other")
    assert service.expire(other.record.id, by=BY).state(NOW) is State.EXPIRED
    assert service.revoke_self(by=job).state(NOW) is State.REVOKED
    assert service.revoke_all(by=BY, tenant="t1", reason="offboarding") == 1
    for each in (of, other.record.id):
        service.delete(each, by=BY)
    clock.advance(31 * DAY)
    assert service.purge(by=BY) == 2
    assert service.list(by=BY, include_deleted=True) == []


class FullStore(MemoryStore):
    """A store that finds every id taken."""

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Refuse it."""
        raise WriteRefused("exists")


def test_a_refusal_that_is_no_rule_of_ours() -> None:
    """A refusal that no caller can do anything about is handed on as it is (K-04)."""
    with pytest.raises(WriteRefused, match="exists"):
        issue(TokenService(FullStore(), TOKENS))


def test_rolls_at_once(tmp_path: Path) -> None:
    """Of several who roll one generation at once exactly one does, and the others kill nothing (K-33)."""
    with closing(SQLStore(f"sqlite:///{tmp_path / 'keys.db'}")) as store:
        store.create_schema()
        service = TokenService(store, TOKENS)
        issued = issue(service)
        barrier = threading.Barrier(6)

        def roll(_: int) -> IssuedToken | None:
            barrier.wait(10)
            try:
                return service.roll(issued.record.id, generation=1, by=BY)
            except Conflict:
                return None

        with ThreadPoolExecutor(6) as threads:
            winners = [each for each in threads.map(roll, range(6)) if each is not None]
        record = kept(store, issued)
    assert [winner.record for winner in winners] == [record]
    assert record.generation == 2
    assert record.secrets[-1].digest == TOKENS.digest(winners[0].text, "p1")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None)
@given(meta=st.dictionaries(st.text(max_size=5), _JSON, max_size=3))
def test_any_meta(meta: dict[str, Any]) -> None:
    """Any JSON object is kept as the notes that it is, in a database too (K-11)."""
    with closing(SQLStore("sqlite://")) as store:
        store.create_schema()
        issued = issue(TokenService(store, TOKENS), meta=meta)
        assert thawed(kept(store, issued).meta) == meta


def thawed(value: Any) -> Any:
    """Return a JSON value as lists and dictionaries again."""
    if hasattr(value, "items"):
        return {name: thawed(member) for name, member in value.items()}
    if isinstance(value, tuple):
        return [thawed(member) for member in value]
    return value
