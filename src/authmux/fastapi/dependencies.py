"""Guards and principals as FastAPI's dependencies, which leave their marks in its OpenAPI document."""

import inspect
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Depends
from fastapi.openapi.models import HTTPBearer
from fastapi.security import OpenIdConnect

from authmux.flow import run_async
from authmux.guard import Requirement, current_principal, requirements_of
from authmux.principal import Principal
from authmux.visit import find_principal
from authmux.web.openapi import GUARDED, OPTIONAL


class _Marked(OpenIdConnect):
    """A dependency whose mark stands in the generated document, until `web.openapi` puts the finished text there.

    It is none of OpenID Connect's, and calls itself so because older versions of FastAPI (0.115) drop the scopes of all
    security schemes but those of OAuth's family.
    """

    def __init__(self, mark: str) -> None:
        self.model = HTTPBearer(description="An API key, a personal access token, or an access token (JWT).")
        self.scheme_name = mark


class RequirementGuard(_Marked):
    """What `requires` puts into an endpoint's signature: it runs before the parameters are validated."""

    def __init__(self, requirement: Requirement) -> None:
        super().__init__(GUARDED)
        self.enforce = requirement.enforce
        self._requirement = requirement

    async def __call__(self) -> None:  # type: ignore[override]  # it reads no request, and the visit instead
        """Let the caller in, or raise the refusal."""
        self.enforce()
        if self._requirement.introspect:
            await run_async(self._requirement.confirm())


class _Current(_Marked):
    enforce = staticmethod(current_principal)

    async def __call__(self) -> Principal:  # type: ignore[override]
        return current_principal()


class _Optional(_Marked):
    async def __call__(self) -> Principal | None:  # type: ignore[override]
        return find_principal()


CurrentPrincipal = Annotated[Principal, Depends(_Current(GUARDED))]
"""A parameter of this type receives who is calling; without one the answer is 401."""

OptionalPrincipal = Annotated[Principal | None, Depends(_Optional(OPTIONAL))]
"""A parameter of this type receives who is calling, or None."""


def guards_before(scope: Mapping[str, Any]) -> Iterator[RequirementGuard | _Current]:
    """Return the guards among the dependencies of the endpoint that was chosen, in the order FastAPI asks them."""
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    dependant = getattr(route, "dependant", None)
    if dependant is not None:
        provider = getattr(route, "dependency_overrides_provider", None)
        yield from _guards_in(dependant, getattr(provider, "dependency_overrides", None) or {})


def requirements_on(endpoint: Any) -> tuple[Requirement, ...]:
    """Return what `requires` put on an endpoint, which may also be an object that is called, or a `partial`."""
    while isinstance(endpoint, partial):
        endpoint = endpoint.func
    called = endpoint if inspect.isroutine(endpoint) else getattr(endpoint, "__call__", None)  # noqa: B004  # it is read, not called
    return requirements_of(called)


def _guards_in(dependant: Any, overrides: Collection[Any]) -> Iterator[RequirementGuard | _Current]:
    for each in dependant.dependencies:
        if each.call in overrides:
            continue
        if isinstance(each.call, RequirementGuard | _Current):
            yield each.call
        yield from _guards_in(each, overrides)
