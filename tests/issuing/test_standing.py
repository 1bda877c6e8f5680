"""How far the hand of each reaches who uses a verb: sessions, JWTs, tokens that manage, and tokens on their own."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from authmux.errors import NotPossible
from authmux.issuing.issued_token import IssuedToken
from authmux.principal import AnonymousKey, Principal, UnprovenClient, User
from authmux.stores.port import Query
from authmux.stores.record import Owner, OwnerType, State
from tests.issuing.house import ADA, BY, DAY, JOB, NOW, House, with_jwt

MANAGE = "credentials:manage"
MONTH = timedelta(days=30)
HOUR = timedelta(hours=1)


def manager(house: House, *, scopes: tuple[str, ...] = (MANAGE, "reports:*"), **changes: Any) -> IssuedToken:
    """Issue a token of the user's that manages."""
    return house.pat(**{"name": "manager", "scopes": scopes, "expires_in": MONTH} | changes)


def test_session_issues_for_itself(house: House) -> None:
    """A session's principal issues for itself, within its tenant, and is written down as the maker (K-30)."""
    record = house.service.issue_pat(user="ada", name="laptop", scopes=["*"], by=ADA).record
    assert (record.owner, record.tenant) == (Owner.of(ADA), "t1")
    assert record.created_by == ADA.identity == "acme|t1|user|ada"


def test_session_issues_a_key(house: House) -> None:
    """A key that a session issues belongs to who issued it, though nobody is named (K-30)."""
    assert house.service.issue_key(name="job", scopes=["a:b"], by=JOB).record.owner == Owner.of(JOB)
    assert house.service.issue_key(name="own", scopes=["a:b"], by=ADA).record.owner == Owner.of(ADA)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"user": "bob"}, id="another-user"),
        pytest.param({"user": Owner(OwnerType.USER, "https://id", "ada")}, id="another-issuers-user"),
        pytest.param({"tenant": "t2"}, id="another-tenant"),
        pytest.param({"tenant": ""}, id="the-empty-tenant"),
    ],
)
def test_session_issues_for_nobody_else(house: House, changes: dict[str, Any]) -> None:
    """A session's principal issues nothing for another, or within another tenant (K-30, K-42)."""
    values: dict[str, Any] = {"user": "ada", "name": "laptop", "scopes": ["a:b"], "by": ADA}
    with pytest.raises(NotPossible, match="itself"):
        house.service.issue_pat(**values | changes)
    assert house.store.list(Query()) == []


WITHOUT: dict[str, Callable[[House], Principal]] = {
    "jwt": lambda _: with_jwt(ADA, "reports:*", "credentials:read"),
    "token": lambda house: house.who(house.pat(scopes=["reports:*"]).text),
    "key-of-nobody": lambda house: house.who(house.key(client=None, scopes=["*"]).text),
    "unproven": lambda _: UnprovenClient(id="job", issuer="acme", tenant="t1"),
    "anonymous": lambda _: AnonymousKey(id="x", issuer="acme", tenant="t1"),
    "no-class": lambda _: Principal(id="ada", issuer="acme", tenant="t1", scopes=frozenset({"*"})),
    "replaced-text": lambda house: rolled_away(house, manager(house)),
}


def rolled_away(house: House, issued: IssuedToken) -> Principal:
    """Return who comes with a text that was replaced, and still works."""
    house.service.roll(issued.record.id, generation=1, by=BY)
    return house.who(issued.text)


@pytest.mark.parametrize("who", WITHOUT)
def test_who_issues_nothing(house: House, who: str) -> None:
    """Without the scope, without an owner, or with a text that was replaced, nobody issues (K-30, K-38)."""
    by = WITHOUT[who](house)
    before = list(house.store.list(Query()))
    with pytest.raises(NotPossible, match="issues nothing"):
        house.service.issue_key(name="more", scopes=["reports:read"], by=by)
    assert list(house.store.list(Query())) == before


def test_token_issues(house: House) -> None:
    """A token that manages issues for its own owner and tenant, and is written down as the maker (K-30)."""
    made_by = manager(house)
    by = house.who(made_by.text)
    issued = house.service.issue_pat(user="ada", name="ci", scopes=["reports:read"], expires_in=HOUR, by=by)
    record = issued.record
    assert (record.owner, record.tenant, record.created_by) == (Owner.of(ADA), "t1", f"pat:{made_by.record.id}")
    assert house.refusal(issued.text) is None


