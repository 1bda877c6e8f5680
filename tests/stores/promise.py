"""The promise that is published, measured: processes verify keys while others revoke them (K-25).

python -m tests.stores.promise --tries 10000 --revocations 500 --processes 4 --database sqlite
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, fields
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from authmux.issuing.actor import system
from authmux.issuing.token_service import TokenService
from authmux.stores.sql import SQLStore
from tests.postgres import postgresql
from tests.stores.processes import TOKENS
from tests.stores.promise_verifier import KINDS, Account, verify_on

BOUNDS: Final = {"sqlite": 0.0, "postgresql": 1.0}
"""Seconds after `revoke` returned from which on no request may begin that is accepted (K-25)."""

ON_SERVER: Final = ("psycopg", "asyncpg", "asked only", "in a transaction", "async psycopg", "wall clock jumps")
ON_FILE: Final = ("sqlite", "aiosqlite")

_ROOM: Final = 100_000  # keys that one trial may use
_PAUSE: Final = 0.0005  # seconds between two requests of one process, which leaves room for the others
_BATCH: Final = 20
_PATIENCE: Final = 40.0  # seconds
_BY: Final = system()


@dataclass(slots=True)
class Figures:
    """What was seen.

    Arguments:
        revocations: how many keys were revoked.
        tries: how many requests began after the promise held.
        accepted: how many of those were accepted.
        unavailable: how many requests could not be answered.
        delays: for each key and process the seconds from the end of `revoke` to the last request that was accepted.
    """

    revocations: int = 0
    tries: int = 0
    accepted: int = 0
    unavailable: int = 0
    delays: list[float] = field(default_factory=list)

    def add(self, account: Account, revoked: Sequence[float], numbers: Sequence[int]) -> None:
        """Add what became of one process's requests."""
        self.tries += account.tries
        self.accepted += account.accepted
        self.unavailable += account.unavailable
        self.delays += [max(0.0, account.last.get(number, 0.0) - revoked[number]) for number in numbers]

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def __str__(self) -> str:
        delays = sorted(self.delays)
        p50, p99, most = (1000 * delays[min(len(delays) - 1, int(share * len(delays)))] for share in (0.5, 0.99, 1))
        return (
            f"{self.revocations} revocations, {self.tries} requests after: {self.accepted} accepted;"
            f" the last accepted one began p50 {p50:.1f}, p99 {p99:.1f}, at most {most:.1f} ms after revoke returned;"
            f" {self.unavailable} could not be answered"
        )


class Trial:
    """Processes that verify, and whoever revokes.

    Arguments:
        store: where this process issues and revokes.
        pipes: to the processes.
        pids: of them.
        bound: seconds after which the promise holds.
        revoked: when the revocation of each key returned.
        tries: for each process, how many of its requests began after the promise held.
    """

    def __init__(
        self, store: SQLStore, pipes: Sequence[Connection], pids: Sequence[int], bound: float, revoked: Any, tries: Any
    ) -> None:
        self.service = TokenService(store, TOKENS)
        self.pids = pids
        self.bound = bound
        self._pipes = pipes
        self._revoked = revoked
        self._tries = tries
        self._next = 1

    def run(
        self,
        count: int,
        *,
        each: int = 1,
        revoke: Callable[[str], object] | None = None,
        meanwhile: Callable[[int], object] = lambda number: None,
        idle: float = 0.0,
    ) -> Figures:
        """Revoke keys while all processes ask for them.

        Arguments:
            count: of keys.
            each: how many requests every process has to make after the promise held.
            revoke: takes an id, and returns when it is revoked.
            meanwhile: is called after each revocation, with its number from 0 on.
            idle: seconds for which nobody asks anything: before they are revoked, and until the promise holds.
        """
        revoke = revoke or (lambda credential_id: self.service.revoke(credential_id, by=_BY))
        keys = self._hold(count, waits=bool(idle))
        time.sleep(idle)
        for number, credential_id in enumerate(keys.values()):
            revoke(credential_id)
            self._revoked[list(keys)[number]] = time.monotonic()
            meanwhile(number)
        return self._account(list(keys), each=each)

    def _hold(self, count: int, *, waits: bool) -> dict[int, str]:
        """Issue keys, and return when every process holds them."""
        issued = [self.service.issue_key(name=f"{self._next + each}", scopes=["a:b"], by=_BY) for each in range(count)]
        texts = {self._next + each: key.text for each, key in enumerate(issued)}
        self._next += count
        for tries in self._tries:
            tries.value = 0
        for pipe in self._pipes:
            pipe.send((texts, waits))
        for pipe in self._pipes:
            assert _answer_of(pipe) == "held"
        return {number: key.record.id for number, key in zip(texts, issued, strict=True)}

    def _account(self, numbers: list[int], *, each: int) -> Figures:
        """Wait until every process has asked often enough, and return what it saw."""
        deadline = time.monotonic() + _PATIENCE
        while any(tries.value < each * len(numbers) for tries in self._tries):
            assert time.monotonic() < deadline, f"too few requests: {[tries.value for tries in self._tries]}"
            time.sleep(0.01)
        for pipe in self._pipes:
            pipe.send("enough")
        figures = Figures(revocations=len(numbers))
        for pipe in self._pipes:
            figures.add(_answer_of(pipe), self._revoked, numbers)
        return figures


