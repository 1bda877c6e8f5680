"""What came of a campaign: how many cases were judged, how they ended, and what was found."""

import json
from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Self


@dataclass(slots=True)
class Score:
    """What came of a campaign."""

    judged: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: float = 0.0
    findings: list[str] = field(default_factory=list)

    def add(self, other: "Score") -> None:
        """Add what came of another campaign, which ran at the same time."""
        self.judged += other.judged
        self.accepted += other.accepted
        self.reasons += other.reasons
        self.seconds = max(self.seconds, other.seconds)
        self.slowest = max(self.slowest, other.slowest)
        self.findings += other.findings

    def as_json(self) -> str:
        """Return it as text."""
        return json.dumps({each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def of_json(cls, text: str) -> Self:
        """Return what `as_json` wrote."""
        members = json.loads(text)
        for name in ("judged", "accepted", "reasons"):
            members[name] = Counter(members[name])
        return cls(**members)

    @property
    def tokens(self) -> int:
        """Return how many mutated tokens were judged."""
        return sum(self.judged[kind] for kind in ("text", "unsigned", "signed", "issuer"))
