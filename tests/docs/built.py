"""Read the built site: which pages there are, what they link to, and what a browser fetches for them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_FETCHED: Final = {  # what is fetched without being clicked on, by tag
    "script": "src",
    "img": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "iframe": "src",
    "embed": "src",
    "object": "data",
    "link": "href",
}
_IN_STYLES: Final = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)")


@dataclass(slots=True)
class Page(HTMLParser):
    """What one page holds: its anchors, its links, and what it has fetched."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, text: str) -> "Page":
        """Read the HTML of a page."""
        page = cls()
        HTMLParser.__init__(page)
        page.feed(text)
        page.fetched += _IN_STYLES.findall(text)
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag brings."""
        values = {name: value for name, value in attrs if value is not None}
        if "id" in values:
            self.anchors.add(values["id"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in _FETCHED and _FETCHED[tag] in values:
            self.fetched.append(values[_FETCHED[tag]])


class Built:
    """The site in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @cached_property
    def pages(self) -> Mapping[Path, Page]:
        """Return every page by its file."""
        return {path: Page.read(path.read_text(encoding="utf-8")) for path in sorted(self.directory.rglob("*.html"))}

    def broken_links(self, path: Path) -> list[str]:
        """Return the links of a page that lead nowhere within the site."""
        return [link for link in self.pages[path].links if not self._leads_somewhere(path, link)]

    def _leads_somewhere(self, path: Path, link: str) -> bool:
        url = urlsplit(link)
        if url.scheme or url.netloc:
            return True
        place = (path.parent / unquote(url.path)).resolve() if url.path else path
        target = self.pages.get(place / "index.html" if place.is_dir() else place)
        return target is not None and (not url.fragment or unquote(url.fragment) in target.anchors | {"__codelineno"})

    def external(self, path: Path) -> list[str]:
        """Return what a browser fetches from elsewhere in order to show a page."""
        return [each for each in self.pages[path].fetched if urlsplit(each).netloc]

    def styles(self) -> list[str]:
        """Return what the style sheets fetch from elsewhere."""
        sheets = self.directory.rglob("*.css")
        return [url for sheet in sheets for url in _IN_STYLES.findall(sheet.read_text(encoding="utf-8"))]
