"""What a request brings, before anybody believes it."""

from typing import Final, NoReturn

MAX_TEXT: Final = 16_384  # bytes of any credential: an Entra token with 200 groups has 11 000 (B-04)


class PresentedCredential:
    """One credential of one request; its text is never printed, pickled or compared.

    Arguments:
        text: the token itself: the only secret here.
        location: where it stood: `authorization` or `header` (an opt-in header such as X-API-Key).
    """

    __slots__ = ("location", "text")

    def __init__(self, text: str, location: str = "authorization") -> None:
        self.text: Final = text
        self.location: Final = location

    def __repr__(self) -> str:
        return f"PresentedCredential(location={self.location!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a presented credential is a secret: it is not pickled or copied")
