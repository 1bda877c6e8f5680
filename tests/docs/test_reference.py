"""Every public name is documented: it has a docstring, and a place in the built reference."""

import importlib
import inspect
import re
from types import ModuleType
from typing import ParamSpec, TypeVar

import pytest

from tests.docs.built import Built
from tests.docs.pages import CHECKOUT, SITE

MODULES = [
    "authmux",
    "authmux.asgi",
    "authmux.errors",
    "authmux.fastapi",
    "authmux.flask",
    "authmux.flow",
    "authmux.profiles",
    "authmux.redaction",
    "authmux.starlette",
    "authmux.stores.channel",
    "authmux.stores.port",
    "authmux.stores.redis_channel",
    "authmux.stores.sql",
    "authmux.testing",
    "authmux.wsgi",
]
NO_NAMES = (ModuleType, TypeVar, ParamSpec)
ALIASES = {"App", "Message", "Receive", "Scope", "Send", "Revision"}  # names of types of ASGI's and of texts


def public_names(module: ModuleType) -> list[str]:
    """Return what a module offers: what `__all__` lists, or else what it defines."""
    if hasattr(module, "__all__"):
        names = set(module.__all__)
    else:
        defined = re.findall(
            r"^(?:class|def) ([A-Za-z]\w*)|^([A-Z]\w*)(?:: \w+)? =", inspect.getsource(module), re.MULTILINE
        )
        names = {one or other for one, other in defined}
    return sorted(name for name in names - ALIASES if not isinstance(getattr(module, name), NO_NAMES))


NAMES = [(module, name) for module in MODULES for name in public_names(importlib.import_module(module))]


def is_explained(name: str) -> bool:
    """Return whether a value has a text right below its definition, or a paragraph of its own in the reference."""
    sources = [path.read_text(encoding="utf-8") for path in (CHECKOUT / "src").rglob("*.py")]
    pages = [path.read_text(encoding="utf-8") for path in (SITE / "reference").glob("*.md")]
    below = re.compile(rf'^{name}\b[^\n]* = [^\n]+\n(?:[ )][^\n]*\n)*"""', re.MULTILINE)
    paragraph = re.compile(rf"^`{name}` (?:is|are) ", re.MULTILINE)
    return any(below.search(source) for source in sources) or any(paragraph.search(page) for page in pages)


@pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda part: part)
def test_docstring(module: str, name: str) -> None:
    """Each public name says what it is: by a docstring, or, where it is a value, by a text."""
    value = getattr(importlib.import_module(module), name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert (value.__doc__ or "").strip()
    else:
        assert is_explained(name)


def test_reference(built: Built) -> None:
    """Each public name has an anchor in the reference, under the name that it is imported by or is defined by."""
    anchors = set[str]().union(*(page.anchors for path, page in built.pages.items() if path.parent.name == "reference"))
    missing = [f"{module}.{name}" for module, name in NAMES if not anchors & spellings(module, name)]
    assert missing == []


def spellings(module: str, name: str) -> set[str]:
    """Return under which names an object may stand in the reference."""
    value = getattr(importlib.import_module(module), name)
    same = {each for each in MODULES if getattr(importlib.import_module(each), name, None) is value}
    return {f"{each}.{name}" for each in same | {getattr(value, "__module__", module)}}


def test_undocumented_name() -> None:
    """The reader of names sees what a module without `__all__` defines, and not what it imports."""
    names = public_names(importlib.import_module("authmux.errors"))
    assert {"AuthError", "Fault"} <= set(names)
    assert "StrEnum" not in names


def test_reference_names_what_there_is() -> None:
    """Each name on a page of the reference can be imported: one that was renamed is noticed here first."""
    for page in (SITE / "reference").glob("*.md"):
        for path in re.findall(r"^::: ([\w.]+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
            module, _, name = path.rpartition(".")
            assert hasattr(importlib.import_module(module), name), path
