"""For the tests of applications: principals without credentials, a real issuer on loopback, a clock that stands."""

from authmux.testing.local_issuer import LocalIssuer
from authmux.testing.manual_clock import ManualClock
from authmux.testing.principals import as_principal

__all__ = ["LocalIssuer", "ManualClock", "as_principal"]
