"""The law of the house (docs/explanation/architecture.md), read from the source of every module."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import authmux

SOURCE = Path(authmux.__file__).parent


def name_of(path: Path) -> str:
    """Return the dotted name of a file's module."""
    parts = ("authmux", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}
FACES = frozenset({"asgi", "wsgi", "starlette", "fastapi", "flask", "otel"})

BELOW = {"values", "jose", "stores", "recording", "verifying", "issuing", "web"}
MAY_KNOW = {
    "values": {"values"},
    "jose": {"jose", "values"},
    "stores": {"stores", "values"},
    "recording": {"recording", "stores", "values"},
    "verifying": {"verifying", "jose", "stores", "values"},
    "issuing": {"issuing", "jose", "stores", "values"},
    "web": {"web", "verifying", "values"},
    "faces": {"faces", "web", "verifying", "values"},
    "testing": {"testing", *BELOW},
    "cli": {"cli", "__init__", *BELOW},
    "__init__": BELOW,
}
"""Who may know whom; nobody a face, `testing` or `cli` but themselves."""

ON_A_FACE = {"starlette": {"asgi"}, "fastapi": {"starlette", "asgi"}, "flask": {"wsgi"}}

BASE_INSTALL = {"jwt", "cryptography", "cachetools", "urllib3"}
FROM_EXTRAS = {
    "authmux.starlette": {"starlette"},
    "authmux.fastapi": {"fastapi"},
    "authmux.flask": {"werkzeug"},
    "authmux.stores.sql": {"sqlalchemy", "aiosqlite"},
    "authmux.stores.redis_channel": {"redis"},
    "authmux.otel": {"opentelemetry"},
    "authmux.verifying.foreign_check": {"argon2", "bcrypt"},
    "authmux.cli": {"typer", "rich"},
}
"""What may be imported besides the base install, and where."""

BY_NAME = {"authmux.cli.application": "it finds the application that the operator names"}
"""Modules that import what is named when the program runs, each with the reason why."""

LONG_WITH_REASON: dict[str, str] = {}
"""Modules of more than 300 lines, each with the reason why it is one."""

each_module = pytest.mark.parametrize("module", MODULES)


def read_imports(source: str, *, package: str = "authmux") -> Iterator[str]:
    """Read what a source imports: for typing and within functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            origin = ".".join(part for part in (base, node.module) if part)
            yield from (f"{origin}.{alias.name}" for alias in node.names)


@cache
def imports_of(module: str) -> frozenset[str]:
    """Return what a module imports; of our own, the modules that there are."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return frozenset(
        as_module(each) if each.split(".")[0] == "authmux" else each
        for each in read_imports(path.read_text(encoding="utf-8"), package=package)
    )


def as_module(name: str) -> str:
    """Return the module of ours that a name is, or is in."""
    return name if name in MODULES else name.rpartition(".")[0]


def known_to(module: str) -> set[str]:
    """Return which modules of ours a module imports."""
    return {each for each in imports_of(module) if each in MODULES}


def room_of(module: str) -> str:
    """Return in which room of the house a module is."""
    name = module.split(".")[1] if "." in module else "__init__"
    if name in FACES:
        return "faces"
    return name if name in MAY_KNOW else "values"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import authmux.web.headers as h", {"authmux.web.headers"}),
        ("from authmux.web import headers", {"authmux.web.headers"}),
        ("if TYPE_CHECKING:\n    from authmux.web import headers", {"authmux.web.headers"}),
        ("def f():\n    import flask", {"flask"}),
        ("from . import a", {"authmux.here.a"}),
        ("from ..web import b", {"authmux.web.b"}),
    ],
    ids=["import", "from", "typing", "in a function", "relative", "relative to the parent"],
)
def test_every_import_is_found(source: str, found: set[str]) -> None:
    """The law sees imports of every spelling."""
    assert set(read_imports(source, package="authmux.here")) == found


def test_there_is_a_house() -> None:
    """The law looks at the source: every room has a module, and every package at the root is a room or a face."""
    rooms = {room_of(module) for module in MODULES}
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert packages - FACES - {"profiles"} < rooms <= set(MAY_KNOW)
    assert len(known_to("authmux.web.doorkeeper")) > 3


