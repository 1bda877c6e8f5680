"""Tables for people: drawn on a terminal, plain columns in a pipe or with NO_COLOR."""

import os
import sys
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from authmux.cli import outlet
from authmux.cli.masking import visible
from authmux.token_format import ID_LENGTH

_LEAST: Final = 80  # characters; on a narrower terminal lines run over, and no column vanishes
_NO_EDGE: Final = 100_000  # characters: what is read by programs is neither folded nor cut


def is_drawn() -> bool:
    """Return whether lines and colours are wanted."""
    return outlet.is_terminal() and not os.environ.get("NO_COLOR")


def new_list(*headings: str) -> Table:
    """Return a table with a line for each thing."""
    drawn = is_drawn()
    table = Table(box=box.SIMPLE_HEAD if drawn else None, pad_edge=False, padding=(0, 1 if drawn else 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold", min_width=len(heading))
    return table


def new_sheet() -> Table:
    """Return a table with a line for each field of one thing."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold" if is_drawn() else "", no_wrap=True)
    table.add_column(overflow="fold", min_width=ID_LENGTH)
    return table


def cells(*texts: str) -> list[Text]:
    """Return cells whose text is shown as it is: no markup is read in it, and no control code obeyed."""
    return [Text(visible(text)) for text in texts]


def print_table(table: Table) -> None:
    """Print a table to standard output."""
    console = Console(
        file=sys.stdout,
        color_system="auto" if is_drawn() else None,
        markup=False,
        emoji=False,
        highlight=False,
    )
    console.width = max(console.width, _LEAST) if outlet.is_terminal() else _NO_EDGE
    with outlet.flushed():
        console.print(table, crop=False)
