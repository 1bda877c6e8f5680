"""The commands in the README and the documentation are ones that there are."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.docs.markdown import Block, read_blocks
from tests.docs.pages import CHECKOUT, DOCUMENTS, blocks_of, name_of
from tests.docs.terminal import read_entries

SHELLS = {"sh", "bash", "shell"}
COMMANDS = {"authmux", "cat", "cd", "curl", "eval", "export", "flask", "git", "grep", "gunicorn", "hypercorn", "make"}
COMMANDS |= {"pip", "psql", "pytest", "python", "uvicorn", "granian", "waitress-serve", "kill", "umask", "chmod"}


def commands_of(blocks: Sequence[Block]) -> list[list[str]]:
    """Return the command lines of the shell blocks and of the sessions shown, as words."""
    lines: list[str] = []
    for block in blocks:
        if block.language in SHELLS:
            lines += block.code.replace("\\\n", " ").splitlines()
        elif block.language == "console":
            lines += [entry.command for entry in read_entries(block.code)]
    words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    return [each for each in words if each]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_commands(document: Path) -> None:
    """The shell blocks use commands that a reader has, targets that the Makefile has, and extras that there are."""
    targets = set(re.findall(r"^(\w+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    extras = re.findall(r"^(\w+) = \[", (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    for command, *arguments in commands_of(blocks_of(document)):
        assert command in COMMANDS or re.match(r"[A-Z_]+=", command), command
        if command == "make":
            assert {argument for argument in arguments if "=" not in argument} <= targets
        if command == "pip":
            wanted = [extra for each in arguments for extra in re.findall(r"\w+", each.partition("[")[2])]
            assert set(wanted) <= set(extras)


def test_commands_are_found() -> None:
    """Commands are read from shell blocks and sessions; what a session answers is no command."""
    text = '```sh\npip install "x[y]"  # z\n```\n```console\n$ curl a \\\n  -H b\nHTTP/1.1 200 OK\n```\n'
    assert commands_of(list(read_blocks(text))) == [["pip", "install", "x[y]"], ["curl", "a", "-H", "b"]]
