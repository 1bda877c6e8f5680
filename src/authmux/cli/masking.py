"""What is said to people, without what they must not read: secrets of tokens, passwords of databases, control codes."""

import re
from typing import Final
from urllib.parse import unquote, unquote_plus

from authmux.redaction import MASK, redact
from authmux.token_format import ID_LENGTH

# More than redact() knows, since people also paste a token without its mark, or a piece of one.
_PIECE: Final = re.compile(rf"(?i:(?<=[0-9a-hjkmnp-tv-z]{{{ID_LENGTH}}}_))[0-9A-Za-z]{{4,}}|[0-9A-Za-z]{{40,}}")
_USER_AND_PASSWORD: Final = re.compile(r"://[^:/@]*:(.*)@", re.DOTALL)  # up to the last @: it may be written unquoted
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

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        for password in self._passwords:
            text = text.replace(password, MASK) if password else text
        return redact(_PIECE.sub(MASK, text))


def visible(text: str) -> str:
    """Return a text that moves no cursor and changes no colour: what a terminal would obey is written out."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
