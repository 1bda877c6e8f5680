"""`ManualClock`: both clocks, moved by hand."""


class ManualClock:
    """A clock that stands until it is moved; wall and monotonic time go together unless they are set apart.

    Arguments:
        now: the wall time to begin with, in seconds since the epoch.
    """

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._wall = now
        self._monotonic = 1_000.0

    def time(self) -> float:
        """Return the wall time, in seconds since the epoch."""
        return self._wall

    def monotonic(self) -> float:
        """Return the monotonic time, in seconds."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._wall += seconds
        self._monotonic += seconds

    def set_wall(self, now: float) -> None:
        """Set the wall clock alone, as somebody does who corrects it."""
        self._wall = now
