"""Records as a table for people: drawn on a terminal, plain columns in a pipe or with NO_COLOR."""

import os
import sys
from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from authmux.cli import outlet
from authmux.cli.masking import visible
from authmux.cli.record_view import as_fields, date_text, owner_text
from authmux.stores.record import Record, State
from authmux.token_format import ID_LENGTH

_STYLES: Final = {State.ACTIVE: "green", State.REVOKED: "red", State.DELETED: "red"}
_LEAST: Final = 80  # characters; on a narrower terminal lines run over, and no column vanishes
_NO_EDGE: Final = 100_000  # characters: what is read by programs is neither folded nor cut


def print_records(records: Sequence[Record], now: float) -> None:
    """Print a line a record."""
    drawn = _is_drawn()
    table = Table(box=box.SIMPLE_HEAD if drawn else None, pad_edge=False, padding=(0, 1 if drawn else 2, 0, 0))
    table.add_column("id", no_wrap=True, min_width=ID_LENGTH)  # an id is never cut
    for heading in ("name", "owner", *_tenants(records, "tenant"), "scopes"):
        table.add_column(heading, overflow="fold", min_width=len(heading))
    for heading in ("state", "expires", "hint"):
        table.add_column(heading, no_wrap=True)
    for record in records:
        state = record.state(now)
        words = (record.id, record.name, owner_text(record.owner), *_tenants(records, record.tenant or ""))
        table.add_row(
            *_cells(*words, " ".join(sorted(record.scopes))),
            Text(state.value, style=_STYLES.get(state, "yellow") if drawn else ""),
            *_cells(date_text(record.expires_at).partition(" ")[0], record.secrets[-1].hint),
        )
    _print(table)


def print_record(record: Record, now: float) -> None:
    """Print a line a field."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold" if _is_drawn() else "", no_wrap=True)
    table.add_column(overflow="fold", min_width=ID_LENGTH)
    for name, value in as_fields(record, now):
        table.add_row(*_cells(name, value))
    _print(table)


def _tenants(records: Sequence[Record], cell: str) -> list[str]:
    """Return a cell of the column that is there only where somebody has a tenant."""
    return [cell] if any(record.tenant for record in records) else []


def _cells(*texts: str) -> list[Text]:
    """Return cells whose text is shown as it is: no markup is read in it, and no control code obeyed."""
    return [Text(visible(text)) for text in texts]


def _is_drawn() -> bool:
    return outlet.is_terminal() and not os.environ.get("NO_COLOR")


def _print(table: Table) -> None:
    console = Console(
        file=sys.stdout,
        color_system="auto" if _is_drawn() else None,
        markup=False,
        emoji=False,
        highlight=False,
    )
    console.width = max(console.width, _LEAST) if outlet.is_terminal() else _NO_EDGE
    with outlet.flushed():
        console.print(table, crop=False)
