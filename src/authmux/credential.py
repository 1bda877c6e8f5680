"""What a request brings, before anybody believes it."""

from enum import StrEnum
from typing import Final, NoReturn

MAX_TEXT: Final = 16_384  # bytes of any credential: an Entra token with 200 groups has 11 000 (B-04)


class Location(StrEnum):
    """Where in a request a credential stood (K-80)."""

    AUTHORIZATION = "authorization"
    BASIC = "basic"
    """In `Authorization` too, as a user's name or password."""
    HEADER = "header"
    """A header of its own, such as X-API-Key."""
    SUBPROTOCOL = "subprotocol"
    """`Sec-WebSocket-Protocol`, the one header that a browser's script can set on a WebSocket."""


class PresentedCredential:
    """One credential of one request; its text is never printed, pickled or compared.

    Arguments:
        text: the token itself: the only secret here.
        location: where it stood.
    """

    __slots__ = ("location", "text")

    def __init__(self, text: str, location: Location = Location.AUTHORIZATION) -> None:
        self.text: Final = text
        self.location: Final = location

    def __repr__(self) -> str:
        return f"PresentedCredential(location={self.location.value!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a presented credential is a secret: it is not pickled or copied")
