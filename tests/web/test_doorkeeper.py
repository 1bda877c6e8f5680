"""What every face does with a request: find, verify, admit, refuse."""

import logging
from collections.abc import Callable
from typing import Unpack

import pytest

from authmux import Authenticator, User, run
from authmux.errors import (
    AuthError,
    ConfigurationError,
    CredentialNotAllowed,
    Fault,
    InsufficientScope,
    InvalidCredential,
    MissingCredential,
    Unavailable,
)
from authmux.testing import as_principal
from authmux.visit import Visit
from authmux.web.challenge import Challenger
from authmux.web.doorkeeper import VISIT, Doorkeeper
from authmux.web.options import Options
from tests.faces.verifiers import UserVerifier

ANN = User(id="ann", issuer="tests")
EVE = User(id="eve", issuer="tests")

SENT = [(b"host", b"api.example"), (b"accept", b"*/*")]
PLACES = frozenset({b"authorization"})


def no_framework(status: int) -> None:
    """Have no exception of one's own."""


def new_doorkeeper(
    *, as_native: Callable[[int], Exception | None] = no_framework, **options: Unpack[Options]
) -> Doorkeeper:
    """Return a doorkeeper with an authenticator of its own."""
    return Doorkeeper(Authenticator(UserVerifier()), as_native=as_native, **options)


def test_finds_and_verifies() -> None:
    """A credential that was found is believed by the authenticator."""
    doorkeeper = new_doorkeeper()
    credential = doorkeeper.find(b"Bearer user_ann", None)
    assert credential is not None
    assert run(doorkeeper.verify(credential)) == ANN


def test_finds_in_the_header_that_it_was_told() -> None:
    """The header for keys is a place for credentials only where it was named."""
    assert new_doorkeeper().find(None, b"user_ann") is None
    assert new_doorkeeper(api_key_header="X-API-Key").find(None, b"user_ann") is not None


@pytest.mark.parametrize(("realm", "header"), [('a"b', "X-Key"), ("api", "a b")], ids=["realm", "header"])
def test_what_cannot_be_used(realm: str, header: str) -> None:
    """What could not be written or read is refused at once."""
    with pytest.raises(ConfigurationError):
        new_doorkeeper(realm=realm, api_key_header=header)


def test_visit_of_its_own() -> None:
    """A visit is known again by the authenticator that opened it, so that nothing is verified twice."""
    doorkeeper = new_doorkeeper()
    visit = doorkeeper.admit(ANN, SENT)
    assert doorkeeper.visit_of({VISIT: visit}, SENT, PLACES) is visit
    assert doorkeeper.visit_of({VISIT: visit}, [*SENT, (b"x-request-id", b"1")], PLACES) is visit


@pytest.mark.parametrize(
    "headers",
    [[], SENT[:1], [*SENT[:1], (b"accept", b"text/html")], [*SENT, (b"authorization", b"Bearer user_bob")]],
    ids=["none", "fewer", "changed", "with a credential"],
)
def test_visit_of_other_headers(headers: list[tuple[bytes, bytes]]) -> None:
    """A copy of a request that was given other headers, as for a batch's parts, is another request."""
    doorkeeper = new_doorkeeper()
    visit = doorkeeper.admit(ANN, SENT)
    assert doorkeeper.visit_of({VISIT: visit}, headers, PLACES) is None


@pytest.mark.parametrize(
    "found",
    [None, Visit(ANN), new_doorkeeper().admit(ANN, SENT), "user_ann", {"principal": "ann"}],
    ids=["none", "of-nobody", "of-another", "text", "mapping"],
)
def test_visit_of_another(found: object) -> None:
    """No other visit, and nothing that is none, is taken for one's own."""
    assert new_doorkeeper().visit_of({} if found is None else {VISIT: found}, SENT, PLACES) is None


def test_admits() -> None:
    """A visit has the principal that was verified, or none."""
    doorkeeper = new_doorkeeper()
    assert [doorkeeper.admit(principal, SENT).principal for principal in (ANN, None)] == [ANN, None]


