"""The page on the command line names every command and every option that there is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from authmux.cli.commands import commands_for
from authmux.cli.masking import Mask
from authmux.cli.voice import Voice

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "command-line.md").read_text(encoding="utf-8")


def leaves(command: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk through the commands."""
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from leaves(each, *words, name)
    else:
        yield words, command


COMMANDS = dict(leaves(typer.main.get_command(commands_for(Voice(Mask())))))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands(words: tuple[str, ...]) -> None:
    """A command stands there in full; the verbs of a group may stand behind its name."""
    in_full = f"authmux {' '.join(words)}" in PAGE
    group = next((line for line in PAGE.splitlines() if f"`authmux {words[0]}`" in line), "")
    assert in_full or f"`{words[-1]}`" in group


def test_options() -> None:
    """Every option stands there."""
    options = {
        name: words
        for words, command in COMMANDS.items()
        for each in command.params
        for name in each.opts
        if name.startswith("--") and name not in ("--help", "--version")
    }
    assert not {name: words for name, words in options.items() if name not in PAGE}