def test_token_of_an_organisation_issues(house: House) -> None:
    """An organisation's key that manages issues for the organisation, whose principal names nobody (K-30)."""
    org = Owner(OwnerType.ORG, "acme", "o")
    by = house.who(house.key(client=org, scopes=["*"]).text)
    assert house.service.issue_key(name="more", scopes=["reports:read"], by=by).record.owner == org


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        pytest.param({"scopes": ["reports:read", "users:read"]}, "users:read", id="another-scope"),
        pytest.param({"scopes": ["*"]}, "cover", id="everything"),
        pytest.param({"scopes": ["reports:read", MANAGE]}, "cannot hold", id="to-manage"),
        pytest.param({"scopes": ["reports:read", "credentials:*"]}, "cover", id="to-manage-by-a-star"),
        pytest.param({"expires_in": None}, "outlive", id="for-ever"),
        pytest.param({"expires_in": MONTH + timedelta(seconds=1)}, "outlive", id="a-second-longer"),
        pytest.param({"tenant": "t2"}, "tenant", id="another-tenant"),
        pytest.param({"user": "bob"}, "itself", id="another-user"),
    ],
)
def test_token_issues_nothing_wider(house: House, changes: dict[str, Any], word: str) -> None:
    """What a token issues is never wider than it is, in scopes, expiry, tenant or owner (K-30)."""
    by = house.who(manager(house).text)
    values: dict[str, Any] = {"user": "ada", "name": "ci", "scopes": ["reports:read"], "expires_in": MONTH, "by": by}
    with pytest.raises(NotPossible, match=word):
        house.service.issue_pat(**values | changes)
    assert len(house.store.list(Query())) == 1
    assert house.service.issue_pat(**values).record.expires_at == NOW + 30 * DAY


def test_everything_does_not_include_to_manage(house: House) -> None:
    """Not even a token that may do everything makes one that makes more (K-30)."""
    by = house.who(manager(house, scopes=("*",), expires_in=None).text)
    for scopes in (["*"], ["credentials:*"], [MANAGE]):
        with pytest.raises(NotPossible, match="cannot hold"):
            house.service.issue_key(name="more", scopes=scopes, by=by)


def test_token_is_judged_by_its_record(house: House) -> None:
    """What counts is what the token holds now, not what it held when its request began (K-30, K-52)."""
    issued = manager(house)
    by = house.who(issued.text)
    house.service.edit(issued.record.id, scopes=[MANAGE], by=BY)
    with pytest.raises(NotPossible, match="cover"):
        house.service.issue_key(name="more", scopes=["reports:read"], expires_in=HOUR, by=by)


def test_jwt_issues_within_its_scopes(house: House) -> None:
    """A JWT that manages issues what its own scopes cover, and nothing wider (K-30)."""
    by = with_jwt(ADA, MANAGE, "reports:read")
    assert house.service.issue_pat(user="ada", name="ci", scopes=["reports:read"], by=by).record.tenant == "t1"
    with pytest.raises(NotPossible, match="reports:write"):
        house.service.issue_pat(user="ada", name="more", scopes=["reports:write"], by=by)


END: dict[str, Callable[[House, str], object]] = {
    "revoked": lambda house, of: house.service.revoke(of, by=BY),
    "deleted": lambda house, of: house.service.delete(of, by=BY),
    "revoked-by-itself": lambda house, of: house.service.revoke(of, by=ADA),
}


@pytest.mark.parametrize("end", END)
def test_what_a_token_made_dies_with_it(house: House, end: str) -> None:
    """Whatever a token issued is revoked with it, and nothing else is (K-35)."""
    maker = manager(house)
    by = house.who(maker.text)
    made = [
        house.service.issue_pat(user="ada", name=f"ci {n}", scopes=["reports:read"], expires_in=HOUR, by=by)
        for n in range(2)
    ]
    other = house.pat()
    END[end](house, maker.record.id)
    assert [house.refusal(each.text) for each in made] == ["revoked"] * 2
    assert house.refusal(other.text) is None


def test_what_a_token_made_may_live_on(house: House) -> None:
    """Who says so keeps what a token issued (K-35)."""
    maker = manager(house)
    made = house.service.issue_pat(
        user="ada", name="ci", scopes=["reports:read"], expires_in=HOUR, by=house.who(maker.text)
    )
    house.service.revoke(maker.record.id, by=BY, cascade=False)
    assert house.refusal(made.text) is None
    house.service.revoke(maker.record.id, by=BY)  # it is revoked already, and what it made follows all the same
    assert house.refusal(made.text) == "revoked"


