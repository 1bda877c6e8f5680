"""Writes docs/reference/servers.md from a run over all servers."""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.faces.rows import Row
from tests.servers.framing import EXCHANGES, Exchange
from tests.servers.handshake import HANDSHAKES
from tests.servers.kinds import KINDS, Kind
from tests.servers.observation import SENT, Observation
from tests.servers.quirks import SIZES
from tests.servers.verdict import rule_of, verdict_of

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "servers.md"
_LENGTHS: Final = {name: f"x{{{len(each.text)}}}" for name, each in SIZES.items()} | {"oversize": "x{200000}"}
_VERSIONS: Final = "Measured with "

_OPENING: Final = """\
# Behind each server

authmux gives the same answers behind every server. This page is written by `python -m tests.servers`, which sends every
row of the truth table to every server, over raw sockets and twice, with each refusal compared to the byte; a test fails
when the page is not what came of it.

`KEY`, `CLIENT` and `PAT` stand for credentials that are good. `401 invalid_token` is a refusal by authmux and its code.
`431 server` is an answer by the server itself, where no application heard of the request, and `404 application` one by
the application; a bare status is that of an answer to HEAD. `x{200000}` is so many times x.
"""

_CLOSING: Final = """\
## What follows for you

- **Nothing gets in without a good credential**, behind any server. The differences are about requests that no honest
  client sends, and about how much a server reads.
- **A proxy that sets `X-API-Key` itself**, in front of granian's WSGI interface, must drop `X_API_Key` as well, and
  every other spelling with underscores: there it counts as the same name, and the one that comes last wins. nginx drops
  such names by default.
- **A proxy that sets or checks `Authorization`**, in front of uvicorn with httptools, must not pass trailers on: what
  stands in one may arrive as a header. Two credentials are refused, so none can take the place of the proxy's own.
- **Long tokens.** authmux reads up to 16 KiB and answers 401 to what is longer. gunicorn stops at 8 190 bytes of one
  line; `--limit-request-field_size` raises that.
- **Line ends.** A server that takes a lone line feed for the end of a line must not stand behind a proxy that does not.
- **WebSockets** are refused before they are accepted. Where a server cannot answer a handshake over HTTP, the caller
  sees an empty 403 whatever the reason was.
"""


def write_page(observed: Mapping[str, Observation]) -> str:
    """Return the page."""
    lines = [_OPENING, *_servers(), *_same(observed), *_differences(observed), *_connections(observed)]
    return "\n".join([*lines, *_handshakes(observed), _CLOSING])


def without_versions(page: str) -> str:
    """Return a page without the versions, which alone are no reason to write it anew."""
    return "\n".join(line for line in page.splitlines() if not line.startswith(_VERSIONS))


def _servers() -> Iterator[str]:
    yield "## The servers\n"
    yield _line("name in the tables", "server", "faces behind it")
    yield "|---|---|---|"
    for kind in KINDS.values():
        yield _line(f"`{kind.name}`", kind.title, ", ".join(f"`{face}`" for face in kind.faces))
    distributions = dict.fromkeys(kind.distribution for kind in KINDS.values())
    yield f"\n{_VERSIONS}{', '.join(f'{each} {version(each)}' for each in distributions)}.\n"


def _same(observed: Mapping[str, Observation]) -> Iterator[str]:
    """Return a line for each verdict, with the rows that have it everywhere."""
    groups: dict[str, list[str]] = {}
    for row in SENT:
        cells = {_row_cell(observed, kind, row) for kind in KINDS.values()}
        if len(cells) == 1:
            groups.setdefault(cells.pop(), []).append(row.id)
    yield "## The same everywhere\n"
    yield f"{sum(map(len, groups.values()))} of the {len(SENT)} rows have one verdict behind all servers.\n"
    yield _line("verdict", "rows")
    yield "|---|---|"
    for verdict, ids in sorted(groups.items()):
        yield _line(verdict, ", ".join(ids))
    yield ""


