"""The documents there are, and the blocks of code in them."""

from pathlib import Path

from tests.docs.markdown import Block, read_blocks

CHECKOUT = Path(__file__).parents[2]
SITE = CHECKOUT / "docs"
PAGES = sorted(SITE.glob("**/*.md"))
DOCUMENTS = [*sorted(CHECKOUT.glob("*.md")), *PAGES]
GIVEN = SITE / "how-to" / "index.md"


def name_of(document: Path) -> str:
    """Return how a test is named after a document."""
    return str(document.relative_to(CHECKOUT))


def blocks_of(document: Path) -> list[Block]:
    """Return a document's blocks of code."""
    return list(read_blocks(document.read_text(encoding="utf-8")))


def is_file(block: Block) -> bool:
    """Return whether a block is a Python file, which has its name above it."""
    return block.language == "python" and block.title is not None
