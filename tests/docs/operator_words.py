"""Collect from the code every line that it logs, and every reason that it gives for a refusal."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from authmux.errors import InsufficientScope, MissingCredential
from authmux.stores.record import State
from authmux.verifying.http_fetch import _REASONS as REASONS_OF_URLLIB3
from tests.docs.pages import CHECKOUT

_LEVELS: Final = {"debug": 0, "info": 0, "warning": 0, "error": 0, "critical": 0, "exception": 0, "log": 1}
_GIVES_A_REASON: Final = {
    "MissingCredential": 0,
    "MalformedCredential": 0,
    "InvalidCredential": 1,
    "CredentialNotAllowed": 0,
    "LimitExceeded": 0,
    "Unavailable": 0,
    "_malformed": 0,  # these two hand their reason on to InvalidCredential
    "NotStrict": 0,
}
_STOPS_A_FETCH: Final = {"FetchFailed": 0, "NotAKeySet": 0}
_SPOILS_A_KEY: Final = {"UnusableKey": 0}
_BY_DEFAULT: Final = (MissingCredential().reason, InsufficientScope(required=(), granted=()).reason)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that is logged, with `%s` where something is filled in."""

    logger: str
    message: str


def modules() -> Iterator[ast.Module]:
    """Return every module of the package."""
    for path in sorted((CHECKOUT / "src" / "authmux").rglob("*.py")):
        if "openapi" in path.parts:  # it shows made-up refusals
            continue
        yield ast.parse(path.read_text(encoding="utf-8"))


def log_lines() -> set[LogLine]:
    """Return everything that is logged; a message that is no text in the code is left out."""
    return {line for module in modules() for line in _log_lines(module)}


def _log_lines(module: ast.Module) -> Iterator[LogLine]:
    loggers = [
        _text(call.args[0]) for call in _calls(module) if ast.unparse(call.func) == "logging.getLogger" and call.args
    ]
    for call in _calls(module):
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "_log":
            place = _LEVELS.get(call.func.attr)
            message = None if place is None else _text(call.args[place])
            if message is not None:
                yield LogLine(str(loggers[0]), message)


def reasons() -> set[str]:
    """Return every reason for which a request is refused, `*` where a part of it is computed."""
    return _given(_GIVES_A_REASON) | set(_BY_DEFAULT) | {state.value for state in State if state is not State.ACTIVE}


def fetch_reasons() -> set[str]:
    """Return every reason for which an issuer's keys cannot be fetched."""
    return _given(_STOPS_A_FETCH) | {reason for _, reason in REASONS_OF_URLLIB3}


def key_reasons() -> set[str]:
    """Return every reason for which a published key is skipped."""
    return _given(_SPOILS_A_KEY)


def _given(places: Mapping[str, int]) -> set[str]:
    return {reason for module in modules() for call in _calls(module) for reason in _reasons(call, places)}


def _reasons(call: ast.Call, places: Mapping[str, int]) -> Iterator[str]:
    place = places.get(ast.unparse(call.func))
    if place is not None and len(call.args) > place:
        given = call.args[place]
        for each in (given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,):
            reason = _text(each)
            if reason is not None:
                yield reason


def _calls(module: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module) if isinstance(node, ast.Call))


def _text(node: ast.expr) -> str | None:
    """Return a text as it stands in the code; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "*" for each in node.values)
    return None
