"""One request, from the credential in to the answer out, and who the current principal is.

The middleware opens a *visit* for each request and leaves it in a context variable; guards read it there.
"""

from collections.abc import Callable, Collection
from contextvars import ContextVar
from typing import Any, Final, Protocol, TypeAlias

from authmux.credential import PresentedCredential
from authmux.errors import AuthError, CredentialNotAllowed, InsufficientScope, InvalidCredential
from authmux.flow import Flow
from authmux.principal import Principal

Headers: TypeAlias = Collection[tuple[Any, Any]]
"""Names and values, as the protocol of the face writes them."""


class Judge(Protocol):
    """Who knows whether a credential is good: an `Authenticator`."""

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return who brings a credential."""
        ...

    def confirm(self, principal: Principal, credential: PresentedCredential) -> Flow[None]:
        """Return if the server that issued a credential calls it good at this moment (B-65)."""
        ...


class Need(Protocol):
    """What a guard asks of a principal: a `Requirement`."""

    @property
    def introspect(self) -> bool:
        """Return whether the server that issued the credential has to be asked too."""
        ...

    def check(self, principal: Principal | None) -> None:
        """Return if the principal may come, or raise the refusal."""
        ...


class Visit:
    """One request.

    Arguments:
        principal: who is calling, or None where no credential of ours was sent.
        opened_by: the authenticator that said so; a second middleware with the same one verifies nothing again.
        sent: the headers that came, without the credential.
        credential: what was verified, to be verified again while a connection stays open (K-26).
        as_native: turns a refusal into the exception that the web framework raises for one; without it the
            refusal itself is raised.
        stands: whether it stands for every request that brings no credential, as `testing.as_principal` wants.
    """

    __slots__ = (
        "_raised",
        "as_native",
        "asked",
        "credential",
        "is_confirmed",
        "is_recorded",
        "opened_by",
        "principal",
        "refusal",
        "sent",
        "stands",
    )

    def __init__(
        self,
        principal: Principal | None,
        *,
        opened_by: Judge | None = None,
        sent: Headers = (),
        credential: PresentedCredential | None = None,
        as_native: Callable[[AuthError], Exception] | None = None,
        stands: bool = False,
    ) -> None:
        self.principal = principal
        self.opened_by = opened_by
        self.sent = sent
        self.credential = credential
        self.stands = stands
        self.is_recorded = False
        self.asked: tuple[Need, ...] = ()
        self.is_confirmed = False
        self.refusal: AuthError | None = None
        self._raised: Exception | None = None
        self.as_native = as_native

    def refuse(self, refusal: AuthError) -> Exception:
        """Leave the refusal for the middleware to answer; return the exception to raise now."""
        self.refusal = refusal
        self._raised = self.as_native(refusal) if self.as_native else refusal
        return self._raised

    def explains(self, error: BaseException) -> bool:
        """Return whether an exception is the one that was raised for the refusal, or was made of it."""
        if self._raised is None or error is self._raised:
            return error is self._raised
        if isinstance(error, BaseExceptionGroup):
            return all(self.explains(each) for each in error.exceptions)
        return error.__cause__ is not None and self.explains(error.__cause__)

    def confirm(self) -> Flow[None]:
        """Return if the server that issued the credential calls it good too, which is asked once for a request (B-65).

        Raises:
            AuthError: it does not, or cannot be asked.
        """
        if self.is_confirmed or self.principal is None or self.credential is None or self.opened_by is None:
            return  # nobody is here for a guard to have let in, or a test says who is
        yield from self.opened_by.confirm(self.principal, self.credential)
        self.is_confirmed = True

    def recheck(self) -> Flow[bool]:
        """Return whether the credential is still good, and still reaches what guards have asked of it (K-26).

        What is found out now is the principal from now on. Nobody's right was ever proved, so it cannot be lost.

        Raises:
            Unavailable: that cannot be said just now.
        """
        if self.credential is None or self.opened_by is None:
            return True
        try:
            principal = yield from self.opened_by.verify(self.credential)
            for need in self.asked:
                need.check(principal)
            if any(need.introspect for need in self.asked):
                yield from self.opened_by.confirm(principal, self.credential)
        except _LOST:
            return False
        self.principal = principal
        return True


_LOST: Final = (InvalidCredential, InsufficientScope, CredentialNotAllowed)

current_visit: Final[ContextVar[Visit | None]] = ContextVar("authmux_visit", default=None)


def standing_principal() -> Principal | None:
    """Return the principal that a test has set for requests without a credential; None outside of tests."""
    visit = current_visit.get()
    return visit.principal if visit is not None and visit.stands else None


def find_principal() -> Principal | None:
    """Return who is calling, or None where no credential of ours was sent."""
    visit = current_visit.get()
    return visit.principal if visit else None


def recheck_visit() -> Flow[bool]:
    """Return whether the credential of the current request is still good; every face has it as `still_valid`."""
    visit = current_visit.get()
    return (yield from visit.recheck()) if visit is not None else False
