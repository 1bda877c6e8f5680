"""Who uses a verb: the application itself, or a principal (K-42)."""

from dataclasses import dataclass
from typing import TypeAlias

from authmux.principal import Principal


@dataclass(frozen=True, slots=True)
class System:
    """The application itself, which may do everything; `name` is what is written down as the doer."""

    name: str


def system(name: str = "system") -> System:
    """Return the application itself as the one who uses a verb; give a name to tell its parts apart."""
    return System(name)


Doer: TypeAlias = System | Principal
"""Who uses a verb."""
