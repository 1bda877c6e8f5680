"""The promise that is published: what was revoked is refused, to every request that begins after `revoke` returned."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.token_service import TokenService
from authmux.stores.memory import MemoryStore
from authmux.stores.port import TokenStore
from authmux.stores.sql import SQLStore
from authmux.verifying.opaque import APIKeyVerifier
from tests.verifying.processes import (
    BY,
    TOKENS,
    ask_until_revoked,
    is_accepted,
    serve_as_a_revoker,
    serve_as_a_verifier,
)

PAUSES = (0.0, 0.0002, 0.001)  # seconds between the requests of each verifier: some hurry, and some leave room
VERIFIERS = len(PAUSES)
ROUNDS = 250


class Number:
    """A number that threads share as processes share a `multiprocessing.Value`."""

    value = 0


def issue(store: TokenStore, count: int) -> list[IssuedToken]:
    """Issue some keys."""
    service = TokenService(store, TOKENS)
    return [service.issue_key(name=str(number), scopes=["a:b"], by=BY) for number in range(count)]


@contextmanager
def running(path: str) -> Iterator[tuple[Connection, list[Connection]]]:
    """Run a revoker and several verifiers, each in a fresh process, and give the pipes to them."""
    spawn = multiprocessing.get_context("spawn")
    revoked = spawn.Value("q", 0)
    pipes, processes = [], []
    for pause in (None, *PAUSES):
        ours, theirs = spawn.Pipe()
        pipes.append(ours)
        target, rest = (serve_as_a_revoker, ()) if pause is None else (serve_as_a_verifier, (pause,))
        processes.append(spawn.Process(target=target, args=(path, theirs, revoked, *rest)))
        processes[-1].start()
        theirs.close()
    try:
        yield pipes[0], pipes[1:]
        for pipe in pipes:
            pipe.send(None)
        for process in processes:
            process.join(10)
        assert [process.exitcode for process in processes] == [0] * len(processes)
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.kill()
            process.join(10)


def answer_of(pipe: Connection) -> bool:
    """Return the next answer, which comes soon or never."""
    assert pipe.poll(10), "no answer within 10 seconds"
    answer: bool = pipe.recv()
    return answer


def test_processes(tmp_path: Path) -> None:
    """On one host nothing passes that begins after `revoke` returned, in any process, however hard it asks (K-25)."""
    path = str(tmp_path / "keys.db")
    with closing(SQLStore(f"sqlite:///{path}")) as store:
        store.create_schema()
        keys = issue(store, ROUNDS)
    passed = 0
    with running(path) as (revoker, verifiers):
        for number, key in enumerate(keys, start=1):
            for verifier in verifiers:
                verifier.send((number, key.text))
            assert {answer_of(verifier) for verifier in verifiers} == {True}
            revoker.send((number, key.record.id))
            passed += sum(answer_of(verifier) for verifier in verifiers)
    assert passed == 0


@pytest.mark.parametrize("kind", ["memory", "sql"])
def test_threads(tmp_path: Path, kind: str) -> None:
    """In one process nothing passes that begins after `revoke` returned, in any thread (K-25)."""
    with closing(SQLStore(f"sqlite:///{tmp_path / 'keys.db'}")) as file_store:
        file_store.create_schema()
        store = MemoryStore() if kind == "memory" else file_store
        keys = issue(store, ROUNDS if kind == "memory" else ROUNDS // 3)
        service, verifier = TokenService(store, TOKENS), APIKeyVerifier(store, TOKENS)
        revoked: Any = Number()
        passed = 0
        with ThreadPoolExecutor(VERIFIERS) as threads:
            try:
                for number, key in enumerate(keys, start=1):
                    assert is_accepted(verifier, key.text)
                    answers = [
                        threads.submit(ask_until_revoked, verifier, key.text, number, revoked) for _ in range(VERIFIERS)
                    ]
                    service.revoke(key.record.id, by=BY)
                    revoked.value = number
                    passed += sum(answer.result(20) for answer in answers)
            finally:
                revoked.value = ROUNDS  # whatever happened, nobody asks for ever
    assert passed == 0
