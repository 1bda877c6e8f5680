"""Every face behind real servers gives the answers of the truth table, over raw sockets."""

from collections.abc import Mapping

import pytest

from authmux.stores.sql import SQLStore
from tests.faces.applications import ASGI_FACES
from tests.faces.callers import Answer, ASGICaller
from tests.faces.rows import Outcome, Refused, Row
from tests.faces.site import Bank, Site
from tests.servers.framing import EXCHANGES, Exchange
from tests.servers.handshake import HANDSHAKES, Handshake
from tests.servers.kinds import KINDS
from tests.servers.observation import SENT, SERVED, SERVED_ASGI, Observation

NAMED = [row for row in SENT if row.servers]


@pytest.fixture(scope="module")
def reference(opened_site: tuple[Site, SQLStore, Bank]) -> Mapping[str, Answer]:
    """Give the answers of the plain ASGI face in this process, whose refusals the others must repeat."""
    site, store, bank = opened_site
    caller = ASGICaller(ASGI_FACES["asgi"](site.authenticator(store), api_key_header="X-API-Key"))
    return {row.id: row.send(caller, bank) for row in SENT if row.in_process}


def outcome_behind(row: Row, served: str) -> Outcome:
    """Return what the table says, for one face behind a server before the server, before all."""
    return row.servers.get(served, row.servers.get(served.partition("-")[2], row.outcome))


def refusal_of(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return what must be the same behind every server; waitress sorts the headers."""
    status, headers, body = answer.refusal()
    return status, sorted(headers), body


@pytest.mark.parametrize("row", SENT, ids=lambda row: row.id)
@pytest.mark.parametrize("served", SERVED)
def test_row(
    observed: Mapping[str, Observation], reference: Mapping[str, Answer], served: str, row: Row, bank: Bank
) -> None:
    """The answer is that of the table, twice, refusals to the byte; or the server's own, where the table says so."""
    first, second = observed[served].rows[row.id]
    outcome = outcome_behind(row, served)
    outcome.check(first, method=row.method, bank=bank)
    outcome.check(second, method=row.method, bank=bank)
    if isinstance(outcome, Refused):
        assert refusal_of(first) == refusal_of(second)
    if outcome is row.outcome and isinstance(outcome, Refused) and row.in_process:
        assert refusal_of(first) == refusal_of(reference[row.id])


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.id)
@pytest.mark.parametrize("served", SERVED)
def test_exchange(observed: Mapping[str, Observation], served: str, exchange: Exchange) -> None:
    """Over one connection the verdicts come in order: nobody is remembered, and no body is taken for a request."""
    assert observed[served].exchanges[exchange.id] == exchange.expected(served.partition("-")[2])


@pytest.mark.parametrize("handshake", HANDSHAKES, ids=lambda handshake: handshake.id)
@pytest.mark.parametrize("served", SERVED_ASGI)
def test_handshake(observed: Mapping[str, Observation], served: str, handshake: Handshake) -> None:
    """A WebSocket is refused before it is accepted, with our bytes where the server can send them."""
    verdict, answer = observed[served].handshakes[handshake.id]
    assert verdict == handshake.expected(served.partition("-")[2])
    if served == "asgi-h11" or answer.header("content-type") != "application/problem+json":
        return
    _, ours = observed["asgi-h11"].handshakes[handshake.id]
    assert refusal_of(answer) == refusal_of(ours)


@pytest.mark.parametrize("row", NAMED, ids=lambda row: row.id)
def test_differences_are_explained(row: Row) -> None:
    """A server that is different is one that there is, and the row says why."""
    assert row.why
    assert set(row.servers) <= {*KINDS, *SERVED}
