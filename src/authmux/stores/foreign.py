"""How a store keeps keys that another library made, and finds them by what their text tells (K-14)."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from authmux.stores.audit_event import Entries
from authmux.stores.port import Reading
from authmux.stores.record import Record


@dataclass(frozen=True, slots=True)
class ForeignName:
    """What a key that another library made is found by, since its text holds no id of ours.

    Arguments:
        scheme: the shape of its text, such as "drf-api-key"; up to 32 characters.
        locator: what in the text, or made of it, tells one key from another; up to 128 characters, and no secret.
    """

    scheme: str
    locator: str


@runtime_checkable
class ForeignStore(Protocol):
    """A store that blocks and can do this."""

    def find_foreign(self, name: ForeignName) -> Reading:
        """Read a record by its foreign name; see `TokenStore.find`."""
        ...

    def add_foreign(
        self, batch: Sequence[tuple[Record, ForeignName]], *, audit: Entries | None = None
    ) -> Sequence[bool]:
        """Keep those whose foreign name nobody has, in one transaction; return for each whether it was kept.

        Names for people may be there twice, and there is no limit for an owner: what was issued is taken as it is.

        Arguments:
            audit: one event for each of the batch, of which those of the kept ones are written.
        """
        ...


class AsyncForeignStore(Protocol):
    """The same store for callers that await."""

    def find_foreign(self, name: ForeignName) -> Awaitable[Reading]:
        """See `ForeignStore.find_foreign`."""
        ...

    def add_foreign(
        self, batch: Sequence[tuple[Record, ForeignName]], *, audit: Entries | None = None
    ) -> Awaitable[Sequence[bool]]:
        """See `ForeignStore.add_foreign`."""
        ...
