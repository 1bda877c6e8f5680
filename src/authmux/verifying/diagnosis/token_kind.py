"""What a text is that is taken for a token, by its shape alone."""

import re
from enum import Enum
from typing import Final

_OURS: Final = re.compile(r"[a-z][a-z0-9]{1,11}_(?:key|pat|sec)_")


class TokenKind(Enum):
    """The kinds; each says what it is, and what to do where it is no JWT. No part of the text is repeated."""

    JWT = ("a JWT", "")
    EMPTY = ("nothing at all", "hand in one token on standard input")
    WORDS = ("more than one word", "hand in one token, and nothing else; a line's end within it is a word's end, too")
    OURS = (
        "an API key, a personal access token or a client secret of authmux",
        "it says nothing by itself: look in the store, with `authmux keys show` or `authmux pats show` and its id",
    )
    ENCRYPTED = (
        "an encrypted JWT (JWE, of five parts), which only the holder of its private key can read",
        "have the issuer sign access tokens for this API, and not encrypt them",
    )
    OPAQUE = (
        "an opaque token: it has not the three parts of a JWT",
        "a client that asks with an audience or resource often gets a JWT; else ask with IntrospectionVerifier",
    )

    @property
    def says(self) -> str:
        """Return what it is."""
        return self.value[0]

    @property
    def advice(self) -> str:
        """Return what to do."""
        return self.value[1]


def kind_of(text: str) -> TokenKind:
    """Return what a text is, which has no blanks around it."""
    if not text:
        return TokenKind.EMPTY
    if len(text.split()) > 1:
        return TokenKind.WORDS
    if _OURS.match(text):
        return TokenKind.OURS
    dots = text.count(".")
    return TokenKind.JWT if dots == 2 else TokenKind.ENCRYPTED if dots == 4 else TokenKind.OPAQUE
