"""For everybody there is only what is his own: every verb, on what belongs to each kind of stranger (K-42)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from authmux.errors import NotFound, NotPossible
from authmux.issuing.actor import System
from authmux.issuing.issued_token import IssuedToken
from authmux.issuing.states import Verb
from authmux.issuing.token_service import TokenService
from authmux.principal import AnonymousKey, Client, Principal, UnprovenClient, User
from authmux.stores.port import Query
from authmux.stores.record import Owner, OwnerType, Record, State
from tests.issuing.house import ADA, BY, JOB, NOW, House, with_jwt

MANAGE = "credentials:manage"

ON_ONE: dict[str, Callable[[TokenService, str, Any], Any]] = {
    "get": lambda service, of, by: service.get(of, by=by),
    "get-deleted": lambda service, of, by: service.get(of, by=by, include_deleted=True),
    Verb.EDIT: lambda service, of, by: service.edit(of, by=by, name="other"),
    Verb.ROLL: lambda service, of, by: service.roll(of, generation=1, by=by).record,
    Verb.DISABLE: lambda service, of, by: service.disable(of, by=by),
    Verb.ENABLE: lambda service, of, by: service.enable(of, by=by),
    Verb.EXPIRE: lambda service, of, by: service.expire(of, by=by),
    Verb.REVOKE: lambda service, of, by: service.revoke(of, by=by),
    Verb.DELETE: lambda service, of, by: service.delete(of, by=by),
    Verb.UNDELETE: lambda service, of, by: service.undelete(of, by=by),
}

STRANGERS: dict[str, Callable[[House], Principal]] = {
    "of-another-tenant": lambda _: User(id="ada", issuer="acme", tenant="t2"),
    "of-no-tenant": lambda _: User(id="ada", issuer="acme"),
    "of-the-empty-tenant": lambda _: User(id="ada", issuer="acme", tenant=""),
    "another-user": lambda _: User(id="bob", issuer="acme", tenant="t1"),
    "of-another-issuer": lambda _: User(id="ada", issuer="https://id", tenant="t1"),
    "client-of-that-name": lambda _: Client(id="ada", issuer="acme", tenant="t1"),
    "unproven": lambda _: UnprovenClient(id="ada", issuer="acme", tenant="t1"),
    "of-no-class": lambda _: Principal(id="ada", issuer="acme", tenant="t1"),
    "anonymous": lambda _: AnonymousKey(id="ada", issuer="acme", tenant="t1"),
    "jwt-of-another": lambda _: with_jwt(User(id="bob", issuer="acme", tenant="t1"), "*"),
    "jwt-that-manages-nothing": lambda _: with_jwt(ADA, "credentials:read", "reports:read"),
    "token-of-another": lambda house: house.who(house.pat(user="bob", scopes=["*"]).text),
    "token-of-another-tenant": lambda house: house.who(house.pat(tenant="t2", scopes=["*"]).text),
    "token-that-manages-nothing": lambda house: house.who(house.pat(name="other", scopes=["reports:*"]).text),
    "key-of-a-client": lambda house: house.who(house.key(client="ada", scopes=["*"]).text),
    "key-of-nobody": lambda house: house.who(house.key(client=None, scopes=["*"]).text),
}


def said_of(house: House, verb: str, credential_id: str, by: Any) -> str:
    """Return what is said of an id that is not there."""
    with pytest.raises(NotFound) as refused:
        ON_ONE[verb](house.service, credential_id, by)
    return str(refused.value)


@pytest.mark.parametrize("stranger", STRANGERS)
def test_stranger(house: House, stranger: str) -> None:
    """What is another's is not there, in the very words of what is nowhere, and no verb touches it (K-42)."""
    live, deleted = house.pat(scopes=["reports:read", MANAGE]), house.pat(name="old")
    house.service.delete(deleted.record.id, by=BY)
    by = STRANGERS[stranger](house)
    before = [house.record(issued) for issued in (live, deleted)]
    for verb in ON_ONE:
        said = {said_of(house, verb, "0" * 16, who) for who in (by, BY)}
        said |= {said_of(house, verb, record.id, by) for record in before}
        assert len(said) == 1, verb
        assert [house.record(issued) for issued in (live, deleted)] == before, verb


@pytest.mark.parametrize("stranger", STRANGERS)
def test_stranger_lists_nothing_of_it(house: House, stranger: str) -> None:
    """No stranger is shown it, whatever he asks for (K-42)."""
    issued = house.pat()
    by = STRANGERS[stranger](house)
    queries: list[dict[str, Any]] = [{}, {"owner": issued.record.owner}, {"tenant": "t1"}, {"scope": "reports:read"}]
    for asked in queries:
        assert issued.record not in house.service.list(by=by, **asked)


@pytest.mark.parametrize(
    "asked",
    [{}, {"owner": Owner(OwnerType.USER, "acme", "ada")}, {"tenant": "t1"}, {"created_after": 0.0}],
    ids=["everything", "its-owner", "its-tenant", "its-time"],
)
@pytest.mark.parametrize("stranger", STRANGERS)
def test_stranger_revokes_nothing_of_it(house: House, stranger: str, asked: dict[str, Any]) -> None:
    """No stranger revokes it with everything, whatever he says is everything (K-42)."""
    issued = house.pat()
    house.service.revoke_all(by=STRANGERS[stranger](house), **asked)
    assert house.record(issued) == issued.record


