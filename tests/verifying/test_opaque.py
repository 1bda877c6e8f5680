"""APIKeyVerifier and PATVerifier: who is believed, what is remembered, and how often the store is asked."""

import asyncio
import hashlib
import logging
import multiprocessing
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.credential import PresentedCredential
from authmux.errors import (
    AuthError,
    ConfigurationError,
    CredentialNotAllowed,
    Fault,
    InvalidCredential,
    Unavailable,
)
from authmux.flow import run, run_async
from authmux.issuing.actor import system
from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.principal import AnonymousKey, Client, Principal, User
from authmux.stores.memory import MemoryStore
from authmux.stores.port import StoreUnavailable
from authmux.stores.record import Owner
from authmux.stores.sql import SQLStore
from authmux.testing.manual_clock import ManualClock
from authmux.token_format import Kind, TokenFormat, checksum, new_id
from authmux.verifying.authenticator import Authenticator
from authmux.verifying.opaque import APIKeyVerifier, OpaqueVerifier, PATVerifier
from tests.verifying.processes import verify_in_a_child
from tests.verifying.watched_stores import AwaitingStore, CountingStore

NOW = 1_800_000_000.0
BY = system()
CALLERS = 16


def make_tokens(**peppers: bytes) -> TokenFormat:
    """Return a format with these peppers, each its letter thirty-two times; the last is the current one."""
    return TokenFormat(prefix="acme", peppers=Peppers({name: letter * 32 for name, letter in peppers.items()}))


