"""Which test holds which rule: read from the docstrings of the tests, and from the names of the rows of their tables.

`python -m tests.conformance.rules` lists it.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]

_RULE: Final = re.compile(r"\b[AB]-\d{2,3}\b")
_ROW: Final = re.compile(r"([AB]-\d{2,3}) ")

# The numbering has gaps. Not here: proofs of possession (A-197…A-203) and what a caller may do (A-206…A-209).
_ATTACKS: Final = (
    *(1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 25, 26, 28, 29, 31, 32, 34),
    *(35, 37, 38, 40, 41, 43, 44, 46, 47, 49, 50, 52, 53, 55),
    *(56, 58, 59, 61, 62, 64, 65, 67),
    *(68, 70, 71, 73, 74, 76, 77, 79),
    *(80, 82, 83, 85, 86, 88, 89, 91, 92, 94, 95),
    *(97, 98, 100, 101, 103, 104, 106, 107, 109, 110, 112, 113),
    *(115, 116, 118, 119, 121, 122, 124),
    *(125, 127, 128, 130, 131, 133, 134, 136, 137, 139, 140, 142, 143, 145, 146),
    *(148, 149, 151, 152, 154, 155, 157, 158, 160, 161, 163, 164, 166, 167, 169, 170, 172, 173, 175, 176, 178, 179),
    *(181, 182, 184, 185, 187, 188, 190),
    *(191, 193, 194, 196, 205, 211, 212),
)
_BEHAVIOURS: Final = (*range(1, 17), *range(20, 29), *range(30, 44), *range(50, 58), *range(60, 68))

RULES: Final = (*(f"A-{number:03}" for number in _ATTACKS), *(f"B-{number:02}" for number in _BEHAVIOURS))
"""Every rule that a test has to name."""

NOT_YET: Final[Mapping[str, str]] = {}
"""Rules that no test holds so far, and why."""

PARTLY: Final[Mapping[str, str]] = {
    "B-57": "what metadata says of algorithms is not read, on purpose: that list is about ID tokens",
}
"""Rules of which a part is not built, and which part; what there is of them is tested."""


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """A test that names a rule, and the first sentence of what it says."""

    path: str
    name: str
    says: str


def find_holders() -> Mapping[str, list[Holder]]:
    """Return the tests that name each rule."""
    holders: dict[str, set[Holder]] = defaultdict(set)
    for path in sorted(TESTS.rglob("test_*.py")):
        for rule, holder in read_module(path.read_text(encoding="utf-8"), path.relative_to(TESTS).as_posix()):
            holders[rule].add(holder)
    return {rule: sorted(found) for rule, found in holders.items()}


def read_module(source: str, path: str) -> Iterator[tuple[str, Holder]]:
    """Read which tests of a module name which rules: in their docstrings, or in the rows of their tables.

    A row is a text such as "A-002 none, no signature", in what a test's decorators refer to.
    """
    module = ast.parse(source).body
    known = {name: node for node in module for name in _names_of(node)}
    for test in module:
        if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) and test.name.startswith("test_"):
            says = " ".join((ast.get_docstring(test) or "").partition("\n\n")[0].split())
            rows = (text for node in test.decorator_list for text in _texts(node, known, set()))
            named = {*_RULE.findall(says), *(match[1] for text in rows if (match := _ROW.match(text)))}
            yield from ((rule, Holder(path, test.name, says)) for rule in named)


def _names_of(node: ast.stmt) -> list[str]:
    """Return what a statement of a module gives a name to."""
    match node:
        case ast.FunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _texts(node: ast.AST, known: Mapping[str, ast.stmt], seen: set[str]) -> Iterator[str]:
    """Return the texts in a piece of source, and in everything of its module that it refers to."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
        elif isinstance(each, ast.Name) and each.id in known and each.id not in seen:
            seen.add(each.id)
            yield from _texts(known[each.id], known, seen)


def listing() -> str:
    """Return which tests hold which rule, a rule a paragraph."""
    holders = find_holders()
    lines: list[str] = []
    for rule in RULES:
        lack = NOT_YET.get(rule) or PARTLY.get(rule)
        lines.extend(["", f"{rule}: {lack}" if lack else rule])
        lines.extend(f"  {each.path}::{each.name}\n    {each.says}" for each in holders.get(rule, ()))
    return "\n".join(lines[1:])


if __name__ == "__main__":
    sys.stdout.write(listing() + "\n")
