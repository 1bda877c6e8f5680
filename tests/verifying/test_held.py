"""What is held of a record makes the right principal, once for each generation."""

from typing import Any

import pytest

from authmux.principal import AnonymousKey, Client, Principal, User
from authmux.stores.port import Reading
from authmux.stores.record import Owner, OwnerType, Record
from authmux.token_format import Kind
from authmux.verifying.held import Held
from tests.stores.sample_records import NOW, make_record, make_secret

ISSUER = "https://id"


def held(record: Record) -> Held:
    """Hold a record."""
    return Held(Reading(record, "r1"), until=7.0)


def principal_of(record: Record) -> Principal:
    """Return the principal that comes with the newest generation."""
    return held(record).principal(record.secrets[-1])


@pytest.mark.parametrize(
    ("kind", "owner_type", "expected"),
    [
        pytest.param(Kind.KEY, OwnerType.CLIENT, (Client, (ISSUER, "t1", "client", "x")), id="key-of-a-client"),
        pytest.param(Kind.PAT, OwnerType.USER, (User, (ISSUER, "t1", "user", "x")), id="pat-of-a-user"),
        pytest.param(Kind.KEY, OwnerType.NONE, (AnonymousKey, (ISSUER, "t1", "anonymous", "k" * 16)), id="nobodys"),
        pytest.param(
            Kind.KEY, OwnerType.USER, (AnonymousKey, (ISSUER, "t1", "anonymous", "k" * 16)), id="key-of-a-user"
        ),
        pytest.param(
            Kind.KEY, OwnerType.ORG, (AnonymousKey, (ISSUER, "t1", "anonymous", "k" * 16)), id="organisations"
        ),
    ],
)
def test_identity(kind: Kind, owner_type: OwnerType, expected: tuple[type[Principal], object]) -> None:
    """A client and a user are themselves within an issuer and a tenant, and a key that is nobody's is itself (K-02)."""
    record = make_record(id="k" * 16, kind=kind, owner=Owner(owner_type, ISSUER, "x"), tenant="t1")
    principal = principal_of(record)
    assert (type(principal), principal.key) == expected


@pytest.mark.parametrize(
    ("owner_type", "name", "display_name"),
    [
        pytest.param(OwnerType.CLIENT, None, "x", id="client"),
        pytest.param(OwnerType.NONE, "nightly", "nightly", id="nobody"),
    ],
)
def test_name(owner_type: OwnerType, name: str | None, display_name: str) -> None:
    """A key that is nobody's goes by its name; the name of a client's key is not the client's (K-31)."""
    principal = principal_of(make_record(name="nightly", owner=Owner(owner_type, ISSUER, "x")))
    assert (principal.name, principal.display_name) == (name, display_name)


def test_what_it_may_do() -> None:
    """The principal has the record's scopes and notes, and no others (K-50)."""
    record = make_record(scopes=frozenset({"a:b", "c:*"}), meta={"team": "x"})
    principal = principal_of(record)
    assert principal.scopes == {"a:b", "c:*"}
    assert principal.claims == {"team": "x"}


@pytest.mark.parametrize(
    ("expires_at", "retire_at", "deadline"),
    [
        pytest.param(None, None, None, id="never"),
        pytest.param(NOW, None, NOW, id="expiry"),
        pytest.param(None, NOW, NOW, id="retirement"),
        pytest.param(NOW + 1, NOW, NOW, id="retirement-before-expiry"),
        pytest.param(NOW, NOW + 1, NOW, id="expiry-before-retirement"),
        pytest.param(0.0, None, 0.0, id="zero-is-a-time"),
    ],
)
def test_deadline(expires_at: float | None, retire_at: float | None, deadline: float | None) -> None:
    """What it proved itself with ends at the earliest deadline of the chain (K-21)."""
    principal = principal_of(make_record(expires_at=expires_at, secrets=(make_secret(retire_at=retire_at),)))
    assert principal.credential is not None
    assert principal.credential.expires_at == deadline


def test_credential() -> None:
    """The principal says with which kind, id and generation it came (K-33)."""
    record = make_record(kind=Kind.PAT, secrets=(make_secret(2, retire_at=NOW), make_secret(3)))
    shelf = held(record)
    for secret in record.secrets:
        credential = shelf.principal(secret).credential
        assert credential is not None
        assert (credential.kind, credential.id, credential.generation) == ("pat", record.id, secret.generation)


def test_one_principal_for_each_generation() -> None:
    """One principal is made for each generation, and given again (K-21)."""
    record = make_record(secrets=(make_secret(1, retire_at=NOW), make_secret(2)))
    shelf = held(record)
    first, second = (shelf.principal(secret) for secret in record.secrets)
    assert first is not second
    assert shelf.principal(record.secrets[0]) is first


RESTRICTIONS: list[Any] = [
    pytest.param({"parent_id": "p" * 16}, id="parent"),
    pytest.param({"resources": ("base:1",)}, id="resources"),
    pytest.param({"audience": "https://api"}, id="audience"),
    pytest.param({"allowed_cidrs": ("10.0.0.0/8",)}, id="addresses"),
    pytest.param({"allowed_origins": ("https://a",)}, id="origins"),
    pytest.param({"limit_policy": "slow"}, id="limit-policy"),
]


@pytest.mark.parametrize("restriction", RESTRICTIONS)
def test_unknown_restriction(restriction: dict[str, Any]) -> None:
    """A record that is restricted in a way this version cannot check is known as such (K-20, K-39, K-51)."""
    assert held(make_record(**restriction)).has_unknown_restrictions


def test_no_unknown_restriction() -> None:
    """A record with all that this version knows of is restricted by nothing else (K-20)."""
    record = make_record(
        env="live", tenant="t", not_before=NOW, expires_at=NOW, rotate_by=NOW, description="x", meta={"a": 1}
    )
    assert not held(record).has_unknown_restrictions


def test_absence() -> None:
    """An absence is held as one, with its revision and its end (K-21)."""
    nothing = Held(Reading(None, "r1"), until=7.0)
    assert (nothing.record, nothing.revision, nothing.until) == (None, "r1", 7.0)
    assert not nothing.has_unknown_restrictions
