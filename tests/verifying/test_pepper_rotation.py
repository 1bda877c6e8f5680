"""A pepper is rotated while keys are in use: none is ever refused, and each moves when it is used (K-13)."""

import asyncio
import logging
import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from authmux.credential import PresentedCredential
from authmux.errors import AuthError, ConfigurationError, InvalidCredential, Unavailable
from authmux.flow import run, run_async
from authmux.issuing.actor import system
from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.stores.memory import MemoryStore
from authmux.stores.port import PepperCheck, StoreUnavailable, TokenStore
from authmux.stores.record import Record, Secret
from authmux.stores.sql import AsyncSQLStore, SQLStore
from authmux.token_format import Kind, TokenFormat
from authmux.verifying.digest_moves import DigestMoves
from authmux.verifying.opaque import APIKeyVerifier
from tests.verifying.moving_process import move_to_and_fro, tokens_under

BY = system("rotation")


def make_tokens(*names: str, current: str | None = None) -> TokenFormat:
    """Return a format with these peppers, each made of its name; the last is current, or the one that is named."""
    peppers = {name: name.encode().ljust(32, b".") for name in names}
    return TokenFormat(prefix="acme", peppers=Peppers(peppers, current=current))


OLD, BOTH, NEW = make_tokens("p1"), make_tokens("p1", "p2"), make_tokens("p2")
PREPARED = make_tokens("p1", "p2", current="p1")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Give a store of each kind that remembers."""
    if request.param == "memory":
        yield MemoryStore()
        return
    with closing(SQLStore(f"sqlite:///{tmp_path}/keys.db")) as store:
        store.create_schema()
        yield store


@pytest.fixture
def issued(store: TokenStore) -> IssuedToken:
    """Give a key from before the rotation."""
    return issue(store, OLD)


def issue(store: TokenStore, tokens: TokenFormat, **changes: Any) -> IssuedToken:
    """Issue a key."""
    values: dict[str, Any] = {"name": "export", "scopes": ["reports:read"], "by": BY}
    return TokenService(store, tokens).issue_key(**values | changes)


def verify(verifier: APIKeyVerifier, text: str) -> str:
    """Verify, blocking; return whom it is."""
    return run(verifier.verify(PresentedCredential(text))).id


def refusal(verifier: APIKeyVerifier, text: str) -> AuthError:
    """Return how a text is refused."""
    with pytest.raises(AuthError) as caught:
        verify(verifier, text)
    return caught.value


def flush(verifier: APIKeyVerifier) -> None:
    """Have what was proved moved now."""
    verifier._moves.background.flush()


def secrets_of(store: TokenStore, issued: IssuedToken) -> tuple[Secret, ...]:
    """Return the generations that are kept."""
    record = store.find(issued.record.id).record
    assert record is not None
    return record.secrets


def peppers_of(store: TokenStore, issued: IssuedToken) -> list[str]:
    """Return the pepper of each generation that is kept."""
    return [secret.pepper_id for secret in secrets_of(store, issued)]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes soon or never."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_used_key_moves(store: TokenStore, issued: IssuedToken) -> None:
    """A key that is used under an old pepper is accepted, and moves to the current one by itself, soon (K-13)."""
    verifier = APIKeyVerifier(store, BOTH)
    assert verify(verifier, issued.text) == issued.record.id
    wait_until(lambda: peppers_of(store, issued) == ["p2"])
    assert secrets_of(store, issued)[0].digest == BOTH.digest(issued.text, "p2")
    assert verify(APIKeyVerifier(store, NEW), issued.text) == issued.record.id


def test_moving_is_no_change(store: TokenStore, issued: IssuedToken) -> None:
    """A move leaves row_version and, once its pepper is known, the revision as they are (K-13, K-22)."""
    issue(store, BOTH, name="the first under the new pepper")
    before, revision = store.find(issued.record.id).record, store.freshness()
    verifier = APIKeyVerifier(store, BOTH)
    verify(verifier, issued.text)
    flush(verifier)
    assert before is not None
    moved = replace(before, secrets=secrets_of(store, issued))
    assert store.find(issued.record.id).record == moved
    assert store.freshness() == revision
    assert peppers_of(store, issued) == ["p2"]


def test_nothing_is_written_on_the_request_path(store: TokenStore, issued: IssuedToken) -> None:
    """A request only leaves word of what is to be moved (K-13)."""
    verifier = APIKeyVerifier(store, BOTH)
    verify(verifier, issued.text)
    assert peppers_of(store, issued) == ["p1"]
    flush(verifier)
    assert peppers_of(store, issued) == ["p2"]


def test_a_key_is_moved_once(store: TokenStore, issued: IssuedToken) -> None:
    """The process that moved it knows so, and leaves word no second time."""
    verifier = APIKeyVerifier(store, BOTH)
    verify(verifier, issued.text)
    assert len(verifier._moves._waiting) == 1
    flush(verifier)
    for _ in range(3):
        verify(verifier, issued.text)
    assert verifier._moves._waiting == {}


def test_a_refused_key_does_not_move(store: TokenStore, issued: IssuedToken) -> None:
    """What is refused stays where it is: nobody used it."""
    TokenService(store, BOTH).revoke(issued.record.id, by=BY)
    verifier = APIKeyVerifier(store, BOTH)
    assert refusal(verifier, issued.text).reason == "revoked"
    assert refusal(verifier, BOTH.make(Kind.KEY, issued.record.id)).reason == "unknown_secret"
    flush(verifier)
    assert peppers_of(store, issued) == ["p1"]


def test_both_generations_move(store: TokenStore, issued: IssuedToken) -> None:
    """While a key is being rolled each of its texts moves by its own use (K-33)."""
    rolled = TokenService(store, OLD).roll(issued.record.id, generation=1, overlap=timedelta(days=1), by=BY)
    verifier = APIKeyVerifier(store, BOTH)
    verify(verifier, issued.text)
    verify(verifier, rolled.text)
    flush(verifier)
    assert peppers_of(store, issued) == ["p2", "p2"]
    assert {verify(APIKeyVerifier(store, NEW), text) for text in (issued.text, rolled.text)} == {issued.record.id}


def test_what_others_hold_stays_true(store: TokenStore, issued: IssuedToken) -> None:
    """Another process that holds the former digest goes on believing it (K-13)."""
    other, verifier = APIKeyVerifier(store, BOTH), APIKeyVerifier(store, BOTH)
    verify(other, issued.text)
    verify(verifier, issued.text)
    flush(verifier)
    assert verify(other, issued.text) == issued.record.id
    flush(other)
    assert secrets_of(store, issued)[0].digest == BOTH.digest(issued.text, "p2")


def test_a_roll_between_use_and_move(store: TokenStore, issued: IssuedToken) -> None:
    """A move that comes too late touches nothing that somebody wrote meanwhile (K-13)."""
    verifier = APIKeyVerifier(store, BOTH)
    verify(verifier, issued.text)
    rolled = TokenService(store, BOTH).roll(issued.record.id, generation=1, by=BY)
    flush(verifier)
    assert peppers_of(store, issued) == ["p2", "p2"]
    assert verify(APIKeyVerifier(store, NEW), rolled.text) == issued.record.id


def test_a_crash_before_the_move(store: TokenStore, issued: IssuedToken) -> None:
    """A process that ends before it has moved a digest leaves the former, under which the key works (K-13)."""
    verify(APIKeyVerifier(store, BOTH), issued.text)  # this one is never heard of again
    assert peppers_of(store, issued) == ["p1"]
    assert verify(APIKeyVerifier(store, BOTH), issued.text) == issued.record.id


def test_processes_that_are_killed_while_they_move(tmp_path: Path) -> None:
    """However a process ends in the midst of moving fifty keys, every one of them is still accepted (K-13)."""
    spawn = multiprocessing.get_context("spawn")
    path = f"{tmp_path}/keys.db"
    with closing(SQLStore(f"sqlite:///{path}")) as store:
        store.create_schema()
        service = TokenService(store, tokens_under(0))
        texts = [service.issue_key(name=f"{n}", scopes=["a:b"], by=BY).text for n in range(50)]
    turns = 0
    for kill in range(5):
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=move_to_and_fro, args=(path, texts, theirs))
        process.start()
        theirs.close()
        try:
            while ours.poll(20) and ours.recv() < kill % 3:
                pass
            time.sleep(0.003 * kill)  # into the transaction, or behind it
        finally:
            process.kill()
            process.join(10)
            ours.close()
        turns += kill % 3
        with closing(SQLStore(f"sqlite:///{path}")) as store:
            verifier = APIKeyVerifier(store, tokens_under(0))
            assert len({verify(verifier, text) for text in texts}) == 50
            counts = store.pepper_counts(now=time.time())
            assert sum(counts.values()) == 50
    assert turns > 3


def test_a_store_that_refuses(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What could not be moved is moved later; the request knows nothing of it, and the log says so (K-13)."""
    with closing(SQLStore(f"sqlite:///{tmp_path}/keys.db")) as store:
        store.create_schema()
        issued = issue(store, OLD)
        verifier = APIKeyVerifier(store, BOTH)
        with closing(sqlite3.connect(tmp_path / "keys.db", isolation_level=None)) as shell:
            shell.execute(
                "CREATE TRIGGER no BEFORE UPDATE ON authmux_credential_secrets BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
            assert verify(verifier, issued.text) == issued.record.id
            with caplog.at_level(logging.WARNING, "authmux.background"):
                flush(verifier)
            shell.execute("DROP TRIGGER no")
        assert "moved digests could not be written in the background" in caplog.text
        assert peppers_of(store, issued) == ["p1"]
        flush(verifier)
        assert peppers_of(store, issued) == ["p2"]


def test_the_queue_is_bounded(store: Any) -> None:
    """However many are used at once, so many wait and no more; the others move with a later use."""
    moves = DigestMoves(store, BOTH)
    secret = Secret(generation=1, digest=b"d" * 32, pepper_id="p1", hint="", created_at=0.0)
    for number in range(1500):
        moves.add(f"{number:016}", secret, b"n" * 32)
    assert len(moves._waiting) == 1000


def test_a_store_that_cannot_move(issued: IssuedToken, store: TokenStore) -> None:
    """With a store that cannot move digests, old peppers go on proving what is under them."""

    class Plain:
        find, pepper_checks, freshness = store.find, store.pepper_checks, store.freshness

    plain: Any = Plain()
    verifier = APIKeyVerifier(plain, BOTH)
    assert verify(verifier, issued.text) == verify(verifier, issued.text) == issued.record.id
    assert peppers_of(store, issued) == ["p1"]


def test_awaiting(tmp_path: Path) -> None:
    """An async store moves digests too, on the event loop, in a task of its own (K-13)."""
    with closing(SQLStore(f"sqlite:///{tmp_path}/keys.db")) as store:
        store.create_schema()
        issued = issue(store, OLD)

    async def use() -> list[str]:
        store = AsyncSQLStore(f"sqlite+aiosqlite:///{tmp_path}/keys.db")
        try:
            verifier = APIKeyVerifier(store, BOTH)
            assert (await run_async(verifier.verify(PresentedCredential(issued.text)))).id == issued.record.id
            for _ in range(500):
                await asyncio.sleep(0.02)
                record = (await store.find(issued.record.id)).record
                assert record is not None
                if record.secrets[0].pepper_id == "p2":
                    return ["p2"]
            return []
        finally:
            await store.close()

    assert asyncio.run(use()) == ["p2"]


# Processes that know different peppers


def test_prepared(store: TokenStore, issued: IssuedToken) -> None:
    """In the first step of a rotation all know the new pepper, and none uses it (K-13)."""
    verifier = APIKeyVerifier(store, PREPARED)
    verify(verifier, issued.text)
    flush(verifier)
    assert peppers_of(store, issued) == ["p1"]
    assert peppers_of(store, issue(store, PREPARED, name="another")) == ["p1"]


def test_a_rotation_in_two_steps(store: TokenStore, issued: IssuedToken) -> None:
    """While one process after the other takes the second step, no key is refused by anybody (K-13)."""
    first, second = APIKeyVerifier(store, PREPARED), APIKeyVerifier(store, BOTH)
    fresh = issue(store, BOTH, name="fresh")
    for text in (issued.text, fresh.text) * 2:
        assert verify(first, text) == verify(second, text)
        flush(first)
        flush(second)
    assert {verify(first, issued.text), verify(first, fresh.text)} == {issued.record.id, fresh.record.id}


@pytest.mark.parametrize("is_warm", [True, False], ids=["warm", "cold"])
def test_a_process_that_does_not_know_the_new_pepper(store: TokenStore, issued: IssuedToken, is_warm: bool) -> None:
    """It answers 503 for a key that has moved, and never 401 (K-13, K-24)."""
    late, verifier = APIKeyVerifier(store, OLD), APIKeyVerifier(store, BOTH)
    unused = issue(store, OLD, name="unused")
    if is_warm:
        verify(late, issued.text)
        refusal(late, OLD.make(Kind.KEY, issued.record.id))  # so that it has looked at the store's peppers
    verify(verifier, issued.text)
    flush(verifier)
    error = refusal(late, issued.text)
    assert (type(error), error.reason) == (Unavailable, "pepper_missing")
    assert verify(late, unused.text) == unused.record.id


def test_two_machines_that_rotate_by_themselves(store: TokenStore, issued: IssuedToken) -> None:
    """Where two have different peppers under one id, the second answers 503 for what the first has moved (K-13)."""
    other = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"p1".ljust(32, b"."), "p2": b"x" * 32}))
    second = APIKeyVerifier(store, other)
    run(second.start())
    refusal(second, other.make(Kind.KEY, issued.record.id))
    first = APIKeyVerifier(store, BOTH)
    verify(first, issued.text)
    flush(first)
    assert refusal(second, issued.text).reason == "pepper_wrong"


