"""One run over everything: all rows, exchanges and handshakes, to all servers side by side."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final

from tests.faces.applications import ASGI_FACES
from tests.faces.callers import Answer, SocketCaller
from tests.faces.rows import Row
from tests.faces.site import Bank
from tests.faces.truth_table import ROWS
from tests.servers.framing import EXCHANGES
from tests.servers.handshake import HANDSHAKES
from tests.servers.kinds import KINDS
from tests.servers.quirks import QUIRKS, SIZES
from tests.servers.running import Listening
from tests.servers.verdict import NO_ANSWER

SENT: Final = (*(row for row in ROWS if row.api_key_header), *QUIRKS)
SERVED: Final = tuple(f"{face}-{kind.name}" for kind in KINDS.values() for face in kind.faces)
SERVED_ASGI: Final = tuple(name for name in SERVED if name.partition("-")[0] in ASGI_FACES)


@dataclass(frozen=True, slots=True)
class Observation:
    """What one application behind one server answered.

    Arguments:
        rows: by id, when the credential was new to the process and when it was known.
        exchanges: the verdicts by id.
        handshakes: the verdict by id, and the answer if it was a refusal; empty where there are no WebSockets.
    """

    rows: Mapping[str, tuple[Answer, Answer]]
    exchanges: Mapping[str, tuple[str, ...]]
    handshakes: Mapping[str, tuple[str, Answer]]


def observe_all(servers: Mapping[str, Listening], bank: Bank) -> Mapping[str, Observation]:
    """Send everything to every server, a thread for each."""
    with ThreadPoolExecutor(len(servers)) as pool:
        return dict(
            zip(servers, pool.map(lambda each: _observe(each, {**bank, **SIZES}), servers.values()), strict=True)
        )


def _observe(listening: Listening, bank: Bank) -> Observation:
    caller = SocketCaller(listening.port)
    handshakes = HANDSHAKES if listening.face in ASGI_FACES else ()
    return Observation(
        {row.id: (send(row, caller, bank), send(row, caller, bank)) for row in SENT},
        {each.id: each.run(caller, bank) for each in EXCHANGES},
        {each.id: each.run(listening.port, bank) for each in handshakes},
    )


def send(row: Row, caller: SocketCaller, bank: Bank) -> Answer:
    """Return the answer to a row; what is none is left to the row's own test."""
    try:
        return row.send(caller, bank)
    except (OSError, HTTPException):
        return NO_ANSWER
