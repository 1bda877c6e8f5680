"""What a verifier is: it believes one kind of credential, which it knows by its shape."""

from collections.abc import Callable, Collection, Iterable
from typing import Protocol, runtime_checkable

from authmux.credential import PresentedCredential
from authmux.flow import Flow
from authmux.jose.compact import CompactToken
from authmux.principal import Principal
from authmux.verifying.verdict import Verdict


@runtime_checkable
class Verifier(Protocol):
    """Believes one kind of credential; write your own for a kind that authmux does not know."""

    def recognises(self, text: str) -> bool:
        """Return whether a text is of this verifier's kind, by its shape alone: no look-up, and no cryptography."""
        ...

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return who brings a credential that was recognised.

        Raises:
            InvalidCredential: it is not good.
            Unavailable: it could not be checked.
        """
        ...

    def start(self) -> Flow[None]:
        """Check what can be checked before the first request.

        Raises:
            ConfigurationError: it could never work as it is set up.
        """
        ...

    def ports(self) -> Iterable[Callable[..., object]]:
        """Return the functions that its flows ask, so that a blocking face can refuse those that await."""
        ...


@runtime_checkable
class IssuerVerifier(Protocol):
    """Believes the JWTs of one issuer; several stand side by side in an `IssuerTable`."""

    @property
    def issuers(self) -> Collection[str]:
        """Return the issuer, in every spelling that `iss` may have (B-21)."""
        ...

    def judge(self, token: CompactToken, *, now: float) -> Flow[Verdict]:
        """Return the verdict on a token that names this issuer; the same errors as `Verifier.verify`."""
        ...

    def still_holds(self, verdict: Verdict) -> bool:
        """Return whether what a verdict rests on, besides its time, still stands (B-60)."""
        ...

    def preload(self) -> None:
        """Begin to fetch what it needs, without waiting for it (B-40)."""
        ...


@runtime_checkable
class Confirms(Protocol):
    """Asks an issuer whether a token of its own, which another verifier believes, is still good (B-65)."""

    @property
    def issuer(self) -> str:
        """Return whose tokens they are."""
        ...

    def confirm(self, principal: Principal, credential: PresentedCredential) -> Flow[None]:
        """Return if the issuer calls the token good; the same errors as `Verifier.verify`."""
        ...
