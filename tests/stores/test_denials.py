"""Every store keeps denials, and says when they are others (B-64, K-22)."""

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authmux.stores.denial import Denial, Denied, Target
from authmux.stores.denial_store import DenialStore
from authmux.stores.memory import MemoryStore
from authmux.stores.port import TokenStore, WriteRefused
from tests.stores.sample_records import NOW, add, make_record

ISSUER = "https://idp.example/"
ALICE = Target(Denied.SUBJECT, ISSUER, "alice")
LIMIT = 100
BOB = Target(Denied.SUBJECT, ISSUER, "bob")


def make_denial(target: Target = ALICE, **changes: Any) -> Denial:
    """Return a denial."""
    return Denial(**{"target": target, "at": NOW, "by": "console", "reason": "offboarding", **changes})


@pytest.fixture
def denials(store: TokenStore) -> DenialStore:
    """Give each kind of store in turn, as one of denials."""
    return cast("DenialStore", store)


@pytest.mark.parametrize(
    "denial",
    [
        make_denial(),
        make_denial(before=NOW + 0.25, until=NOW + 1e6 + 1 / 3),
        *(make_denial(Target(what, ISSUER, "ä\u2028'%_\\")) for what in Denied),
        make_denial(Target(Denied.ISSUER, "https://" + "x" * 504, "")),
        make_denial(Target(Denied.TENANT, "", "acme")),
    ],
    ids=["plain", "numbers", *Denied, "long", "tenant-alone"],
)
def test_what_was_denied_is_kept(denials: DenialStore, denial: Denial) -> None:
    """A denial comes back as it went in, to the last bit of a moment."""
    assert denials.deny(denial, limit=LIMIT, now=NOW) == denial
    assert denials.list_denials() == [denial]
    assert denials.denials().find([denial.target], issued_at=None, now=NOW) == denial


def test_a_version_of_their_own(denials: DenialStore) -> None:
    """Denials have a version that a change of them moves, and nothing else: they need not be read again for a key."""
    denials.deny(make_denial(), limit=LIMIT, now=NOW)
    before = denials.denials_version()
    assert denials.denials().version == before.version
    add(cast("TokenStore", denials), make_record())
    after = denials.denials_version()
    assert (after.version == before.version, after.revision == before.revision) == (True, False)
    denials.lift(ALICE)
    assert denials.denials_version().version != before.version
    assert len(denials.denials()) == 0


def test_every_change_moves_the_revision(denials: DenialStore) -> None:
    """A denial and its end show in the revision under which it is read (K-22)."""
    seen = {denials.denials_version().revision}
    denials.deny(make_denial(), limit=LIMIT, now=NOW)
    seen.add(denials.denials_version().revision)
    denials.lift(ALICE)
    seen.add(denials.denials_version().revision)
    assert (len(seen), None in seen) == (3, False)


def test_lift(denials: DenialStore) -> None:
    """Only what was named is lifted, and who lifts is told whether there was anything."""
    denials.deny(make_denial(ALICE), limit=LIMIT, now=NOW)
    denials.deny(make_denial(BOB), limit=LIMIT, now=NOW)
    assert [denials.lift(ALICE), denials.lift(ALICE)] == [True, False]
    assert [each.target for each in denials.list_denials()] == [BOB]


def test_lifting_nothing_moves_no_revision(denials: DenialStore) -> None:
    """Where nothing was lifted, nobody has to read anything again."""
    if isinstance(denials, MemoryStore):
        pytest.skip("a memory's revision is for nobody else: it may move")
    before = denials.denials_version().revision
    denials.lift(ALICE)
    assert denials.denials_version().revision == before


def test_denying_again_adds(denials: DenialStore) -> None:
    """A second denial on the same target lets nothing in that the first refused."""
    denials.deny(make_denial(before=NOW, until=NOW + 10), limit=LIMIT, now=NOW)
    assert denials.deny(make_denial(before=NOW - 5, until=NOW + 20), limit=LIMIT, now=NOW).before == NOW
    assert [(each.before, each.until) for each in denials.list_denials()] == [(NOW, NOW + 20)]
    denials.deny(make_denial(), limit=LIMIT, now=NOW)
    assert [(each.before, each.until) for each in denials.list_denials()] == [(None, None)]


def test_what_stands_no_more_is_let_go(denials: DenialStore) -> None:
    """The list does not grow for ever: what has ended goes when the next one comes."""
    denials.deny(make_denial(ALICE, until=NOW + 10), limit=LIMIT, now=NOW)
    denials.deny(make_denial(BOB), limit=LIMIT, now=NOW + 10)
    assert [each.target for each in denials.list_denials()] == [BOB]


def test_there_is_a_limit(denials: DenialStore) -> None:
    """Every process holds all denials, so that there cannot be any number of them; those that there are stand."""
    deny = partial(denials.deny, limit=2, now=NOW)
    deny(make_denial(ALICE))
    deny(make_denial(BOB))
    with pytest.raises(WriteRefused, match="too_many_denials"):
        deny(make_denial(Target(Denied.SUBJECT, ISSUER, "carol")))
    deny(make_denial(BOB, reason="policy"))
    assert len(denials.list_denials()) == 2


MOMENTS = st.none() | st.floats(0, 100)


@given(st.lists(st.tuples(MOMENTS, MOMENTS), min_size=1, max_size=4), MOMENTS, st.floats(0, 100))
def test_joined_denials(
    parts: Sequence[tuple[float | None, float | None]], issued_at: float | None, now: float
) -> None:
    """What any of several denials refuses, all of them together refuse."""
    denials = [make_denial(before=before, until=until) for before, until in parts]
    joined = denials[0]
    for each in denials[1:]:
        joined = each.joined_to(joined)
    if any(each.refuses(issued_at, now) for each in denials):
        assert joined.refuses(issued_at, now)


@pytest.mark.parametrize(
    ("before", "until", "issued_at", "is_refused"),
    [
        (None, None, NOW, True),
        (None, NOW + 1, NOW, True),
        (None, NOW, NOW, False),
        (NOW, None, NOW - 1, True),
        (NOW, None, NOW, True),
        (NOW, None, NOW + 0.001, False),
        (NOW, None, None, True),
    ],
    ids=["all", "for-a-while", "ended", "earlier", "at-the-moment", "later", "does-not-say"],
)
def test_what_a_denial_refuses(
    before: float | None, until: float | None, issued_at: float | None, is_refused: bool
) -> None:
    """A-191: what was issued up to the moment is refused, and what does not say when it was."""
    assert make_denial(before=before, until=until).refuses(issued_at, NOW) is is_refused
