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
from authmux.guard import (
    Requirement,
    current_principal,
    find_principal,
    guarded,
    read_requirement,
    requirement_of,
)
from authmux.principal import Principal
from authmux.verifying.authenticator import Authenticator

__all__ = [
    "AuthMiddleware",
    "CurrentPrincipal",
    "OptionalPrincipal",
    "current_principal",
    "find_principal",
    "install",
    "requires",
]

P = ParamSpec("P")
R = TypeVar("R")

_PARAMETER = "authmux_authorization"


async def _current() -> Principal:
    return current_principal()


async def _optional() -> Principal | None:
    return find_principal()


CurrentPrincipal = Annotated[Principal, Depends(_current)]
"""A parameter of this type receives who is calling; without one the answer is 401."""

OptionalPrincipal = Annotated[Principal | None, Depends(_optional)]
"""A parameter of this type receives who is calling, or None."""


class AuthMiddleware(starlette.AuthMiddleware):
    """`authmux.starlette.AuthMiddleware`, which also asks the guard before a request's body is read.

    FastAPI reads and parses the body before any dependency runs; a caller who may not come would else be told first
    what is wrong with his JSON.
    """

    def way_in(self, scope: asgi.Scope, receive: asgi.Receive) -> asgi.Receive:
        """Return a `receive` that asks the guard of the endpoint that the router chose."""
        checked = False

        async def receive_if_allowed() -> asgi.Message:
            nonlocal checked
            if not checked and scope["type"] == "http":
                requirement = requirement_of(scope.get("endpoint"))
                if requirement is not None:
                    requirement.enforce()
                    checked = True
            return await receive()

        return receive_if_allowed


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

    def check(arguments: dict[str, Any]) -> None:
        arguments.pop(_PARAMETER, None)
        requirement.enforce()

    def decorate(endpoint: Callable[P, R]) -> Callable[P, R]:
        wrapper = guarded(endpoint, requirement, check)
        signature = _with_authorization(inspect.signature(endpoint), requirement)
        wrapper.__signature__ = signature  # type: ignore[attr-defined]
        return wrapper

    return decorate


def install(app: FastAPI, authenticator: Authenticator, **options: Any) -> None:
    """Add `AuthMiddleware` to an application; the options are that class's arguments."""
    app.add_middleware(AuthMiddleware, authenticator=authenticator, **options)


def _with_authorization(signature: inspect.Signature, requirement: Requirement) -> inspect.Signature:
    dependency = Security(_Authorization(requirement), scopes=list(requirement.scopes))
    first = inspect.Parameter(
        _PARAMETER, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[None, dependency], default=None
    )
    others = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in signature.parameters.values()]
    return signature.replace(parameters=[first, *others])
