"""The code in the README and the documentation runs, and its commands are ones that there are."""

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.docs.markdown import Block, read_blocks

CHECKOUT = Path(__file__).parents[2]
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])
SHELLS = {"sh", "bash", "shell", "console"}
COMMANDS = {"cd", "curl", "eval", "export", "flask", "git", "gunicorn", "make", "pip", "python", "uvicorn"}


def blocks_of(document: Path) -> list[Block]:
    """Return a document's blocks of code."""
    return list(read_blocks(document.read_text(encoding="utf-8")))


def as_script(blocks: Sequence[Block]) -> str:
    """Return the Python of a document as one script; each line keeps its number, so that a traceback names it."""
    script = ""
    for block in blocks:
        if block.language != "python":
            continue
        if block.not_run:
            sys.stdout.write(f"line {block.line} is not run: {block.not_run}\n")
            continue
        script += "\n" * (block.line - 1 - script.count("\n")) + block.code
    return script


def commands_of(blocks: Sequence[Block]) -> list[list[str]]:
    """Return the command lines of the shell blocks, as words."""
    lines = [
        line.removeprefix("$ ") for block in blocks if block.language in SHELLS for line in block.code.splitlines()
    ]
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


@pytest.mark.parametrize(
    "document", [each for each in DOCUMENTS if as_script(blocks_of(each))], ids=lambda path: path.name
)
def test_python(document: Path, tmp_path: Path) -> None:
    """The Python blocks of a document run, one after the other in one namespace, in an empty directory."""
    script = as_script(blocks_of(document))
    path = tmp_path / f"{document.name}.py"
    path.write_text(script, encoding="utf-8")
    done = subprocess.run([sys.executable, path], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_shell(document: Path) -> None:
    """The shell blocks use commands that a reader has, and targets that the Makefile has."""
    targets = set(re.findall(r"^(\w+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for command, *arguments in commands_of(blocks_of(document)):
        assert command in COMMANDS
        if command == "make":
            assert {argument for argument in arguments if "=" not in argument} <= targets


def test_length() -> None:
    """The README can be read in one go."""
    assert len((CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_as_script() -> None:
    """Code keeps its line numbers; a block that is marked is left out, and only that one."""
    text = "# Title\n\n```python\na = 1\n```\n"
    text += "<!-- not run: a sketch -->\n```python\nb = ...\n```\n\n```python\nc = 3\n```\n"
    assert as_script(list(read_blocks(text))).splitlines() == ["", "", "", "a = 1", *[""] * 7, "c = 3"]