def test_admits_whom_a_test_has_named() -> None:
    """Where no credential was sent, a test may have said who comes; a credential counts for more."""
    doorkeeper = new_doorkeeper()
    with as_principal(EVE):
        assert [doorkeeper.admit(principal, SENT).principal for principal in (ANN, None)] == [ANN, EVE]


def test_does_not_stand_itself() -> None:
    """A visit stands for its own request, and not for the next one that brings no credential."""
    assert not new_doorkeeper().admit(ANN, SENT).stands


REFUSALS: dict[str, tuple[AuthError, str]] = {
    "missing": (MissingCredential(), "refused: MissingCredential, missing, credential not proved"),
    "invalid": (
        InvalidCredential(Fault.EXPIRED, "expired", credential_id="k1"),
        "refused: InvalidCredential, expired, credential k1",
    ),
    "unavailable": (Unavailable("store_slow"), "refused: Unavailable, store_slow, credential not proved"),
}


@pytest.mark.parametrize(("refusal", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_notes_a_refusal(refusal: AuthError, message: str, caplog: pytest.LogCaptureFixture) -> None:
    """The operator reads what was refused and why; what could not be checked is a warning."""
    caplog.set_level(logging.DEBUG)
    new_doorkeeper().answer(refusal)
    level = logging.WARNING if isinstance(refusal, Unavailable) else logging.INFO
    assert caplog.record_tuples == [("authmux.web", level, message)]


def test_answers_in_its_realm() -> None:
    """The answer is the challenge of the protection space."""
    challenge = new_doorkeeper(realm="reports").answer(MissingCredential())
    assert challenge == Challenger(realm="reports").challenge_for(MissingCredential())


MISSING = MissingCredential()
LACKING = InsufficientScope(required=["a:b"], granted=[])
NOT_ALLOWED = CredentialNotAllowed("principal_type")
INSTEAD: list[tuple[AuthError, int, bool]] = [
    (MISSING, 401, True),
    (MISSING, 500, True),
    (MISSING, 403, False),
    (MISSING, 200, False),
    (MISSING, 302, False),
    (MISSING, 0, False),
    (LACKING, 403, True),
    (LACKING, 500, True),
    (LACKING, 401, False),
    (NOT_ALLOWED, 403, True),
    (NOT_ALLOWED, 404, False),
]


@pytest.mark.parametrize(("refusal", "status", "ours"), INSTEAD, ids=lambda each: getattr(each, "reason", str(each)))
def test_answers_instead(refusal: AuthError, status: int, *, ours: bool) -> None:
    """A response that only reports the guard's refusal gives way to the challenge; any other stands."""
    doorkeeper = new_doorkeeper()
    visit = doorkeeper.admit(None, SENT)
    visit.refuse(refusal)
    expected = Challenger(realm="api").challenge_for(refusal) if ours else None
    assert doorkeeper.answer_instead(visit, status) == expected


@pytest.mark.parametrize("status", [200, 401, 403, 500, 503])
def test_answers_nothing_where_nothing_was_refused(status: int) -> None:
    """Without a refusal every response stands."""
    doorkeeper = new_doorkeeper()
    assert doorkeeper.answer_instead(doorkeeper.admit(ANN, SENT), status) is None


@pytest.mark.parametrize(("refusal", "status"), [(MISSING, 401), (LACKING, 403), (NOT_ALLOWED, 403)], ids=str)
def test_guard_raises_the_framework_s_exception(refusal: AuthError, status: int) -> None:
    """What the guard raises is the framework's own exception of the refusal's status."""
    asked: list[int] = []

    def as_native(status: int) -> Exception:
        asked.append(status)
        return LookupError("native")

    raised = new_doorkeeper(as_native=as_native).admit(None, SENT).refuse(refusal)
    assert (str(raised), asked) == ("native", [status])


def test_guard_raises_the_refusal_itself() -> None:
    """Where there is no framework the guard raises the refusal."""
    assert new_doorkeeper().admit(None, SENT).refuse(MISSING) is MISSING