@pytest.mark.parametrize(
    "by",
    [
        pytest.param(ADA, id="session"),
        pytest.param(with_jwt(ADA, MANAGE, "reports:*"), id="jwt-that-manages"),
        pytest.param(BY, id="application"),
    ],
)
@pytest.mark.parametrize("verb", ON_ONE)
def test_owner(house: House, verb: str, by: Principal | System) -> None:
    """What is one's own is there, for every verb (K-42)."""
    issued = house.pat()
    record = ON_ONE[verb](house.service, issued.record.id, by)
    assert record == house.record(issued)
    assert house.service.list(by=by, include_deleted=True) == [record]


def test_list_of_ones_own(house: House) -> None:
    """A session sees its own within its tenant, and asks for others' in vain (K-31, K-42)."""
    own = [house.pat().record, house.key(client=owner_of(OwnerType.USER, "ada")).record]
    house.pat(user="bob")
    house.pat(tenant="t2")
    house.pat(tenant=None)
    assert house.service.list(by=ADA) == sorted(own, key=lambda record: record.id)
    others: list[dict[str, Any]] = [{"owner": owner_of(OwnerType.USER, "bob")}, {"tenant": "t2"}]
    for foreign in others:
        assert house.service.list(by=ADA, **foreign) == []


def test_list_in_no_tenant(house: House) -> None:
    """A session within no tenant sees what is within none, and not what is within any (K-42)."""
    outside = house.pat(tenant=None).record
    house.pat(tenant="t1")
    assert house.service.list(by=User(id="ada", issuer="acme")) == [outside]


def test_revoke_all_of_ones_own(house: House) -> None:
    """Who revokes everything revokes everything of his own, within his tenant (K-35, K-42)."""
    own = house.pat()
    others = [house.pat(user="bob"), house.pat(tenant="t2"), house.key()]
    assert house.service.revoke_all(by=ADA, reason="compromised") == 1
    assert house.refusal(own.text) == "revoked"
    assert [house.refusal(each.text) for each in others] == [None] * 3


@pytest.mark.parametrize("by", [None, "ada", 1], ids=repr)
@pytest.mark.parametrize("verb", ON_ONE)
def test_nobody(house: House, verb: str, by: object) -> None:
    """Who is nobody at all uses no verb: a principal that is not there is never taken for the application (K-42)."""
    issued = house.pat()
    with pytest.raises(TypeError, match="system"):
        ON_ONE[verb](house.service, issued.record.id, by)
    assert house.record(issued) == issued.record


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"issuer": "https://id"}, id="another-issuer"),
        pytest.param({"tenant": "t2"}, id="another-tenant"),
        pytest.param({"id": "bob"}, id="another-id"),
    ],
)
def test_principal_that_is_not_of_its_credential(house: House, changes: dict[str, Any]) -> None:
    """A principal that says other than the record of what it came with is believed in nothing (K-42)."""
    issued = house.pat(scopes=["*"])
    liar = replace(house.who(issued.text), **changes)
    with pytest.raises(NotPossible, match="not of this store"):
        house.service.get(issued.record.id, by=liar)


@pytest.mark.parametrize("end", [Verb.REVOKE, Verb.DISABLE, Verb.EXPIRE, Verb.DELETE])
def test_token_that_has_ended_meanwhile(house: House, end: Verb) -> None:
    """A token that ended after its request began uses no verb any more (K-38, K-42)."""
    issued, other = house.pat(scopes=["*"]), house.pat(name="other")
    principal = house.who(issued.text)
    ON_ONE[end](house.service, issued.record.id, BY)
    for verb in ("get", Verb.REVOKE, Verb.ROLL):
        with pytest.raises(NotPossible, match="no longer good"):
            ON_ONE[verb](house.service, other.record.id, principal)
    with pytest.raises(NotPossible, match="no longer good"):
        house.service.list(by=principal)


def test_token_of_one_who_was_suspended_meanwhile(house: House) -> None:
    """A token whose owner is suspended uses no verb, until he is reactivated (K-38, K-40)."""
    issued = house.pat(scopes=["*"])
    principal = house.who(issued.text)
    house.service.suspend(user="ada", by=BY)
    with pytest.raises(NotPossible, match="no longer good"):
        house.service.issue_key(name="more", scopes=["a:b"], by=principal)
    house.service.reactivate(user="ada", by=BY)
    assert house.service.get_self(by=principal) == issued.record


def test_strangers_are_not_told_of_taken_ids(house: House) -> None:
    """Whether a foreign id was revoked, deleted or purged makes no difference to what is said (K-42)."""
    issued = house.pat()
    stranger = User(id="bob", issuer="acme", tenant="t1")
    said = set()
    for step in (Verb.REVOKE, Verb.DELETE):
        ON_ONE[step](house.service, issued.record.id, BY)
        with pytest.raises(NotFound) as refused:
            house.service.get(issued.record.id, by=stranger, include_deleted=True)
        said.add(str(refused.value))
    house.clock.advance(31 * 86_400)
    assert house.service.purge(by=BY) == 1
    with pytest.raises(NotFound) as refused:
        house.service.get(issued.record.id, by=stranger)
    assert said == {str(refused.value)}


def owner_of(kind: OwnerType, name: str) -> Owner:
    """Return an owner of ours."""
    return Owner(kind, "acme", name)


def test_clients_own(house: House) -> None:
    """A client's session has what is the client's: its keys (K-42)."""
    issued: IssuedToken = house.key()
    assert house.service.get(issued.record.id, by=JOB) == issued.record
    found: Record = house.service.disable(issued.record.id, by=JOB)
    assert (found.state(NOW), found.disabled_by) == (State.DISABLED, "acme|t1|client|job")
    assert house.store.list(Query()) == [found]
