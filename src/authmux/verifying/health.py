"""How things stand with an issuer's keys: a value for dashboards, health checks and the operator at night (B-74)."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Final

from authmux.verifying.refresh_plan import HARD_TTL

STALE_AFTER: Final = 3600.0  # seconds; B-32


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerHealth:
    """One issuer.

    Arguments:
        issuer: its name, as it was configured.
        age: seconds since it last told or confirmed its keys; None for never in this process.
        believed_for: seconds of age at which they are not believed any more (B-32).
        generation: how many different key sets it has told; 0 for none.
        keys: how many usable keys there are.
        set_hash: a name of the set, the same wherever the same keys are held; None without keys.
        failures: how many attempts have failed since the last success.
        next_attempt_in: seconds for which no attempt may begin.
        fetches: how many attempts ended how: `fetched`, `not_modified`, or why they failed.
    """

    issuer: str
    age: float | None
    generation: int
    keys: int
    set_hash: str | None
    failures: int
    next_attempt_in: float
    fetches: Mapping[str, int]
    believed_for: float = HARD_TTL

    @property
    def is_ready(self) -> bool:
        """Return whether tokens of this issuer can be verified."""
        return self.keys > 0 and (self.age is None or self.age < self.believed_for)

    @property
    def is_stale(self) -> bool:
        """Return whether the keys were not confirmed for an hour (B-32)."""
        return self.age is not None and self.age > STALE_AFTER

    def as_members(self) -> dict[str, object]:
        """Return it as the members of a JSON object."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**told, "fetches": dict(self.fetches), "ready": self.is_ready, "stale": self.is_stale}

    def age_in_words(self) -> str:
        """Return how old the keys in use are, for a log."""
        return "there are none so far" if self.age is None else f"those in use are {self.age:.0f} s old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All issuers.

    Arguments:
        issuers: those that the `Authenticator` was made with.
        found: those that an `IssuerResolver` has found and that are in memory now. They count for nothing in
            `is_ready`: a customer's issuer that is away is no reason to take the application out of service.
    """

    issuers: Collection[IssuerHealth]
    found: Collection[IssuerHealth] = ()

    @property
    def is_ready(self) -> bool:
        """Return whether tokens of every issuer in the table can be verified."""
        return all(each.is_ready for each in self.issuers)

    def as_json(self) -> str:
        """Return it as a JSON object, with nothing that would be secret."""
        issuers, found = ([each.as_members() for each in some] for some in (self.issuers, self.found))
        return json.dumps({"ready": self.is_ready, "issuers": issuers, "found": found})
