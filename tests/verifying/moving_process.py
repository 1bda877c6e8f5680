"""A process that uses keys under an old pepper and moves them, until somebody kills it."""

from contextlib import closing
from multiprocessing.connection import Connection

from authmux.credential import PresentedCredential
from authmux.flow import run
from authmux.peppers import Peppers
from authmux.stores.sql import SQLStore
from authmux.token_format import TokenFormat
from authmux.verifying.opaque import APIKeyVerifier

PEPPERS = [b"1" * 32, b"2" * 32]


def tokens_under(current: int) -> TokenFormat:
    """Return the format with both peppers, one of them current."""
    by_id = {f"p{number}": pepper for number, pepper in enumerate(PEPPERS)}
    return TokenFormat(prefix="acme", peppers=Peppers(by_id, current=f"p{current}"))


def move_to_and_fro(path: str, texts: list[str], pipe: Connection) -> None:
    """Use every key under one pepper after the other, and have each moved, again and again."""
    with closing(SQLStore(f"sqlite:///{path}")) as store:
        turn = 0
        while True:
            verifier = APIKeyVerifier(store, tokens_under(turn % 2))
            for text in texts:
                run(verifier.verify(PresentedCredential(text)))
            pipe.send(turn)
            verifier._moves.background.flush()
            turn += 1
