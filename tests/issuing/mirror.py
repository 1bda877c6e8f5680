"""What a credential must be after every verb, reckoned by the table alone and without any of the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from authmux.errors import IssuingError, NotFound, NotPossible
from authmux.issuing.states import TABLE, Answer, Verb
from authmux.principal import Principal, User
from authmux.stores.record import State

MONTH = 30 * 86_400.0


@dataclass
class Generation:
    """A text, who comes with it, and until when it works."""

    text: str
    principal: Principal
    retire_at: float | None = None


@dataclass(eq=False)
class Mirror:
    """One credential.

    Arguments:
        maker: what issued it, if that was a credential.
    """

    id: str
    owner: User
    manages: bool
    expires_at: float | None
    generations: list[Generation] = field(default_factory=list)
    maker: "Mirror | None" = None
    is_disabled: bool = False
    is_revoked: bool = False
    deleted_at: float | None = None

    def state(self, now: float) -> State:
        """Return its state."""
        if self.deleted_at is not None:
            return State.DELETED
        if self.is_revoked:
            return State.REVOKED
        if self.expires_at is not None and now >= self.expires_at:
            return State.EXPIRED
        return State.DISABLED if self.is_disabled else State.ACTIVE

    def accepts(self, generation: Generation, now: float) -> bool:
        """Return whether a text of its own must be accepted."""
        is_live = generation.retire_at is None or now < generation.retire_at
        return self.state(now) is State.ACTIVE and is_live

    def deadlines(self) -> Sequence[float]:
        """Return the moments in which something of it ends."""
        moments = [self.expires_at, *(generation.retire_at for generation in self.generations)]
        return [moment for moment in moments if moment is not None]

    def refusal(self, verb: Verb, now: float) -> type[IssuingError] | None:
        """Return with what a verb must be refused, if the one who uses it may."""
        if verb is Verb.UNDELETE and self.deleted_at is not None and now - self.deleted_at > MONTH:
            return NotPossible
        refusals = {Answer.REFUSED: NotPossible, Answer.ABSENT: NotFound}
        outcome = TABLE[verb][self.state(now)]
        return refusals.get(outcome) if isinstance(outcome, Answer) else None

    def undergo(self, verb: Verb, now: float) -> None:
        """Be what a verb makes of it; rolling has arguments of its own."""
        if TABLE[verb][self.state(now)] is Answer.NOTHING:
            return
        match verb:
            case Verb.DISABLE:
                self.is_disabled = True
            case Verb.ENABLE:
                self.is_disabled = False
            case Verb.EXPIRE:
                self.end_at(now)
            case Verb.REVOKE:
                self.is_revoked = True
            case Verb.DELETE:
                self.deleted_at = now
            case Verb.UNDELETE:
                self.deleted_at, self.is_disabled = None, True

    def end_at(self, expires_at: float | None) -> None:
        """Have another expiry."""
        self.expires_at = expires_at
        for generation in self.generations:
            if generation.retire_at is not None and expires_at is not None:
                generation.retire_at = min(generation.retire_at, expires_at)

    def roll(self, fresh: Generation, overlap: timedelta, now: float) -> None:
        """Have a new text."""
        *older, previous = self.generations
        for generation in older:
            generation.retire_at = min(generation.retire_at or now, now)
        end = now + overlap.total_seconds()
        previous.retire_at = end if self.expires_at is None else min(end, self.expires_at)
        self.generations.append(fresh)
