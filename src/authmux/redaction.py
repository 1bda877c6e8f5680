"""Masks credentials in text that is going to be written down: log records, and the query strings in them (K-82)."""

import copy
import logging
import re
import traceback
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote

MASK: Final = "***"
"""What stands in the place of what was masked."""

_JOINT: Final = "(?:_|%5[Ff])"  # a log may show a query string as it came
_OPAQUE: Final = re.compile(
    f"([a-z][a-z0-9]{{1,11}}{_JOINT}(?:key|pat|sec){_JOINT}(?:[a-z]{{2,8}}{_JOINT})?"
    f"[0-9a-hjkmnp-tv-z]{{16}}{_JOINT})[0-9A-Za-z]{{8,}}"
)
_MARK: Final = re.compile(f"{_JOINT}(?:key|pat|sec){_JOINT}")  # found ten times as fast, and nearly never there
# What begins like a JWT and is none is taken as well, so that it is gone over once: else "eyJ" * 20 000 takes seconds.
_JWT: Final = re.compile(r"eyJ(?:[\w-]{8,}+(\.)[\w-]{2,}+\.[\w-]*+((?:\.[\w-]++)*+)|[\w-]*+)", re.ASCII)
_BASIC: Final = re.compile(r"(\bbasic +)[a-z0-9+/]{16,}+={0,2}", re.ASCII | re.IGNORECASE)
_OF_EVERY_RECORD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def redact(text: str) -> str:
    """Return a text with every key, personal access token, client secret and JWT in it masked.

    Of a token of ours the public id stays, as in `acme_key_5g2v9k0m3x7q1b8n_***`; so does a piece of less than eight
    characters of its secret, from which nobody guesses the rest. A JWT goes whole.
    """
    masked = _BASIC.sub(rf"\1{MASK}", redact_jwts(redact_tokens(text), lambda _: True))
    if "%" not in masked:
        return masked
    decoded = unquote(masked)
    bare = redact_jwts(redact_tokens(decoded), lambda _: True)
    return masked if bare == decoded else bare


def redact_tokens(text: str) -> str:
    """Return a text with tokens of our own shape masked, and JWTs left: an application may have some of its own."""
    return _OPAQUE.sub(rf"\1{MASK}", text) if _MARK.search(text) else text


def redact_jwts(text: str, is_secret: Callable[[str], bool]) -> str:
    """Return a text with those JWTs masked that are to be kept secret."""
    return _JWT.sub(lambda found: MASK if found[1] and is_secret(found[0].removesuffix(found[2])) else found[0], text)


class RedactingFilter(logging.Filter):
    """A filter that masks credentials in log records: message, arguments, traceback, and what `extra` has added.

    A logger's filter sees only what is logged by that logger itself. This one belongs on *handlers*, where `mask_logs`
    puts it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask what is in a record; every record passes."""
        record.args = _masked(record.args)
        if isinstance(record.msg, str):
            record.msg = redact(record.msg)
        self._mask_message(record)
        self._mask_traceback(record)
        for name in record.__dict__.keys() - _OF_EVERY_RECORD:
            record.__dict__[name] = _masked(record.__dict__[name])
        return True

    def _mask_message(self, record: logging.LogRecord) -> None:
        """Mask what only shows when the arguments are put in: a number of objects print themselves."""
        try:
            message = record.getMessage()
        except Exception:  # logging reports its caller's mistake itself, later
            return
        masked = redact(message)
        if masked != message:
            record.msg, record.args = masked, ()

    def _mask_traceback(self, record: logging.LogRecord) -> None:
        """Put a masked text in the place of an exception that tells a credential."""
        if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
            text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            masked = redact(text)
            if masked != text:
                record.exc_text, record.exc_info = record.exc_text or masked, None
        if record.exc_text:  # another handler's formatter may have written it before
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)


def _masked(value: Any) -> Any:
    """Return a value with the texts in it masked, and of its own type: formatters count on that.

    uvicorn's takes a tuple of five apart, and gunicorn's mapping answers for names that it does not have.
    """
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, tuple):
        return tuple(redact(each) if isinstance(each, str) else each for each in value)
    return _masked_mapping(value) if isinstance(value, MutableMapping) else value


def _masked_mapping(value: MutableMapping[Any, Any]) -> MutableMapping[Any, Any]:
    """Return a copy where something was masked: the mapping itself is the caller's."""
    with suppress(Exception):  # a class of somebody's that is not made for this: the message is masked all the same
        masked = {name: redact(each) for name, each in value.items() if isinstance(each, str)}
        if any(value[name] != each for name, each in masked.items()):
            value = copy.copy(value)
            value.update(masked)
    return value


def mask_logs() -> None:
    """Put a `RedactingFilter` on every log handler that there is; call it again when there are more."""
    loggers = (logging.getLogger(), *logging.Logger.manager.loggerDict.values())
    handlers = {handler for logger in loggers for handler in getattr(logger, "handlers", ())}
    for handler in handlers:
        if not any(isinstance(each, RedactingFilter) for each in handler.filters):
            handler.addFilter(RedactingFilter())
