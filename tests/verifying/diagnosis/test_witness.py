"""The witness fetches as a verifier does, with every guard, and notes each question with what came of it."""

import pytest

from authmux.verifying.diagnosis.witness import Witness
from authmux.verifying.fetch import FetchFailed
from authmux.verifying.http_fetch import HTTPFetch
from tests.fault_server import Behaviour, FaultServer, early_close, html, ok, redirect, status


@pytest.mark.parametrize(
    ("behaviour", "told", "reason"),
    [
        (ok({}, {"X-Note": "1"}), 200, None),
        (html(), 200, "html"),
        (redirect("/x"), 302, "redirect"),
        (status(503), 503, "status_503"),
        (early_close(), None, "broken"),
    ],
    ids=["document", "page", "redirect", "503", "nothing"],
)
def test_what_is_noted(behaviour: Behaviour, told: int | None, reason: str | None) -> None:
    """A document is handed on and a failure raised, as without a witness; status and headers are noted either way."""
    with FaultServer(behaviour) as server:
        witness, without = Witness(), HTTPFetch()
        outcomes = [outcome(fetch, server.url()) for fetch in (witness, without)]
    assert outcomes == [reason or "200", reason or "200"]
    [asked] = witness.asked
    assert (asked.status, asked.failure.reason if asked.failure else None) == (told, reason)
    assert (asked.answer is None) is (reason is not None)
    assert bool(asked.headers) is (told is not None)
    assert asked.began <= asked.ended


def outcome(fetch: HTTPFetch, url: str) -> str:
    try:
        return str(fetch(url, {}).status)
    except FetchFailed as failed:
        return failed.reason


def test_one_that_is_held() -> None:
    """Held to origins it keeps its guards (B-56), and writes into the same notes."""
    witness = Witness()
    held = witness.held_to(trusted=[], allow_private=[])
    with FaultServer(ok({})) as server:
        port = int(server.url().split(":")[2].strip("/"))
        assert outcome(held, server.url()) == "port"
        assert (
            outcome(held.held_to(trusted=[f"http://idp.example:{port}"], allow_private=[]), server.url()) == "address"
        )
        assert server.requests == []
    assert len({each.url for each in witness.asked}) == 1
    assert len(witness.asked) == 2


def test_causes() -> None:
    """What the system says of a failure is told in a few words."""
    witness = Witness()
    assert outcome(witness, "https://idp.invalid/") == "dns"
    assert witness.asked[0].cause
    assert outcome(witness, "ftp://idp.example/") == "scheme"
    assert witness.asked[1].cause == ""
