"""One thing that was found of a store: what was looked at, how it stands, and what to do."""

from dataclasses import dataclass
from enum import StrEnum

from authmux.verifying.diagnosis import Mark


class Part(StrEnum):
    """What was looked at."""

    DATABASE = "database"
    SCHEMA = "schema"
    FRESHNESS = "freshness"
    PEPPERS = "peppers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found; WRONG is what keeps an application from its work, or a revocation from being seen."""

    part: Part
    mark: Mark
    says: str
    advice: str = ""
