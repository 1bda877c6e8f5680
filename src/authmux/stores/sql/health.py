"""How things stand between a store and its database: a value for dashboards and health checks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """What a store knows of its PostgreSQL database in this process. A SQLite file is read each time, and not watched.

    Arguments:
        is_watched: whether a thread is watching, as it does from the first request on until a minute without any.
        age: seconds since the database was last asked with success whether anything has changed; None for never.
        is_fresh: whether that is recent enough for records to be used that are held in memory.
        is_told: whether the database tells of changes by itself (LISTEN); without it they are asked for.
        failures: how many attempts to ask have failed since the last success.
        is_away: whether the database cannot be reached.
        on_grace: how many requests were let past by `outage_grace` so far: a counter that only rises.
    """

    is_watched: bool = False
    age: float | None = None
    is_fresh: bool = False
    is_told: bool = False
    failures: int = 0
    is_away: bool = False
    on_grace: int = 0
