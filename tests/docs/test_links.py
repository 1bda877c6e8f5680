"""The links within the documentation lead to files and headings that there are."""

from pathlib import Path

import pytest

from tests.docs.markdown import read_anchors, read_links
from tests.docs.pages import CHECKOUT, DOCUMENTS, name_of

ELSEWHERE = ("http://", "https://", "mailto:")


def is_broken(document: Path, link: str) -> bool:
    """Return whether a relative link leads nowhere."""
    path, _, anchor = link.partition("#")
    target = (document.parent / path) if path else document
    if not target.resolve().is_relative_to(CHECKOUT) or not target.exists():
        return True
    return bool(anchor) and anchor not in read_anchors(target.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links(document: Path) -> None:
    """Each relative link of a document leads to a file, and to a heading where it names one."""
    links = [link for link in read_links(document.read_text(encoding="utf-8")) if not link.startswith(ELSEWHERE)]
    assert [link for link in links if is_broken(document, link)] == []


def test_links_are_found() -> None:
    """Links, images and references are found in prose, and not in code."""
    text = "[a](b.md#c) ![d](<e.png>) `[f](g.md)`\n\n[h]: i.md 'title'\n\n```python\nj[k](l)\n```\n[m](n.md 'title')\n"
    assert sorted(read_links(text)) == ["b.md#c", "e.png", "i.md", "n.md"]


def test_anchors() -> None:
    """Anchors are GitHub's: lower case, without punctuation, numbered where two headings are the same."""
    text = "# The `AuthMiddleware`, once more\n## Why?\n## Why?\n```sh\n# a comment\n```\n"
    text += '<a id="here"></a>\n### [Link](x.md)\n'
    assert read_anchors(text) == {"the-authmiddleware-once-more", "why", "why-1", "here", "link"}


def test_broken_links(tmp_path: Path) -> None:
    """A missing file, a missing heading, and a file outside of the checkout are all broken."""
    readme = CHECKOUT / "README.md"
    assert [is_broken(readme, link) for link in ("nowhere.md", "#nowhere", "../README.md")] == [True, True, True]
    assert not is_broken(readme, "LICENSE")
