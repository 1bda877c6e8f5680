"""The command that copies everything from one database to another, and compares every row."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from authmux.cli import options, outlet
from authmux.cli.exit_codes import Exit, Interrupted
from authmux.cli.masking import shown
from authmux.cli.place import Place, open_store
from authmux.cli.voice import Voice

if TYPE_CHECKING:
    from authmux.stores.sql.copying import Progress
    from authmux.stores.sql.migration import Migration


def migrate_with(voice: Voice) -> Callable[..., Exit]:
    """Return the command `migrate`."""

    def migrate(
        *,
        source: Annotated[str, typer.Option("--from", metavar="URL", help="The database that is left.")],
        target: Annotated[
            str, typer.Option("--to", metavar="URL", help="The database that is moved to, an empty one.")
        ],
        output: options.OUTPUT = options.Output.TEXT,
    ) -> Exit:
        """Copy everything to another database, and compare every row; run it again to go on, or to catch up."""
        for url in (source, target):
            voice.mask.learn_passwords(url)
        try:
            done = _migrated(source, target)
        except KeyboardInterrupt:
            raise Interrupted("interrupted: run it again, and it goes on; what was copied stays") from None
        outlet.write(json.dumps(_as_object(done), indent=2) if output is options.Output.JSON else _as_text(done))
        if not done.is_complete:
            voice.complain("the two are not equal: stop whatever writes to the first one, and run it again")
        return Exit.FINE if done.is_complete else Exit.NOT_WELL

    return migrate


def _migrated(source: str, target: str) -> "Migration":
    from authmux.stores.sql import migrate  # here, so that --help loads no SQLAlchemy

    with (
        open_store(Place(store=source), option="--from") as left,
        open_store(Place(store=target), option="--to", may_create=True) as right,
        _progress() as on_progress,
    ):
        return migrate(left, right, on_progress=on_progress)


@contextmanager
def _progress() -> "Iterator[Callable[[Progress], object] | None]":
    """Give what draws a bar on standard error, where that is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich import progress  # here, so that --help loads no rich
    from rich.console import Console

    bars = (progress.BarColumn(), progress.MofNCompleteColumn(), progress.TimeRemainingColumn())
    with progress.Progress("{task.description}", *bars, console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("", total=None)

        def show(at: "Progress") -> None:
            bar.update(task, description=f"turn {at.turn}: {at.table}", completed=at.done, total=at.total)

        yield show


def _as_text(done: "Migration") -> str:
    width = max(map(len, done.rows))
    lines = [f"{table:<{width}}  {count:>9}" for table, count in done.rows.items()]
    lines += [shown(str(each)) for each in done.differences]
    turns = f"{done.turns} turn{'' if done.turns == 1 else 's'}"
    equal = "every row is equal" if done.is_complete else "not complete"
    return "\n".join((*lines, f"{done.written} rows written in {turns}: {equal}"))


def _as_object(done: "Migration") -> dict[str, Any]:
    """Return it for programs; the members are documented, and stay."""
    return {
        "complete": done.is_complete,
        "turns": done.turns,
        "written": done.written,
        "rows": dict(done.rows),
        "differences": [
            {"table": each.table, "key": list(each.key), "kind": each.kind, "columns": list(each.columns)}
            for each in done.differences
        ],
    }
