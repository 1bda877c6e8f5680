"""A shop with a real SQLite file and a pepper, whose keeper uses the command line: in this process, or as a program."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import authmux
from authmux import APIKeyVerifier, PATVerifier, Peppers, PresentedCredential, Principal, TokenFormat, TokenService, run
from authmux.cli import main
from authmux.stores.sql import SQLStore

SOURCE: Final = Path(authmux.__file__).parents[1]
SECONDS: Final = 30.0  # that a program may take


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return standard output as JSON."""
        return json.loads(self.out)


def environment(directory: Path, **more: str) -> dict[str, str]:
    """Return the environment of a program that works on the shop in a directory, with output buffered as usual."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AUTHMUX_", "PYTHONUNBUF"))}
    return ours | settings(directory) | {"PYTHONPATH": str(SOURCE)} | more


def settings(directory: Path) -> dict[str, str]:
    """Return what says where the shop keeps its keys."""
    return {
        "AUTHMUX_STORE": f"sqlite:///{directory / 'keys.db'}",
        "AUTHMUX_PEPPER_DIR": str(directory / "pepper"),
        "AUTHMUX_PREFIX": "acme",
    }


def program(directory: Path, *words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run the program in a directory, and return what came of it."""
    given: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "env": environment(directory)}
    return subprocess.run(
        [sys.executable, "-m", "authmux.cli", *words],
        stderr=subprocess.PIPE,
        text=True,
        cwd=directory,
        timeout=SECONDS,
        **given | options,
    )


class Shop:
    """A shop that is open.

    Arguments:
        directory: holds the database and the pepper.
        heard: returns what was written to standard output and standard error since it was last asked.
    """

    def __init__(self, directory: Path, heard: Callable[[], Sequence[str]]) -> None:
        self.directory = directory
        self._heard = heard
        self.tokens = TokenFormat(prefix="acme", peppers=Peppers.file(directory / "pepper", create=True))
        self.store = SQLStore(settings(directory)["AUTHMUX_STORE"])
        self.store.create_schema()
        self.service = TokenService(self.store, self.tokens)

    def run(self, *words: str) -> Ran:
        """Run a command in this process."""
        self._heard()
        code = main(words)
        out, err = self._heard()
        return Ran(code, out, err)

    def verify(self, text: str) -> Principal:
        """Verify a token as an application would, or raise."""
        verifier = PATVerifier if text.startswith("acme_pat_") else APIKeyVerifier
        return run(verifier(self.store, self.tokens).verify(PresentedCredential(text)))

    def issue(self, *words: str, kind: str = "keys", name: str = "nightly") -> Ran:
        """Issue a key, or a token of the user u1, whose name and scope do not matter."""
        owner = ("--user", "u1") if kind == "pats" else ()
        done = self.run(kind, "issue", "--name", name, "--scope", "reports:read", *owner, *words)
        assert done.code == 0, done.err
        return done

    def issued_id(self, *words: str, kind: str = "keys", name: str = "nightly") -> str:
        """Issue one and return its id."""
        credential_id: str = self.issue(*words, "-o", "json", kind=kind, name=name).json["record"]["id"]
        return credential_id
