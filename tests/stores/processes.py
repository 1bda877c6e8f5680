"""What other processes do to a database; apart from the tests, so that they start soon."""

import asyncio
import itertools
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Final

from sqlalchemy import event

from authmux.issuing.actor import system
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.stores.port import StoreUnavailable, WriteRefused
from authmux.stores.sql import AsyncSQLStore, SQLStore
from authmux.stores.sql.migration import migrate
from authmux.token_format import TokenFormat
from tests.stores.driven import AnySQLStore, Driven

CHANGES: Final = 20
BY: Final = system("tests")
TOKENS: Final = TokenFormat(prefix="acme", peppers=Peppers({"p1": b"a" * 32}))


def open_store(colour: str, url: str) -> AnySQLStore:
    """Open a store that blocks, or one that awaits on a loop which runs only while it is asked."""
    if colour == "blocking":
        return SQLStore(url)
    return Driven(AsyncSQLStore(url), asyncio.new_event_loop())


def go_on_in_a_child(store: AnySQLStore) -> AnySQLStore:
    """Return the same store, as a forked child uses it: a child has event loops of its own."""
    return Driven(store.awaiting, asyncio.new_event_loop()) if isinstance(store, Driven) else store


def create_schemas(colour: str, urls: Sequence[str], barrier: Barrier) -> None:
    """Make the schema of many databases, each at the same moment as all the other processes."""
    for url in urls:
        store = open_store(colour, url)
        barrier.wait(20)
        try:
            store.create_schema()
        except BaseException:
            barrier.abort()
            raise
        store.close()


def answer_from_a_child(colour: str, url: str, credential_id: str, pipe: Connection) -> None:
    """Use a store, fork, and close it; the child answers every message with what it reads, until it gets None."""
    store = open_store(colour, url)
    store.freshness()
    store.find(credential_id)
    child = os.fork()
    if child:
        store.close()
        pipe.send("closed")
        os.waitpid(child, 0)
        return
    try:
        store = go_on_in_a_child(store)
        while pipe.recv():
            reading = store.find(credential_id)
            assert reading.record is not None
            pipe.send((reading.record.row_version, store.freshness() == reading.revision))
    finally:
        os._exit(0)


def change_in_parent_and_child(colour: str, url: str, credential_id: str, pipe: Connection) -> None:
    """Change a record twenty times in a child and twenty times here; send the versions written here."""
    store = open_store(colour, url)
    store.freshness()
    store.find(credential_id)
    child = os.fork()
    versions: list[int] = []
    try:
        store = store if child else go_on_in_a_child(store)
        while len(versions) < CHANGES:
            held = store.find(credential_id)
            assert held.record is not None
            version = held.record.row_version
            with suppress(WriteRefused):
                store.replace(replace(held.record, row_version=version + 1), expected=version)
                assert store.freshness() != held.revision
                versions.append(version + 1)
    finally:
        if not child:
            os._exit(0 if len(versions) == CHANGES else 1)
    pipe.send((os.waitpid(child, 0)[1], versions))
    store.close()


def revoke_on_demand(colour: str, url: str, pipe: Connection) -> None:
    """Revoke each credential that is named, and say so once that is done."""
    store = open_store(colour, url)
    service = TokenService(store, TOKENS)
    pipe.send("ready")
    while (credential_id := pipe.recv()) is not None:
        pipe.send(service.revoke(credential_id, by=system()).id)
    store.close()


def create_schema_and_die(url: str, at: int, pipe: Connection) -> None:
    """Make the schema, and be killed before one of the statements; say so where there were not as many."""
    store = SQLStore(url)
    left = itertools.count(at, -1)

    def before(*_: object) -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store._engine, "before_cursor_execute", before)
    store.create_schema()
    pipe.send("whole")


def migrate_and_tell(source: str, target: str, pipe: Connection) -> None:
    """Migrate in small batches, and tell how many rows are done."""
    migrate(SQLStore(source), SQLStore(target), on_progress=lambda progress: pipe.send(progress.done), batch=100)


def write_entries(colour: str, url: str, count: int, barrier: Barrier) -> None:
    """Issue as many keys, each with its entry in the audit log, while others do the same."""
    store = open_store(colour, url)
    service = TokenService(store, TOKENS)
    barrier.wait(60)
    while count:
        with suppress(StoreUnavailable):  # SQLite lets one wait in vain now and then, where many write without a pause
            service.issue_key(name=f"{os.getpid()}-{count}", scopes=["a:b"], by=BY)
            count -= 1
    store.close()


def watch_in_parent_and_child(colour: str, url: str, pipe: Connection) -> None:
    """Know the revision, fork, and wait in both for the next one, which the pipe tells; send who saw it."""
    store = open_store(colour, url)
    store.find("0" * 16)
    while store.freshness() is None:
        time.sleep(0.002)
    ours, theirs = multiprocessing.Pipe()
    child = os.fork()
    if not child:
        try:
            first = store.freshness()
            wanted = theirs.recv()
            while store.freshness() != wanted:
                time.sleep(0.002)
            pipe.send(("child", first))
            os._exit(0)
        finally:
            os._exit(1)
    pipe.send("forked")
    wanted = pipe.recv()
    ours.send(wanted)
    while store.freshness() != wanted:
        time.sleep(0.002)
    pipe.send(("parent", os.waitpid(child, 0)[1]))
    store.close()
