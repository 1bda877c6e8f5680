"""Records as a table for people."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from authmux.cli.drawing import cells, is_drawn, new_list, new_sheet, print_table
from authmux.cli.record_view import as_fields, date_text, owner_text
from authmux.stores.record import Record, State
from authmux.token_format import ID_LENGTH

_STYLES: Final = {State.ACTIVE: "green", State.REVOKED: "red", State.DELETED: "red"}


def print_records(records: Sequence[Record], now: float) -> None:
    """Print a line a record."""
    table = new_list()
    table.add_column("id", no_wrap=True, min_width=ID_LENGTH)  # an id is never cut
    for heading in ("name", "owner", *_tenants(records, "tenant"), "scopes"):
        table.add_column(heading, overflow="fold", min_width=len(heading))
    for heading in ("state", "expires", "hint"):
        table.add_column(heading, no_wrap=True)
    for record in records:
        state = record.state(now)
        words = (record.id, record.name, owner_text(record.owner), *_tenants(records, record.tenant or ""))
        table.add_row(
            *cells(*words, " ".join(sorted(record.scopes))),
            Text(state.value, style=_STYLES.get(state, "yellow") if is_drawn() else ""),
            *cells(date_text(record.expires_at).partition(" ")[0], record.secrets[-1].hint),
        )
    print_table(table)


def print_record(record: Record, now: float) -> None:
    """Print a line a field."""
    table = new_sheet()
    for name, value in as_fields(record, now):
        table.add_row(*cells(name, value))
    print_table(table)


def _tenants(records: Sequence[Record], cell: str) -> list[str]:
    """Return a cell of the column that is there only where somebody has a tenant."""
    return [cell] if any(record.tenant for record in records) else []
