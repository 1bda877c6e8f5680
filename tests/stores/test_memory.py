"""MemoryStore keeps its promises also between any two of its lines: where another thread may come in."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from types import FrameType
from typing import Any

from authmux.stores import memory
from authmux.stores.memory import MemoryStore
from authmux.stores.port import Query, WriteRefused
from tests.stores.sample_records import NOW, add, make_record

PACKAGE = os.path.dirname(memory.__file__)


def interrupt(call: Callable[[], object], interruption: Callable[[], object], *, line: int) -> bool:
    """Make a call, and an interruption before the n-th line of the store; return whether it came that far."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            count += 1
            if count == line:
                interruption()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count >= line


def race(call: Callable[[], object], rival: Callable[[], object], *, line: int) -> tuple[bool, list[str]]:
    """Let a rival come in before a line; return whether there is this line, and what came of both."""
    outcomes: list[str] = []

    def attempt(what: Callable[[], object]) -> None:
        try:
            what()
        except WriteRefused as refused:
            outcomes.append(refused.reason)
        else:
            outcomes.append("kept")

    with ThreadPoolExecutor(1) as threads:
        rivals: list[Future[None]] = []

        def come_in() -> None:
            rivals.append(threads.submit(attempt, rival))
            wait(rivals, timeout=0.005)  # it waits for the lock, if there is one

        is_there = interrupt(lambda: attempt(call), come_in, line=line)
    return is_there, sorted(outcomes)


def test_a_reader_between_any_two_lines() -> None:
    """Whoever reads while a record is changed holds the new one, or one under a revision that has passed (K-22)."""
    line, is_there = 0, True
    while is_there:
        line += 1
        store = MemoryStore()
        old = add(store, make_record())
        new = replace(old, revoked_at=NOW, row_version=2)
        readings = []
        is_there = interrupt(
            lambda: store.replace(new, expected=1),  # noqa: B023  # called at once
            lambda: readings.append(store.find(old.id)),  # noqa: B023  # called at once
            line=line,
        )
        assert [each for each in readings if each.record == old and each.revision == store.freshness()] == []
    assert line > 3


def test_a_change_between_any_two_lines_of_a_look_up() -> None:
    """Whoever is overtaken while he reads holds the new record, or one under a revision that has passed (K-22)."""
    line, is_there = 0, True
    while is_there:
        line += 1
        store = MemoryStore()
        old = add(store, make_record())
        new = replace(old, revoked_at=NOW, row_version=2)
        readings = []
        is_there = interrupt(
            lambda: readings.append(store.find(old.id)),  # noqa: B023  # called at once
            lambda: store.replace(new, expected=1),  # noqa: B023  # called at once
            line=line,
        )
        if is_there:
            assert [each for each in readings if each.record == old and each.revision == store.freshness()] == []
    assert line > 2


def test_a_rival_between_any_two_lines_of_an_add() -> None:
    """Whoever comes in while a record is added does not get past the limit with it (K-30)."""
    line, is_there = 0, True
    while is_there:
        line += 1
        store = MemoryStore()
        is_there, outcomes = race(
            lambda: add(store, make_record(), max_live=1),  # noqa: B023  # called at once
            lambda: add(store, make_record(), max_live=1),  # noqa: B023  # called at once
            line=line,
        )
        assert outcomes == (["kept", "too_many"] if is_there else ["kept"])
        assert len(store.list(Query())) == 1
    assert line > 5


def test_a_rival_between_any_two_lines_of_a_replacement() -> None:
    """Of two who change the same version exactly one does, wherever one comes in to the other (K-33)."""
    line, is_there = 0, True
    while is_there:
        line += 1
        store = MemoryStore()
        record = add(store, make_record())
        is_there, outcomes = race(
            lambda: store.replace(replace(record, name="ours", row_version=2), expected=1),  # noqa: B023
            lambda: store.replace(replace(record, name="theirs", row_version=2), expected=1),  # noqa: B023
            line=line,
        )
        assert outcomes == (["changed", "kept"] if is_there else ["kept"])
    assert line > 3
