"""What other processes do with verifiers; apart from the tests, so that they start soon."""

import os
import threading
import time
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import Final

from authmux.credential import PresentedCredential
from authmux.errors import InvalidCredential
from authmux.flow import run
from authmux.issuing.actor import system
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.principal import Principal
from authmux.stores.memory import MemoryStore
from authmux.stores.sql import SQLStore
from authmux.token_format import TokenFormat
from authmux.verifying.opaque import APIKeyVerifier
from tests.verifying.watched_stores import CountingStore

TOKENS: Final = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}))
BY: Final = system()


def verify(verifier: APIKeyVerifier, text: str) -> Principal:
    """Verify a text, blocking."""
    return run(verifier.verify(PresentedCredential(text)))


def is_accepted(verifier: APIKeyVerifier, text: str) -> bool:
    """Return whether a key is believed; what is neither accepted nor revoked is raised."""
    try:
        verify(verifier, text)
    except InvalidCredential as error:
        if error.reason != "revoked":
            raise
        return False
    return True


def ask_until_revoked(
    verifier: APIKeyVerifier, text: str, number: int, revoked: "Synchronized[int]", *, pause: float = 0.0
) -> bool:
    """Ask again and again, until a request began after key `number` was revoked; return whether that one passed."""
    while True:
        time.sleep(pause)
        is_last = revoked.value >= number
        accepted = is_accepted(verifier, text)
        if is_last:
            return accepted


def serve_as_a_verifier(path: str, pipe: Connection, revoked: "Synchronized[int]", pause: float) -> None:
    """Hold each key that is sent, say so, ask for it until it is revoked, and send whether the last one passed."""
    store = SQLStore(f"sqlite:///{path}")
    verifier = APIKeyVerifier(store, TOKENS)
    while (message := pipe.recv()) is not None:
        number, text = message
        pipe.send(is_accepted(verifier, text))
        pipe.send(ask_until_revoked(verifier, text, number, revoked, pause=pause))
    store.close()


def serve_as_a_revoker(path: str, pipe: Connection, revoked: "Synchronized[int]") -> None:
    """Revoke each key that is sent, and then say so to everybody."""
    store = SQLStore(f"sqlite:///{path}")
    service = TokenService(store, TOKENS)
    while (message := pipe.recv()) is not None:
        number, credential_id = message
        service.revoke(credential_id, by=BY)
        revoked.value = number
    store.close()


def verify_in_a_child(pipe: Connection) -> None:
    """Hold one key, begin to read another, fork; the child sends whom it believes, and how often it read for that."""
    store = CountingStore(MemoryStore())
    service = TokenService(store.kept, TOKENS)
    texts = [service.issue_key(name=name, scopes=["a:b"], client="job", by=BY).text for name in ("held", "in flight")]
    verifier = APIKeyVerifier(store, TOKENS)
    verify(verifier, texts[0])
    store.gate.clear()
    reader = threading.Thread(target=verify, args=(verifier, texts[1]))
    reader.start()
    while len(store.reads) < 2:
        time.sleep(0.001)
    child = os.fork()
    store.gate.set()
    if not child:
        try:
            store.reads.clear()
            pipe.send(([verify(verifier, text).id for text in texts], len(store.reads)))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    reader.join()
