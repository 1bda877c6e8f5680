"""What a command needs besides the store: the mark that tokens begin with, and the pepper, each for its own reason."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Pepper(Enum):
    """What a command wants the pepper for."""

    UNUSED = auto()
    """Nothing is written."""
    IF_THERE = auto()
    """What it writes only takes rights away; in a leak that goes before the seal of the audit log."""
    RIGHT = auto()
    """What it writes is sealed in the audit log, under the pepper that the store knows (K-71)."""
    KNOWN = auto()
    """Whichever there is: the service, or the command, looks whether it is the right one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a command needs.

    Arguments:
        pepper: see there.
        prefix: whether the mark is needed, under which credentials are issued and owners are named.
    """

    pepper: Pepper = Pepper.UNUSED
    prefix: bool = False


READS: Final = Needs()
ENDS: Final = Needs(pepper=Pepper.IF_THERE)
CHANGES: Final = Needs(pepper=Pepper.RIGHT)
MINTS: Final = Needs(pepper=Pepper.KNOWN, prefix=True)
COMPARES: Final = Needs(pepper=Pepper.KNOWN)
SHUTS_OUT: Final = Needs(pepper=Pepper.IF_THERE, prefix=True)
LETS_IN: Final = Needs(pepper=Pepper.RIGHT, prefix=True)
