"""How the program ends: one table from what went wrong to a number that a script can look at."""

from enum import IntEnum
from typing import Final

from authmux.cli.outlet import OutputLost
from authmux.errors import ConfigurationError, Conflict, NotFound, NotPossible
from authmux.stores.port import StoreUnavailable


class Exit(IntEnum):
    """The numbers; the documentation lists them."""

    FINE = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    STORE_AWAY = 5
    NOT_WELL = 6
    NOT_CHECKED = 7
    INTERRUPTED = 130


class Misuse(Exception):
    """The command line cannot be meant as it was written; the message says what to write."""


class Declined(Exception):
    """A person was asked and did not say yes."""


class TextLost(Exception):
    """A credential was made, and its text could not be handed over."""


class Interrupted(Exception):
    """Ctrl-C."""


EXIT_OF: Final[dict[type[Exception], Exit]] = {
    Misuse: Exit.USAGE,
    NotFound: Exit.NOT_FOUND,
    Conflict: Exit.REFUSED,
    NotPossible: Exit.REFUSED,
    ConfigurationError: Exit.REFUSED,
    StoreUnavailable: Exit.STORE_AWAY,
    Interrupted: Exit.INTERRUPTED,
    Declined: Exit.UNEXPECTED,
    TextLost: Exit.UNEXPECTED,
    OutputLost: Exit.UNEXPECTED,
}


def exit_for(error: Exception) -> Exit:
    """Return how the program ends with an error; what is not in the table is unexpected."""
    return next((EXIT_OF[each] for each in type(error).__mro__ if each in EXIT_OF), Exit.UNEXPECTED)
