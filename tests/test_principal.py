"""Who is calling: identity, what is shown, and that nothing about it can be changed."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from authmux.principal import AnonymousKey, Client, Principal, User, VerifiedCredential, frozen

U1 = User(id="u1", issuer="acme", tenant="t1")

parts = st.text(alphabet="ab|%\\:", min_size=1, max_size=6)
principals = st.builds(
    lambda make, id_, issuer, tenant: make(id=id_, issuer=issuer, tenant=tenant),
    st.sampled_from([User, Client, AnonymousKey, Principal]),
    parts,
    parts,
    st.none() | parts,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "other",
    [
        User(id="u2", issuer="acme", tenant="t1"),
        User(id="u1", issuer="other", tenant="t1"),
        User(id="u1", issuer="acme", tenant="t2"),
        User(id="u1", issuer="acme"),
        Client(id="u1", issuer="acme", tenant="t1"),
        AnonymousKey(id="u1", issuer="acme", tenant="t1"),
        Principal(id="u1", issuer="acme", tenant="t1"),
        "u1",
    ],
    ids=["id", "issuer", "tenant", "no tenant", "client", "key", "no class", "not a principal"],
)
def test_one_difference_makes_another(other: object) -> None:
    """A user whose id is somebody's client id is not that client (RFC 9700 §4.15)."""
    assert other != U1


def test_what_was_said_makes_no_other() -> None:
    """The same caller with other scopes, claims, name and credential is the same caller."""
    same = dataclasses.replace(
        U1, scopes=frozenset({"a:b"}), claims={"x": 1}, name="Ada", credential=VerifiedCredential(kind="pat")
    )
    assert same == U1
    assert hash(same) == hash(U1)


@given(principals, principals)
@example(User(id="b|user|c", issuer="acme", tenant="a"), User(id="c", issuer="acme", tenant="a|user|b"))
def test_identity_is_the_key(one: Principal, other: Principal) -> None:
    """Equality, hash and the identity as one string all tell callers apart exactly as `key` does."""
    same = one.key == other.key
    assert (one == other) is same
    assert (len({one, other}) == 1) is same
    assert (one.identity == other.identity) is same


def test_identity_reads_well() -> None:
    """Starlette's `identity` is issuer, tenant, class and id, in one string."""
    assert U1.identity == "acme|t1|user|u1"
    assert Client(id="c1", issuer="https://issuer.example/").identity == "https://issuer.example/||client|c1"


@pytest.mark.parametrize(
    ("principal", "type_"),
    [(User, "user"), (Client, "client"), (AnonymousKey, "anonymous"), (Principal, "principal")],
)
def test_each_class_has_its_type(principal: type[Principal], type_: str) -> None:
    """The class is part of the key, under a name that stays."""
    assert principal(id="x", issuer="acme").key == ("acme", None, type_, "x")


@pytest.mark.parametrize(("name", "shown"), [("Ada", "Ada"), (None, "u1"), ("", "u1")])
def test_display_name_falls_back_to_the_id(name: str | None, shown: str) -> None:
    """A person is shown the name, or the id where there is none."""
    assert dataclasses.replace(U1, name=name).display_name == shown


def test_whoever_is_here_was_verified() -> None:
    """Starlette's own `@requires` and templates find a principal authenticated."""
    assert U1.is_authenticated


def test_repr_keeps_claims_to_itself() -> None:
    """Claims are personal data: a log line with a principal has none of them."""
    assert "ada@" not in repr(dataclasses.replace(U1, claims={"email": "ada@example.com"}))


@pytest.mark.parametrize("name", ["id", "issuer", "tenant", "scopes", "credential", "name", "claims"])
def test_principals_cannot_be_changed(name: str) -> None:
    """A principal is shared between requests, so that nobody may write to it."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(U1, name, "something else")


@pytest.mark.parametrize("principal", [User, Client, AnonymousKey, Principal])
def test_principals_take_nothing_more(principal: type[Principal]) -> None:
    """A principal has slots: no attribute can be added that another request would find."""
    with pytest.raises((AttributeError, TypeError)):
        vars(principal(id="x", issuer="acme"))


def test_claims_are_read_only_by_default() -> None:
    """The empty claims that principals share cannot be filled."""
    with pytest.raises(TypeError):
        User(id="u2", issuer="acme").claims["admin"] = True  # type: ignore[index]


def thawed(value: Any) -> Any:
    """Turn a frozen JSON value back; fail where something in it could be changed."""
    assert not isinstance(value, list | dict | set | bytearray)
    if isinstance(value, Mapping):
        with pytest.raises(TypeError):
            value["new"] = 1  # type: ignore[index]
        return {name: thawed(member) for name, member in value.items()}
    return [thawed(member) for member in value] if isinstance(value, tuple) else value


@given(json_values)
def test_frozen_values_hold_the_same_and_cannot_be_changed(value: Any) -> None:
    """Freezing keeps every member of a JSON value, and leaves nothing in its depth that can be changed."""
    assert thawed(frozen(value)) == value


def test_frozen_values_do_not_follow_their_origin() -> None:
    """Who keeps the object that was frozen cannot change the claims through it."""
    origin: dict[str, Any] = {"roles": ["reader"], "address": {"city": "Paris"}}
    claims = frozen(origin)
    origin["roles"].append("admin")
    origin["address"]["city"] = "Rome"
    origin["new"] = 1
    assert thawed(claims) == {"roles": ["reader"], "address": {"city": "Paris"}}
