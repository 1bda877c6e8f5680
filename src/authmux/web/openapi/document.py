"""`describe`: an OpenAPI document with marks in, the finished one out."""

import copy
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from authmux.web.openapi.answers import PROBLEM, Answer, answers_of, explain, problem_schema, statuses_for
from authmux.web.openapi.entrance import Entrance
from authmux.web.openapi.marks import GUARDED, OPTIONAL, Need, marks_in
from authmux.web.openapi.schemes import Scheme, schemes_of
from authmux.web.public_paths import PublicPaths

Json = dict[str, Any]

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


def describe(document: Mapping[str, Any], entrance: Entrance, *, prefix: str = "") -> Json:
    """Return a document that says which credentials each operation takes, and how it refuses.

    What the application itself has documented stays as it is; so does a document that was finished before.

    Arguments:
        document: as the framework generated it, with the marks of our guards.
        entrance: what the application takes.
        prefix: the path under which the document's paths are, as `entrance.public` counts them.
    """
    finished = copy.deepcopy(dict(document))
    public = PublicPaths(entrance.public)
    operations = _Operations(finished, entrance)
    for path, operation in _operations_of(finished):
        operations.finish(operation, is_required=entrance.required and prefix + path not in public)
    return finished


class _Operations:
    """Finishes the operations of one document, and puts into its components what they refer to."""

    def __init__(self, document: Json, entrance: Entrance) -> None:
        self._components: Json = document.setdefault("components", {})
        self._realm = entrance.realm
        # Before 3.1, only OAuth's schemes could list any (OpenAPI 3.1 §4.8.30).
        self._lists_scopes = not str(document.get("openapi")).startswith("3.0")
        taken = self._components.setdefault("securitySchemes", {})
        for mark in (GUARDED, OPTIONAL):
            taken.pop(mark, None)
        self._schemes: dict[str, Scheme] = {
            _put(taken, each.name, each.definition): each for each in schemes_of(entrance)
        }

    def finish(self, operation: Json, *, is_required: bool) -> None:
        """Write down what one operation takes and answers.

        Arguments:
            is_required: whether it lets nobody in without a credential, even without a guard.
        """
        security: list[Json] = operation.get("security", [])
        guarded, optional = marks_in(security, GUARDED), marks_in(security, OPTIONAL)
        if not (guarded or optional or (is_required and not security)):
            return
        need = Need.read(guarded)
        others = [each for each in security if GUARDED not in each and OPTIONAL not in each]
        nothing: list[Json] = [] if guarded or is_required else [{}]
        operation["security"] = [*others, *self._alternatives(need), *nothing]
        self._add_answers(operation.setdefault("responses", {}), need)

    def _alternatives(self, need: Need) -> list[Json]:
        """Return a security requirement for each way to come in; where there is none, that must not read as open."""
        names = [name for name, scheme in self._schemes.items() if scheme.suits(need)]
        return [{name: list(need.scopes) if self._lists_scopes else []} for name in names or self._schemes]

    def _add_answers(self, responses: Json, need: Need) -> None:
        for status in statuses_for(need):
            if str(status) not in responses:
                answer = self._answers[status]
                name = _put(self._components.setdefault("responses", {}), answer.name, answer.definition)
                responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
                if status == 403:
                    responses[str(status)]["description"] = explain(need)

    @cached_property
    def _answers(self) -> dict[int, Answer]:
        name = _put(self._components.setdefault("schemas", {}), PROBLEM, problem_schema())
        return answers_of(self._realm, problem=f"#/components/schemas/{name}")


def _operations_of(document: Json) -> Iterator[tuple[str, Json]]:
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield path, item[method]


def _put(components: Json, name: str, definition: Mapping[str, Any]) -> str:
    """Add a component, beside one that the application may have under the same name; return the name."""
    while components.setdefault(name, definition) != definition:
        name += "-authmux"
    return name
