"""A visit keeps what a request brought and what was asked of it, and can be checked again (K-26)."""

import asyncio

import pytest

from authmux.credential import PresentedCredential
from authmux.errors import (
    AuthError,
    CredentialNotAllowed,
    Fault,
    InsufficientScope,
    InvalidCredential,
    LimitExceeded,
    MissingCredential,
    Unavailable,
)
from authmux.flow import Flow, run, run_async
from authmux.guard import Requirement, requires
from authmux.principal import Principal, User
from authmux.testing import as_principal
from authmux.visit import Visit, current_visit, find_principal, recheck_visit, standing_principal

READER = User(id="ann", issuer="tests", scopes=frozenset({"a:read"}))
WRITER = User(id="ann", issuer="tests", scopes=frozenset({"a:read", "a:write"}))
CREDENTIAL = PresentedCredential("text")


class Judgement:
    """Says of every credential what it was told to say."""

    def __init__(self, verdict: Principal | Exception) -> None:
        self.verdict = verdict
        self.asked: list[PresentedCredential] = []

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return the verdict, or raise it."""
        yield from ()
        self.asked.append(credential)
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict

    def confirm(self, principal: Principal, credential: PresentedCredential) -> Flow[None]:
        """Say nothing against it."""
        yield from ()


def visit_by(judgement: Judgement, *asked: Requirement) -> Visit:
    """Return the visit of a writer, of whom guards have asked something."""
    visit = Visit(WRITER, opened_by=judgement, credential=CREDENTIAL)
    visit.asked = asked
    return visit


def test_a_good_credential_is_still_good() -> None:
    """What was verified is verified again, and by the one who did so."""
    judgement = Judgement(WRITER)
    assert run(visit_by(judgement).recheck())
    assert judgement.asked == [CREDENTIAL]


def test_both_colours() -> None:
    """An awaiting caller is told the same."""
    assert asyncio.run(run_async(visit_by(Judgement(WRITER)).recheck()))


LOST: dict[str, tuple[Principal | AuthError, Requirement]] = {
    "invalid": (InvalidCredential(Fault.REVOKED, "revoked"), Requirement()),
    "not-allowed": (CredentialNotAllowed("address"), Requirement()),
    "narrowed": (READER, Requirement(scopes=("a:write",))),
    "lacking": (InsufficientScope(required=["a:b"], granted=[]), Requirement()),
    "of-another-class": (Principal(id="ann", issuer="tests"), Requirement(principals=(User,))),
}


@pytest.mark.parametrize(("verdict", "need"), LOST.values(), ids=LOST)
def test_a_right_is_lost(verdict: Principal | AuthError, need: Requirement) -> None:
    """A credential that is bad by now, or does not reach what was asked, is good no more; the principal stays."""
    visit = visit_by(Judgement(verdict), need)
    assert not run(visit.recheck())
    assert visit.principal is WRITER


def test_only_what_was_asked_counts() -> None:
    """A narrowed credential that still reaches what was asked goes on, and the new scopes count from now on."""
    visit = visit_by(Judgement(READER), Requirement(scopes=("a:read",)))
    assert run(visit.recheck())
    assert visit.principal is READER


@pytest.mark.parametrize(
    "error", [Unavailable("store_slow"), LimitExceeded("rate", retry_after=1.0), RuntimeError("a bug")], ids=repr
)
def test_what_cannot_be_said(error: Exception) -> None:
    """Where nobody knows, neither answer is given."""
    with pytest.raises(type(error)):
        run(visit_by(Judgement(error)).recheck())


@pytest.mark.parametrize("visit", [Visit(None), Visit(WRITER)], ids=["nobody", "of-a-test"])
def test_nothing_was_proved(visit: Visit) -> None:
    """Who never proved anything has nothing to lose."""
    assert run(visit.recheck())


def test_current_visit_is_checked() -> None:
    """`still_valid` speaks of the current request."""
    judgement = Judgement(WRITER)
    token = current_visit.set(visit_by(judgement))
    try:
        assert run(recheck_visit())
        judgement.verdict = InvalidCredential(Fault.REVOKED, "revoked")
        assert not run(recheck_visit())
    finally:
        current_visit.reset(token)


def test_outside_of_a_request_nothing_is_valid() -> None:
    """Without a visit the answer is no."""
    assert not run(recheck_visit())


def test_guards_note_what_they_asked() -> None:
    """Each requirement that was met is noted once, in order; one that was refused is not."""
    visit = Visit(READER)
    token = current_visit.set(visit)
    try:
        for _ in range(2):
            requires("a:read")(lambda: None)()
            requires(principals=User)(lambda: None)()
        with pytest.raises(InsufficientScope):
            requires("a:write")(lambda: None)()
    finally:
        current_visit.reset(token)
    assert visit.asked == (Requirement(scopes=("a:read",)), Requirement(principals=(User,)))


def test_standing_principal() -> None:
    """Only what a test has set stands for requests without a credential."""
    assert standing_principal() is None
    with as_principal(READER):
        assert standing_principal() is READER
        assert find_principal() is READER
        token = current_visit.set(Visit(WRITER))
        assert standing_principal() is None
        current_visit.reset(token)
    assert standing_principal() is None


def test_refusal_is_left() -> None:
    """The refusal is left for the middleware, and raised as it is where there is no framework."""
    visit, refusal = Visit(None), MissingCredential()
    assert visit.refuse(refusal) is refusal
    assert visit.refusal is refusal
    assert visit.explains(refusal)


def test_says_no_secret() -> None:
    """Neither a visit nor the credential in it tells its text when it is printed."""
    visit = Visit(WRITER, credential=PresentedCredential("the-secret"))
    assert "the-secret" not in f"{visit!r} {visit.credential!r}"