@contextmanager
def trial(store: SQLStore, places: Sequence[tuple[str, str]], *, bound: float) -> Iterator[Trial]:
    """Start a process for each kind and URL, and end them all.

    Arguments:
        store: with its schema made.
        places: a kind of process and the URL of the store for it.
        bound: seconds after which the promise holds.
    """
    spawn = multiprocessing.get_context("spawn")
    revoked = spawn.Array("d", _ROOM, lock=False)
    tries = [spawn.Value("q", 0, lock=False) for _ in places]
    pipes, processes = [], []
    for (kind, url), counter in zip(places, tries, strict=True):
        ours, theirs = spawn.Pipe()
        pipes.append(ours)
        processes.append(spawn.Process(target=verify_on, args=(kind, url, bound, _PAUSE, revoked, counter, theirs)))
        processes[-1].start()
        theirs.close()
    try:
        pids = [process.pid for process in processes if process.pid]
        yield Trial(store, pipes, pids, bound, revoked, tries)
        for pipe in pipes:
            pipe.send(None)
        for process in processes:
            process.join(_PATIENCE)
        assert [process.exitcode for process in processes] == [0] * len(processes)
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.kill()
            process.join(_PATIENCE)


def _answer_of(pipe: Connection) -> Any:
    assert pipe.poll(_PATIENCE), "a process does not answer"
    return pipe.recv()


def measure(
    store: SQLStore, places: Sequence[tuple[str, str]], *, bound: float, tries: int, revocations: int = 0
) -> Figures:
    """Revoke that many keys at least, until that many requests began after the promise held."""
    total = Figures()
    each = max(1, tries // (max(revocations, _BATCH) * len(places)))
    with trial(store, places, bound=bound) as running:
        while total.tries < tries or total.revocations < revocations:
            total += running.run(_BATCH, each=each)
    return total


@contextmanager
def _database(name: str, processes: int) -> Iterator[tuple[SQLStore, list[tuple[str, str]]]]:
    """Give an empty store, and where the processes find it."""
    if name == "sqlite":
        with (
            tempfile.TemporaryDirectory() as directory,
            closing(SQLStore(f"sqlite:///{Path(directory, 'k.db')}")) as store,
        ):
            store.create_schema()
            kinds = [ON_FILE[each % len(ON_FILE)] for each in range(processes)]
            urls = {"sqlite": f"sqlite:///{Path(directory, 'k.db')}"}
            urls["aiosqlite"] = urls["sqlite"].replace("sqlite:", "sqlite+aiosqlite:")
            yield store, [(kind, urls[kind]) for kind in kinds]
    else:
        with postgresql() as server:
            room = server.make_room()
            with closing(SQLStore(server.url("psycopg", room))) as store:
                store.create_schema()
                kinds = [ON_SERVER[each % len(ON_SERVER)] for each in range(processes)]
                yield store, [(kind, server.url(KINDS[kind][0], room)) for kind in kinds]


def main(arguments: Sequence[str]) -> int:
    """Measure, print the figures, and return 1 where the promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.stores.promise", description=__doc__)
    parser.add_argument("--tries", type=int, default=10_000, help="requests that begin after the promise holds")
    parser.add_argument("--revocations", type=int, default=500)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--database", choices=[*BOUNDS, "both"], default="both")
    wanted = parser.parse_args(arguments)
    broken = 0
    for name in BOUNDS if wanted.database == "both" else [wanted.database]:
        with _database(name, wanted.processes) as (store, places):
            figures = measure(store, places, bound=BOUNDS[name], tries=wanted.tries, revocations=wanted.revocations)
        sys.stdout.write(f"{name}, {wanted.processes} processes, {BOUNDS[name]:.0f} s after: {figures}\n")
        broken += figures.accepted
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
