"""Read the commands in an example's docstring, and the answers that it promises to them."""

import argparse
import ast
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

_EXCHANGE = re.compile(r"^ +\$ curl (.+)\n +(\d{3}) (.+)$", re.MULTILINE)
_ELLIPSIS = ", …}"

_CURL = argparse.ArgumentParser(prog="curl")
_CURL.add_argument("url")
_CURL.add_argument("-i", action="store_true")
_CURL.add_argument("-X", dest="method", default="GET")
_CURL.add_argument("-H", dest="headers", action="append", default=[])


@dataclass(frozen=True, slots=True)
class Exchange:
    """A curl line, and the answer below it."""

    method: str
    path: str
    headers: Mapping[str, str]
    status: int
    body: Mapping[str, Any]
    has_more: bool

    def seen(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return as much of an answer as the docstring shows: with an ellipsis, only the members that it names."""
        return {name: value for name, value in body.items() if name in self.body or not self.has_more}


def read_docstring(example: Path) -> str:
    """Return the docstring of a module without importing it."""
    return ast.get_docstring(ast.parse(example.read_text(encoding="utf-8"))) or ""


def read_command(docstring: str, program: str) -> str:
    """Return the one line that runs a program, without its comment."""
    (line,) = re.findall(rf"^ +\$ ({program} .+?)(?: +#.*)?$", docstring, re.MULTILINE)
    return str(line)


def read_exchanges(docstring: str, variables: Mapping[str, str]) -> list[Exchange]:
    """Return every curl line with its answer, the shell's variables filled in."""
    return [_read(*found.groups(), variables=variables) for found in _EXCHANGE.finditer(docstring)]


def _read(command: str, status: str, answer: str, *, variables: Mapping[str, str]) -> Exchange:
    curl = _CURL.parse_args(shlex.split(Template(command).substitute(variables)))
    return Exchange(
        method=curl.method,
        path="/" + curl.url.partition("/")[2],
        headers=dict(header.split(": ", 1) for header in curl.headers),
        status=int(status),
        body=json.loads(answer.replace(_ELLIPSIS, "}")),
        has_more=answer.endswith(_ELLIPSIS),
    )
