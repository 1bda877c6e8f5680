"""A memory of kids that an issuer does not have, so that each bogus one is waited for once (B-35)."""

from typing import Final

from authmux.forking import renew_after_fork
from authmux.verifying.recent import Recent

_FOR: Final = 60.0  # seconds
_MOST: Final = 512


class AbsentKids:
    """Kids that were not in the answer to a question that was asked after they had been seen.

    Only those: a kid that a fetch already under way did not bring may have been published a moment later.
    """

    def __init__(self) -> None:
        self._until: Recent[str, float] = Recent(_MOST)
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Begin anew: a thread of the parent may hold the lock for ever (B-41)."""
        self._until.clear()

    def knows(self, kid: str, *, now: float) -> bool:
        """Return whether a kid is known to be absent; `now` is in monotonic seconds."""
        until = self._until.get(kid)
        return until is not None and now < until

    def note(self, kid: str, *, now: float) -> None:
        """Note that the issuer does not have it."""
        self._until.put(kid, now + _FOR)

    def forget(self) -> None:
        """Begin anew: the issuer has told its keys again."""
        self._until.clear()
