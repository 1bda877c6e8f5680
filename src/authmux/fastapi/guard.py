"""`requires` for FastAPI, which sees it in the endpoint's signature."""

import inspect
from collections.abc import Callable, Collection
from typing import Annotated, Any, ParamSpec, TypeVar

from fastapi import Security

from authmux.fastapi.dependencies import RequirementGuard
from authmux.guard import Requirement, guarded, read_requirement
from authmux.principal import Principal
from authmux.web.openapi import mark_of

P = ParamSpec("P")
R = TypeVar("R")


def requires(
    *scopes: str,
    principals: type[Principal] | Collection[type[Principal]] = (),
    kinds: str | Collection[str] = (),
    introspect: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Guard an endpoint as `authmux.requires` does, and declare it to FastAPI; the arguments are the same."""
    requirement = read_requirement(scopes, principals, kinds, introspect=introspect)
    parameter = f"authmux_{id(requirement):x}"  # its own, so that an endpoint may have several guards

    def decorate(endpoint: Callable[P, R]) -> Callable[P, R]:
        wrapper = guarded(endpoint, requirement, without=parameter)
        signature = _with_guard(endpoint, parameter, requirement)
        wrapper.__signature__ = signature  # type: ignore[attr-defined]
        return wrapper

    return decorate


def _with_guard(endpoint: Callable[..., Any], name: str, requirement: Requirement) -> inspect.Signature:
    """Return the endpoint's signature with one more parameter, which FastAPI fills before all others."""
    signature = _signature(endpoint)
    others = list(signature.parameters.values())
    first = others[:1] if _is_method(endpoint) else []
    dependency = Security(RequirementGuard(requirement), scopes=mark_of(requirement))
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