def test_it_moves_nothing_to_a_wrong_pepper(
    store: TokenStore, issued: IssuedToken, caplog: pytest.LogCaptureFixture
) -> None:
    """What the store would not know under its pepper stays where it is, and the log says why (K-13)."""
    issue(store, BOTH, name="the first under the new pepper")
    other = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"p1".ljust(32, b"."), "p2": b"x" * 32}))
    verifier = APIKeyVerifier(store, other)
    assert verify(verifier, issued.text) == issued.record.id
    with caplog.at_level(logging.ERROR, "authmux.verifying"):
        flush(verifier)
    assert "digests stay under their pepper: the store has another one as p2" in caplog.text
    assert peppers_of(store, issued) == ["p1"]


# Peppers that go


def test_a_pepper_that_is_gone_too_early(store: TokenStore, issued: IssuedToken) -> None:
    """Dropped while rows are under it, it is missing: 503 at the door, and a refusal at the start (K-13)."""
    assert refusal(APIKeyVerifier(store, NEW), issued.text).reason == "pepper_missing"
    with pytest.raises(ConfigurationError, match="pepper_missing"):
        run(APIKeyVerifier(store, NEW).start())


def test_a_retired_pepper(store: TokenStore, issued: IssuedToken) -> None:
    """Once all have moved it is retired and dropped: everything that was used works, and 401 is 401 again (K-13)."""
    rolled = TokenService(store, OLD).roll(issued.record.id, generation=1, overlap=timedelta(0), by=BY)
    verifier = APIKeyVerifier(store, BOTH)
    verify(verifier, rolled.text)
    flush(verifier)
    assert peppers_of(store, issued) == ["p1", "p2"]  # a generation that has retired is never used, and never moves
    TokenService(store, BOTH).retire_pepper("p1", by=BY)
    last = APIKeyVerifier(store, NEW)
    run(last.start())
    assert verify(last, rolled.text) == issued.record.id
    for text in (issued.text, NEW.make(Kind.KEY, issued.record.id)):
        error = refusal(last, text)
        assert isinstance(error, InvalidCredential)
        assert error.reason == "unknown_secret"


def test_a_row_of_a_pepper_that_nobody_checks(store: TokenStore) -> None:
    """A row under a pepper that neither we nor the store know proves nothing (K-12)."""
    text = OLD.make(Kind.KEY, "0" * 16)
    secret = Secret(generation=1, digest=OLD.digest(text, "p1"), pepper_id="p9", hint="", created_at=0.0)
    planted = replace(issue(store, OLD).record, id="0" * 16, name="planted", secrets=(secret,))
    assert isinstance(planted, Record)
    store.add(planted, pepper=PepperCheck("p1", OLD.peppers.check("p1")), max_live=9, now=0.0)
    assert refusal(APIKeyVerifier(store, BOTH), text).reason == "unknown_secret"


def test_away_while_peppers_are_looked_at(store: TokenStore, issued: IssuedToken) -> None:
    """A store that is away when nothing matched is 503, as ever (K-24)."""

    class Away:
        find, freshness = store.find, store.freshness

        def pepper_checks(self) -> None:
            raise StoreUnavailable("away")

    away: Any = Away()
    assert refusal(APIKeyVerifier(away, NEW), issued.text).reason == "store_unavailable"
