"""What other processes do to a database; apart from the tests, so that they start soon."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Final

from authmux.issuing.actor import system
from authmux.issuing.token_service import TokenService
from authmux.peppers import Peppers
from authmux.stores.port import WriteRefused
from authmux.stores.sql import AsyncSQLStore, SQLStore
from authmux.token_format import TokenFormat
from tests.stores.driven import AnySQLStore, Driven

CHANGES: Final = 20
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
