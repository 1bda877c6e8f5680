"""Read Markdown as far as the tests of the documentation need it: blocks of code, links, and anchors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,})(?P<language>\w*)(?P<settings>.*)")
_TITLE = re.compile(r"\btitle=\"([^\"]+)\"")
_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->")
_INLINE_CODE = re.compile(r"(`+)[^`].*?\1")
_INLINE_LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: +[\"'][^)]*)?\)")
_REFERENCE_LINK = re.compile(r"^ {0,3}\[[^\]]+\]: *<?(\S+?)>?(?: |$)", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6} +(.+?) *#*$", re.MULTILINE)
_LINK_IN_HEADING = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EXPLICIT_ANCHOR = re.compile(r"<a +(?:id|name)=\"([^\"]+)\"")
_GENERATED = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code.

    Arguments:
        language: as the fence says it.
        code: the lines within.
        line: where its first line stands, counted from 1.
        not_run: the reason in `<!-- not run: reason -->` right before the fence, or None.
        title: what stands above it on the page: a file's name, or a terminal's; None without one.
    """

    language: str
    code: str
    line: int
    not_run: str | None
    title: str | None = None


def read_blocks(text: str) -> Iterator[Block]:
    """Return every block of code, in order."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        number += 1
        if fence is None:
            continue
        end = next((n for n in range(number, len(lines)) if lines[n].strip() == fence["fence"]), len(lines))
        code = "".join(f"{line.removeprefix(fence['indent'])}\n" for line in lines[number:end])
        title = _TITLE.search(fence["settings"])
        reason = _read_reason(lines[: number - 1])
        yield Block(fence["language"], code, number + 1, reason, title[1] if title else None)
        number = end + 1


def _read_reason(before: list[str]) -> str | None:
    last = next((line for line in reversed(before) if line.strip()), "")
    reason = _NOT_RUN.fullmatch(last.strip())
    return reason[1] if reason else None


def read_links(text: str) -> list[str]:
    """Return the targets of all links and images in the prose."""
    prose = _INLINE_CODE.sub("", read_prose(text))
    return [unquote(target) for target in (*_INLINE_LINK.findall(prose), *_REFERENCE_LINK.findall(prose))]


def read_anchors(text: str) -> set[str]:
    """Return what a link to this document may name behind `#`: its headings as GitHub spells them, explicit anchors,
    and the names whose reference is generated here.
    """
    prose = read_prose(text)
    anchors = {*_EXPLICIT_ANCHOR.findall(prose), *_GENERATED.findall(prose)}
    for heading in _HEADING.findall(prose):
        anchors.add(_first_free(_slug(heading), anchors))
    return anchors


def read_prose(text: str) -> str:
    """Return the text without its blocks of code."""
    lines = text.splitlines()
    for block in read_blocks(text):
        for number in range(block.line - 2, block.line + block.code.count("\n")):
            if number < len(lines):
                lines[number] = ""
    return "\n".join(lines)


def _slug(heading: str) -> str:
    shown = _LINK_IN_HEADING.sub(r"\1", heading)
    return re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")


def _first_free(slug: str, taken: set[str]) -> str:
    """Return the slug, numbered where an earlier heading is of the same words."""
    number, name = 0, slug
    while name in taken:
        number += 1
        name = f"{slug}-{number}"
    return name
