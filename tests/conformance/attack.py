"""One attack: what is sent, what comes of it, how many requests leave the process, and that nothing of it is shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.conformance.scene import DOOR
from tests.faces.callers import Answer
from tests.faces.rows import MISSING_FOR_READ, UNREADABLE, Accepted, Outcome, bad

_RUN: Final = 16  # characters: a piece of a token that is as long as this gives something away

MALFORMED, SIGNATURE, TYPE = bad("malformed"), bad("signature"), bad("type")
ISSUER, AUDIENCE = bad("issuer"), bad("audience")
EXPIRED, EARLY = bad("expired"), bad("not yet valid")
MISSING, UNREAD = MISSING_FOR_READ, UNREADABLE
GOOD = Accepted("principal subject-1 by jwt token-1 -")

_NO_OPTIONS: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """What is sent, and what comes of it.

    Arguments:
        id: the rule, and what is special about this case.
        token: makes the text of the token.
        outcome: the answer.
        fetches: how many requests leave the process for it.
        options: for the `JWTVerifier`.
        door: which path is asked for.
        work: how many steps verifying it may take, where it is meant to burn time; see `work.py`.
    """

    id: str
    token: Callable[[], str] = field(repr=False)
    outcome: Outcome
    fetches: int = 0
    options: Mapping[str, Any] = field(default_factory=lambda: _NO_OPTIONS)
    door: str = DOOR
    work: int | None = None

    @property
    def needs_its_own_scene(self) -> bool:
        """Return whether it is for an API of other options, or leaves traces."""
        return bool(self.options) or self.fetches > 0


def assert_silent(text: str, answer: Answer, log: str) -> None:
    """Return if neither the answer nor the log shows a part of the token."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    for place, shown in (("headers", headers), ("body", answer.body.decode("utf-8", "replace")), ("log", log)):
        runs = {shown[start : start + _RUN] for start in range(len(shown) - _RUN + 1)}
        assert not [run for run in runs if run in text], f"a part of the token stands in the {place}"
