"""`--app package.module:attribute`: the application's own `TokenService`, so that nothing is configured twice."""

import importlib
import os
import re
import sys
from contextlib import redirect_stdout
from types import ModuleType
from typing import Final

from authmux.cli.exit_codes import Misuse
from authmux.errors import AuthmuxError
from authmux.issuing.token_service import TokenService

_PATH: Final = re.compile(r"(?P<module>\w+(?:\.\w+)*):(?P<attribute>\w+(?:\.\w+)*)")


class ApplicationBroken(Exception):
    """The application raised while it was imported; what it says may hold its secrets, and is not repeated."""


def load_service(path: str) -> TokenService:
    """Import the application from the current directory, as uvicorn does, and return its service.

    Raises:
        Misuse: there is no such module or attribute, or it is no `TokenService`.
        ApplicationBroken: importing it failed.
        AuthmuxError: importing it failed in authmux, with a sentence.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise Misuse("--app: write package.module:attribute, such as shop.main:token_service")
    found: object = _import(match["module"])
    for name in match["attribute"].split("."):
        if not hasattr(found, name):
            raise Misuse(f"--app: {match['module']} has no attribute {match['attribute']}")
        found = getattr(found, name)
    if not isinstance(found, TokenService):
        raise Misuse(f"--app: {match[0]} is a {type(found).__name__}, and a TokenService is wanted")
    return found


def _import(name: str) -> ModuleType:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        with redirect_stdout(sys.stderr):  # what it prints must not stand beside a token
            return importlib.import_module(name)
    except AuthmuxError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise Misuse(f"--app: there is no module {error.name} here") from None
        raise
    except (Exception, SystemExit) as error:
        raise ApplicationBroken(f"the application {name} cannot be imported: {type(error).__name__}") from error
