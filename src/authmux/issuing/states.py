"""What each verb does in each state: the table that the rules consult, the tests take and the reference shows."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from authmux.errors import NotFound, NotPossible
from authmux.stores.record import Record, State

NO_SUCH: Final = "there is no such key or token: give its id, the 16 characters before the last '_'"
"""What is said of an id that is not there, was deleted, or is somebody else's: one sentence for all (K-42)."""


class Verb(StrEnum):
    """What is done to a credential that there is."""

    EDIT = "edit"
    ROLL = "roll"
    DISABLE = "disable"
    ENABLE = "enable"
    EXPIRE = "expire"
    REVOKE = "revoke"
    DELETE = "delete"
    UNDELETE = "undelete"


class Answer(StrEnum):
    """What comes of a verb that leads to no other state."""

    SAME = "same"
    """It is changed, and its state stays."""
    NOTHING = "nothing"
    """It is so already: nothing is written, and that is no error."""
    REFUSED = "refused"
    """`NotPossible`."""
    ABSENT = "absent"
    """`NotFound`, as if it were not there."""


Outcome: TypeAlias = Answer | State | tuple[State, ...]
"""An answer, the state that it leads to, or those that it may lead to, as its deadlines and its past will have it."""

_ENDED: Final = (State.REVOKED, State.EXPIRED)

TABLE: Final[Mapping[Verb, Mapping[State, Outcome]]] = MappingProxyType({
    Verb.EDIT: {
        State.ACTIVE: Answer.SAME,
        State.NOT_YET: Answer.SAME,
        State.DISABLED: Answer.SAME,
        State.EXPIRED: Answer.SAME,  # of these two name and notes alone (K-32)
        State.REVOKED: Answer.SAME,
        State.DELETED: Answer.ABSENT,
    },
    Verb.ROLL: {
        State.ACTIVE: Answer.SAME,
        State.NOT_YET: Answer.SAME,
        State.DISABLED: Answer.REFUSED,
        State.EXPIRED: Answer.REFUSED,
        State.REVOKED: Answer.REFUSED,
        State.DELETED: Answer.ABSENT,
    },
    Verb.DISABLE: {
        State.ACTIVE: State.DISABLED,
        State.NOT_YET: State.DISABLED,
        State.DISABLED: Answer.NOTHING,
        State.EXPIRED: Answer.REFUSED,
        State.REVOKED: Answer.REFUSED,
        State.DELETED: Answer.ABSENT,
    },
    Verb.ENABLE: {
        State.ACTIVE: Answer.NOTHING,
        State.NOT_YET: Answer.NOTHING,
        State.DISABLED: (State.ACTIVE, State.NOT_YET),
        State.EXPIRED: Answer.REFUSED,
        State.REVOKED: Answer.REFUSED,
        State.DELETED: Answer.ABSENT,
    },
    Verb.EXPIRE: {
        State.ACTIVE: State.EXPIRED,
        State.NOT_YET: State.EXPIRED,
        State.DISABLED: State.EXPIRED,
        State.EXPIRED: Answer.NOTHING,
        State.REVOKED: Answer.REFUSED,
        State.DELETED: Answer.ABSENT,
    },
    Verb.REVOKE: {
        State.ACTIVE: State.REVOKED,
        State.NOT_YET: State.REVOKED,
        State.DISABLED: State.REVOKED,
        State.EXPIRED: State.REVOKED,
        State.REVOKED: Answer.NOTHING,
        State.DELETED: Answer.SAME,  # so that undeleting it brings it back revoked (K-35)
    },
    Verb.DELETE: {
        State.ACTIVE: State.DELETED,
        State.NOT_YET: State.DELETED,
        State.DISABLED: State.DELETED,
        State.EXPIRED: State.DELETED,
        State.REVOKED: State.DELETED,
        State.DELETED: Answer.NOTHING,
    },
    Verb.UNDELETE: {
        State.ACTIVE: Answer.NOTHING,
        State.NOT_YET: Answer.NOTHING,
        State.DISABLED: Answer.NOTHING,
        State.EXPIRED: Answer.NOTHING,
        State.REVOKED: Answer.NOTHING,
        State.DELETED: (State.DISABLED, *_ENDED),  # what had ended before it was deleted stays ended (K-36)
    },
})  # fmt: skip


def is_to_change(verb: Verb, record: Record, now: float) -> bool:
    """Return whether a verb changes a record at this moment; False where it is so already.

    Raises:
        NotFound: the record was deleted, and the verb is not for such.
        NotPossible: its state forbids the verb.
    """
    state = record.state(now)
    match TABLE[verb][state]:
        case Answer.NOTHING:
            return False
        case Answer.REFUSED:
            raise NotPossible(f"{record.id} is {state.value} and cannot be {_DONE[verb]}")
        case Answer.ABSENT:
            raise NotFound(NO_SUCH)
    return True


_DONE: Final = {
    Verb.EDIT: "edited",
    Verb.ROLL: "rolled",
    Verb.DISABLE: "disabled",
    Verb.ENABLE: "enabled",
    Verb.EXPIRE: "ended once more",
    Verb.REVOKE: "revoked",
    Verb.DELETE: "deleted",
    Verb.UNDELETE: "undeleted",
}
