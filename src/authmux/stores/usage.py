"""How often a credential was used, and when last (K-70): kept apart from the credentials, of which it is no change."""

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The uses of one credential, each a request with a good credential.

    Arguments:
        first_used_at, last_used_at: seconds since the epoch, to the minute.
        last_address: the network of the last use: /24, or /48 of IPv6; None where it is not known.
        succeeded, redirected, rejected, failed: how many were answered with 2xx or 1xx, 3xx, 4xx and 5xx.
    """

    first_used_at: float
    last_used_at: float
    last_address: str | None = None
    succeeded: int = 0
    redirected: int = 0
    rejected: int = 0
    failed: int = 0

    @property
    def uses(self) -> int:
        """Return how many there were."""
        return self.succeeded + self.redirected + self.rejected + self.failed

    def and_then(self, later: "Usage") -> "Usage":
        """Return both together; what is later stands for the last address."""
        if later.last_used_at < self.last_used_at:
            return later.and_then(self)
        counts = {each: getattr(self, each) + getattr(later, each) for each in COUNTS}
        return Usage(
            first_used_at=min(self.first_used_at, later.first_used_at),
            last_used_at=later.last_used_at,
            last_address=later.last_address or self.last_address,
            **counts,
        )


COUNTS = tuple(each.name for each in fields(Usage) if each.type is int)


class UsageLog(Protocol):
    """A log that blocks. Every method may raise `StoreUnavailable`."""

    def add_usage(self, uses: Mapping[str, Usage]) -> None:
        """Add to what is known of each credential, by its id, in one transaction. It is no change of a credential."""
        ...

    def usage(self, credential_ids: Collection[str]) -> Mapping[str, Usage]:
        """Return what is known of these credentials; one that was never used is not among the answers."""
        ...


class AsyncUsageLog(Protocol):
    """The same log for callers that await."""

    def add_usage(self, uses: Mapping[str, Usage]) -> Awaitable[None]:
        """See `UsageLog.add_usage`."""
        ...

    def usage(self, credential_ids: Collection[str]) -> Awaitable[Mapping[str, Usage]]:
        """See `UsageLog.usage`."""
        ...
