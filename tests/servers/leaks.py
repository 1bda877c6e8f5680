"""One run of the redaction matrix: every cell to every server, and then what stands in answers and logs."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from authmux.stores.sql import SQLStore
from tests.faces.callers import Answer, SocketCaller
from tests.faces.site import Bank, Site
from tests.servers.kinds import KINDS
from tests.servers.observation import SENT, send
from tests.servers.places import PHASES, Cell, Place, make_cells, pieces_of
from tests.servers.quirks import SIZES
from tests.servers.running import Listening, all_servers


@dataclass(frozen=True, slots=True)
class Traces:
    """What one application behind one server left behind.

    Arguments:
        answers: by the ids of the cells.
        log: everything that the server's process wrote, logs and tracebacks, until it ended.
        pieces: what of it could be a part of a secret.
    """

    answers: Mapping[str, Answer]
    log: str
    pieces: frozenset[str]


@dataclass(frozen=True, slots=True)
class Leaks:
    """The run."""

    cells: tuple[Cell, ...]
    traces: Mapping[str, Traces]

    def told_in(self, kind: str, place: Place, outcome: str) -> set[str]:
        """Return in which phases the credentials that stood in a place can be read in a server's log."""
        cells = [cell for cell in self.cells if (cell.place, cell.outcome) == (place, outcome)]
        logs = [self.traces[f"{face}-{kind}"].pieces for face in KINDS[kind].faces]
        return {cell.phase for cell in cells for log in logs if not cell.pieces.isdisjoint(log)}


def run_leaks(site: Site, store: SQLStore, bank: Bank, directory: Path) -> Leaks:
    """Send everything to every server, in two phases, and then all rows; the logs are whole when the servers ended."""
    cells = make_cells(site, store, bank)
    with (
        all_servers(site, directory, application=lambda face: f"leaky-{face}") as servers,
        ThreadPoolExecutor(len(servers)) as pool,
    ):
        answers = dict(
            zip(
                servers, pool.map(lambda each: _send_all(each, cells, {**bank, **SIZES}), servers.values()), strict=True
            )
        )
        logs = {name: listening.log for name, listening in servers.items()}
    written = {name: log.read_text(encoding="utf-8", errors="replace") for name, log in logs.items()}
    return Leaks(cells, {name: Traces(answers[name], log, pieces_of(log)) for name, log in written.items()})


def _send_all(listening: Listening, cells: tuple[Cell, ...], bank: Bank) -> Mapping[str, Answer]:
    caller = SocketCaller(listening.port)
    answers: dict[str, Answer] = {}
    for phase in PHASES:
        if phase == "masked":
            assert caller("/mask").status == 200
        answers |= {cell.id: caller(cell.target, cell.headers) for cell in cells if cell.phase == phase}
    for row in SENT:
        send(row, caller, bank)
    return answers
