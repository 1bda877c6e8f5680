"""Lives that credentials can have: any verbs, by anybody, in any order, at any time, over a real store (K-30…K-42).

What must be is reckoned by `mirror`; what is, is asked of the verifiers, for every text that there ever was.
"""

from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from authmux.errors import IssuingError, NotFound, NotPossible
from authmux.issuing.states import Verb
from authmux.principal import User
from authmux.stores.record import KEPT_GENERATIONS, Owner, State
from tests.issuing.house import BY, DAY, house_on
from tests.issuing.mirror import MONTH, Generation, Mirror

OWNERS = [
    *(User(id=name, issuer="acme", tenant=tenant) for tenant in ("t1", "t2") for name in ("ada", "bob")),
    User(id="eve", issuer="acme"),
]
MANAGE = "credentials:manage"
VERBS = [Verb.DISABLE, Verb.EXPIRE, Verb.REVOKE, Verb.DELETE, *[Verb.ENABLE, Verb.UNDELETE] * 2]
OVERLAPS = [timedelta(0), timedelta(hours=1), timedelta(days=30)]
LIVES = [None, timedelta(hours=2), timedelta(days=40)]

FEW = 4  # so that much happens to each of them

which = st.integers(0, FEW - 1)
owners = st.sampled_from(OWNERS)
whoever = st.sampled_from([None, None, BY, BY, *OWNERS])
"""Who uses a verb; None stands for the owner."""


