"""Uses are folded together without a request waiting, and none is lost or counted twice (K-70)."""

import logging
import os
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from authmux.recording.uses import Uses, network_of
from authmux.stores.usage import Usage

NOON = 1_800_000_000.0 // 60 * 60


def noted(uses: Uses, *, count: int = 1, credential: str = "a") -> None:
    """Note some uses."""
    for _ in range(count):
        uses.note(credential, "192.0.2.7", 200, NOON)


@pytest.mark.parametrize(
    ("status", "field"),
    [(101, "succeeded"), (200, "succeeded"), (299, "succeeded"), (304, "redirected"), (404, "rejected"),
     (499, "rejected"), (500, "failed"), (503, "failed"), (0, "succeeded"), (999, "failed")],
)  # fmt: skip
def test_classes(status: int, field: str) -> None:
    """A use is counted by the class of its response's status."""
    uses = Uses(10)
    uses.note("a", None, status, NOON)
    assert getattr(uses.take()["a"], field) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        pytest.param("192.0.2.77", "192.0.2.0/24", id="v4"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48", id="v6"),
        pytest.param("::ffff:192.0.2.77", "192.0.2.0/24", id="v4-in-v6"),
        pytest.param("fe80::1%eth0", "fe80::/48", id="with-a-zone"),
        pytest.param("testclient", None, id="a-name"),
        pytest.param("", None, id="a-unix-socket"),
        pytest.param(None, None, id="unknown"),
        pytest.param("192.0.2.77:8080", None, id="with-a-port"),
    ],
)
def test_networks(address: str | None, network: str | None) -> None:
    """Of an address only its network is written down."""
    assert network_of(address) == network


def test_fold() -> None:
    """Uses of one credential become one, to the minute, with the last address that is known."""
    uses = Uses(10)
    uses.note("a", "192.0.2.7", 200, NOON + 59)
    uses.note("b", "192.0.2.7", 200, NOON)
    uses.note("a", "203.0.113.7", 404, NOON + 61)
    uses.note("a", None, 200, NOON + 121)
    assert uses.take() == {
        "a": Usage(first_used_at=NOON, last_used_at=NOON + 120, last_address="203.0.113.0/24", succeeded=2, rejected=1),
        "b": Usage(first_used_at=NOON, last_used_at=NOON, last_address="192.0.2.0/24", succeeded=1),
    }


def test_take() -> None:
    """What was taken is not there any more."""
    uses = Uses(10)
    noted(uses)
    assert not uses.is_empty()
    uses.take()
    assert uses.is_empty()
    assert uses.take() == {}


def test_put_back() -> None:
    """What could not be written is counted together with what has come since."""
    uses = Uses(10)
    noted(uses, count=2)
    taken = uses.take()
    noted(uses, count=3)
    uses.put_back(taken)
    assert not uses.is_empty()
    assert uses.take()["a"].uses == 5


def test_most(caplog: pytest.LogCaptureFixture) -> None:
    """No more credentials are held than there is room for; that is logged, once, and known ones go on being counted."""
    uses = Uses(4)
    for number in range(9):
        noted(uses, credential=str(number))
    noted(uses, credential="0")
    assert {each: use.uses for each, use in uses.take().items()} == {"0": 2, "1": 1, "2": 1, "3": 1}
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


def test_most_while_nothing_can_be_written() -> None:
    """An outage fills no memory: what waits takes the room of what comes, and what is known goes on being counted."""
    uses = Uses(4)
    for turn in range(5):
        for number in range(3):
            noted(uses, credential=f"{turn}-{number}")
        noted(uses, credential="0-0")
        uses.put_back(uses.take())
    taken = uses.take()
    assert len(taken) == 4
    assert taken["0-0"].uses == 6


def test_early() -> None:
    """When half the room is taken, it is time to write."""
    uses = Uses(600)
    is_time = [uses.note(str(number), None, 200, NOON) for number in range(512)]
    assert True not in is_time[:-1]
    assert is_time[-1]


def test_threads() -> None:
    """Eight threads note while another takes, and every use is counted once."""
    uses, each, writers = Uses(100), 4000, 8
    done = threading.Event()
    counted = 0

    def count(taken: Mapping[str, Usage]) -> int:
        return sum(use.uses for use in taken.values())

    def take() -> int:
        total = 0
        while not done.is_set():
            total += count(uses.take())
        return total

    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    try:
        with ThreadPoolExecutor(writers + 1) as threads:
            taker = threads.submit(take)
            notes = [threads.submit(noted, uses, count=each, credential=str(number)) for number in range(writers)]
            for note in notes:
                note.result(60)
            done.set()
            counted = taker.result(60)
    finally:
        done.set()
        sys.setswitchinterval(before)
    assert counted + count(uses.take()) == writers * each


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_after_a_fork() -> None:
    """A child begins with none: what its parent has noted is not counted twice."""
    uses = Uses(10)
    noted(uses, count=300)
    uses.after_fork()
    assert uses.is_empty()
    noted(uses)
    assert uses.take()["a"].uses == 1
