"""The end of a process that a test has started: it is asked to, by its process id, and made to if it does not."""

import subprocess
from typing import Any


def end(process: subprocess.Popen[Any], *, within: float = 10) -> None:
    """End a process, and return when it is gone; one that is gone already is left alone.

    Arguments:
        process: one that the test itself has started.
        within: seconds until it is killed.
    """
    process.terminate()
    try:
        process.wait(timeout=within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
