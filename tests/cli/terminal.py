"""A real terminal for the program: it is started on one, spoken to, and heard to its end."""

import os
import pty
import select
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.cli.shop import SECONDS, environment


def converse(directory: Path, words: Sequence[str], lines: Sequence[tuple[str, str]], **more: str) -> tuple[int, str]:
    """Run the program on a terminal; return its exit code, and all that stood on the screen.

    Arguments:
        lines: what to wait for, and what to type then.
    """
    process, terminal = pty.fork()
    if process == 0:  # only what may be done between fork and exec
        os.chdir(directory)
        os.execve(sys.executable, [sys.executable, "-m", "authmux.cli", *words], environment(directory, **more))
    seen, waiting = "", list(lines)
    deadline = time.monotonic() + SECONDS
    try:
        while (said := _read(terminal, deadline)) is not None:
            seen += said
            if waiting and waiting[0][0] in seen:
                os.write(terminal, waiting.pop(0)[1].encode())
    finally:
        os.close(terminal)
        _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), seen.replace("\r\n", "\n")


def _read(terminal: int, deadline: float) -> str | None:
    """Return what is said next; None at the end, which is an error on Linux and nothing elsewhere."""
    if not select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
        raise TimeoutError("the program says nothing and does not end")
    try:
        return os.read(terminal, 4096).decode(errors="replace") or None
    except OSError:
        return None
