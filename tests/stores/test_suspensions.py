"""A suspended owner's keys and tokens are refused on the next request, and work again afterwards (K-40)."""

from collections.abc import Callable
from typing import Any

import pytest

from authmux.credential import PresentedCredential
from authmux.errors import AuthError, NotPossible
from authmux.flow import run
from authmux.issuing.actor import system
from authmux.issuing.token_service import TokenService
from authmux.principal import User
from authmux.stores.audit_event import Action
from authmux.stores.denial import Denied, Target
from authmux.stores.record import Owner, OwnerType
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.authenticator import Authenticator
from authmux.verifying.opaque import APIKeyVerifier, PATVerifier
from tests.issuing.test_token_service import TOKENS

BY = system("console")
ADA = Owner(OwnerType.USER, "https://idp.example/", "ada")


class Scene:
    """A store, a service on it, and an authenticator that believes what it keeps."""

    def __init__(self, store: Any) -> None:
        self.clock = ManualClock()
        self.service = TokenService(store, TOKENS, clock=self.clock)
        verifiers = [kind(store, TOKENS, clock=self.clock) for kind in (APIKeyVerifier, PATVerifier)]
        self.authenticator = Authenticator(*verifiers, clock=self.clock)

    def outcome(self, text: str) -> str:
        """Return who came, or why not."""
        try:
            return run(self.authenticator.verify(PresentedCredential(text))).id
        except AuthError as refused:
            return refused.reason

    def pat(self, user: str | Owner, **options: Any) -> str:
        return self.service.issue_pat(user=user, name="laptop", scopes=["a:read"], by=BY, **options).text

    def key(self, **options: Any) -> str:
        return self.service.issue_key(name="job", scopes=["a:read"], by=BY, **options).text


@pytest.fixture
def scene(store: Any) -> Scene:
    """Give a scene on each kind of store in turn."""
    return Scene(store)


Issue = Callable[[Scene], str]
WHOSE: dict[str, tuple[Issue, dict[str, Any], Issue]] = {
    "user": (lambda scene: scene.pat("ada"), {"user": "ada"}, lambda scene: scene.pat("bob")),
    "user of an issuer": (lambda scene: scene.pat(ADA), {"user": ADA}, lambda scene: scene.pat("ada")),
    "client": (lambda scene: scene.key(client="bi"), {"client": "bi"}, lambda scene: scene.key(client="ada")),
    "service": (
        lambda scene: scene.key(client=Owner(OwnerType.SERVICE, "acme", "etl")),
        {"client": Owner(OwnerType.SERVICE, "acme", "etl")},
        lambda scene: scene.key(client=Owner(OwnerType.ORG, "acme", "etl")),
    ),
    "tenant": (
        lambda scene: scene.pat("ada", tenant="north"),
        {"tenant": "north"},
        lambda scene: scene.pat("ada", tenant="south"),
    ),
    "tenant of nobody's key": (lambda scene: scene.key(tenant="north"), {"tenant": "north"}, lambda scene: scene.key()),
}


@pytest.mark.parametrize("name", WHOSE)
def test_suspend_and_reactivate(scene: Scene, name: str) -> None:
    """K-40: everything of his is refused on the next request, nothing of anybody else's; then it works again."""
    issue, whose, issue_another = WHOSE[name]
    text, another = issue(scene), issue_another(scene)
    before = scene.outcome(text), scene.outcome(another)
    denial = scene.service.suspend(by=BY, reason="offboarding", **whose)
    assert (denial.by, denial.reason) == ("console", "offboarding")
    assert (scene.outcome(text), scene.outcome(another)) == ("suspended", before[1])
    assert [scene.service.reactivate(by=BY, **whose), scene.service.reactivate(by=BY, **whose)] == [True, False]
    assert (scene.outcome(text), scene.outcome(another)) == before


def test_what_is_issued_meanwhile(scene: Scene) -> None:
    """K-40: a suspension is of the owner: what he is given meanwhile is refused as well."""
    scene.service.suspend(user="ada", by=BY)
    assert scene.outcome(scene.pat("ada")) == "suspended"


