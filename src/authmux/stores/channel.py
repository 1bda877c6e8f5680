"""The port of a channel by which one process tells the others that something has changed."""

from collections.abc import Callable
from typing import Protocol


class Channel(Protocol):
    """Says "look again", and nothing else: it shortens a wait, and vouches for nothing (K-22).

    No method raises for an outage of the channel, and none waits for it but `close`.
    """

    def open(self, wake: Callable[[], None]) -> None:
        """Call `wake`, in a thread of the channel's own, whenever any process has announced a change."""
        ...

    def announce(self) -> None:
        """Tell every process that something has changed; called after a commit."""
        ...

    def close(self) -> None:
        """Stop calling `wake`, once what was announced is sent; a later call opens the channel anew."""
        ...
