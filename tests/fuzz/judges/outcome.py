"""What became of a call: what it returned, or which of the errors that it may raise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refused:
    """It refused, as it may."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Accepted(Generic[T]):
    """It returned this."""

    value: T


def outcome(action: Callable[[], T], *may_raise: type[Exception]) -> Accepted[T] | Refused:
    """Return what became of a call; whatever else it raises goes on, and is a finding."""
    try:
        return Accepted(action())
    except may_raise as error:
        if type(error) not in may_raise:  # a UnicodeError is a ValueError, and yet an accident
            raise
        return Refused(error)
