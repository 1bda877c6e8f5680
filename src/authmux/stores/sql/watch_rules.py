"""For how long the last word of a database is believed, and what makes it speak sooner (K-22, K-24)."""

from dataclasses import dataclass
from typing import Final

from authmux.errors import ConfigurationError
from authmux.stores.channel import Channel

_SHORTEST_STALENESS: Final = 0.1  # seconds
_LONGEST_STALENESS: Final = 60.0  # seconds
_LONGEST_GRACE: Final = 300.0  # seconds
_EVERY: Final = 0.5  # seconds (K-22)
_SHARE: Final = 0.4  # of the staleness: so that an answer may be late without anybody noticing


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRules:
    """How a server's revision is watched.

    Arguments:
        max_staleness: seconds for which an answer is believed, from before the question on; 0 for not at all.
        outage_grace: the same for as long as the database cannot be reached; 0 for no longer than always.
        wake: what tells of changes instead of the database.

    Raises:
        ConfigurationError: a number is out of its range.
    """

    max_staleness: float = 1.0
    outage_grace: float = 0.0
    wake: Channel | None = None

    def __post_init__(self) -> None:
        if not (self.max_staleness == 0 or _SHORTEST_STALENESS <= self.max_staleness <= _LONGEST_STALENESS):
            raise ConfigurationError("max_staleness is 0.1 to 60 seconds, or 0, so that nothing is held in memory")
        if not 0 <= self.outage_grace <= _LONGEST_GRACE:
            raise ConfigurationError("outage_grace is 0 to 300 seconds")
        if self.outage_grace and not self.max_staleness:
            raise ConfigurationError("outage_grace is of no use with max_staleness=0, which holds nothing in memory")

    @property
    def every(self) -> float:
        """Return the seconds between two questions."""
        return min(_EVERY, _SHARE * self.max_staleness)
