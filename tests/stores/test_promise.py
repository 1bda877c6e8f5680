"""The promise that is published, on real databases with everything going wrong; `-s` shows the figures (K-25)."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from authmux.issuing.actor import system
from authmux.stores.sql import SQLStore
from tests.postgres import PostgreSQL
from tests.stores.promise import BOUNDS, ON_FILE, ON_SERVER, Figures, Trial, measure, trial
from tests.stores.promise_verifier import KINDS

REVOCATIONS: Final = 6


def shown(figures: Figures, name: str) -> Figures:
    """Print the figures, and return them."""
    sys.stdout.write(f"\n{name}: {figures}\n")
    return figures


def test_on_a_file(path: Path) -> None:
    """On one host nothing is accepted that begins after `revoke` returned, in any process (K-25)."""
    urls = {"sqlite": f"sqlite:///{path}", "aiosqlite": f"sqlite+aiosqlite:///{path}"}
    with closing(SQLStore(urls["sqlite"])) as store:
        store.create_schema()
        places = [(kind, urls[kind]) for kind in ON_FILE * 2]
        figures = shown(measure(store, places, bound=BOUNDS["sqlite"], tries=10_000), "sqlite")
    assert figures.accepted == figures.unavailable == 0


class House:
    """A server, and processes of every kind that verify keys on it.

    Arguments:
        server: where they are.
        room: the schema, and its user.
        trial: the processes.
    """

    def __init__(self, server: PostgreSQL, room: str, trial: Trial) -> None:
        self.server = server
        self.room = room
        self.trial = trial

    def administer(self, statement: str) -> list[tuple[object, ...]]:
        """Execute something as an administrator."""
        with self.server.connect() as connection:
            cursor = connection.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def restart(self) -> None:
        """Stop the server as a crash does, and start it again."""
        self.server.stop()
        self.server.start()


@pytest.fixture(scope="module")
def house(postgres: PostgreSQL) -> Iterator[House]:
    """Give a process of each kind, for all the tests here."""
    room = postgres.make_room()
    with closing(SQLStore(postgres.url("psycopg", room))) as store:
        store.create_schema()
        places = [(kind, postgres.url(KINDS[kind][0], room)) for kind in ON_SERVER]
        with trial(store, places, bound=BOUNDS["postgresql"]) as running:
            yield House(postgres, room, running)


def cut_those_who_watch(house: House) -> int:
    """Cut the connections that were last used for what only a watcher does; return how many they were."""
    return len(
        house.administer(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE usename = '{house.room}' AND state = 'idle' AND query = 'COMMIT'"
        )
    )


def cut_all(house: House) -> int:
    """Cut every connection; return how many they were."""
    return len(
        house.administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{house.room}'")
    )


def test_on_a_server(house: House) -> None:
    """Nothing is accepted that begins a second after `revoke` returned, in any process, by any driver (K-25)."""
    figures = shown(house.trial.run(20), "postgresql")
    assert figures.accepted == figures.unavailable == 0
    assert figures.tries > 100


@pytest.mark.parametrize("idle", [0.7, 2.5])
def test_after_idle_time(house: House, idle: float) -> None:
    """Nobody asks for a while, the keys are revoked, and the first request a second later is refused (K-22)."""
    figures = shown(house.trial.run(REVOCATIONS, idle=idle), f"idle for {idle} s")
    assert figures.accepted == figures.unavailable == 0


@pytest.mark.parametrize("cut", [cut_those_who_watch, cut_all])
def test_connections_cut(house: House, cut: Callable[[House], int]) -> None:
    """Connections that are cut, those that listen among them, are made anew; nothing is accepted late (K-22)."""
    cuts: list[int] = []
    figures = shown(house.trial.run(REVOCATIONS, meanwhile=lambda _: cuts.append(cut(house))), cut.__name__)
    assert figures.accepted == 0
    assert min(cuts) > 0


def test_connections_cut_before(house: House) -> None:
    """Connections that were cut just before a revocation: what is held is not believed for longer (K-22)."""

    def revoke(credential_id: str) -> None:
        cut_those_who_watch(house)
        house.trial.service.revoke(credential_id, by=system())

    figures = shown(house.trial.run(REVOCATIONS, revoke=revoke), "cut before")
    assert figures.accepted == 0


def test_the_server_restarts(house: House) -> None:
    """A database that crashes and comes back may leave requests unanswered, and none wrongly answered (K-24)."""

    def meanwhile(number: int) -> None:
        if number == REVOCATIONS // 2:
            house.restart()

    figures = shown(house.trial.run(REVOCATIONS, meanwhile=meanwhile), "restart")
    assert figures.accepted == 0


def test_the_server_is_away_for_longer(house: House) -> None:
    """While the database is away longer than the promise, requests are unanswered, and none is accepted (K-24)."""

    def meanwhile(number: int) -> None:
        if number == REVOCATIONS - 1:
            house.server.stop()
            time.sleep(BOUNDS["postgresql"] + 0.5)
            house.server.start()

    figures = shown(house.trial.run(REVOCATIONS, meanwhile=meanwhile), "away")
    assert figures.accepted == 0
    assert figures.unavailable > 0


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows cannot stop a process")
def test_processes_are_stopped(house: House) -> None:
    """Wherever a process was stopped, it believes nothing when it goes on that was not confirmed just before (K-22)."""

    def revoke(credential_id: str) -> None:
        for pid in house.trial.pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            house.trial.service.revoke(credential_id, by=system())
            time.sleep(BOUNDS["postgresql"] + 0.1)
        finally:
            for pid in house.trial.pids:
                os.kill(pid, signal.SIGCONT)

    figures = shown(house.trial.run(REVOCATIONS, revoke=revoke), "stopped")
    assert figures.accepted == figures.unavailable == 0
    assert max(figures.delays) == 0


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE authmux_credentials SET revoked_at = 0 WHERE id = %s"],
        ["UPDATE authmux_credentials SET disabled_at = 0 WHERE id = %s"],
        [
            "DELETE FROM authmux_credential_secrets WHERE credential_id = %s",
            "DELETE FROM authmux_credentials WHERE id = %s",
        ],
    ],
    ids=["revoke", "disable", "delete"],
)
def test_typed_into_psql(house: House, statements: list[str]) -> None:
    """What is typed into psql counts as what a verb does: the promise begins with the commit (K-22)."""

    def revoke(credential_id: str) -> None:
        with house.server.connect(house.room) as psql, psql.transaction():
            for statement in statements:
                psql.execute(statement, [credential_id])
            time.sleep(0.05)  # so that others ask, and are told the old revision, while the transaction is open

    figures = shown(house.trial.run(REVOCATIONS, revoke=revoke), "psql")
    assert figures.accepted == figures.unavailable == 0
