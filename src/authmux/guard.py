"""The guard: `requires()` on an endpoint, and who the current principal is.

The middleware opens a *visit* for each request and leaves it in a context variable; the guard reads it. A guard that
finds no visit refuses: an endpoint is never open because a middleware was forgotten (K-93).
"""

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar, cast

from authmux.errors import (
    AuthError,
    ConfigurationError,
    CredentialNotAllowed,
    InsufficientScope,
    MissingCredential,
)
from authmux.flow import awaits
from authmux.principal import AnonymousKey, Client, Principal, User
from authmux.scopes import covers, parse_needs

_log = logging.getLogger("authmux.guard")

P = ParamSpec("P")
R = TypeVar("R")


class Visit:
    """One request, from the credential in to the answer out.

    Arguments:
        principal: who is calling, or None where no credential of ours was sent.
        opened_by: the authenticator that said so; a second middleware with the same one verifies nothing again.
        sent: the headers that it went by.
        as_native: turns a refusal into the exception that the web framework raises for one; without it the
            refusal itself is raised.
        stands: whether it stands for every request that brings no credential, as `testing.as_principal` wants.
    """

    __slots__ = ("_raised", "as_native", "opened_by", "principal", "refusal", "sent", "stands")

    def __init__(
        self,
        principal: Principal | None,
        *,
        opened_by: object = None,
        sent: object = None,
        as_native: Callable[[AuthError], Exception] | None = None,
        stands: bool = False,
    ) -> None:
        self.principal = principal
        self.opened_by = opened_by
        self.sent = sent
        self.stands = stands
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


current_visit: Final[ContextVar[Visit | None]] = ContextVar("authmux_visit", default=None)


def standing_principal() -> Principal | None:
    """Return the principal that a test has set for requests without a credential; None outside of tests."""
    visit = current_visit.get()
    return visit.principal if visit is not None and visit.stands else None


def find_principal() -> Principal | None:
    """Return who is calling, or None where no credential of ours was sent."""
    visit = current_visit.get()
    return visit.principal if visit else None


def current_principal() -> Principal:
    """Return who is calling; where nobody proved to be anybody, answer 401 through the middleware.

    Raises:
        MissingCredential: as the web framework's own exception, where there is one.
    """
    visit = current_visit.get()
    if visit is None:
        raise _no_middleware()
    if visit.principal is None:
        raise visit.refuse(MissingCredential())
    return visit.principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What an operation asks of its caller.

    Arguments:
        scopes: all of them must be covered.
        principals: the classes that may come; empty for any.
        kinds: the kinds of credential that may come (`key`, `pat`, `jwt`, K-53); empty for any.
    """

    scopes: tuple[str, ...] = ()
    principals: tuple[type[Principal], ...] = ()
    kinds: tuple[str, ...] = ()

    def check(self, principal: Principal | None) -> None:
        """Return if the principal may come.

        Raises:
            MissingCredential: there is none.
            CredentialNotAllowed: it is of another class, was proved by another kind of credential, or is of no
                proved class where only scopes could have let it in.
            InsufficientScope: a scope is missing.
        """
        if principal is None:
            raise MissingCredential(required=self.scopes)
        reference = principal.credential.id if principal.credential else None
        if self.principals and not isinstance(principal, self.principals):
            allowed = [each.type for each in self.principals]
            raise CredentialNotAllowed("principal_type", allowed=allowed, credential_id=reference)
        if self.kinds and (principal.credential is None or principal.credential.kind not in self.kinds):
            raise CredentialNotAllowed("credential_kind", allowed=self.kinds, credential_id=reference)
        if not self.scopes and not isinstance(principal, User | Client | AnonymousKey):
            raise CredentialNotAllowed("no_proved_class", credential_id=reference)
        if not all(covers(principal.scopes, scope) for scope in self.scopes):
            raise InsufficientScope(required=self.scopes, granted=sorted(principal.scopes), credential_id=reference)

    def enforce(self) -> None:
        """Check the current visit's principal; raise the refusal as the web framework's own exception."""
        visit = current_visit.get()
        if visit is None:
            raise _no_middleware()
        try:
            self.check(visit.principal)
        except AuthError as refusal:
            raise visit.refuse(refusal) from None


def requires(
    *scopes: str,
    principals: type[Principal] | Collection[type[Principal]] = (),
    kinds: str | Collection[str] = (),
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only those call the endpoint who hold every scope; a user, a client or an anonymous key alike.

    Arguments:
        scopes: such as "reports:read"; none means that any user, client or key may come.
        principals: only these classes, such as `User` or `(User, Client)`.
        kinds: only these kinds of credential: "key", "pat", "jwt" (K-53).

    Raises:
        ConfigurationError: while decorating: a scope is not one, or what is decorated is not a function.
    """
    requirement = read_requirement(scopes, principals, kinds)

    def decorate(endpoint: Callable[P, R]) -> Callable[P, R]:
        return guarded(endpoint, requirement, lambda _: requirement.enforce())

    return decorate