TOKENS = make_tokens(p1=b"a")


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that stands."""
    return ManualClock(NOW)


@pytest.fixture
def store() -> Iterator[CountingStore]:
    """Give a store that counts."""
    store = CountingStore(MemoryStore())
    yield store
    store.gate.set()


@pytest.fixture
def restless() -> Iterator[None]:
    """Have threads take turns a thousand times as often, so that what can come between does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(2e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def service(store: CountingStore, clock: ManualClock) -> TokenService:
    """Give a service on what the store keeps; what it asks is not counted."""
    return TokenService(store.kept, TOKENS, clock=clock)


@pytest.fixture
def verifier(store: CountingStore, clock: ManualClock) -> APIKeyVerifier:
    """Give a verifier of keys."""
    return APIKeyVerifier(store, TOKENS, clock=clock)


@pytest.fixture
def issued(service: TokenService) -> IssuedToken:
    """Give a key of a client's."""
    return issue(service)


def issue(service: TokenService, **changes: Any) -> IssuedToken:
    """Issue a key of a client's, different where it is said so."""
    values: dict[str, Any] = {"name": f"key {new_id()}", "scopes": ["reports:read"], "client": "job", "by": BY}
    return service.issue_key(**values | changes)


def change(store: CountingStore, issued: IssuedToken, **changes: Any) -> None:
    """Change what the store keeps of an issued token."""
    record = store.kept.find(issued.record.id).record
    assert record is not None
    store.kept.replace(replace(record, row_version=record.row_version + 1, **changes), expected=record.row_version)


def verify(verifier: OpaqueVerifier, text: str) -> Principal:
    """Verify a text, blocking."""
    return run(verifier.verify(PresentedCredential(text)))


async def verify_async(verifier: OpaqueVerifier, text: str) -> Principal:
    """Verify a text, awaiting."""
    return await run_async(verifier.verify(PresentedCredential(text)))


def refusal(verifier: OpaqueVerifier, text: str) -> AuthError:
    """Return the error with which a text is refused."""
    with pytest.raises(AuthError) as caught:
        verify(verifier, text)
    return caught.value


def invalid(verifier: OpaqueVerifier, text: str) -> tuple[Fault | None, str, str | None]:
    """Return the fault, the reason and the id with which a text is refused as no good."""
    error = refusal(verifier, text)
    assert isinstance(error, InvalidCredential)
    return (error.fault, error.reason, error.credential_id)


def with_checksum(body: str) -> str:
    """Return a text whose checksum is right."""
    return body + checksum(body)


# Who it is


def test_client(verifier: APIKeyVerifier, service: TokenService) -> None:
    """A client's key is the client: its id, its issuer, its tenant, with the key's scopes and notes (K-02)."""
    issued = issue(service, client="job", tenant="t1", scopes=["a:b", "c:*"], meta={"team": ["x"]})
    principal = verify(verifier, issued.text)
    assert type(principal) is Client
    assert principal.key == ("acme", "t1", "client", "job")
    assert principal.scopes == {"a:b", "c:*"}
    assert principal.claims == {"team": ("x",)}


def test_client_of_an_issuer(verifier: APIKeyVerifier, service: TokenService) -> None:
    """A client whom an identity provider names is the same one that its access tokens are of (K-02)."""
    issued = issue(service, client=Owner.of(Client(id="job", issuer="https://id")))
    assert verify(verifier, issued.text) == Client(id="job", issuer="https://id")


def test_nobodys_key(verifier: APIKeyVerifier, service: TokenService) -> None:
    """A key that is nobody's is itself: an anonymous key under its own id and name (K-02)."""
    issued = issue(service, client=None, name="embed")
    principal = verify(verifier, issued.text)
    assert type(principal) is AnonymousKey
    assert principal.key == ("acme", None, "anonymous", issued.record.id)
    assert principal.display_name == "embed"


def test_user(store: CountingStore, service: TokenService) -> None:
    """A personal access token is its user (K-02)."""
    issued = service.issue_pat(user="u1", name="laptop", scopes=["a:b"], tenant="t1", by=BY)
    principal = verify(PATVerifier(store, TOKENS), issued.text)
    assert type(principal) is User
    assert principal.key == ("acme", "t1", "user", "u1")


def test_generation_that_was_used(verifier: APIKeyVerifier, service: TokenService, issued: IssuedToken) -> None:
    """The principal says which generation was used, and until when that one works (K-33)."""
    rolled = service.roll(issued.record.id, generation=1, overlap=timedelta(hours=1), by=BY)
    credentials = [verify(verifier, text).credential for text in (issued.text, rolled.text)]
    assert [(each.id, each.generation, each.expires_at) for each in credentials if each] == [
        (issued.record.id, 1, NOW + 3600),
        (issued.record.id, 2, None),
    ]


@pytest.mark.parametrize("former", ["acme", "oldname"])
def test_former_prefix(store: CountingStore, former: str) -> None:
    """A token that was issued under a former prefix is recognised and believed (K-01)."""
    peppers = Peppers({"p1": b"a" * 32})
    issued = issue(TokenService(store.kept, TokenFormat(prefix=former, peppers=peppers)))
    verifier = APIKeyVerifier(
        store, TokenFormat(prefix="newname", peppers=peppers, former_prefixes=["oldname", "acme"])
    )
    assert verifier.recognises(issued.text)
    assert verify(verifier, issued.text).id == "job"


@pytest.mark.parametrize(
    ("text", "is_recognised"),
    [
        pytest.param("acme_key_", True, id="key"),
        pytest.param("acme_key_x", True, id="key-that-is-bad"),
        pytest.param("acme_pat_x", False, id="pat"),
        pytest.param("other_key_x", False, id="another-prefix"),
        pytest.param("Acme_key_x", False, id="upper-case"),
        pytest.param(" acme_key_x", False, id="not-at-the-beginning"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_recognises(verifier: APIKeyVerifier, store: CountingStore, text: str, is_recognised: bool) -> None:
    """A token is known by how it begins, and the store is not asked for that (K-02, K-08)."""
    assert verifier.recognises(text) is is_recognised
    assert (store.looks, store.reads) == (0, [])


# What is refused, and what is said of it


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"), "token_checksum", id="typo"),
        pytest.param(lambda text: text.replace("acme_key_", "acme_key_live_"), "token_checksum", id="env-put-in"),
        pytest.param(lambda text: text[:-1], "token_shape", id="cut-off"),
        pytest.param(lambda text: text + "x", "token_shape", id="too-long-by-one"),
        pytest.param(lambda text: text + "\n", "token_shape", id="new-line"),
        pytest.param(lambda text: text + "x" * 500, "token_too_long", id="far-too-long"),
        pytest.param(lambda text: text.upper(), "token_shape", id="upper-case"),
        pytest.param(lambda text: text[:-1] + "٣", "token_shape", id="another-alphabets-digit"),
        pytest.param(lambda _: "acme_key_", "token_shape", id="only-the-mark"),
    ],
)
def test_malformed(
    verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken, spoil: Callable[[str], str], reason: str
) -> None:
    """What is not of our shape, or has a wrong checksum, is refused without asking the store anything (K-06, K-08)."""
    assert invalid(verifier, spoil(issued.text)) == (Fault.MALFORMED, reason, None)
    assert (store.looks, store.reads, store.checks) == (0, [], 0)


def test_unknown_id(verifier: APIKeyVerifier, issued: IssuedToken) -> None:
    """An id that nobody has is refused, and nothing is said of why (K-20)."""
    assert invalid(verifier, TOKENS.make(Kind.KEY, new_id())) == (None, "unknown_id", None)


def test_unknown_secret(verifier: APIKeyVerifier, issued: IssuedToken) -> None:
    """A right id with a wrong secret is refused, and names no credential: nothing was proved (K-12, K-20)."""
    assert invalid(verifier, TOKENS.make(Kind.KEY, issued.record.id)) == (None, "unknown_secret", None)


@given(position=st.integers(0, 42), character=st.sampled_from("0123456789ABCxyz"))
def test_every_character_counts(position: int, character: str) -> None:
    """A secret that differs in any one character proves nothing, though its checksum is right (K-05, K-12)."""
    store = MemoryStore()
    issued = issue(TokenService(store, TOKENS))
    verifier = APIKeyVerifier(store, TOKENS)
    body = issued.text[:-6]
    place = len(body) - 43 + position
    other = with_checksum(body[:place] + character + body[place + 1 :])
    if other == issued.text:
        assert verify(verifier, other).id == "job"
    else:
        assert invalid(verifier, other) == (None, "unknown_secret", None)


@pytest.mark.parametrize("other", ["acme_key_test_", "acme_key_"], ids=["another-env", "no-env"])
def test_env_is_part_of_the_proof(verifier: APIKeyVerifier, service: TokenService, other: str) -> None:
    """A token whose env was changed in its text, checksum and all, proves nothing (K-03, K-12)."""
    issued = issue(service, env="live")
    text = with_checksum(issued.text[:-6].replace("acme_key_live_", other))
    assert invalid(verifier, text) == (None, "unknown_secret", None)


def test_another_kinds_id(store: CountingStore, service: TokenService, issued: IssuedToken) -> None:
    """A key's id in a token of another kind is unknown, whatever the secret (K-02, K-20)."""
    text = with_checksum(issued.text[:-6].replace("_key_", "_pat_"))
    assert invalid(PATVerifier(store, TOKENS), text) == (None, "unknown_id", None)


@pytest.mark.parametrize(
    ("algorithm", "make_digest"),
    [
        pytest.param("sha256", lambda text: hashlib.sha256(text.encode()).digest(), id="sha256"),
        pytest.param("plain", lambda text: text.encode(), id="the-text-itself"),
        pytest.param("hmac-sha256", lambda _: b"", id="nothing"),
        pytest.param("hmac-sha256", lambda text: TOKENS.digest(text, "p1")[:-1], id="cut-off"),
        pytest.param("hmac-sha256", lambda text: TOKENS.digest(text, "p1")[:-1] + b"\n", id="another-last-byte"),
        pytest.param("hmac-sha256", lambda text: TOKENS.digest(text, "p1") + b"\n", id="longer"),
        pytest.param("none", lambda _: b"", id="no-algorithm"),
    ],
)
def test_planted_digest(
    verifier: APIKeyVerifier,
    store: CountingStore,
    issued: IssuedToken,
    algorithm: str,
    make_digest: Callable[[str], bytes],
) -> None:
    """A token of ours is checked by HMAC under a pepper, whatever its row says (K-12, K-14)."""
    secret = replace(issued.record.secrets[0], algorithm=algorithm, digest=make_digest(issued.text))
    change(store, issued, secrets=(secret,))
    assert invalid(verifier, issued.text) == (None, "unknown_secret", None)


STATES: list[Any] = [
    pytest.param({"not_before": NOW + 0.001}, Fault.NOT_YET_VALID, "not_yet", id="not-yet"),
    pytest.param({"expires_at": NOW}, Fault.EXPIRED, "expired", id="expired"),
    pytest.param({"disabled_at": NOW}, Fault.REVOKED, "disabled", id="disabled"),
    pytest.param({"revoked_at": NOW}, Fault.REVOKED, "revoked", id="revoked"),
    pytest.param({"deleted_at": NOW}, Fault.REVOKED, "deleted", id="deleted"),
]


@pytest.mark.parametrize(("changes", "fault", "reason"), STATES)
@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
def test_state(
    verifier: APIKeyVerifier,
    store: CountingStore,
    issued: IssuedToken,
    changes: dict[str, Any],
    fault: Fault,
    reason: str,
    is_warm: bool,
) -> None:
    """What is not in use is refused with its fault, and named, since its secret was proved (K-20, K-34…K-37)."""
    if is_warm:
        verify(verifier, issued.text)
    change(store, issued, **changes)
    assert invalid(verifier, issued.text) == (fault, reason, issued.record.id)


@pytest.mark.parametrize(("changes", "fault", "reason"), STATES)
def test_state_is_not_told_without_the_secret(
    verifier: APIKeyVerifier,
    store: CountingStore,
    issued: IssuedToken,
    changes: dict[str, Any],
    fault: Fault,
    reason: str,
) -> None:
    """Who knows the id and not the secret learns nothing of its state (K-04, K-20)."""
    change(store, issued, **changes)
    assert invalid(verifier, TOKENS.make(Kind.KEY, issued.record.id)) == (None, "unknown_secret", None)


def test_retired_generation(verifier: APIKeyVerifier, service: TokenService, issued: IssuedToken) -> None:
    """A generation that has retired is refused as such and named, its successor is believed (K-33)."""
    rolled = service.roll(issued.record.id, generation=1, overlap=timedelta(0), by=BY)
    assert invalid(verifier, issued.text) == (Fault.REVOKED, "retired_secret", issued.record.id)
    assert verify(verifier, rolled.text).id == "job"


def test_retired_generation_of_what_was_revoked(
    verifier: APIKeyVerifier, service: TokenService, issued: IssuedToken
) -> None:
    """The use of a retired secret is noticed as that, also when everything is revoked since (K-20, K-35)."""
    service.roll(issued.record.id, generation=1, overlap=timedelta(0), by=BY)
    service.revoke(issued.record.id, by=BY)
    assert invalid(verifier, issued.text)[1] == "retired_secret"


RESTRICTIONS: list[Any] = [
    pytest.param({"parent_id": "p" * 16}, id="parent"),
    pytest.param({"resources": ("base:1",)}, id="resources"),
    pytest.param({"audience": "https://api"}, id="audience"),
    pytest.param({"allowed_cidrs": ("10.0.0.0/8",)}, id="addresses"),
    pytest.param({"allowed_origins": ("https://a",)}, id="origins"),
    pytest.param({"limit_policy": "slow"}, id="limit-policy"),
]


@pytest.mark.parametrize("restriction", RESTRICTIONS)
def test_unknown_restriction(
    verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken, restriction: dict[str, Any]
) -> None:
    """A restriction that this version cannot check is never taken for none (K-20, K-39, K-51)."""
    change(store, issued, **restriction)
    for _ in ("cold", "warm"):
        error = refusal(verifier, issued.text)
        assert isinstance(error, CredentialNotAllowed)
        assert (error.reason, error.credential_id) == ("restriction_not_known", issued.record.id)


def test_state_comes_before_restrictions(verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken) -> None:
    """What is revoked is refused as revoked, restricted or not (K-20)."""
    change(store, issued, revoked_at=NOW, audience="https://api")
    assert invalid(verifier, issued.text)[1] == "revoked"


# What is remembered


def test_a_warm_one_asks_nothing(verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken) -> None:
    """A record that is held is judged without asking anything but the revision, each time (K-21, K-22)."""
    verify(verifier, issued.text)
    looks = store.looks
    for _ in range(3):
        with pytest.raises(StopIteration) as stop:
            next(verifier.verify(PresentedCredential(issued.text)))
        assert stop.value.value.id == "job"
    assert (store.reads, store.looks) == ([issued.record.id], looks + 3)


@pytest.mark.parametrize(
    ("changes", "before", "after"),
    [
        pytest.param({"expires_at": NOW + 60}, None, "expired", id="expiry"),
        pytest.param({"not_before": NOW + 60}, "not_yet", None, id="beginning"),
    ],
)
def test_a_held_record_is_judged_anew(
    verifier: APIKeyVerifier,
    store: CountingStore,
    clock: ManualClock,
    issued: IssuedToken,
    changes: dict[str, Any],
    before: str | None,
    after: str | None,
) -> None:
    """A deadline passes to the second while the record is held: the record is remembered, no verdict (K-21, K-37)."""
    change(store, issued, **changes)
    for seconds, expected in ((59.999, before), (0.001, after), (1.0, after)):
        clock.advance(seconds)
        reason = None
        try:
            verify(verifier, issued.text)
        except AuthError as error:
            reason = error.reason
        assert reason == expected
    assert store.reads == [issued.record.id]


def test_an_overlap_ends_to_the_second(
    verifier: APIKeyVerifier, store: CountingStore, service: TokenService, clock: ManualClock, issued: IssuedToken
) -> None:
    """An old generation is refused from the second in which its overlap ends, though it is held (K-21, K-33)."""
    service.roll(issued.record.id, generation=1, overlap=timedelta(seconds=60), by=BY)
    clock.advance(59.999)
    assert verify(verifier, issued.text).id == "job"
    clock.advance(0.001)
    assert invalid(verifier, issued.text)[1] == "retired_secret"
    assert store.reads == [issued.record.id]


def test_wall_time_decides(
    verifier: APIKeyVerifier, store: CountingStore, clock: ManualClock, issued: IssuedToken
) -> None:
    """Deadlines are judged by the wall clock, when somebody corrects it too (K-37)."""
    change(store, issued, expires_at=NOW + 60)
    verify(verifier, issued.text)
    clock.set_wall(NOW + 60)
    assert invalid(verifier, issued.text)[1] == "expired"
    clock.set_wall(NOW)
    assert verify(verifier, issued.text).id == "job"


def test_a_digest_is_compared_each_time(verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken) -> None:
    """A wrong secret under a held id is refused, and spoils nothing for the right one (K-21)."""
    verify(verifier, issued.text)
    assert invalid(verifier, TOKENS.make(Kind.KEY, issued.record.id))[1] == "unknown_secret"
    assert verify(verifier, issued.text).id == "job"
    assert store.reads == [issued.record.id]


def test_any_change_drops_what_is_held(
    verifier: APIKeyVerifier, store: CountingStore, service: TokenService, issued: IssuedToken
) -> None:
    """After any change of the store a held record is read again before it is believed (K-22)."""
    verify(verifier, issued.text)
    issue(service)
    verify(verifier, issued.text)
    verify(verifier, issued.text)
    assert store.reads == [issued.record.id] * 2


def test_nothing_is_held_without_a_revision(clock: ManualClock) -> None:
    """Of a store that does not know its revision nothing is held: each request reads (K-22)."""
    with closing(SQLStore("sqlite://")) as kept:
        kept.create_schema()
        store = CountingStore(kept)
        issued = issue(TokenService(kept, TOKENS))
        verifier = APIKeyVerifier(store, TOKENS)
        unknown = TOKENS.make(Kind.KEY, new_id())
        for _ in range(2):
            verify(verifier, issued.text)
            refusal(verifier, unknown)
        assert len(store.reads) == 4


def test_a_change_by_the_shell(tmp_path: Path) -> None:
    """A revocation that is typed into the sqlite3 shell counts at the next request (K-22, K-25)."""
    with closing(SQLStore(f"sqlite:///{tmp_path / 'keys.db'}")) as kept:
        kept.create_schema()
        issued = issue(TokenService(kept, TOKENS))
        verifier = APIKeyVerifier(kept, TOKENS)
        verify(verifier, issued.text)
        with closing(sqlite3.connect(tmp_path / "keys.db")) as shell:
            shell.execute("UPDATE authmux_credentials SET revoked_at = 1")
            shell.commit()
        assert invalid(verifier, issued.text)[1] == "revoked"


def test_an_absence_is_held_for_two_seconds(
    verifier: APIKeyVerifier, store: CountingStore, clock: ManualClock, issued: IssuedToken
) -> None:
    """An id that was not found is not looked up again for two seconds, and then it is (K-21, K-23)."""
    unknown = [TOKENS.make(Kind.KEY, "0" * 16) for _ in range(3)]
    for text in unknown:
        refusal(verifier, text)
    clock.advance(1.999)
    refusal(verifier, unknown[0])
    assert store.reads == ["0" * 16]
    clock.advance(0.001)
    refusal(verifier, unknown[0])
    assert store.reads == ["0" * 16] * 2


def test_an_absence_ends_with_the_revision(
    verifier: APIKeyVerifier, store: CountingStore, service: TokenService, issued: IssuedToken
) -> None:
    """After any change of the store an absence is looked up again at once: it may be there now (K-21, K-22)."""
    unknown = TOKENS.make(Kind.KEY, "0" * 16)
    refusal(verifier, unknown)
    issue(service)
    refusal(verifier, unknown)
    assert store.reads == ["0" * 16] * 2


def test_an_absence_is_not_held_where_it_was_turned_off(store: CountingStore, issued: IssuedToken) -> None:
    """With `absent_for=0` each request looks for an id that was not found (K-23)."""
    verifier = APIKeyVerifier(store, TOKENS, absent_for=0)
    for _ in range(2):
        refusal(verifier, TOKENS.make(Kind.KEY, "0" * 16))
    assert store.reads == ["0" * 16] * 2


def test_a_record_that_disappears_is_an_absence(tmp_path: Path) -> None:
    """An id that was held and is gone from the store is looked up once, not by every request (K-23)."""
    with closing(SQLStore(f"sqlite:///{tmp_path / 'keys.db'}")) as kept:
        kept.create_schema()
        store = CountingStore(kept)
        issued = issue(TokenService(kept, TOKENS))
        verifier = APIKeyVerifier(store, TOKENS, clock=ManualClock())
        verify(verifier, issued.text)
        with closing(sqlite3.connect(tmp_path / "keys.db")) as shell:
            shell.execute("DELETE FROM authmux_credential_secrets")
            shell.execute("DELETE FROM authmux_credentials")
            shell.commit()
        for _ in range(5):
            assert invalid(verifier, issued.text)[1] == "unknown_id"
        assert store.reads == [issued.record.id] * 2


def test_the_memory_is_bounded(store: CountingStore, service: TokenService) -> None:
    """No more records are held than was said; the one that was not asked for the longest is forgotten (K-21)."""
    verifier = APIKeyVerifier(store, TOKENS, remember=3)
    texts = [issue(service).text for _ in range(4)]
    for text in texts:
        verify(verifier, text)
    store.reads.clear()
    for text in texts[1:]:
        verify(verifier, text)
    assert store.reads == []
    verify(verifier, texts[0])
    assert len(store.reads) == 1


def test_the_memory_of_absences_is_bounded(store: CountingStore, issued: IssuedToken) -> None:
    """No more absences are held than was said (K-21)."""
    verifier = APIKeyVerifier(store, TOKENS, remember=3, clock=ManualClock())
    unknown = [TOKENS.make(Kind.KEY, new_id()) for _ in range(4)]
    for text in unknown:
        refusal(verifier, text)
    store.reads.clear()
    for text in unknown[1:]:
        refusal(verifier, text)
    assert store.reads == []
    refusal(verifier, unknown[0])
    assert len(store.reads) == 1


def test_absences_push_no_record_out(store: CountingStore, service: TokenService) -> None:
    """However many made-up ids are asked for, the genuine records stay held (K-21)."""
    verifier = APIKeyVerifier(store, TOKENS, remember=2)
    texts = [issue(service).text for _ in range(2)]
    for text in texts:
        verify(verifier, text)
    for _ in range(10):
        refusal(verifier, TOKENS.make(Kind.KEY, new_id()))
    store.reads.clear()
    for text in texts:
        verify(verifier, text)
    assert store.reads == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_a_forked_child_forgets() -> None:
    """A forked child holds nothing that its parent read, and waits for no read that its parent began (K-22, K-23)."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=verify_in_a_child, args=(theirs,))
    process.start()
    theirs.close()
    with ours:
        assert ours.poll(20)
        assert ours.recv() == (["job", "job"], 2)
    process.join(10)


# One read for many


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_threads_share_one_read(verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken) -> None:
    """Many threads that want one cold id at once cause one read (K-23)."""
    store.gate.clear()
    with ThreadPoolExecutor(CALLERS) as threads:
        answers = [threads.submit(verify, verifier, issued.text) for _ in range(CALLERS)]
        wait_until(lambda: bool(store.reads))
        time.sleep(0.05)
        store.gate.set()
        assert {answer.result(10).id for answer in answers} == {"job"}
    assert store.reads == [issued.record.id]


def test_threads_share_one_absence(verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken) -> None:
    """Many threads that want one id that nobody has cause one read (K-23)."""
    unknown = TOKENS.make(Kind.KEY, "0" * 16)
    store.gate.clear()
    with ThreadPoolExecutor(CALLERS) as threads:
        answers = [threads.submit(refusal, verifier, unknown) for _ in range(CALLERS)]
        wait_until(lambda: bool(store.reads))
        time.sleep(0.05)
        store.gate.set()
        assert {answer.result(10).reason for answer in answers} == {"unknown_id"}
    assert store.reads == ["0" * 16]


@pytest.mark.parametrize("colour", ["blocking", "awaiting"])
def test_tasks_share_one_read(service: TokenService, store: CountingStore, issued: IssuedToken, colour: str) -> None:
    """A thousand tasks that want one cold id at once cause one read, of a store of either colour (K-23)."""
    asked = store if colour == "blocking" else AwaitingStore(store.kept)
    verifier = APIKeyVerifier(asked, TOKENS)

    async def ask_together() -> list[Principal]:
        await run_async(verifier.start())
        return await asyncio.gather(*(verify_async(verifier, issued.text) for _ in range(1000)))

    assert {principal.id for principal in asyncio.run(ask_together())} == {"job"}
    assert asked.reads == [issued.record.id]


def test_different_ids_do_not_wait_for_each_other(
    verifier: APIKeyVerifier, store: CountingStore, service: TokenService, issued: IssuedToken
) -> None:
    """A read of one id holds up nobody who wants another (K-23)."""
    other = issue(service)
    verify(verifier, other.text)
    store.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(verify, verifier, issued.text)
        wait_until(lambda: len(store.reads) == 2)
        assert verify(verifier, other.text).id == "job"
        assert not slow.done()
        store.gate.set()
        assert slow.result(10).id == "job"


def test_no_read_is_joined_that_began_before_a_change(
    verifier: APIKeyVerifier, store: CountingStore, service: TokenService, issued: IssuedToken
) -> None:
    """A request that begins after a revocation does not join a read from before it (K-23, K-25)."""
    store.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        early = threads.submit(verify, verifier, issued.text)
        wait_until(lambda: len(store.reads) == 1)
        service.revoke(issued.record.id, by=BY)
        late = threads.submit(invalid, verifier, issued.text)
        wait_until(lambda: len(store.reads) == 2)
        store.gate.set()
        assert late.result(10)[1] == "revoked"
        assert early.result(10).id == "job"
    assert invalid(verifier, issued.text)[1] == "revoked"


def test_an_old_reading_is_not_held_as_new(
    verifier: APIKeyVerifier, store: CountingStore, service: TokenService, issued: IssuedToken
) -> None:
    """What was read before a change and arrives after it is believed by nobody who comes later (K-22, K-25)."""
    store.gate.clear()
    with ThreadPoolExecutor(1) as threads:
        early = threads.submit(verify, verifier, issued.text)
        wait_until(lambda: len(store.reads) == 1)
        service.revoke(issued.record.id, by=BY)
        store.gate.set()
        assert early.result(10).id == "job"
    assert invalid(verifier, issued.text)[1] == "revoked"


@pytest.mark.parametrize("colour", ["blocking", "awaiting"])
def test_a_leader_who_goes_away(store: CountingStore, issued: IssuedToken, colour: str) -> None:
    """When the request that reads is cancelled, those who wait for it still get their answer (K-23)."""

    async def cancel_the_leader() -> list[Principal]:
        asked = store if colour == "blocking" else AwaitingStore(store.kept)
        asked.gate.clear()
        verifier = APIKeyVerifier(asked, TOKENS)
        await run_async(verifier.start())
        leader = asyncio.create_task(verify_async(verifier, issued.text))
        await asyncio.to_thread(wait_until, lambda: bool(asked.reads))
        followers = [asyncio.create_task(verify_async(verifier, issued.text)) for _ in range(5)]
        await asyncio.sleep(0.01)
        leader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leader
        asked.gate.set()
        answers = await asyncio.wait_for(asyncio.gather(*followers), 10)
        assert asked.reads == [issued.record.id] * 2
        return answers

    assert {principal.id for principal in asyncio.run(cancel_the_leader())} == {"job"}


def test_a_follower_who_goes_away(store: CountingStore, issued: IssuedToken) -> None:
    """When a request that waits is cancelled, the one that reads and all the others get their answer (K-23)."""

    async def cancel_a_follower() -> list[Principal]:
        asked = AwaitingStore(store.kept)
        asked.gate.clear()
        verifier = APIKeyVerifier(asked, TOKENS)
        tasks = [asyncio.create_task(verify_async(verifier, issued.text)) for _ in range(4)]
        await asyncio.to_thread(wait_until, lambda: bool(asked.reads))
        await asyncio.sleep(0.01)
        tasks[1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[1]
        asked.gate.set()
        del tasks[1]
        answers = await asyncio.wait_for(asyncio.gather(*tasks), 10)
        assert asked.reads == [issued.record.id]
        return answers

    assert {principal.id for principal in asyncio.run(cancel_a_follower())} == {"job"}


@pytest.mark.parametrize("turn", range(40))
def test_a_leader_who_is_interrupted(
    verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken, restless: None, turn: int
) -> None:
    """When the thread that reads is ended by an interrupt, one of those who wait reads for all of them (K-23)."""
    store.interrupts.append(KeyboardInterrupt())
    store.gate.clear()

    def lead() -> None:
        with pytest.raises(KeyboardInterrupt):
            verify(verifier, issued.text)

    with ThreadPoolExecutor(8) as threads:
        leader = threads.submit(lead)
        wait_until(lambda: bool(store.reads))
        followers = [threads.submit(verify, verifier, issued.text) for _ in range(7)]
        time.sleep(0.005)
        store.gate.set()
        leader.result(10)
        assert {follower.result(10).id for follower in followers} == {"job"}
    assert store.reads == [issued.record.id] * 2


def test_a_slow_read(store: CountingStore, issued: IssuedToken) -> None:
    """Who waits for another's read waits for a bounded time, and is told that it could not be checked (K-24)."""
    verifier = APIKeyVerifier(store, TOKENS, read_timeout=0.05)
    store.gate.clear()
    with ThreadPoolExecutor(1) as threads:
        leader = threads.submit(verify, verifier, issued.text)
        wait_until(lambda: len(store.reads) == 1)
        error = refusal(verifier, issued.text)
        store.gate.set()
        assert leader.result(10).id == "job"
    assert isinstance(error, Unavailable)
    assert error.reason == "store_slow"


# The store is away


@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
def test_store_away(verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken, is_warm: bool) -> None:
    """While the store is away nothing is said of any credential: it could not be checked (K-24)."""
    if is_warm:
        verify(verifier, issued.text)
    store.away = StoreUnavailable("away")
    for text in (issued.text, TOKENS.make(Kind.KEY, new_id())):
        error = refusal(verifier, text)
        assert isinstance(error, Unavailable)
        assert error.reason == "store_unavailable"
        assert error.retry_after > 0
    store.away = None
    assert verify(verifier, issued.text).id == "job"


def test_store_goes_away_while_it_reads(verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken) -> None:
    """When a shared read fails, everybody who waits for it is told that it could not be checked (K-23, K-24)."""
    run(verifier.start())
    store.gate.clear()
    with ThreadPoolExecutor(CALLERS) as threads:
        answers = [threads.submit(refusal, verifier, issued.text) for _ in range(CALLERS)]
        wait_until(lambda: bool(store.reads))
        time.sleep(0.05)
        store.away = StoreUnavailable("away")
        store.gate.set()
        assert {type(answer.result(10)) for answer in answers} == {Unavailable}
    store.away = None
    assert verify(verifier, issued.text).id == "job"


def test_malformed_while_away(verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken) -> None:
    """What is malformed is told so, store or no store (K-06)."""
    store.away = StoreUnavailable("away")
    assert invalid(verifier, issued.text[:-1])[0] is Fault.MALFORMED


# Peppers


NOT_THE_PEPPERS: list[Any] = [
    pytest.param(make_tokens(p1=b"x"), "pepper_wrong", id="wrong"),
    pytest.param(make_tokens(p2=b"a"), "pepper_missing", id="missing"),
]


@pytest.mark.parametrize(("tokens", "reason"), NOT_THE_PEPPERS)
def test_not_the_peppers(store: CountingStore, issued: IssuedToken, tokens: TokenFormat, reason: str) -> None:
    """Without the right pepper nothing can be checked, and nothing is said of any credential, now or later (K-13)."""
    verifier = APIKeyVerifier(store, tokens)
    for text in (issued.text, issued.text, TOKENS.make(Kind.KEY, new_id())):
        error = refusal(verifier, text)
        assert isinstance(error, Unavailable)
        assert error.reason == reason


@pytest.mark.parametrize(("tokens", "reason"), NOT_THE_PEPPERS)
def test_start_without_the_peppers(store: CountingStore, issued: IssuedToken, tokens: TokenFormat, reason: str) -> None:
    """Without the right pepper the program does not start, and a sentence says what to do (K-13)."""
    with pytest.raises(ConfigurationError, match=f"{reason}: .* put that one back"):
        run(APIKeyVerifier(store, tokens).start())


def test_one_of_two_peppers_is_wrong(store: CountingStore, issued: IssuedToken) -> None:
    """One right pepper does not make up for a wrong one: keys under the wrong one could not be checked (K-13)."""
    other = issue(TokenService(store.kept, make_tokens(p1=b"a", p2=b"b")))
    verifier = APIKeyVerifier(store, make_tokens(p1=b"a", p2=b"x"))
    for _ in range(3):
        assert isinstance(refusal(verifier, other.text), Unavailable)


def test_a_wrong_pepper_that_is_used_later(store: CountingStore, issued: IssuedToken) -> None:
    """A wrong pepper is noticed too where keys were issued under it only after the start (K-13)."""
    verifier = APIKeyVerifier(store, make_tokens(p1=b"a", p2=b"x"))
    run(verifier.start())
    assert verify(verifier, issued.text).id == "job"
    other = issue(TokenService(store.kept, make_tokens(p1=b"a", p2=b"b")))
    for _ in range(2):
        assert isinstance(refusal(verifier, other.text), Unavailable)


def test_a_missing_pepper_that_is_used_later(
    store: CountingStore, issued: IssuedToken, verifier: APIKeyVerifier
) -> None:
    """A key under a pepper that this process has not got yet could not be checked; the others could (K-13)."""
    run(verifier.start())
    other = issue(TokenService(store.kept, make_tokens(p1=b"a", p2=b"b")))
    for _ in range(2):
        assert isinstance(refusal(verifier, other.text), Unavailable)
        assert verify(verifier, issued.text).id == "job"


def test_a_rotated_pepper(store: CountingStore, issued: IssuedToken) -> None:
    """What was issued under a former pepper is believed for as long as that one is known (K-13)."""
    tokens = make_tokens(p1=b"a", p2=b"b")
    rolled = TokenService(store.kept, tokens).roll(issued.record.id, generation=1, by=BY)
    verifier = APIKeyVerifier(store, tokens)
    run(verifier.start())
    assert [verify(verifier, text).id for text in (issued.text, rolled.text)] == ["job", "job"]


def test_a_wrong_pepper_that_is_rolled_to(store: CountingStore, issued: IssuedToken) -> None:
    """A wrong pepper is noticed where a key was only rolled to it, and none was issued under it (K-13, K-33)."""
    rolled = TokenService(store.kept, make_tokens(p1=b"a", p2=b"b")).roll(issued.record.id, generation=1, by=BY)
    verifier = APIKeyVerifier(store, make_tokens(p1=b"a", p2=b"x"))
    assert isinstance(refusal(verifier, rolled.text), Unavailable)


def test_start_with_the_right_peppers(verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken) -> None:
    """The peppers are looked at once, at the start, and not again with every key (K-13, K-21)."""
    run(verifier.start())
    verify(verifier, issued.text)
    refusal(verifier, TOKENS.make(Kind.KEY, new_id()))
    assert store.checks == 1


def test_start_without_any_key(verifier: APIKeyVerifier, service: TokenService) -> None:
    """A store in which there is nothing yet can be started with; the first key is believed (K-13)."""
    run(verifier.start())
    assert verify(verifier, issue(service).text).id == "job"


def test_start_without_the_store(
    verifier: APIKeyVerifier, store: CountingStore, issued: IssuedToken, caplog: pytest.LogCaptureFixture
) -> None:
    """A store that is away keeps no program from starting: the log says so, and a good key proves its pepper (K-13)."""
    store.away = StoreUnavailable("away")
    with caplog.at_level(logging.WARNING, "authmux.verifying"):
        run(verifier.start())
    assert "503" in caplog.text
    store.away = None
    assert verify(verifier, issued.text).id == "job"


# Either colour


def test_a_blocking_store_runs_off_the_loop(
    store: CountingStore, verifier: APIKeyVerifier, issued: IssuedToken
) -> None:
    """A blocking store is asked in a worker thread where the caller awaits, so that it never holds the loop (K-20)."""

    async def loop_thread() -> int:
        assert (await verify_async(verifier, issued.text)).id == "job"
        return threading.get_ident()

    assert asyncio.run(loop_thread()) not in store.threads
    assert len(store.threads) == 1


def test_the_loop_runs_on_while_it_reads(store: CountingStore, verifier: APIKeyVerifier, issued: IssuedToken) -> None:
    """While a blocking store reads, the loop serves others (K-20)."""

    async def serve_others() -> str:
        store.gate.clear()
        slow = asyncio.create_task(verify_async(verifier, issued.text))
        await asyncio.to_thread(wait_until, lambda: bool(store.reads))
        assert not slow.done()
        store.gate.set()
        return (await slow).id

    assert asyncio.run(asyncio.wait_for(serve_others(), 10)) == "job"


def test_an_awaiting_store(store: CountingStore, service: TokenService, issued: IssuedToken) -> None:
    """A store that awaits serves a caller that awaits, start and all (K-20)."""
    asked = AwaitingStore(store.kept)
    authenticator = Authenticator(APIKeyVerifier(asked, TOKENS))

    async def ask_twice() -> list[str]:
        await run_async(authenticator.start())
        return [(await run_async(authenticator.verify(PresentedCredential(issued.text)))).id for _ in range(2)]

    assert asyncio.run(ask_twice()) == ["job", "job"]
    assert asked.reads == [issued.record.id]


def test_an_awaiting_store_on_a_blocking_face(store: CountingStore, issued: IssuedToken) -> None:
    """A store that awaits is refused by a blocking face while the program is put together (K-20)."""
    with pytest.raises(ConfigurationError, match="blocking store"):
        Authenticator(APIKeyVerifier(AwaitingStore(store.kept), TOKENS)).require_blocking()


def test_a_blocking_store_on_a_blocking_face(store: CountingStore, issued: IssuedToken) -> None:
    """A blocking store is taken by a blocking face (K-20)."""
    authenticator = Authenticator(APIKeyVerifier(store, TOKENS), PATVerifier(store, TOKENS))
    authenticator.require_blocking()
    assert run(authenticator.verify(PresentedCredential(issued.text))).id == "job"


def test_an_awaiting_store_is_not_asked_by_who_blocks(store: CountingStore, issued: IssuedToken) -> None:
    """A caller that blocks and asks a store that awaits is told to give another, and believes nobody (K-20)."""
    with pytest.raises(ConfigurationError, match="blocking"):
        verify(APIKeyVerifier(AwaitingStore(store.kept), TOKENS), issued.text)


@pytest.mark.parametrize(
    "numbers",
    [
        {"remember": 0},
        {"remember": -1},
        {"absent_for": -0.1},
        {"absent_for": 2.1},
        {"absent_for": float("nan")},
        {"read_timeout": 0},
        {"read_timeout": -1},
        {"read_timeout": float("nan")},
    ],
    ids=str,
)
def test_numbers_out_of_range(store: CountingStore, numbers: dict[str, Any]) -> None:
    """A number that cannot work, or breaks a rule, is refused while the program is put together (K-21, K-23)."""
    with pytest.raises(ConfigurationError):
        APIKeyVerifier(store, TOKENS, **numbers)


def test_no_secret_in_a_refusal(verifier: APIKeyVerifier, issued: IssuedToken) -> None:
    """No refusal shows the text that was refused (K-20, K-92)."""
    for text in (TOKENS.make(Kind.KEY, issued.record.id), TOKENS.make(Kind.KEY, new_id()), issued.text + "x"):
        error = refusal(verifier, text)
        assert text[-49:-6] not in repr(error) + str(error) + repr(vars(error))
