"""What is remembered of a JWT that was verified, and until when it may be believed again (B-60)."""

from dataclasses import dataclass

from authmux.principal import Principal


@dataclass(slots=True, kw_only=True)  # not frozen: one is made for every new token, and never changed
class Verdict:
    """A full success; refusals are never remembered (B-62).

    Arguments:
        principal: who it was.
        thumbprint: of the key that signed; the verdict falls with the key.
        not_before: wall-clock seconds before which it does not hold.
        not_after: wall-clock seconds from which on it does not hold.
    """

    principal: Principal
    thumbprint: str
    not_before: float
    not_after: float

    def is_in_time(self, now: float) -> bool:
        """Return whether it holds at this moment."""
        return self.not_before <= now < self.not_after
