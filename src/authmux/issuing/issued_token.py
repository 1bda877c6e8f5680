"""`IssuedToken`: the only value that holds a token's text on purpose, at the one moment when it is shown."""

from dataclasses import dataclass, field
from typing import NoReturn

from authmux.stores.record import Record


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that was just made: hand `text` to its owner now, for it can never be had again.

    Arguments:
        text: the token; not in the repr, and the whole value is not pickled.
        record: what the store keeps.
    """

    text: str = field(repr=False)
    record: Record

    def __reduce__(self) -> NoReturn:
        raise TypeError("an issued token is a secret: it is not pickled or copied")
