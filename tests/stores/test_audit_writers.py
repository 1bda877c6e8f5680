"""Many write to the audit log at once, and it stays one chain without a gap: a naive one forks (K-71)."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from authmux.issuing.token_service import TokenService
from authmux.stores.audit_chain import ChainCheck
from authmux.stores.audit_log import AuditQuery
from authmux.stores.memory import MemoryStore
from authmux.stores.port import TokenStore
from authmux.stores.sql import SQLStore
from tests.postgres import PostgreSQL
from tests.stores.driven import on_file
from tests.stores.processes import BY, TOKENS, write_entries

WRITERS = 8
EACH = 15


def check(store: TokenStore) -> None:
    """Fail unless the log holds an entry of every write, in one chain."""
    entries = store.audit(AuditQuery(limit=10_000))
    assert [entry.position for entry in entries] == list(range(1, WRITERS * EACH + 1))
    assert ChainCheck(TOKENS.peppers.seals()).follow(entries) is None
    assert len({entry.event.target for entry in entries}) == WRITERS * EACH


@pytest.mark.parametrize("colour", ["blocking", "awaiting"])
def test_processes_on_a_file(path: Path, colour: str) -> None:
    """Eight processes write to one file."""
    url = f"sqlite{'' if colour == 'blocking' else '+aiosqlite'}:///{path}"
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(WRITERS)
    with on_file(path, colour=colour) as store, ExitStack() as stack:
        store.create_schema()
        writers = [spawn.Process(target=write_entries, args=(colour, url, EACH, barrier)) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
            stack.callback(writer.kill)
        for writer in writers:
            writer.join(120)
            assert writer.exitcode == 0
        check(store)


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_threads_on_postgresql(postgres: PostgreSQL, isolation: str) -> None:
    """Eight threads, each with a store of its own, write to one PostgreSQL; whatever isolation the database prefers."""
    room = postgres.make_room()
    with postgres.connect() as connection:
        connection.execute(f"ALTER ROLE {room} SET default_transaction_isolation = '{isolation}'")
    url = postgres.url("psycopg", room)
    barrier = threading.Barrier(WRITERS)
    with closing(SQLStore(url)) as store:
        store.create_schema()

        def write(number: int) -> None:
            with closing(SQLStore(url)) as own:
                service = TokenService(own, TOKENS)
                barrier.wait(20)
                for count in range(EACH):
                    service.issue_key(name=f"{number}-{count}", scopes=["a:b"], client=str(number % 3), by=BY)

        with ThreadPoolExecutor(WRITERS) as threads:
            list(threads.map(write, range(WRITERS)))
        check(store)


def test_threads_in_memory() -> None:
    """Eight threads write to one store in memory."""
    store = MemoryStore()
    service = TokenService(store, TOKENS)

    def write(number: int) -> None:
        for count in range(EACH):
            service.issue_key(name=f"{number}-{count}", scopes=["a:b"], by=BY)

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))
    check(store)
