"""The id of a credential as people give it: bare, or with the mark that a log or a config shows before it; pure."""

import re
from typing import Final

from authmux.token_format import ID_LENGTH, Kind

_ID: Final = rf"[0-9a-hjkmnp-tv-z]{{{ID_LENGTH}}}"
_KINDS: Final = "|".join(Kind)
_REFERENCE: Final = re.compile(
    rf"(?:[a-z][a-z0-9]{{1,11}}_(?:{_KINDS})_(?:[a-z]{{2,8}}_)?|(?:{_KINDS}):)?([0-9a-z]{{{ID_LENGTH}}})",
    re.IGNORECASE | re.ASCII,
)
_TOKEN: Final = re.compile(rf"(?:^|[_:\s])({_ID})_[0-9A-Za-z]{{16}}")  # a mistyped one and a cut one, too
_LONGEST: Final = 512  # characters that are looked at
_CROCKFORD: Final = str.maketrans("oil", "011")


class WholeToken(ValueError):
    """A text that holds a secret, where only an id was wanted; `credential_id` may be shown, nothing else of it."""

    def __init__(self, credential_id: str) -> None:
        super().__init__(f"holds a secret: give the id alone, {credential_id}")
        self.credential_id = credential_id


def parse_reference(text: str) -> str:
    """Return the id, as the store writes it (K-04); no part of the text stands in an error.

    Arguments:
        text: `5g2v9k0m3x7q1b8n`, `key:5g2v9k0m3x7q1b8n` or `acme_key_5g2v9k0m3x7q1b8n`, in any case; `o` is read as
            0, and `i` and `l` as 1, as in Crockford's base 32.

    Raises:
        WholeToken: it is a token.
        ValueError: it is anything else.
    """
    written = text.strip()[:_LONGEST]
    token = _TOKEN.search(written)
    if token is not None:
        raise WholeToken(token[1])
    match = _REFERENCE.fullmatch(written)
    credential_id = match[1].lower().translate(_CROCKFORD) if match else ""
    if not re.fullmatch(_ID, credential_id):
        raise ValueError(f"is no id: an id is the {ID_LENGTH} characters before the last '_', such as 5g2v9k0m3x7q1b8n")
    return credential_id
