"""What is said to people, without what they must not read: secrets of tokens, passwords of databases, control codes."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from authmux.redaction import MASK, redact
from authmux.token_format import ID_LENGTH

# More than redact() knows, since people also paste a token without its mark, or a piece of one.
_PIECE: Final = re.compile(rf"(?i:(?<=[0-9a-hjkmnp-tv-z]{{{ID_LENGTH}}}_))[0-9A-Za-z]{{4,}}|[0-9A-Za-z]{{40,}}")
_USER_AND_PASSWORD: Final = re.compile(r"://[^:/@]*:(.*)@", re.DOTALL)  # up to the last @: it may be written unquoted
_LEAST: Final = 12  # characters of a token's part
_PASSWORD_PARAMETER: Final = re.compile(r"[?&][^=&]*(?:password|passwd|pwd|secret|token)[^=&]*=([^&#]*)", re.IGNORECASE)


class Mask:
    """Takes secrets out of texts: those that look like one by themselves, and those that it was told of."""

    def __init__(self) -> None:
        self._passwords: list[str] = []

    def learn_passwords(self, url: str) -> None:
        """Note the passwords in a database's URL, however badly it is written."""
        for written in _USER_AND_PASSWORD.findall(url) + _PASSWORD_PARAMETER.findall(url):
            self._passwords += {written, unquote(written), unquote_plus(written)}
            # An unquoted password is cut in two by whoever parses the URL, and half of it is still half of it.
            self._passwords += [part for part in re.split("[@:/?#]", written) if len(part) > 3]
        self._passwords.sort(key=len, reverse=True)

    def learn_token(self, text: str) -> None:
        """Note a JWT and the parts of it, the signature among them; shorter ones are words that stand everywhere."""
        self._passwords += [part for part in (text, *text.split(".")) if len(part) >= _LEAST]
        self._passwords.sort(key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        return _PIECE.sub(MASK, redact(self.without_known(text)))  # in this order: a JWT is known as a whole

    def without_known(self, text: str) -> str:
        """Return the text without the secrets that it was told of, for a product in which ids may be long."""
        for password in self._passwords:
            text = text.replace(password, MASK) if password else text
        return text


def visible(text: str) -> str:
    """Return a text that moves no cursor and changes no colour: what a terminal would obey is written out."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def shown(text: str) -> str:
    """Return what somebody else wrote as it may be shown: without credentials, and nothing that a terminal obeys."""
    return redact(visible(text))


def masked(value: Any) -> Any:
    """Return a JSON value with the credentials in its texts masked."""
    if isinstance(value, Mapping):
        return {redact(name): masked(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [masked(member) for member in value]
    return redact(value) if isinstance(value, str) else value
