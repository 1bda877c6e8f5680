"""What a guard leaves in the document that a web framework generates, and what is read from it.

A mark is a security requirement of the scheme `authmux`. It lists the scopes and, in words that cannot be a scope since
they hold a blank, what else the guard asks. So people can read it too, where nobody finishes the document.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from authmux.guard import Requirement
from authmux.principal import AnonymousKey, Client, User

GUARDED: Final = "authmux"
OPTIONAL: Final = "authmux-optional"
"""The mark of an operation that wants to know who calls, and lets everybody in."""

_KIND: Final = "credential: "
_CALLER: Final = "caller: "
_OR: Final = " or "


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What an operation asks of its caller, all its guards taken together.

    Arguments:
        scopes: all of them.
        kinds: of credential: one out of each set.
        callers: the types of principals: one out of each set.
    """

    scopes: tuple[str, ...] = ()
    kinds: tuple[frozenset[str], ...] = ()
    callers: tuple[frozenset[str], ...] = ()

    @property
    def may_forbid(self) -> bool:
        """Return whether somebody with a good credential may be refused."""
        return bool(self.scopes or self.kinds or self.callers)

    @classmethod
    def read(cls, marks: Iterable[Sequence[str]]) -> Self:
        """Return what the marks of an operation ask for together."""
        words = list(dict.fromkeys(word for mark in marks for word in mark))
        return cls(
            scopes=tuple(word for word in words if " " not in word),
            kinds=_choices(words, _KIND),
            callers=_choices(words, _CALLER),
        )


def mark_of(requirement: Requirement) -> list[str]:
    """Return what a guard leaves beside its scheme."""
    words = list(requirement.scopes)
    if requirement.kinds:
        words.append(_KIND + _OR.join(requirement.kinds))
    principals = requirement.principals
    if not principals and not requirement.scopes:
        principals = (User, Client, AnonymousKey)  # as the guard has it: without scopes, a proved class
    if principals:
        words.append(_CALLER + _OR.join(each.type for each in principals))
    return words


def marks_in(security: Iterable[Mapping[str, Sequence[str]]], scheme: str) -> list[Sequence[str]]:
    """Return the marks of a scheme among an operation's security requirements."""
    return [each[scheme] for each in security if scheme in each]


def _choices(words: Iterable[str], beginning: str) -> tuple[frozenset[str], ...]:
    """Return what there is to choose from, each time; without what another choice narrows down."""
    texts = [word.removeprefix(beginning) for word in words if word.startswith(beginning)]
    choices = [frozenset(text.split(_OR)) for text in texts]
    return tuple(each for each in choices if not any(other < each for other in choices))
