"""Masks credentials in text that is going to be written down: log records, and the query strings in them (K-82)."""

import logging
import re
import traceback
from collections.abc import Mapping
from typing import Any, Final

MASK: Final = "***"

_JOINT: Final = "(?:_|%5[Ff])"  # a log may show a query string as it came
_OPAQUE: Final = re.compile(
    f"([a-z][a-z0-9]{{1,11}}{_JOINT}(?:key|pat|sec){_JOINT}(?:[a-z]{{2,8}}{_JOINT})?"
    f"[0-9a-hjkmnp-tv-z]{{16}}{_JOINT})[0-9A-Za-z]{{8,}}"
)
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*")


def redact(text: str) -> str:
    """Return a text with every key, personal access token, client secret and JWT in it masked.

    Of a token of ours the public id stays, as in `acme_key_5g2v9k0m3x7q1b8n_***`; so does a piece of less than eight
    characters of its secret, from which nobody guesses the rest. A JWT goes whole.
    """
    return _JWT.sub(MASK, redact_tokens(text))


def redact_tokens(text: str) -> str:
    """Return a text with tokens of our own shape masked, and JWTs left: an application may have some of its own."""
    return _OPAQUE.sub(rf"\1{MASK}", text)


class RedactingFilter(logging.Filter):
    """A filter that masks credentials in log records: their message, their arguments, their traceback.

    A logger's filter sees only what is logged by that logger itself. Add this one to the *handlers*:

        for handler in logging.getLogger().handlers:
            handler.addFilter(RedactingFilter())
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask what is in a record; every record passes."""
        record.args = _masked(record.args)
        if isinstance(record.msg, str):
            record.msg = redact(record.msg)
        self._mask_message(record)
        self._mask_traceback(record)
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
        if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
            text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            if redact(text) != text:
                record.exc_text, record.exc_info = redact(text), None
        elif record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)


def _masked(args: Any) -> Any:
    """Return the arguments of a record, the texts among them masked; uvicorn's formatter wants them as they were."""
    if isinstance(args, tuple):
        return tuple(redact(each) if isinstance(each, str) else each for each in args)
    if isinstance(args, Mapping):
        return {name: redact(each) if isinstance(each, str) else each for name, each in args.items()}
    return args
