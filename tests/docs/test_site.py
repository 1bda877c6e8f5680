"""The built site is whole: every page is in it, every link leads somewhere, and nothing is fetched from elsewhere."""

import tomllib
from collections.abc import Iterator
from typing import Any

from tests.docs.built import Built, Page
from tests.docs.pages import CHECKOUT, PAGES, SITE


def navigated(entries: Any) -> Iterator[str]:
    """Return the files that a navigation leads to."""
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for target in entry.values():
                yield from navigated([target] if isinstance(target, str) else target)


def navigation() -> list[str]:
    """Return the files of the site's navigation."""
    return list(navigated(tomllib.loads((CHECKOUT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]))


def test_navigation() -> None:
    """Each page is in the navigation, once, and it leads to no page that there is not."""
    assert sorted(navigation()) == [str(page.relative_to(SITE)) for page in sorted(PAGES)]


def test_every_page_is_built(built: Built) -> None:
    """Each page of the documentation is a page of the site."""
    expected = {built.directory / page.relative_to(SITE).with_suffix(".html") for page in PAGES}
    assert set(built.pages) == expected | {built.directory / "404.html"}


def test_links(built: Built) -> None:
    """No link of the built site leads nowhere, to a missing page or to a missing anchor."""
    broken = {path: built.broken_links(path) for path in built.pages if path.name != "404.html"}
    assert {path: links for path, links in broken.items() if links} == {}


def test_nothing_from_elsewhere(built: Built) -> None:
    """No page needs a network: no font, script, style or picture is fetched from elsewhere."""
    external = {path: built.external(path) for path in built.pages}
    assert {path: urls for path, urls in external.items() if urls} == {}
    assert built.styles() == []


def test_pages_are_read() -> None:
    """The reader finds what is fetched, and tells it from what is only linked to."""
    text = '<a href="https://a.example">a</a><h1 id="b">B</h1><script src="https://c.example/c.js"></script>'
    text += (
        '<link rel="stylesheet" href="d.css"><style>@import "https://e.example/e.css"</style><img src="//f.example/g">'
    )
    page = Page.read(text)
    assert (page.links, page.anchors) == (["https://a.example"], {"b"})
    assert page.fetched == ["https://c.example/c.js", "d.css", "//f.example/g", "https://e.example/e.css"]


def test_broken_links_are_found(built: Built) -> None:
    """A link to a page or an anchor that is not there is found."""
    home = built.directory / "index.html"
    copy = Built(built.directory)
    assert copy.broken_links(home) == []
    copy.pages[home].links += ["nowhere.html", "glossary.html#nothing", "#nothing", "glossary.html#principal"]
    assert copy.broken_links(home) == ["nowhere.html", "glossary.html#nothing", "#nothing"]
