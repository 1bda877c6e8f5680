"""Every page that shows a session is walked through: its files are written, its servers run, its commands are sent."""

from pathlib import Path

import pytest

from tests.docs.markdown import Block
from tests.docs.pages import PAGES, blocks_of, is_file, name_of
from tests.docs.terminal import Terminals


def is_walked(block: Block) -> bool:
    """Return whether a block is a step of a walk-through."""
    return block.language == "console" and block.not_run is None


@pytest.mark.parametrize("page", [each for each in PAGES if any(map(is_walked, blocks_of(each)))], ids=name_of)
def test_walkthrough(page: Path, tmp_path: Path) -> None:
    """Step by step, in an empty directory, every command of a page prints what the page shows."""
    with Terminals(tmp_path) as terminals:
        for block in blocks_of(page):
            if is_file(block):
                (tmp_path / str(block.title)).write_text(block.code, encoding="utf-8")
            elif is_walked(block):
                terminals.type(block.code, title=block.title)
