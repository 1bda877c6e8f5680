"""Verbs at once on every store: nothing is lost, nothing is undone, and what was revoked works nowhere (K-25)."""

import threading
from concurrent.futures import ThreadPoolExecutor

from authmux.credential import PresentedCredential
from authmux.errors import InvalidCredential, IssuingError
from authmux.flow import run
from authmux.issuing.token_service import TokenService
from authmux.stores.port import TokenStore
from authmux.verifying.opaque import APIKeyVerifier
from tests.issuing.game import Table
from tests.issuing.house import TOKENS

PLAYERS = 4
TURNS = 25


def is_accepted(door: APIKeyVerifier, text: str) -> bool:
    """Return whether a text is good."""
    try:
        run(door.verify(PresentedCredential(text)))
    except InvalidCredential:
        return False
    return True


def test_verbs_at_once(store: TokenStore) -> None:
    """Whatever several do at once, each change is made on what stood there, and a revocation holds at once (K-25)."""
    service = TokenService(store, TOKENS)
    table = Table.laid(service)
    door = APIKeyVerifier(store, TOKENS)
    barrier = threading.Barrier(PLAYERS)
    wrongly_accepted: list[str] = []

    def play(seed: int) -> int:
        barrier.wait(10)
        refused = 0
        for move in table.moves(seed, count=TURNS):
            try:
                answer = getattr(service, move.verb)(move.credential_id, **move.given)
            except IssuingError:
                refused += 1
                continue
            wrongly_accepted.extend(text for text in table.note(move, answer) if is_accepted(door, text))
        return refused

    with ThreadPoolExecutor(PLAYERS) as threads:
        refused = sum(threads.map(play, range(PLAYERS)))
    assert wrongly_accepted == []
    assert 0 < refused < PLAYERS * TURNS
    assert len(table.revoked) == PLAYERS
    table.check(store)
    assert not any(is_accepted(door, text) for texts in table.texts.values() for text in texts)
