"""The face for FastAPI.

app.add_middleware(AuthMiddleware, authenticator=auth)

@app.get("/reports")
@requires("reports:read")
async def reports(principal: CurrentPrincipal) -> list[Report]: ...
"""

import inspect
from collections.abc import Callable, Collection
from typing import Annotated, Any, ParamSpec, TypeVar

from fastapi import Depends, FastAPI, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from authmux import asgi, starlette
from authmux.asgi import still_valid
from authmux.errors import AuthError
from authmux.guard import Requirement, current_principal, guarded, read_requirement, requirements_of
from authmux.principal import Principal
from authmux.verifying.authenticator import Authenticator
from authmux.visit import Visit, find_principal

__all__ = [
    "AuthMiddleware",
    "CurrentPrincipal",
    "OptionalPrincipal",
    "current_principal",
    "find_principal",
    "install",
    "requires",
    "still_valid",
]

P = ParamSpec("P")
R = TypeVar("R")


async def _current() -> Principal:
    return current_principal()


async def _optional() -> Principal | None:
    return find_principal()


CurrentPrincipal = Annotated[Principal, Depends(_current)]
"""A parameter of this type receives who is calling; without one the answer is 401."""

OptionalPrincipal = Annotated[Principal | None, Depends(_optional)]
"""A parameter of this type receives who is calling, or None."""


class AuthMiddleware(starlette.AuthMiddleware):
    """`authmux.starlette.AuthMiddleware`, which sees to it that the guard is asked before anything else.

    FastAPI reads and parses a request's body before any dependency runs. A caller who may not come would have his body
    read, and be told first what is wrong with his JSON.
    """

    def way_in(self, scope: asgi.Scope, receive: asgi.Receive) -> asgi.Receive:
        """Return a `receive` that asks the guard of the endpoint that the router chose, before the body is read."""

        async def receive_if_allowed() -> asgi.Message:
            for requirement in requirements_of(scope.get("endpoint")):
                requirement.enforce()
            return await receive()

        return receive_if_allowed if scope["type"] == "http" else receive

    def overlooked(self, scope: asgi.Scope, visit: Visit) -> AuthError | None:
        """Return the refusal of a guard that was not asked, since another middleware had read the body already."""
        try:
            for requirement in requirements_of(scope.get("endpoint")):
                requirement.check(visit.principal)
        except AuthError as refusal:
            return refusal
        return None


class _Authorization(SecurityBase):
    """The guard as a dependency: it runs before the parameters are validated, and shows in OpenAPI."""

    def __init__(self, requirement: Requirement) -> None:
        self.model = HTTPBearer(description="An API key, a personal access token, or an access token (JWT).")
        self.scheme_name = "authmux"
        self._requirement = requirement

    async def __call__(self) -> None:
        self._requirement.enforce()


def requires(
    *scopes: str,
    principals: type[Principal] | Collection[type[Principal]] = (),
    kinds: str | Collection[str] = (),
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Guard an endpoint as `authmux.requires` does, and declare it to FastAPI; the arguments are the same."""
    requirement = read_requirement(scopes, principals, kinds)
    parameter = f"authmux_{id(requirement):x}"  # its own, so that an endpoint may have several guards

    def check(arguments: dict[str, Any]) -> None:
        arguments.pop(parameter, None)
        requirement.enforce()

    def decorate(endpoint: Callable[P, R]) -> Callable[P, R]:
        wrapper = guarded(endpoint, requirement, check)
        signature = _with_guard(endpoint, parameter, requirement)
        wrapper.__signature__ = signature  # type: ignore[attr-defined]
        return wrapper

    return decorate


def install(app: FastAPI, authenticator: Authenticator, **options: Any) -> None:
    """Add `AuthMiddleware` to an application; the options are that class's arguments."""
    app.add_middleware(AuthMiddleware, authenticator=authenticator, **options)


def _with_guard(endpoint: Callable[..., Any], name: str, requirement: Requirement) -> inspect.Signature:
    """Return the endpoint's signature with one more parameter, which FastAPI fills before all others."""
    signature = _signature(endpoint)
    others = list(signature.parameters.values())
    first = others[:1] if _is_method(endpoint) else []
    dependency = Security(_Authorization(requirement), scopes=list(requirement.scopes))
    guard = inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[None, dependency], default=None
    )
    rest = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in others[len(first) :]]
    return signature.replace(parameters=[*first, guard, *rest])


def _signature(endpoint: Callable[..., Any]) -> inspect.Signature:
    """Return the signature with its annotations as they mean, unless some are for type checkers only."""
    try:
        return inspect.signature(endpoint, eval_str=True)
    except NameError:
        return inspect.signature(endpoint)


def _is_method(endpoint: Callable[..., Any]) -> bool:
    """Return whether a function stands in the body of a class, so that its first parameter is no parameter."""
    return "." in getattr(endpoint, "__qualname__", "").rpartition("<locals>.")[2]
