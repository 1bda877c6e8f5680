"""The Python in the README and the documentation runs."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.docs.markdown import Block, read_blocks
from tests.docs.pages import DOCUMENTS, GIVEN, blocks_of, is_file, name_of

FEW = 4


def as_script(blocks: Sequence[Block]) -> str:
    """Return the Python of a document as one script; each line keeps its number, so that a traceback names it."""
    script = ""
    for block in blocks:
        if block.language != "python" or is_file(block):
            continue
        if block.not_run:
            sys.stdout.write(f"line {block.line} is not run: {block.not_run}\n")
            continue
        script += "\n" * (block.line - 1 - script.count("\n")) + block.code
    return script


def write_given(document: Path, directory: Path) -> list[str]:
    """Write what a how-to takes as given, and return the arguments of Python that load it before the page."""
    if document.parent != GIVEN.parent or document == GIVEN:
        return []
    (directory / "given.py").write_text(as_script(blocks_of(GIVEN)), encoding="utf-8")
    return ["-c", "import runpy, sys; from given import *; runpy.run_path(sys.argv[1], globals())"]


@pytest.mark.parametrize("document", [each for each in DOCUMENTS if as_script(blocks_of(each))], ids=name_of)
def test_python(document: Path, tmp_path: Path) -> None:
    """The Python blocks of a document run, one after the other in one namespace, in an empty directory."""
    path = tmp_path / f"{document.stem}.page.py"
    path.write_text(as_script(blocks_of(document)), encoding="utf-8")
    command = [sys.executable, *write_given(document, tmp_path), path.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_grammar(document: Path) -> None:
    """Files and fragments, which are run elsewhere or not at all, compile."""
    for block in blocks_of(document):
        if is_file(block) or (block.language == "python" and block.not_run):
            compile(block.code, f"{document}:{block.line}", "exec")


def test_fragments_are_few() -> None:
    """Nearly all Python runs: fragments are the exception."""
    blocks = [block for document in DOCUMENTS for block in blocks_of(document) if block.language == "python"]
    assert sum(block.not_run is not None for block in blocks) <= FEW


def test_as_script() -> None:
    """Code keeps its line numbers; files and marked blocks are left out, and only those."""
    text = "# Title\n\n```python\na = 1\n```\n"
    text += "<!-- not run: a sketch -->\n```python\nb = ...\n```\n\n```python\nc = 3\n```\n"
    text += '```python title="d.py"\nd = 4\n```\n'
    assert as_script(list(read_blocks(text))).splitlines() == ["", "", "", "a = 1", *[""] * 7, "c = 3"]
