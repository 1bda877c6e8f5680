"""The glossary has every word, and the pages lead to it."""

import re

import pytest

from tests.docs.markdown import read_anchors, read_links
from tests.docs.pages import PAGES, SITE

GLOSSARY = SITE / "glossary.md"
WORDS = [
    "principal",
    "presented credential",
    "token",
    "record",
    "verifier",
    "authenticator",
    "issuer",
    "audience",
    "scope",
    "claim",
    "profile",
    "key set",
    "key ring",
    "store",
    "flow",
    "guard",
    "challenge",
    "face",
    "absent",
]


@pytest.mark.parametrize("word", WORDS)
def test_word(word: str) -> None:
    """Each word of the design is explained, in a sentence or two of its own."""
    text = GLOSSARY.read_text(encoding="utf-8")
    assert word.replace(" ", "-") in read_anchors(text)
    explained = re.search(rf"^### {word}\n\n(.+?)\n(?:\n#|\Z)", text, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    assert explained is not None
    assert 20 < len(explained[1]) < 400


def test_pages_lead_to_it() -> None:
    """The home page and several others link to words of the glossary."""
    leading = [page for page in PAGES if any("glossary.md#" in link for link in read_links(page.read_text("utf-8")))]
    assert SITE / "index.md" in leading
    assert len(leading) >= 5
