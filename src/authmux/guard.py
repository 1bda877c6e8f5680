"""The guard: `requires()` on an endpoint, and `current_principal()` within one.

It reads the visit that the middleware opened. A guard that finds none refuses: an endpoint is never open because a
middleware was forgotten (K-93).
"""

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, cast

from authmux.errors import (
    AuthError,
    ConfigurationError,
    CredentialNotAllowed,
    InsufficientScope,
    MissingCredential,
)
from authmux.flow import Flow, awaits, run, run_async
from authmux.principal import AnonymousKey, Client, Principal, User
from authmux.scopes import covers, parse_needs
from authmux.visit import current_visit

_log = logging.getLogger("authmux.guard")

P = ParamSpec("P")
R = TypeVar("R")


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
        introspect: whether the server that issued a JWT has to call it good too, at this moment (B-65).
    """

    scopes: tuple[str, ...] = ()
    principals: tuple[type[Principal], ...] = ()
    kinds: tuple[str, ...] = ()
    introspect: bool = False

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
        if self not in visit.asked:
            visit.asked += (self,)

    def confirm(self) -> Flow[None]:
        """Have the issuer asked, where it has to be; raise the refusal as the web framework's own exception."""
        visit = current_visit.get()
        if not self.introspect or visit is None:
            return
        try:
            yield from visit.confirm()
        except AuthError as refusal:
            raise visit.refuse(refusal) from None


def requires(
    *scopes: str,
    principals: type[Principal] | Collection[type[Principal]] = (),
    kinds: str | Collection[str] = (),
    introspect: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only those call the endpoint who hold every scope; a user, a client or an anonymous key alike.

    Arguments:
        scopes: such as "reports:read"; none means that any user, client or key may come.
        principals: only these classes, such as `User` or `(User, Client)`.
        kinds: only these kinds of credential: "key", "pat", "jwt" (K-53).
        introspect: ask the authorization server about a JWT too, for what must not happen with one that it has revoked
            since; the `Authenticator` needs an `IntrospectionVerifier` for the same issuer (B-65).

    Raises:
        ConfigurationError: while decorating: a scope is not one, or what is decorated is not a function.
    """
    requirement = read_requirement(scopes, principals, kinds, introspect=introspect)

    def decorate(endpoint: Callable[P, R]) -> Callable[P, R]:
        return guarded(endpoint, requirement)

    return decorate


def read_requirement(
    scopes: tuple[str, ...],
    principals: type[Principal] | Collection[type[Principal]],
    kinds: str | Collection[str],
    *,
    introspect: bool,
) -> Requirement:
    """Return what the arguments of `requires` ask for."""
    if any(callable(scope) for scope in scopes):
        raise ConfigurationError("write @requires() with parentheses")
    return Requirement(
        scopes=parse_needs(scopes),
        principals=(principals,) if isinstance(principals, type) else tuple(principals),
        kinds=(kinds,) if isinstance(kinds, str) else tuple(kinds),
        introspect=introspect,
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


def guarded(endpoint: Callable[P, R], requirement: Requirement, *, without: str = "") -> Callable[P, R]:
    """Return the endpoint with a guard before it.

    Arguments:
        without: a keyword argument that the guard was given, and the endpoint is not.
    """
    if inspect.isclass(endpoint) or not callable(endpoint):
        raise ConfigurationError(f"@requires goes on a function or method, and {endpoint!r} is none")
    wrap = _async_wrapper if awaits(endpoint) else _wrapper
    wrapper = wrap(endpoint, requirement, without)
    if inspect.isfunction(endpoint):
        # After wrapping, which copies marks: only the bare function has this one.
        setattr(endpoint, "__authmux_guarded__", True)  # noqa: B010  # type checkers know no attributes of functions
    wrapper.__authmux_requirements__ = (requirement, *requirements_of(endpoint))  # type: ignore[attr-defined]
    return wrapper


def _wrapper(endpoint: Callable[P, R], requirement: Requirement, without: str) -> Callable[P, R]:
    @functools.wraps(endpoint)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        kwargs.pop(without, None)
        requirement.enforce()
        if requirement.introspect:
            run(requirement.confirm())
        return endpoint(*args, **kwargs)

    return wrapper


def _async_wrapper(endpoint: Callable[P, R], requirement: Requirement, without: str) -> Callable[P, R]:
    @functools.wraps(endpoint)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        kwargs.pop(without, None)
        requirement.enforce()
        if requirement.introspect:
            await run_async(requirement.confirm())
        return await cast("Awaitable[Any]", endpoint(*args, **kwargs))

    return cast("Callable[P, R]", wrapper)


def _no_middleware() -> Exception:
    return ConfigurationError(
        "a guard was reached outside a request of AuthMiddleware, and refuses (K-93): add the middleware to the"
        " application, or use authmux.testing.as_principal in a test"
    )