TAKING: dict[str, Callable[[House, str, Principal], object]] = {
    "roll": lambda house, of, by: house.service.roll(of, generation=1, by=by),
    "widen": lambda house, of, by: house.service.edit(of, scopes=["reports:read", "reports:write"], by=by),
    "extend": lambda house, of, by: house.service.edit(of, expires_at=NOW + 20 * DAY, by=by),
}


@pytest.mark.parametrize("taking", TAKING)
def test_token_takes_hold_of_nothing(house: House, taking: str) -> None:
    """A token that manages takes no text and no rights that would outlive it: of no sibling it did not make (K-30)."""
    by = house.who(manager(house).text)
    sibling = house.pat(expires_in=timedelta(days=2))
    with pytest.raises(NotPossible, match="nothing else"):
        TAKING[taking](house, sibling.record.id, by)
    assert house.record(sibling) == sibling.record


@pytest.mark.parametrize("taking", TAKING)
def test_token_manages_what_it_made(house: House, taking: str) -> None:
    """What a token made it may roll, widen and extend within its own bounds (K-30)."""
    by = house.who(manager(house).text)
    made = house.service.issue_pat(user="ada", name="ci", scopes=["reports:read"], expires_in=HOUR, by=by)
    TAKING[taking](house, made.record.id, by)
    assert house.record(made).row_version == 2


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"scopes": ["users:read"]}, id="scopes"),
        pytest.param({"expires_at": None}, id="for-ever"),
        pytest.param({"expires_at": NOW + 31 * DAY}, id="longer-than-itself"),
        pytest.param({"scopes": ["reports:read", MANAGE]}, id="to-manage"),
    ],
)
@pytest.mark.parametrize("of_itself", [False, True], ids=["of-what-it-made", "of-itself"])
def test_token_widens_nothing_beyond_itself(house: House, changes: dict[str, Any], of_itself: bool) -> None:
    """A token gives what it made, and itself, no more than it has (K-30)."""
    issued = manager(house)
    by = house.who(issued.text)
    made = house.service.issue_pat(user="ada", name="ci", scopes=["reports:read"], expires_in=HOUR, by=by)
    target = issued if of_itself else made
    if of_itself and changes.get("scopes") == ["reports:read", MANAGE]:
        assert house.service.edit(target.record.id, by=by, **changes).scopes == {"reports:read", MANAGE}
        return
    with pytest.raises(NotPossible):
        house.service.edit(target.record.id, by=by, **changes)
    assert house.record(target) == target.record


def test_token_manages_its_owners(house: House) -> None:
    """A token that manages lists, narrows, stops and ends everything of its owner (K-30, K-31)."""
    by = house.who(manager(house).text)
    sibling = house.pat(scopes=["reports:read", "users:read"])
    assert len(house.service.list(by=by)) == 2
    assert house.service.edit(sibling.record.id, scopes=["users:read"], by=by).scopes == {"users:read"}
    assert house.service.disable(sibling.record.id, by=by).state(NOW) is State.DISABLED
    assert house.service.revoke(sibling.record.id, by=by).revoked_by == by_name(by)


def by_name(by: Principal) -> str:
    """Return how a token is written down as the doer."""
    assert by.credential is not None
    return f"{by.credential.kind}:{by.credential.id}"


def test_jwt_takes_no_wider_text(house: House) -> None:
    """A JWT that manages does not get the text of what reaches further than it (K-30)."""
    wide, narrow = house.pat(scopes=["*"]), house.pat(name="narrow")
    by = with_jwt(ADA, MANAGE, "reports:read")
    with pytest.raises(NotPossible, match="cover"):
        house.service.roll(wide.record.id, generation=1, by=by)
    assert house.service.roll(narrow.record.id, generation=1, by=by).record.generation == 2


def test_long_names(house: House) -> None:
    """However long an identity is, it is written down as far as there is room (K-11)."""
    user = User(id="u" * 200, issuer="https://id/" + "i" * 200, tenant="t1")
    issued = house.service.issue_pat(user=Owner.of(user), name="laptop", scopes=["a:b"], by=user)
    assert len(house.record(issued).created_by) == 255
    assert house.told()[-1].actor == user.identity
