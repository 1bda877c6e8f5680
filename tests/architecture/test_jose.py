"""What is ours of the cryptography stays small enough to be read in one sitting, and does nothing but read (B-77)."""

import ast
import io
import tokenize
from pathlib import Path

import pytest

import authmux

FOLDER = Path(authmux.__file__).parent / "jose"
FILES = sorted(FOLDER.glob("*.py"))

MOST = 400  # lines of code, in all

PURE = {
    "base64", "binascii", "collections", "dataclasses", "functools", "hashlib", "json", "math", "re", "typing",
    "cryptography", "jwt", "authmux",
}  # fmt: skip
"""What may be imported: nothing that tells time, speaks to anybody, writes, or waits."""

_NOT_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
}  # fmt: skip
_MUTABLE = (ast.List, ast.ListComp, ast.Set, ast.Dict)


def code_lines(source: str) -> set[int]:
    """Return the lines that are neither docstring nor comment nor blank."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {n for each in tokens if each.type not in _NOT_CODE for n in range(each.start[0], each.end[0] + 1)}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node
        ):
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return lines


def test_what_counts_as_code() -> None:
    """A docstring and a comment do not count, a text that is used does, and so does every line of a statement."""
    caption, value, function = (
        '"""Caption.\n\nMore."""\n',
        'X = """a\nb"""\n',
        'def f():\n    """Do."""\n    return (\n1\n)\n',
    )
    assert code_lines(f"{caption}\n# why\n{value}\n\n{function}") == {6, 7, 10, 12, 13, 14}


def test_it_is_short() -> None:
    """B-77: the strict envelope and the rules for claims and keys are at most 400 lines of code."""
    assert FILES
    assert sum(len(code_lines(path.read_text(encoding="utf-8"))) for path in FILES) <= MOST


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_pure(path: Path) -> None:
    """B-77: no clock, no I/O, no logging, no threads: it imports nothing that could, and calls nothing that does."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert imported <= PURE
    assert called & {"open", "print", "input", "exec", "eval"} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_has_no_state(path: Path) -> None:
    """B-77: nothing at the head of a module is made to be changed, and nothing is a `global`.

    Tables that are written down are constants by their `Final`. `parse_header` remembers what it has read: that is the
    same for the same bytes, and bounded.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global | ast.Nonlocal)]
    loose = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, _MUTABLE)]
    assert loose == []
