"""The verbs on denials: what may be named, and what is refused with a sentence."""

from datetime import timedelta
from typing import Any, cast

import pytest

from authmux.errors import NotPossible
from authmux.issuing.actor import system
from authmux.issuing.token_service import TokenService
from authmux.stores.denial import Denied, Target
from authmux.stores.memory import MemoryStore
from authmux.stores.port import TokenStore
from authmux.testing.manual_clock import ManualClock
from tests.issuing.test_token_service import TOKENS

BY = system("console")
ISSUER = "https://idp.example/"
ALICE = Target(Denied.SUBJECT, ISSUER, "alice")


@pytest.fixture
def service() -> TokenService:
    """Give a service whose clock stands."""
    return TokenService(MemoryStore(), TOKENS, clock=ManualClock())


def test_deny_and_lift(service: TokenService) -> None:
    """A denial says whom, why, by whom and when; lifting it says whether it was there (B-64)."""
    denial = service.deny(ALICE, by=BY, reason="offboarding", before=100.0)
    assert (denial.target, denial.by, denial.reason, denial.before) == (ALICE, "console", "offboarding", 100.0)
    assert service.list_denials(by=BY) == [denial]
    assert [service.lift(ALICE, by=BY), service.lift(ALICE, by=BY)] == [True, False]


def test_a_denial_outlives_the_token(service: TokenService) -> None:
    """A verifier may take a token up to 300 s after its `exp` (B-25): its denial stands as long."""
    clock = ManualClock()
    exp = clock.time() + timedelta(hours=1).total_seconds()
    assert service.deny(Target(Denied.TOKEN, ISSUER, "jti"), by=BY, until=exp).until == exp + 300


@pytest.mark.parametrize(
    "target",
    [
        Target(Denied.SUBJECT, "", "alice"),
        Target(Denied.SUBJECT, ISSUER, ""),
        Target(Denied.TOKEN, ISSUER, ""),
        Target(Denied.KEY, "", ""),
        Target(Denied.ISSUER, "", ""),
        Target(Denied.ISSUER, ISSUER, "alice"),
        Target(Denied.TENANT, ISSUER, "acme"),
        Target(Denied.TENANT, "", ""),
        Target(Denied.SUBJECT, ISSUER, "a\0b"),
        Target(Denied.SUBJECT, ISSUER, "a\ud800"),
        Target(Denied.SUBJECT, ISSUER, "x" * 513),
        Target(Denied.SUBJECT, "x" * 513, "alice"),
    ],
)
@pytest.mark.parametrize("verb", ["deny", "lift"])
def test_names_that_would_match_nothing(service: TokenService, verb: str, target: Target) -> None:
    """A denial that could never match is refused with a sentence, for it would look like one that protects."""
    with pytest.raises(NotPossible):
        getattr(service, verb)(target, by=BY)


def test_an_unknown_reason(service: TokenService) -> None:
    """K-35: a reason is one of the list."""
    with pytest.raises(NotPossible, match="compromised"):
        service.deny(ALICE, by=BY, reason="whim")


def test_a_store_without_denials() -> None:
    """A store of the application's own may keep keys only; the verb says what it lacks."""

    class KeysOnly:
        def find(self, credential_id: str) -> Any: ...

    service = TokenService(cast("TokenStore", KeysOnly()), TOKENS)
    with pytest.raises(NotPossible, match="DenialStore"):
        service.deny(ALICE, by=BY)


@pytest.mark.parametrize("moment", [float("nan"), float("inf"), -1.0, 1e12, True, "2026-01-01"], ids=str)
@pytest.mark.parametrize("name", ["before", "until"])
def test_what_is_no_moment(service: TokenService, name: str, moment: Any) -> None:
    """B-64: a denial that would stand and refuse nobody is refused, and what stood before stands."""
    service.deny(ALICE, by=BY, before=100.0)
    with pytest.raises(NotPossible, match=f"{name} .*seconds since the epoch"):
        service.deny(ALICE, by=BY, **{name: moment})
    assert [each.before for each in service.list_denials(by=BY)] == [100.0]


def test_what_no_denial_is_about(service: TokenService) -> None:
    """B-64: a word that nobody knows is refused: who reads it could tell of no token any more whether it is denied."""
    with pytest.raises(NotPossible, match="one of token, subject, client"):
        service.deny(Target(cast("Denied", "jti"), ISSUER, "alice"), by=BY)
    assert service.deny(Target(cast("Denied", "tenant"), "", "acme"), by=BY).target.what is Denied.TENANT
