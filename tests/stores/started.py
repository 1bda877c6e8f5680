"""Another process with which a test talks: started afresh, so that it may fork, and never left behind."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any


@contextmanager
def started(target: Callable[..., None], *args: object) -> Iterator[Connection]:
    """Run a function in a fresh process, where no thread runs yet, and give the pipe that it gets as its last argument.

    Arguments:
        target: a function of a module, which another process can import.
        args: what it gets besides the pipe.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=target, args=(*args, theirs))
    process.start()
    theirs.close()
    try:
        with ours:
            yield ours
        process.join(10)
        assert process.exitcode == 0
    finally:
        process.kill()
        process.join(10)


def answer_of(pipe: Connection) -> Any:
    """Return the next answer, which comes soon or never."""
    assert pipe.poll(20), "no answer within 20 seconds"
    return pipe.recv()


@contextmanager
def started_to_be_killed(target: Callable[..., None], *args: object) -> Iterator[tuple[Connection, Any]]:
    """Run a function like `started`, and give its process too; how it ends is the test's business."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=target, args=(*args, theirs))
    process.start()
    theirs.close()
    try:
        with ours:
            yield ours, process
    finally:
        process.kill()
        process.join(10)
