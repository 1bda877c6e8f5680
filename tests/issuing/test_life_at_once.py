"""Tasks that use verbs on the same few credentials at once, and requests that go on while a key is rolled."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

from authmux.credential import PresentedCredential
from authmux.errors import AuthError, InvalidCredential, IssuingError
from authmux.flow import run, run_async
from authmux.issuing.token_service import AsyncTokenService, TokenService
from authmux.stores.sql import AsyncSQLStore, SQLStore
from authmux.verifying.opaque import APIKeyVerifier
from tests.issuing.game import Table
from tests.issuing.house import BY, TOKENS

PLAYERS = 4
TURNS = 30


@contextmanager
def sqlite(path: Path) -> Iterator[SQLStore]:
    """Open a store on a file, and make its schema."""
    with closing(SQLStore(f"sqlite:///{path}")) as store:
        store.create_schema()
        yield store


async def play_all(path: Path, table: Table) -> list[str]:
    """Let every player play as a task of one loop; return the texts that were accepted after their revocation."""
    store = AsyncSQLStore(f"sqlite+aiosqlite:///{path}")
    service, door = AsyncTokenService(store, TOKENS), APIKeyVerifier(store, TOKENS)
    wrongly_accepted: list[str] = []

    async def play(seed: int) -> None:
        for move in table.moves(seed, count=TURNS):
            try:
                answer = await getattr(service, move.verb)(move.credential_id, **move.given)
            except IssuingError:
                continue
            for text in table.note(move, answer):
                try:
                    await run_async(door.verify(PresentedCredential(text)))
                except InvalidCredential:
                    continue
                wrongly_accepted.append(text)

    try:
        await asyncio.gather(*(play(seed) for seed in range(PLAYERS)))
    finally:
        await store.close()
    return wrongly_accepted


def test_tasks_at_once(tmp_path: Path) -> None:
    """What tasks do at once on one loop is as orderly as what threads do (K-25, K-33, K-35)."""
    path = tmp_path / "keys.db"
    with sqlite(path) as store:
        table = Table.laid(TokenService(store, TOKENS))
        assert asyncio.run(play_all(path, table)) == []
        assert len(table.revoked) == PLAYERS
        table.check(store)


class Client:
    """Somebody who sends requests all the time, and takes a new text into use when he gets round to it.

    Arguments:
        door: of the process that he calls.
        text: the first that he has.
        lag: how many more requests he sends with an old text.
    """

    def __init__(self, door: APIKeyVerifier, text: str, *, lag: int) -> None:
        self.newest = text
        self.sent: dict[str, int] = {}
        self.refused: list[AuthError] = []
        self.moved = threading.Condition()
        self._door = door
        self._lag = lag

    def send_until(self, ended: threading.Event) -> None:
        """Send requests until it is over."""
        using = self.newest
        while not ended.is_set():
            for _ in range(self._lag):
                self._send(using)
            using = self.newest
            self._send(using)

    def _send(self, text: str) -> None:
        try:
            run(self._door.verify(PresentedCredential(text)))
        except AuthError as error:
            self.refused.append(error)
        with self.moved:
            self.sent[text] = self.sent.get(text, 0) + 1
            self.moved.notify_all()

    def has_moved_on(self) -> bool:
        """Return whether he has used the newest for so long that he has put the old one away."""
        return self.sent.get(self.newest, 0) > self._lag + 1


def test_roll_under_load(tmp_path: Path) -> None:
    """While a key is rolled with an overlap, no request is refused, with the old text or the new one (K-33)."""
    path = tmp_path / "keys.db"
    ended = threading.Event()
    with ExitStack() as stack:
        service = TokenService(stack.enter_context(sqlite(path)), TOKENS)
        issued = service.issue_key(name="nightly", scopes=["a:b"], by=BY)
        doors = [APIKeyVerifier(stack.enter_context(sqlite(path)), TOKENS) for _ in range(2)]
        clients = [Client(doors[n % 2], issued.text, lag=lag) for n, lag in enumerate((1, 10, 50))]
        threads = stack.enter_context(ThreadPoolExecutor(len(clients)))
        stack.callback(ended.set)
        for client in clients:
            threads.submit(client.send_until, ended)
        for generation in range(1, 11):
            for client in clients:
                with client.moved:
                    assert client.moved.wait_for(client.has_moved_on, 30)
            rolled = service.roll(issued.record.id, generation=generation, by=BY, overlap=timedelta(hours=1))
            for client in clients:
                client.newest = rolled.text
        for client in clients:
            with client.moved:
                assert client.moved.wait_for(client.has_moved_on, 30)
    assert [client.refused for client in clients] == [[], [], []]
    assert all(len(client.sent) == 11 for client in clients)