def _differences(observed: Mapping[str, Observation]) -> Iterator[str]:
    yield "## Where a server has its own way\n"
    yield "An empty cell is the verdict of the second column.\n"
    yield from _heading("sent", "verdict", KINDS.values())
    reasons: list[str] = []
    lines: list[str] = []
    for row in SENT:
        cells = [_row_cell(observed, kind, row) for kind in KINDS.values()]
        if len(set(cells)) > 1:
            rule = rule_of(row.outcome)
            own = ("" if cell == rule else cell for cell in cells)
            lines.append(_line(_sent(row), rule, *own, _note(row.why, reasons)))
    yield from dict.fromkeys(lines)  # two rows may send the same
    yield from _notes(reasons)


def _connections(observed: Mapping[str, Observation]) -> Iterator[str]:
    yield "## Over one connection\n"
    yield "Several verdicts are those of several requests, in order; the bodies that nobody reads look like requests.\n"
    yield from _heading("sent", "verdicts", KINDS.values())
    reasons: list[str] = []
    for exchange in EXCHANGES:
        rule = _joined(exchange.verdicts)
        cells = [_exchange_cell(observed, kind, exchange) for kind in KINDS.values()]
        note = _note(exchange.why, reasons) if set(cells) != {rule} else ""
        yield _line(exchange.id, rule, *("" if cell == rule else cell for cell in cells), note)
    yield from _notes(reasons)


def _handshakes(observed: Mapping[str, Observation]) -> Iterator[str]:
    kinds = [kind for kind in KINDS.values() if _answers(observed, kind)[0].handshakes]
    yield "## WebSocket handshakes\n"
    yield from _heading("sent", "verdict", kinds)
    reasons: list[str] = []
    for handshake in HANDSHAKES:
        cells = [
            _joined(dict.fromkeys(each.handshakes[handshake.id][0] for each in _answers(observed, kind)))
            for kind in kinds
        ]
        why = "The server has no extension for answering a handshake; closing it unaccepted is a 403"
        note = _note(why, reasons) if set(cells) != {handshake.verdict} else ""
        sent = f"`{_shown(handshake.sent[0])}`" if handshake.sent else "no credential"
        yield _line(sent, handshake.verdict, *("" if cell == handshake.verdict else cell for cell in cells), note)
    yield from _notes(reasons)


def _answers(observed: Mapping[str, Observation], kind: Kind) -> list[Observation]:
    return [observed[f"{face}-{kind.name}"] for face in kind.faces]


def _row_cell(observed: Mapping[str, Observation], kind: Kind, row: Row) -> str:
    verdicts = {face: verdict_of(observed[f"{face}-{kind.name}"].rows[row.id][0]) for face in kind.faces}
    if len(set(verdicts.values())) == 1:
        return verdicts[kind.faces[0]]
    return "; ".join(f"`{face}` {verdict}" for face, verdict in verdicts.items())


def _exchange_cell(observed: Mapping[str, Observation], kind: Kind, exchange: Exchange) -> str:
    return "; ".join(dict.fromkeys(_joined(each.exchanges[exchange.id]) for each in _answers(observed, kind)))


def _heading(sent: str, verdict: str, kinds: Iterable[Kind]) -> Iterator[str]:
    names = [f"`{kind.name}`" for kind in kinds]
    yield _line(sent, verdict, *names, "why")
    yield "|---" * (len(names) + 3) + "|"


def _note(why: str, reasons: list[str]) -> str:
    """Return the number of a reason, which stands below the table."""
    if why not in reasons:
        reasons.append(why)
    return f"({reasons.index(why) + 1})"


def _notes(reasons: list[str]) -> Iterator[str]:
    yield ""
    yield from (f"{number}. {why}." for number, why in enumerate(reasons, 1))
    yield ""


def _sent(row: Row) -> str:
    target = f"`{row.method} {_shown(row.door)}`: " if row.method != "GET" or not row.door.startswith("/") else ""
    return target + (" and ".join(f"`{_shown(line)}`" for line in row.sent) or "no credential")


def _shown(line: str) -> str:
    named = re.sub(r"\{(\w+)\.text\}", lambda match: _LENGTHS.get(match[1], match[1].upper()), line)
    return named.encode("unicode_escape").decode("ascii")


def _joined(verdicts: Iterable[str]) -> str:
    return ", then ".join(verdicts)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