def read_requirement(
    scopes: tuple[str, ...],
    principals: type[Principal] | Collection[type[Principal]],
    kinds: str | Collection[str],
) -> Requirement:
    """Return what the arguments of `requires` ask for."""
    if any(callable(scope) for scope in scopes):
        raise ConfigurationError("write @requires() with parentheses")
    return Requirement(
        scopes=parse_needs(scopes),
        principals=(principals,) if isinstance(principals, type) else tuple(principals),
        kinds=(kinds,) if isinstance(kinds, str) else tuple(kinds),
    )


def requirements_of(endpoint: object) -> tuple[Requirement, ...]:
    """Return what `requires` put on an endpoint, the outermost first; nothing for one without a guard."""
    return getattr(endpoint, "__authmux_requirements__", ())


def warn_of_lost_guards(endpoints: Iterable[object]) -> None:
    """Warn of every function that a router holds bare, though a guard was put on it.

    Nearly always `@requires` stands above the route's decorator, which had taken the bare function by then, so that the
    guard is never asked. It is no error, for a program may mean to serve the same function both ways.
    """
    for endpoint in endpoints:
        if getattr(endpoint, "__authmux_guarded__", False) and not requirements_of(endpoint):
            name = getattr(endpoint, "__qualname__", endpoint)
            _log.warning("@requires guards nothing on %s: write it below the route's decorator", name)


def guarded(
    endpoint: Callable[P, R], requirement: Requirement, check: Callable[[dict[str, Any]], object]
) -> Callable[P, R]:
    """Return the endpoint with a check before it, which is handed the keyword arguments and may take from them."""
    if inspect.isclass(endpoint) or not callable(endpoint):
        raise ConfigurationError(f"@requires goes on a function or method, and {endpoint!r} is none")
    wrapper = _async_wrapper(endpoint, check) if awaits(endpoint) else _wrapper(endpoint, check)
    if inspect.isfunction(endpoint):
        # After wrapping, which copies marks: only the bare function has this one.
        setattr(endpoint, "__authmux_guarded__", True)  # noqa: B010  # type checkers know no attributes of functions
    wrapper.__authmux_requirements__ = (requirement, *requirements_of(endpoint))  # type: ignore[attr-defined]
    return wrapper


def _wrapper(endpoint: Callable[P, R], check: Callable[[dict[str, Any]], object]) -> Callable[P, R]:
    @functools.wraps(endpoint)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        check(kwargs)
        return endpoint(*args, **kwargs)

    return wrapper


def _async_wrapper(endpoint: Callable[P, R], check: Callable[[dict[str, Any]], object]) -> Callable[P, R]:
    @functools.wraps(endpoint)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        check(kwargs)
        return await cast("Awaitable[Any]", endpoint(*args, **kwargs))

    return cast("Callable[P, R]", wrapper)


def _no_middleware() -> Exception:
    return ConfigurationError(
        "a guard was reached outside a request of AuthMiddleware, and refuses (K-93): add the middleware to the"
        " application, or use authmux.testing.as_principal in a test"
    )
