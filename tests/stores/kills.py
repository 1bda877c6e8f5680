"""Processes that write are killed at random moments, and nothing that they reported may be lost (K-22, K-70).

python -m tests.stores.kills --kills 100                            on SQLite
python -m tests.stores.kills --kills 20 --on postgresql             the client
python -m tests.stores.kills --kills 5 --on postgresql-backend      the server's process for the connection
"""

import argparse
import multiprocessing
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from authmux.stores.port import StoreUnavailable
from authmux.stores.sql import SQLStore
from tests.postgres import PostgreSQL, postgresql
from tests.stores.kill_ledger import Ledger, Report
from tests.stores.killed_writer import write
from tests.stores.processes import TOKENS

WRITERS: Final = 2  # at once, of which each is killed
_PATIENCE: Final = 60.0


@dataclass(frozen=True)
class Ground:
    """Where writing goes on.

    Arguments:
        url: of the store.
        longest: how many seconds a child lives at most, once somebody has reported something.
        strike: what is done besides killing the children; before it.
    """

    url: str
    longest: float
    strike: Callable[[], None] | None = None


def campaign(ground: Ground, *, kills: int, seed: int) -> Ledger:
    """Kill as many processes as are asked for, and check after each round what is left."""
    chance = random.Random(seed)
    ledger = Ledger()
    with closing(SQLStore(ground.url)) as store:
        store.create_schema()
        for number in range(0, kills, WRITERS):
            touched: set[str] = set()
            for reports in _round(ground, chance, seed=seed * 100_000 + number):
                touched |= ledger.take(reports)
            _when_it_answers(lambda touched=touched: ledger.check(store, TOKENS, touched))  # type: ignore[misc]
        ledger.check(store, TOKENS, set(ledger.keys))
        ledger.check_unheard(store)
    return ledger


def _round(ground: Ground, chance: random.Random, *, seed: int) -> list[list[Report]]:
    """Let a few write for a moment, kill them, and return what each had reported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.stores.killed_writer"])
    children: list[tuple[BaseProcess, Connection]] = []
    for number in range(WRITERS):
        ours, theirs = context.Pipe(duplex=False)
        child: BaseProcess = context.Process(target=write, args=(ground.url, seed + number, theirs), daemon=True)
        child.start()
        theirs.close()
        children.append((child, ours))
    try:
        assert wait([pipe for _, pipe in children], _PATIENCE), "nobody begins"
        if ground.strike is not None:
            time.sleep(chance.uniform(0, ground.longest))  # the moment is what is being tried
            ground.strike()
        for each, _ in children:
            time.sleep(chance.uniform(0, ground.longest))
            each.kill()
        return [_heard(each, pipe) for each, pipe in children]
    finally:
        for each, pipe in children:
            each.kill()
            each.join(_PATIENCE)
            pipe.close()


def _heard(child: BaseProcess, pipe: Connection) -> list[Report]:
    child.join(_PATIENCE)
    reports: list[Report] = []
    with suppress(EOFError, OSError):  # the last report may be half a one
        while True:
            reports.append(pipe.recv())
    return reports


def _when_it_answers(check: Callable[[], None]) -> None:
    """Check, as soon as the server is back: it recovers from the death of one of its processes."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return check()
        except StoreUnavailable:
            assert time.monotonic() < deadline, "the server does not come back"
            time.sleep(0.05)


@contextmanager
def sqlite_ground(directory: Path) -> Iterator[Ground]:
    """Give a file, and look in the end whether SQLite finds it whole."""
    path = directory / "keys.db"
    yield Ground(f"sqlite:///{path}", longest=0.25)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def postgresql_ground(server: PostgreSQL, *, backends: bool = False) -> Ground:
    """Return a room of a server, in which the server's own processes are killed, too."""
    room = server.make_room()

    def strike() -> None:
        with server.connect() as connection:
            found = connection.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [room]).fetchall()
        for (pid,) in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    return Ground(server.url("psycopg", room), longest=0.6, strike=strike if backends else None)


def main() -> None:
    """Run a campaign and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--on", choices=["sqlite", "postgresql", "postgresql-backend"], default="sqlite")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    asked = parser.parse_args()
    began = time.monotonic()
    if asked.on == "sqlite":
        with tempfile.TemporaryDirectory() as directory, sqlite_ground(Path(directory)) as ground:
            ledger = campaign(ground, kills=asked.kills, seed=asked.seed)
    else:
        with postgresql() as server:
            ground = postgresql_ground(server, backends=asked.on == "postgresql-backend")
            ledger = campaign(ground, kills=asked.kills, seed=asked.seed)
    print(f"{asked.on}: {asked.kills} processes killed in {time.monotonic() - began:.0f} s, seed {asked.seed}")  # noqa: T201
    print(f"reported: {ledger.verbs.total()} verbs ({', '.join(f'{n} {v}' for v, n in ledger.verbs.most_common())})")  # noqa: T201
    print(f"keys whose last verb was cut off: {ledger.cut_off}")  # noqa: T201
    print(f"audit log: {ledger.head.position} entries in one chain; lost: nothing")  # noqa: T201


if __name__ == "__main__":
    main()
