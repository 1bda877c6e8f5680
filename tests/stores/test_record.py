"""A record says what it is good for at a moment, whom it stands for, and nothing secret."""

import dataclasses
from typing import Any

import pytest

from authmux.principal import AnonymousKey, Client, Principal, User
from authmux.stores.record import Owner, OwnerType, State
from authmux.token_format import Kind
from tests.stores.sample_records import NOW, make_record, make_secret


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        pytest.param({}, State.ACTIVE, id="nothing-said"),
        pytest.param({"expires_at": NOW + 0.001}, State.ACTIVE, id="just-before-expiry"),
        pytest.param({"expires_at": NOW}, State.EXPIRED, id="at-expiry"),
        pytest.param({"expires_at": NOW - 1}, State.EXPIRED, id="after-expiry"),
        pytest.param({"not_before": NOW + 0.001}, State.NOT_YET, id="just-before-its-time"),
        pytest.param({"not_before": NOW}, State.ACTIVE, id="at-its-time"),
        pytest.param({"disabled_at": NOW - 1}, State.DISABLED, id="disabled"),
        pytest.param({"revoked_at": NOW - 1}, State.REVOKED, id="revoked"),
        pytest.param({"deleted_at": NOW - 1}, State.DELETED, id="deleted"),
        pytest.param({"revoked_at": NOW + 60}, State.REVOKED, id="revoked-by-a-clock-that-is-ahead"),
        pytest.param({"disabled_at": 0.0}, State.DISABLED, id="disabled-at-zero"),
        pytest.param({"revoked_at": 0.0}, State.REVOKED, id="revoked-at-zero"),
        pytest.param({"deleted_at": 0.0}, State.DELETED, id="deleted-at-zero"),
        pytest.param({"expires_at": 0.0}, State.EXPIRED, id="expired-at-zero"),
        pytest.param({"deleted_at": NOW, "revoked_at": NOW}, State.DELETED, id="deleted-before-revoked"),
        pytest.param({"revoked_at": NOW, "disabled_at": NOW}, State.REVOKED, id="revoked-before-disabled"),
        # Disabling can be undone, an expiry that has passed cannot (K-32, K-34).
        pytest.param({"disabled_at": NOW, "expires_at": NOW}, State.EXPIRED, id="expired-before-disabled"),
        pytest.param({"expires_at": NOW, "not_before": NOW + 1}, State.EXPIRED, id="expired-before-not-yet"),
        pytest.param({"rotate_by": NOW - 1}, State.ACTIVE, id="a-reminder-ends-nothing"),
    ],
)
def test_state(changes: dict[str, Any], state: State) -> None:
    """The state is judged at a moment, to the second, and the most final one counts (K-34…K-37)."""
    assert make_record(**changes).state(NOW) is state


@pytest.mark.parametrize(
    ("changes", "is_live"),
    [
        pytest.param({}, True, id="active"),
        pytest.param({"not_before": NOW + 1}, True, id="not-yet"),
        pytest.param({"disabled_at": NOW}, True, id="disabled"),
        pytest.param({"expires_at": NOW}, False, id="expired"),
        pytest.param({"revoked_at": NOW}, False, id="revoked"),
        pytest.param({"deleted_at": NOW}, False, id="deleted"),
        pytest.param({"disabled_at": NOW, "expires_at": NOW}, False, id="disabled-and-expired"),
    ],
)
def test_is_live(changes: dict[str, Any], is_live: bool) -> None:
    """What is usable now, or again, or later, counts among its owner's live ones (K-30)."""
    assert make_record(**changes).is_live(NOW) is is_live


@pytest.mark.parametrize(
    ("retire_at", "is_live"),
    [
        pytest.param(None, True, id="newest"),
        pytest.param(NOW + 0.001, True, id="in-its-overlap"),
        pytest.param(NOW, False, id="at-its-end"),
        pytest.param(0.0, False, id="at-zero"),
    ],
)
def test_secret_is_live(retire_at: float | None, is_live: bool) -> None:
    """A generation proves something until the second in which it retires (K-33)."""
    assert make_secret(retire_at=retire_at).is_live(NOW) is is_live


def test_generation() -> None:
    """The generation of a record is its newest secret's (K-33)."""
    assert make_record(secrets=(make_secret(2, retire_at=NOW), make_secret(3))).generation == 3


@pytest.mark.parametrize(
    ("kind", "owner_type", "principal_class"),
    [
        pytest.param(Kind.KEY, OwnerType.CLIENT, Client, id="key-of-a-client"),
        pytest.param(Kind.KEY, OwnerType.NONE, AnonymousKey, id="key-of-nobody"),
        pytest.param(Kind.KEY, OwnerType.USER, AnonymousKey, id="key-of-a-user"),
        pytest.param(Kind.KEY, OwnerType.SERVICE, AnonymousKey, id="key-of-a-service"),
        pytest.param(Kind.KEY, OwnerType.ORG, AnonymousKey, id="key-of-an-organisation"),
        pytest.param(Kind.PAT, OwnerType.USER, User, id="pat-of-a-user"),
    ],
)
def test_principal_class(kind: Kind, owner_type: OwnerType, principal_class: type[Principal]) -> None:
    """A PAT stands for its user, a client's key for the client, any other key for nobody in particular (K-02)."""
    record = make_record(kind=kind, owner=Owner(owner_type, "acme", "x"))
    assert record.principal_class() is principal_class


@pytest.mark.parametrize(
    ("principal", "owner"),
    [
        pytest.param(
            User(id="u", issuer="https://id", tenant="t"), Owner(OwnerType.USER, "https://id", "u"), id="user"
        ),
        pytest.param(Client(id="c", issuer="https://id"), Owner(OwnerType.CLIENT, "https://id", "c"), id="client"),
    ],
)
def test_owner_of(principal: Principal, owner: Owner) -> None:
    """A credential belongs to a user or a client by his identity, the issuer included (K-11)."""
    assert Owner.of(principal) == owner


@pytest.mark.parametrize("principal_class", [AnonymousKey, Principal])
def test_owner_of_nobody(principal_class: type[Principal]) -> None:
    """Nothing can belong to a caller who is nobody in particular (K-11)."""
    with pytest.raises(ValueError, match=principal_class.__name__):
        Owner.of(principal_class(id="x", issuer="acme"))


@pytest.mark.parametrize("show", [repr, str, "{}".format], ids=["repr", "str", "format"])
def test_no_digest_is_shown(show: Any) -> None:
    """A record that is printed or logged shows no digest (K-12)."""
    digest = b"0123456789abcdef0123456789abcdef"
    shown = show(make_record(secrets=(make_secret(digest=digest),)))
    assert "wxyz" in shown
    assert digest.decode() not in shown


@pytest.mark.parametrize(
    "value", [make_record(), make_secret(), make_record().owner], ids=lambda value: type(value).__name__
)
def test_values_are_frozen(value: Any) -> None:
    """What a cache shares between requests cannot be changed by one of them (K-21)."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, dataclasses.fields(value)[0].name, "other")
