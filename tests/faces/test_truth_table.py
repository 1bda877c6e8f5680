"""Every face, in this process, gives the answers of the truth table."""

from collections.abc import Callable, Mapping

import pytest

from tests.faces.applications import ASGI_FACES, WSGI_FACES
from tests.faces.callers import Caller
from tests.faces.rows import Accepted, Row
from tests.faces.site import Bank
from tests.faces.truth_table import ROWS

FACES = (*ASGI_FACES, *WSGI_FACES)
IN_PROCESS = [row for row in ROWS if row.in_process]
REFUSED = [row for row in IN_PROCESS if not isinstance(row.outcome, Accepted)]


@pytest.fixture(scope="module")
def warm_callers(call_in_process: Callable[..., Caller]) -> Mapping[tuple[str, bool], Caller]:
    """Give one application of each face, with and without `X-API-Key`."""
    return {
        (face, with_header): call_in_process(face, "X-API-Key" if with_header else None)
        for face in FACES
        for with_header in (True, False)
    }


@pytest.mark.parametrize("row", IN_PROCESS, ids=lambda row: row.id)
@pytest.mark.parametrize("face", FACES)
def test_cold_then_warm(call_in_process: Callable[..., Caller], face: str, row: Row, bank: Bank) -> None:
    """The answer is that of the table when the credential is new, and again when it is known."""
    caller = call_in_process(face, "X-API-Key" if row.api_key_header else None)
    cold, warm = row.send(caller, bank), row.send(caller, bank)
    row.check(cold, bank)
    row.check(warm, bank)


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_same_bytes(warm_callers: Mapping[tuple[str, bool], Caller], row: Row, bank: Bank) -> None:
    """A refusal is the same bytes on every face: status, headers and body."""
    answers = {face: row.send(warm_callers[face, row.api_key_header], bank).refusal() for face in FACES}
    assert answers == dict.fromkeys(FACES, answers["asgi"])


@pytest.mark.parametrize("row", IN_PROCESS, ids=lambda row: row.id)
def test_refusals_echo_nothing(warm_callers: Mapping[tuple[str, bool], Caller], row: Row, bank: Bank) -> None:
    """No answer holds what was sent."""
    answer = row.send(warm_callers["asgi", row.api_key_header], bank)
    words = [word for _, value in row.headers(bank) for word in value.decode("latin-1").split() if len(word) > 7]
    assert not [word for word in words if word in answer.body.decode() or word in str(answer.headers)]


def test_ids_are_unique() -> None:
    """No two rows have the same name."""
    assert len({row.id for row in ROWS}) == len(ROWS)
