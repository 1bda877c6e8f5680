"""Who uses a verb: so far the application itself; principals follow (K-42)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class System:
    """The application itself, which may do everything; `name` is what is written down as the doer."""

    name: str


def system(name: str = "system") -> System:
    """Return the application itself as the one who uses a verb; give a name to tell its parts apart."""
    return System(name)
