"""A process that verifies keys as fast as it may while others revoke them; apart from the tests, so it starts soon."""

import asyncio
import itertools
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import NullPool, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.credential import PresentedCredential
from authmux.errors import InvalidCredential, Unavailable
from authmux.flow import run
from authmux.stores.sql import AsyncSQLStore, SQLStore
from authmux.verifying.opaque import APIKeyVerifier
from tests.stores.driven import AnySQLStore, Driven
from tests.stores.processes import TOKENS

PATIENCE: Final = 20.0  # seconds


class NoChannel:
    """A channel that carries nothing, so that nothing but asking again tells of changes."""

    def open(self, wake: Callable[[], None]) -> None:
        """Do nothing."""

    def announce(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class JumpingClock:
    """A machine whose wall clock is set again and again, a day forward or back; no key here expires."""

    def monotonic(self) -> float:
        """Return the machine's own."""
        return SYSTEM_CLOCK.monotonic()

    def time(self) -> float:
        """Return some time."""
        return SYSTEM_CLOCK.time() + random.choice((-86_400, 0, 86_400))


def _awaiting(url: str, **options: Any) -> AnySQLStore:
    return Driven(AsyncSQLStore(url, **options), asyncio.new_event_loop())


def _in_a_transaction(url: str) -> AnySQLStore:
    """Use an engine whose application isolates its transactions, and has one open all the time."""
    engine = create_engine(url, isolation_level="REPEATABLE READ")
    connection = engine.connect()
    connection.exec_driver_sql("SELECT count(*) FROM authmux_credentials")
    store = SQLStore(engine)
    store.__dict__["kept open"] = connection
    return store


def _pooled_asyncpg(url: str) -> AnySQLStore:
    """Use an engine as SQLAlchemy's manual makes it for a pooler that knows no prepared statements."""
    arguments = {"statement_cache_size": 0, "prepared_statement_name_func": lambda: f"__asyncpg_{uuid4()}__"}
    engine = create_async_engine(url, connect_args=arguments, poolclass=NullPool)
    return Driven(AsyncSQLStore(engine), asyncio.new_event_loop())


def _pooled_async(url: str) -> AnySQLStore:
    engine = create_async_engine(url, connect_args={"prepare_threshold": None})
    return Driven(AsyncSQLStore(engine), asyncio.new_event_loop())


KINDS: Final[Mapping[str, tuple[str, Callable[[str], AnySQLStore]]]] = {
    "psycopg": ("psycopg", SQLStore),
    "asyncpg": ("asyncpg", _awaiting),
    "asked only": ("psycopg", lambda url: SQLStore(url, wake=NoChannel())),
    "in a transaction": ("psycopg", _in_a_transaction),
    "async psycopg": ("psycopg", _awaiting),
    "wall clock jumps": ("asyncpg", lambda url: _awaiting(url, clock=JumpingClock())),
    "pooled": ("psycopg", lambda url: SQLStore(create_engine(url, connect_args={"prepare_threshold": None}))),
    "pooled async": ("psycopg", _pooled_async),
    "pooled asyncpg": ("asyncpg", _pooled_asyncpg),
    "sqlite": ("sqlite", SQLStore),
    "aiosqlite": ("aiosqlite", _awaiting),
}
"""How each kind of process opens its store, and by which driver."""


@dataclass(slots=True)
class Account:
    """What became of the requests of one process.

    Arguments:
        tries: how many began after the promise held.
        accepted: how many of those were accepted.
        unavailable: how many requests could not be answered.
        last: when the last accepted request for each key began, by the clock that all processes share.
    """

    tries: int = 0
    accepted: int = 0
    unavailable: int = 0
    last: dict[int, float] = field(default_factory=dict)


def verify_on(kind: str, url: str, bound: float, pause: float, revoked: Any, tries: Any, pipe: Connection) -> None:
    """Hold the keys that come, say so, verify them again and again until the next message, and give account.

    Who is told to wait asks nothing before the promise holds for all of them.

    Arguments:
        kind: of the store.
        bound: seconds after a revocation from which on the promise holds.
        pause: seconds between two requests.
        revoked: when each key's revocation returned; 0 until then.
        tries: a number that others read: of the requests that began after the promise held.
    """
    logging.getLogger("authmux").addHandler(logging.NullHandler())  # what is said of outages is for other tests
    store = KINDS[kind][1](url)
    clock: Clock = JumpingClock() if "clock" in kind else SYSTEM_CLOCK
    verifier = APIKeyVerifier(store, TOKENS, clock=clock)
    while (message := pipe.recv()) is not None:
        keys, waits = message
        for text in keys.values():
            _hold(verifier, store, text)
        pipe.send("held")
        while waits and not all(revoked[each] and time.monotonic() > revoked[each] + bound for each in keys):
            time.sleep(0.01)
        pipe.send(_ask_on(verifier, keys, bound, pause, revoked, tries, pipe))
    store.close()


def _hold(verifier: APIKeyVerifier, store: AnySQLStore, text: str) -> None:
    """Verify a key until it is held in memory."""
    deadline = time.monotonic() + PATIENCE
    while _is_accepted(verifier, text) is None or store.freshness() is None:
        assert time.monotonic() < deadline, "the store is not watched"
        time.sleep(0.005)


def _ask_on(
    verifier: APIKeyVerifier,
    keys: dict[int, str],
    bound: float,
    pause: float,
    revoked: Any,
    tries: Any,
    pipe: Connection,
) -> Account:
    account = Account()
    for number, text in itertools.cycle(keys.items()):
        if pipe.poll(pause):
            pipe.recv()
            return account
        began = time.monotonic()
        revoked_at = revoked[number]
        is_promised = revoked_at > 0 and began > revoked_at + bound
        accepted = _is_accepted(verifier, text)
        account.tries += is_promised
        tries.value = account.tries
        account.unavailable += accepted is None
        if accepted:
            account.accepted += is_promised
            account.last[number] = began
    raise AssertionError("there are no keys")


def _is_accepted(verifier: APIKeyVerifier, text: str) -> bool | None:
    """Return whether a key is believed; None where nobody could tell."""
    try:
        run(verifier.verify(PresentedCredential(text)))
    except InvalidCredential as error:
        if error.reason not in {"revoked", "disabled", "unknown_id"}:
            raise
        return False
    except Unavailable:
        return None
    return True
