"""Every face behind real servers gives the answers of the truth table, over raw sockets."""

from collections.abc import Callable, Mapping

import pytest

from tests.faces.callers import Caller, SocketCaller
from tests.faces.servers import SERVED, Listening
from tests.faces.site import Bank
from tests.faces.truth_table import ROWS, Refused, Row

SENT = [row for row in ROWS if row.api_key_header]


@pytest.fixture(scope="module")
def reference(call_in_process: Callable[..., Caller]) -> Caller:
    """Give the plain ASGI face in this process, whose refusals the others must repeat."""
    return call_in_process("asgi")


@pytest.mark.parametrize("row", SENT, ids=lambda row: row.id)
@pytest.mark.parametrize("served", SERVED)
def test_row(servers: Mapping[str, Listening], reference: Caller, served: str, row: Row, bank: Bank) -> None:
    """The answer is that of the table, twice, refusals to the byte; or the server's own, where the table says so."""
    listening = servers[served]
    caller = SocketCaller(listening.port)
    first, second = row.send(caller, bank), row.send(caller, bank)
    row.check(first, bank, server=listening.quirks)
    row.check(second, bank, server=listening.quirks)
    if row.in_process and isinstance(row.servers.get(listening.quirks, row.outcome), Refused):
        assert first.refusal() == second.refusal() == row.send(reference, bank).refusal()
