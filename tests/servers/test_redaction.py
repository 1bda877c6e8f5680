"""No credential stands in an answer, an error page, a traceback or an access log of any server (K-82)."""

from pathlib import Path

import pytest

from authmux.stores.sql import SQLStore
from tests.faces.site import Bank, Site
from tests.servers.kinds import KINDS
from tests.servers.leaks import Leaks, run_leaks
from tests.servers.observation import SERVED
from tests.servers.places import COMPANION, GOOD_JWTS, OUTCOMES, PLACES, Place, pieces_of, plain_pieces, secret_pieces
from tests.servers.quirks import SIZES
from tests.servers.redaction_page import PAGE, write_page

DEBUGGED = [name for name in SERVED if name.startswith(("starlette", "fastapi")) or name.endswith("werkzeug")]
ELSEWHERE = {*SIZES, "oversize", "bug", COMPANION, *GOOD_JWTS.values()}
"""What is no credential by its shape, and what was sent before the filter was put in."""


@pytest.fixture(scope="module")
def leaks(opened_site: tuple[Site, SQLStore, Bank], tmp_path_factory: pytest.TempPathFactory) -> Leaks:
    """Send everything to every server."""
    directory: Path = tmp_path_factory.mktemp("leaky")
    return run_leaks(*opened_site, directory)


@pytest.mark.parametrize("served", SERVED)
def test_answers(leaks: Leaks, served: str) -> None:
    """Every request comes to the end that its cell says, and no answer tells its credential."""
    answers = leaks.traces[served].answers
    assert [cell for cell in leaks.cells if answers[cell.id].status != OUTCOMES[cell.outcome]] == []
    told = {cell.id: pieces_of(answers[cell.id].body.decode() + str(answers[cell.id].headers)) for cell in leaks.cells}
    assert [cell for cell in leaks.cells if not cell.pieces.isdisjoint(told[cell.id])] == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
@pytest.mark.parametrize("kind", KINDS)
def test_logs(leaks: Leaks, kind: str, place: Place) -> None:
    """With the filter no log tells a credential."""
    assert [outcome for outcome in OUTCOMES if "masked" in leaks.told_in(kind, place, outcome)] == []


@pytest.mark.parametrize("served", SERVED)
def test_names_of_users(leaks: Leaks, served: str) -> None:
    """A key that was sent as the user of `Basic` is masked where a log names the user: gunicorn's own format does."""
    basic = [cell for cell in leaks.cells if "Basic" in cell.place.name and cell.phase == "masked"]
    assert basic
    assert [cell for cell in basic if plain_pieces(cell.text) & leaks.traces[served].pieces] == []


@pytest.mark.parametrize("served", SERVED)
def test_logs_are_whole(leaks: Leaks, served: str) -> None:
    """The access log names every request, with the filter too, and the tracebacks are there: it was not silenced."""
    log = leaks.traces[served].log
    assert [cell.id for cell in leaks.cells if f"cell={cell.id}" not in log] == []
    assert "RuntimeError: this is all that is known" in log
    assert "RuntimeError: a bug in a verifier" in log
    assert "Logging error" not in log


@pytest.mark.parametrize("served", DEBUGGED)
def test_debug_pages_are_shown(leaks: Leaks, served: str) -> None:
    """The error pages are those of debug mode, with the whole request on them."""
    failed = [cell for cell in leaks.cells if cell.outcome == "application fails"]
    bodies = [leaks.traces[served].answers[cell.id].body.decode() for cell in failed]
    assert all("this is all that is known" in body and "authmux.visit" in body for body in bodies)


@pytest.mark.parametrize("served", SERVED)
def test_caches_are_told(leaks: Leaks, served: str) -> None:
    """What is answered to `X-API-Key` is kept out of shared caches, which know of `Authorization` alone (RFC 9111)."""
    accepted = [cell for cell in leaks.cells if cell.place.name == "`X-API-Key`" and cell.outcome == "accepted"]
    answers = [leaks.traces[served].answers[cell.id] for cell in accepted]
    assert {answer.header("cache-control") for answer in answers} == {"private"}
    assert all("x-api-key" in (answer.header("vary") or "").lower() for answer in answers)


@pytest.mark.parametrize("served", SERVED)
def test_rows(leaks: Leaks, bank: Bank, served: str) -> None:
    """Nor does a log tell a credential of the truth table, however wrongly it was sent."""
    log = leaks.traces[served].pieces
    told = {name: secret_pieces(minted.text) & log for name, minted in bank.items() if name not in ELSEWHERE}
    assert {name: pieces for name, pieces in told.items() if pieces} == {}


def test_secrets_would_be_found(leaks: Leaks) -> None:
    """A secret is found as it is, percent-encoded, and in `Basic`."""
    for cell in leaks.cells:
        headers = " ".join(value.decode() for _, value in cell.headers)
        assert not cell.pieces.isdisjoint(pieces_of(f"{cell.target} {headers}"))


def test_page(leaks: Leaks) -> None:
    """The page of the documentation is what came of the run; `python -m tests.servers` writes it."""
    assert PAGE.read_text(encoding="utf-8") == write_page(leaks)
