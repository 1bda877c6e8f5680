"""The port of whoever counts what happens to requests: metrics, in words that are few and fixed (B-74)."""

from typing import Protocol


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