@each_module
def test_everybody_knows_only_whom_he_may(module: str) -> None:
    """Values know only each other, and everything above them only what is below it."""
    forbidden = {each for each in known_to(module) if room_of(each) not in MAY_KNOW[room_of(module)]}
    assert forbidden == set()


@pytest.mark.parametrize("face", sorted(FACES))
def test_a_face_stands_on_no_other_than_its_own(face: str) -> None:
    """FastAPI's stands on Starlette's, which stands on ASGI's; Flask's on WSGI's; and no other on any."""
    parts = [module for module in MODULES if module.split(".")[1:2] == [face]]
    faces = {each.split(".")[1] for part in parts for each in known_to(part) if room_of(each) == "faces"}
    assert faces <= {face} | ON_A_FACE.get(face, set())


def test_there_is_no_import_cycle() -> None:
    """The modules can be put in an order in which each knows only those before it, typing imports included."""
    graph = {module: known_to(module) for module in MODULES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


@each_module
def test_nothing_is_imported_behind_the_laws_back(module: str) -> None:
    """No module is imported by a name that is made up when the program runs."""
    names = {node.id for node in ast.walk(tree_of(module)) if isinstance(node, ast.Name)}
    by_name = {each for each in imports_of(module) if each.split(".")[0] in {"importlib", "pkgutil", "runpy"}}
    assert not by_name or module in BY_NAME
    assert not names & {"__import__", "exec", "eval"}


@each_module
def test_nothing_is_imported_that_is_not_installed(module: str) -> None:
    """A module imports the standard library, the base install, and what its own extra brings."""
    extra = {name for place, names in FROM_EXTRAS.items() if is_within(module, place) for name in names}
    foreign = {each.split(".")[0] for each in imports_of(module)} - set(sys.stdlib_module_names) - {"authmux"}
    assert foreign <= BASE_INSTALL | extra


@pytest.mark.parametrize("room", ["values", "web", "issuing"])
def test_some_rooms_need_the_standard_library_alone(room: str) -> None:
    """Values, what the faces share, and the verbs import nothing of anybody else's; nor do the plain faces."""
    modules = [each for each in MODULES if room_of(each) == room] + ["authmux.asgi", "authmux.wsgi"]
    roots = {each.split(".")[0] for module in modules for each in imports_of(module)}
    assert roots <= set(sys.stdlib_module_names) | {"authmux"}


@pytest.mark.parametrize("package", [name for name, path in MODULES.items() if path.name == "__init__.py"])
def test_init_only_hands_names_on(package: str) -> None:
    """A package's `__init__` imports and lists names, and defines nothing but when to load one."""
    for statement in tree_of(package).body:
        match statement:
            case ast.Expr(value=ast.Constant(value=str())) | ast.Import() | ast.ImportFrom():
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.FunctionDef(name="__getattr__"):
                continue
            case ast.Assign(targets=[ast.Name(id="__all__" | "__version__")]):
                continue
        pytest.fail(f"line {statement.lineno} does more than hand names on")


@each_module
def test_every_module_opens_with_a_caption(module: str) -> None:
    """The first line of every module says in one sentence what it is, and can be read in a listing."""
    caption = (ast.get_docstring(tree_of(module)) or "").partition("\n\n")[0]
    assert caption.endswith((".", "?"))
    assert len(caption) <= 240


@each_module
def test_every_module_is_named_by_what_it_holds(module: str) -> None:
    """No module is called by a word that means nothing, and none as one of the standard library is."""
    name = module.rpartition(".")[2]
    assert name not in {"utils", "util", "helpers", "helper", "common", "base", "core", "misc", "lib", "tools"}
    assert name not in sys.stdlib_module_names


def test_long_modules_have_a_reason() -> None:
    """A module of more than 300 lines is listed here with a reason, and one that has shrunk no longer."""
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name for name, length in lengths.items() if length > 300} == set(LONG_WITH_REASON)


def tree_of(module: str) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def is_within(module: str, place: str) -> bool:
    """Return whether a module is a place or lies within it."""
    return module == place or module.startswith(f"{place}.")
