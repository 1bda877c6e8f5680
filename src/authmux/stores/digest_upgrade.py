"""How a store lets a digest move to another pepper, and tells how many are under each (K-13, K-14).

The text that is proved stays the same, so that a move is no change of a credential: neither its row_version nor the
revision becomes another one, and whoever holds the former digest may go on believing it.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from authmux.stores.port import PepperCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestUpgrade:
    """One generation whose digest is to move, if it is still the one that was just proved.

    Arguments:
        old: the digest that is kept now.
        new: HMAC-SHA-256 of the same text, under the pepper of the batch.
    """

    credential_id: str
    generation: int
    old: bytes = field(repr=False)
    new: bytes = field(repr=False)


@runtime_checkable
class UpgradingStore(Protocol):
    """A store that blocks and can do this; one that cannot, keeps every digest as it was written."""

    def upgrade_digests(self, batch: Sequence[DigestUpgrade], *, pepper: PepperCheck) -> int:
        """Move the digests that are still the old ones, in one transaction; return how many those were.

        Arguments:
            pepper: the one that the new digests are under; kept with the first of them, which *is* a change.

        Raises:
            WriteRefused: `pepper`, where another pepper is kept under this id.
        """
        ...

    def pepper_counts(self, *, now: float) -> Mapping[str, int]:
        """Return how many live secrets of live credentials are under each pepper; "" stands for none, as imported."""
        ...

    def forget_pepper(self, pepper_id: str, *, now: float, although_used: bool = False) -> None:
        """Forget the check of a pepper that is no longer used, in one transaction with counting.

        Raises:
            WriteRefused: `in_use`: live secrets are under it, and `although_used` is off.
        """
        ...


class AsyncUpgradingStore(Protocol):
    """The same store for callers that await."""

    def upgrade_digests(self, batch: Sequence[DigestUpgrade], *, pepper: PepperCheck) -> Awaitable[int]:
        """See `UpgradingStore.upgrade_digests`."""
        ...

    def pepper_counts(self, *, now: float) -> Awaitable[Mapping[str, int]]:
        """See `UpgradingStore.pepper_counts`."""
        ...

    def forget_pepper(self, pepper_id: str, *, now: float, although_used: bool = False) -> Awaitable[None]:
        """See `UpgradingStore.forget_pepper`."""
        ...
