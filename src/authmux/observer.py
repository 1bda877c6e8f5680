"""The ports of who is told of requests: who counts them, in few and fixed words (B-74), and who records them (K-70)."""

from collections.abc import Callable, Iterable
from typing import Protocol

from authmux.errors import AuthError
from authmux.principal import Principal


class Observer(Protocol):
    """Is told of every request; it must return at once, and must not raise."""

    def accepted(self, kind: str) -> None:
        """Note a request whose credential is good; `kind` is `key`, `pat`, `jwt` or a verifier's own."""
        ...

    def absent(self) -> None:
        """Note a request without a credential."""
        ...

    def refused(self, outcome: str, reason: str) -> None:
        """Note a refusal.

        Arguments:
            outcome: the error's class, such as `InvalidCredential`.
            reason: one of the short constants that logs have; never a piece of what was sent.
        """
        ...


class Recorder(Protocol):
    """Writes down who came, off the request's path (K-70): what it is told of returns at once, and raises nothing."""

    def used(self, principal: Principal, *, address: str | None, status: int) -> None:
        """Note a request with a good credential, as its response begins.

        Arguments:
            address: of whoever sent it, as the server knows it.
            status: of the response, also where a guard refused.
        """
        ...

    def refused(self, refusal: AuthError, *, address: str | None, user_agent: str | None) -> None:
        """Note a request that went no further than its credential."""
        ...

    def exposed(self, masked: str, *, address: str | None) -> None:
        """Note a URL that a credential stood in, in which everything but its public id is masked already."""
        ...

    def flush(self) -> None:
        """Write down everything now, and wait for it: the process ends."""
        ...

    async def flush_async(self) -> None:
        """Do the same on the running event loop: the application is shut down."""
        ...

    def ports(self) -> Iterable[Callable[..., object]]:
        """Return the functions that it asks, so that a blocking face can refuse those that await."""
        ...