def test_a_suspension_ends_by_itself(scene: Scene) -> None:
    """K-40: it may have an end, to the second."""
    text = scene.pat("ada")
    scene.service.suspend(user="ada", by=BY, until=scene.clock.time() + 60)
    scene.clock.advance(59.5)
    assert scene.outcome(text) == "suspended"
    scene.clock.advance(0.5)
    assert scene.outcome(text) == "ada"


def test_the_later_end_counts(scene: Scene) -> None:
    """K-40: where owner and tenant are suspended, both must be over."""
    text = scene.pat("ada", tenant="north")
    scene.service.suspend(user="ada", by=BY, until=scene.clock.time() + 60)
    scene.service.suspend(tenant="north", by=BY)
    scene.clock.advance(60)
    assert scene.outcome(text) == "suspended"
    scene.service.reactivate(tenant="north", by=BY)
    assert scene.outcome(text) == "ada"


def test_a_revoked_credential_stays_revoked(scene: Scene) -> None:
    """K-35, K-40: reactivating brings nothing back that had ended for itself."""
    issued = scene.service.issue_pat(user="ada", name="laptop", scopes=["a:read"], by=BY)
    scene.service.suspend(user="ada", by=BY)
    scene.service.revoke(issued.record.id, by=BY)
    scene.service.reactivate(user="ada", by=BY)
    assert scene.outcome(issued.text) == "revoked"


def test_a_cut_off_is_no_suspension(scene: Scene) -> None:
    """B-64: a denial with `before` is about what an authorization server issued, and leaves our own alone."""
    text = scene.pat(ADA)
    scene.service.deny(Target(Denied.SUBJECT, ADA.issuer, ADA.id), before=scene.clock.time() + 60, by=BY)
    assert scene.outcome(text) == "ada"


@pytest.mark.parametrize(
    "whose",
    [{}, {"user": "ada", "tenant": "north"}, {"user": ""}, {"tenant": ""}, {"client": Owner(OwnerType.NONE, "acme")}],
    ids=["nobody", "two", "no user", "no tenant", "nobody's"],
)
def test_who_is_not_named(scene: Scene, whose: dict[str, Any]) -> None:
    """K-40: a suspension that could refuse nobody is refused with a sentence."""
    with pytest.raises(NotPossible):
        scene.service.suspend(by=BY, **whose)


def test_only_the_application_suspends(scene: Scene) -> None:
    """K-42: no principal suspends, denies, lifts or looks."""
    ada = User(id="ada", issuer="acme")
    target = Target(Denied.SUBJECT, "acme", "bob")
    for verb in (
        lambda: scene.service.suspend(user="bob", by=ada),  # type: ignore[arg-type]
        lambda: scene.service.reactivate(user="bob", by=ada),  # type: ignore[arg-type]
        lambda: scene.service.deny(target, by=ada),  # type: ignore[arg-type]
        lambda: scene.service.lift(target, by=ada),  # type: ignore[arg-type]
        lambda: scene.service.list_denials(by=ada),  # type: ignore[arg-type]
    ):
        with pytest.raises(NotPossible, match="only the application"):
            verb()


def test_it_is_written_down(scene: Scene) -> None:
    """K-71: denying and suspending, and the end of both, are in the audit log; what did nothing is not."""
    target = Target(Denied.SUBJECT, ADA.issuer, ADA.id)
    scene.service.suspend(tenant="north", by=BY, reason="policy")
    scene.service.reactivate(tenant="north", by=BY)
    scene.service.reactivate(tenant="north", by=BY)
    scene.service.deny(target, by=BY, until=scene.clock.time() + 5)
    scene.service.lift(target, by=BY)
    entries = list(scene.service.audit(by=BY))
    told = [(entry.event.action, entry.event.target, entry.event.tenant) for entry in entries]
    assert told == [
        (Action.SUSPENDED, "north", "north"),
        (Action.REACTIVATED, "north", "north"),
        (Action.DENIED, "ada", None),
        (Action.LIFTED, "ada", None),
    ]
    assert entries[0].event.reason == "policy"
