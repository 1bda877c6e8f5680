"""What other processes do to a database file; apart from the tests, so that they start soon."""

import os
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Final

from authmux.stores.port import WriteRefused
from authmux.stores.sql import SQLStore

FILES: Final = 15  # a change to WAL that does not wait failed on about one of thirty
CHANGES: Final = 20


def create_schemas(directory: str, barrier: Barrier) -> None:
    """Make the schema of many files, each at the same moment as all the other processes."""
    for number in range(FILES):
        store = SQLStore(f"sqlite:///{directory}/{number}.db")
        barrier.wait(20)
        try:
            store.create_schema()
        except BaseException:
            barrier.abort()
            raise
        store.close()


def answer_from_a_child(path: str, credential_id: str, pipe: Connection) -> None:
    """Use a store, fork, and close it; the child answers every message with what it reads, until it gets None."""
    store = SQLStore(f"sqlite:///{path}")
    store.freshness()
    store.find(credential_id)
    child = os.fork()
    if child:
        store.close()
        pipe.send("closed")
        os.waitpid(child, 0)
        return
    try:
        while pipe.recv():
            reading = store.find(credential_id)
            assert reading.record is not None
            pipe.send((reading.record.row_version, store.freshness() == reading.revision))
    finally:
        os._exit(0)


def change_in_parent_and_child(path: str, credential_id: str, pipe: Connection) -> None:
    """Change a record twenty times in a child and twenty times here; send the versions written here."""
    store = SQLStore(f"sqlite:///{path}")
    store.freshness()
    store.find(credential_id)
    child = os.fork()
    versions: list[int] = []
    try:
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
