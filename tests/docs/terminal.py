"""Run the sessions that a page shows: its commands in a shell, its servers in the background, its curl lines for real.

A page's `console` blocks are a terminal; one that has a title is a terminal of its own, whose last command keeps
running until the page uses that title again. What a command prints is compared with what stands below it.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.docs.curl import curl
from tests.docs.shown import begins, same, without_colours
from tests.ending import end

PATIENCE = 60.0  # seconds for a server to start, and for a command to end
_EXPORT = re.compile(r"^(?:\$ )?export (\w+)=", re.MULTILINE)
_FETCHED = re.compile(r"export (\w+)=\$\((curl .+)\)")
_EXPORTED = re.compile(r"^export (\w+)=(\S+)$", re.MULTILINE)
_LISTENS = re.compile(r"(?:running on|listening at:) http://127\.0\.0\.1:(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A command of a session, and what the page shows below it."""

    command: str
    shown: str


def read_entries(session: str) -> Iterator[Entry]:
    """Return the commands of a session, each with what it is said to print."""
    command: list[str] = []
    shown: list[str] = []
    for line in session.splitlines():
        if line.startswith("$ "):
            if command:
                yield Entry(" ".join(command), "\n".join(shown))
            command, shown = [line[2:]], []
        elif command and not shown and command[-1].endswith("\\"):
            command[-1] = command[-1].removesuffix("\\").rstrip()
            command.append(line.strip())
        else:
            shown.append(line)
    if command:
        yield Entry(" ".join(command), "\n".join(shown))


class Terminals:
    """The terminals of one page, all in one directory; whatever still runs is stopped at the end."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._variables = {**os.environ, "PATH": programs, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "NO_COLOR": "1"}
        self._running: dict[str, Background] = {}
        self._port = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def type(self, session: str, *, title: str | None) -> None:
        """Run a session, and check that it prints what is shown."""
        *before, last = read_entries(session)
        for entry in before if title else [*before, last]:
            printed = self._run(entry.command)
            assert same(entry.shown, printed), f"$ {entry.command}\n{printed}\n--- the page shows:\n{entry.shown}"
        if title:
            self._start(title, last)

    def _run(self, command: str) -> str:
        if command.startswith("curl "):
            return curl(command, self._variables, port=self._port)
        if fetched := _FETCHED.fullmatch(command):
            self._variables[fetched[1]] = curl(fetched[2], self._variables, port=self._port).rstrip("\n")
            return ""
        if exported := _EXPORT.match(command):
            command += f'; printf %s "${exported[1]}"'
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self._directory,
            env=self._variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}"
        if exported:
            self._variables[exported[1]] = done.stdout
            return ""
        return done.stdout

    def _start(self, title: str, entry: Entry) -> None:
        if title in self._running:
            self._running.pop(title).stop()
        command = entry.command.replace("8000", "0")  # any port that is free
        log = self._directory / f"{title}.log"
        background = Background(command, directory=self._directory, variables=self._variables, log=log)
        self._running[title] = background
        self._open.callback(background.stop)
        printed = background.wait_for(entry.shown)
        if listens := _LISTENS.search(printed):
            self._port = int(listens[1])
        self._variables |= dict(_EXPORTED.findall(printed))  # a reader is told to paste these lines


class Background:
    """A command that keeps running; it is stopped by its process id."""

    def __init__(self, command: str, *, directory: Path, variables: dict[str, str], log: Path) -> None:
        self._command = command
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["sh", "-c", f"exec {command}"],
                cwd=directory,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, shown: str) -> str:
        """Wait until its output begins as shown, and return the output."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            printed = without_colours(self._log.read_text(encoding="utf-8", errors="replace"))
            if begins(shown, printed):
                return printed
            time.sleep(0.05)
        raise AssertionError(f"$ {self._command}\n{self._log.read_text()}\n--- the page shows:\n{shown}")

    def stop(self) -> None:
        """Stop it; once is enough."""
        end(self._process, within=PATIENCE)