class Life(RuleBasedStateMachine):
    """A house with a few owners in a few tenants, and all that they do to what is theirs and others'."""

    kind = "memory"

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        directory = Path(self._stack.enter_context(TemporaryDirectory()))
        self.house = self._stack.enter_context(house_on(self.kind, directory))
        self.mirrors: list[Mirror] = []
        self.put_away: list[Mirror] = []
        self.gone: list[str] = []
        self.ended: set[str] = set()
        self.count = 0

    def teardown(self) -> None:
        """Close the store."""
        self._stack.close()

    @property
    def now(self) -> float:
        """Return the time."""
        return self.house.clock.time()

    def pick(self, number: int) -> Mirror:
        """Return one of the credentials."""
        return self.mirrors[number % len(self.mirrors)]

    def is_room(self) -> bool:
        """Return whether there are few."""
        return len(self.mirrors) < FEW

    def enter(self, text: str, mirror: Mirror) -> None:
        """Note a text that was just handed out, and who comes with it."""
        mirror.generations.append(Generation(text, self.house.who(text)))

    @initialize(owner=owners)
    def begin(self, owner: User) -> None:
        """Begin with somebody who has something."""
        self.issue(owner, owner, None, manages=True)

    @precondition(is_room)
    @rule(by=whoever, owner=owners, life=st.sampled_from(LIVES), manages=st.booleans())
    def issue(self, by: Any, owner: User, life: timedelta | None, manages: bool) -> None:
        """Issue a token, for oneself or in vain for another."""
        by = by or owner
        self.count += 1
        scopes = ["reports:read", "self:roll", *([MANAGE] if manages else [])]
        given: dict[str, Any] = {"name": f"n{self.count}", "scopes": scopes, "expires_in": life, "by": by}
        if by not in (BY, owner):
            with pytest.raises(NotPossible):
                self.house.service.issue_pat(user=Owner.of(owner), tenant=owner.tenant, **given)
            return
        issued = self.house.service.issue_pat(user=Owner.of(owner), tenant=owner.tenant, **given)
        mirror = Mirror(issued.record.id, owner, manages, issued.record.expires_at)
        self.enter(issued.text, mirror)
        self.mirrors.append(mirror)

    @precondition(lambda self: self.mirrors and self.is_room())
    @rule(number=which)
    def issue_with(self, number: int) -> None:
        """Issue a token with a token, which must be good, newest and for that."""
        maker = self.pick(number)
        self.count += 1
        given: dict[str, Any] = {"name": f"n{self.count}", "scopes": ["reports:read"]}
        end = maker.expires_at
        given["expires_in"] = None if end is None else timedelta(seconds=max(end - self.now, 1))
        for generation in maker.generations:
            may = maker.manages and generation is maker.generations[-1] and maker.accepts(generation, self.now)
            if not may:
                with pytest.raises(NotPossible):
                    self.house.service.issue_pat(user=Owner.of(maker.owner), by=generation.principal, **given)
                continue
            issued = self.house.service.issue_pat(user=Owner.of(maker.owner), by=generation.principal, **given)
            mirror = Mirror(issued.record.id, maker.owner, False, issued.record.expires_at, maker=maker)
            self.enter(issued.text, mirror)
            self.mirrors.append(mirror)

    @precondition(lambda self: self.mirrors)
    @rule(number=which, uses=st.lists(st.tuples(st.sampled_from(VERBS), whoever), min_size=1, max_size=6))
    def use(self, number: int, uses: list[tuple[Verb, Any]]) -> None:
        """Use verbs on one of them, as its owner or in vain as another."""
        mirror = self.pick(number)
        for verb, by in uses:
            is_his = by in (None, BY, mirror.owner)
            self.expect(mirror.refusal(verb, self.now) if is_his else NotFound, mirror, verb, by or mirror.owner)
            self.every_record_says_what_it_must()

    @precondition(lambda self: self.mirrors)
    @rule(number=which, other=which, verb=st.sampled_from(VERBS))
    def use_with(self, number: int, other: int, verb: Verb) -> None:
        """Use a verb with a token, whose request may have begun long ago."""
        mirror, token = self.pick(number), self.pick(other)
        generation = token.generations[other % len(token.generations)]
        manages = token.manages and generation is token.generations[-1]
        refusal: type[IssuingError] | None
        if not token.accepts(generation, self.now):
            refusal = NotPossible
        elif mirror is token and not manages:
            refusal = None if verb is Verb.REVOKE else NotPossible
        elif mirror is token or (manages and mirror.owner == token.owner):
            refusal = mirror.refusal(verb, self.now)
        else:
            refusal = NotFound
        self.expect(refusal, mirror, verb, generation.principal)

    def expect(self, refusal: type[IssuingError] | None, mirror: Mirror, verb: Verb, by: Any) -> None:
        """Use a verb, and reckon what it does."""
        method = getattr(self.house.service, verb.value)
        if refusal is not None:
            with pytest.raises(refusal):
                method(mirror.id, by=by)
            return
        method(mirror.id, by=by)
        mirror.undergo(verb, self.now)
        if verb is Verb.REVOKE and mirror.deleted_at is not None:
            mirror.is_revoked = True
        if verb in (Verb.REVOKE, Verb.DELETE):
            for each in self.mirrors + self.put_away:
                each.is_revoked = each.is_revoked or each.maker is mirror

    @precondition(lambda self: self.mirrors)
    @rule(number=which, by=whoever, overlap=st.sampled_from(OVERLAPS))
    def roll(self, number: int, by: Any, overlap: timedelta) -> None:
        """Roll it."""
        mirror = self.pick(number)
        by = by or mirror.owner
        refusal = mirror.refusal(Verb.ROLL, self.now) if by in (BY, mirror.owner) else NotFound
        generation = len(mirror.generations)
        if refusal is not None:
            with pytest.raises(refusal):
                self.house.service.roll(mirror.id, generation=generation, by=by, overlap=overlap)
            return
        rolled = self.house.service.roll(mirror.id, generation=generation, by=by, overlap=overlap)
        mirror.roll(Generation(rolled.text, self.house.who(rolled.text)), overlap, self.now)

    @precondition(lambda self: self.mirrors)
    @rule(number=which, of=which)
    def roll_itself(self, number: int, of: int) -> None:
        """Roll it with one of its own texts, which must be the newest."""
        mirror = self.pick(number)
        generation = mirror.generations[of % len(mirror.generations)]
        is_newest = generation is mirror.generations[-1]
        may = is_newest and mirror.accepts(generation, self.now) and mirror.maker is None  # which has `self:roll`
        if not may:
            with pytest.raises(IssuingError):
                self.house.service.roll_self(by=generation.principal)
            return
        rolled = self.house.service.roll_self(by=generation.principal)
        mirror.roll(Generation(rolled.text, self.house.who(rolled.text)), timedelta(days=1), self.now)

    @precondition(lambda self: self.mirrors)
    @rule(number=which, by=whoever, life=st.sampled_from([None, 60.0, DAY, 60 * DAY]))
    def edit(self, number: int, by: Any, life: float | None) -> None:
        """Give it another expiry, which only what has not ended can get."""
        mirror = self.pick(number)
        by = by or mirror.owner
        expires_at = None if life is None else self.now + life
        is_live = mirror.state(self.now) in (State.ACTIVE, State.DISABLED)
        if by not in (BY, mirror.owner) or (not is_live and expires_at != mirror.expires_at):
            with pytest.raises(IssuingError):
                self.house.service.edit(mirror.id, by=by, expires_at=expires_at)
            return
        with suppress(NotFound):  # of what was deleted, where nothing would have changed anyway
            self.house.service.edit(mirror.id, by=by, expires_at=expires_at)
            mirror.end_at(expires_at)

    @rule(owner=owners, by=whoever, really=st.sampled_from([True, False, False, False]))
    def revoke_all(self, owner: User, by: Any, really: bool) -> None:
        """Revoke everything of somebody, or in vain everything of another; rarely, so that there is something left."""
        if not really:
            return
        by = by or owner
        count = self.house.service.revoke_all(owner=Owner.of(owner), tenant=owner.tenant, by=by)
        everything = self.mirrors + self.put_away
        reached = [each for each in everything if each.owner == owner and by in (BY, owner) and not each.is_revoked]
        for each in reached:
            each.is_revoked = True
        assert count == len(reached)

    @rule()
    def look_away(self) -> None:
        """Use no verb any more on what is revoked, so that there is room for others; it stays where it is."""
        self.put_away += [each for each in self.mirrors if each.is_revoked]
        self.mirrors = [each for each in self.mirrors if not each.is_revoked]

    @rule(seconds=st.sampled_from([1.0, 60.0, 3599.0, DAY, MONTH, MONTH + 1]))
    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.house.clock.advance(seconds)

    @rule()
    def pass_to_the_next_deadline(self) -> None:
        """Let time pass to the second before something ends, look, and then to that second."""
        coming = [moment for each in self.mirrors for moment in each.deadlines() if moment > self.now + 1]
        if not coming:
            return
        self.house.clock.advance(min(coming) - 1 - self.now)
        self.every_text_is_worth_what_it_must_be()
        self.house.clock.advance(1)

    @rule()
    def purge(self) -> None:
        """Remove what was deleted too long ago."""
        everything = self.mirrors + self.put_away
        old = [each for each in everything if each.deleted_at is not None and self.now - each.deleted_at > MONTH]
        assert self.house.service.purge(by=BY) == len(old)
        self.gone += [generation.text for each in old for generation in each.generations]
        self.mirrors = [each for each in self.mirrors if each not in old]
        self.put_away = [each for each in self.put_away if each not in old]

    @invariant()
    def every_record_says_what_it_must(self) -> None:
        """What is kept of a credential is its state, and until when each text works."""
        for mirror in self.mirrors:
            record = self.house.store.find(mirror.id).record
            assert record is not None
            assert record.state(self.now) is mirror.state(self.now)
            assert record.expires_at == mirror.expires_at
            kept = [(secret.generation, secret.retire_at) for secret in record.secrets]
            assert kept == [(n, each.retire_at) for n, each in enumerate(mirror.generations, 1)][-KEPT_GENERATIONS:]

    @invariant()
    def every_text_is_worth_what_it_must_be(self) -> None:
        """A text is accepted if and only if its credential is active and the text has not retired."""
        for mirror in self.mirrors + self.put_away:
            for generation in mirror.generations:
                refusal = self.house.refusal(generation.text)
                assert (refusal is None) is mirror.accepts(generation, self.now), (mirror, refusal)
        assert all(self.house.refusal(text) is not None for text in self.gone)

    @invariant()
    def what_was_revoked_stays_so(self) -> None:
        """No sequence brings a text back that was revoked once."""
        self.ended |= {each.id for each in self.mirrors if each.is_revoked}
        for mirror in self.mirrors:
            if mirror.id in self.ended:
                assert [self.house.refusal(each.text) for each in mirror.generations].count(None) == 0

    @invariant()
    def tenants_never_cross(self) -> None:
        """Each sees what is its own within its tenant, and all of that."""
        for owner in OWNERS:
            everything = self.mirrors + self.put_away
            own = {each.id for each in everything if each.owner == owner and each.deleted_at is None}
            assert {record.id for record in self.house.service.list(by=owner, limit=1000)} == own
