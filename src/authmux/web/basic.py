"""A key or a personal access token in `Authorization: Basic`, for clients that can send nothing else (K-80)."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

from authmux.credential import Location, PresentedCredential
from authmux.errors import MalformedCredential

_MAX: Final = 1024  # bytes of base64
_BASIC: Final = re.compile(rb"[Bb][Aa][Ss][Ii][Cc] +([A-Za-z0-9+/]+={0,2})")


def read_basic(value: bytes, is_ours: Callable[[str], bool]) -> PresentedCredential | None:
    """Return the half of a user and a password that is a credential of ours; None where neither is.

    Stripe's clients send a key as the user, without a password; GitHub's, Azure DevOps' and Atlassian's a token as the
    password of some user. A foreign user and password are for another layer of the application.

    Arguments:
        value: of `Authorization`.
        is_ours: tells a key or a token of ours by its beginning.

    Raises:
        MalformedCredential: both halves are, or there is another `Authorization` beside.
    """
    if len(value) > 4 * _MAX:
        return None
    ours = [half for each in value.split(b",") for half in _halves(each) if is_ours(half)]
    if len(ours) > 1 or (ours and b"," in value):  # two headers, as servers join them
        raise MalformedCredential("two_credentials")
    return PresentedCredential(ours[0], Location.BASIC) if ours else None


def _halves(value: bytes) -> tuple[str, ...]:
    """Return a user and a password; nothing where there is none, or it is too long to hold one of ours."""
    match = _BASIC.fullmatch(value.strip(b" \t"))
    if match is None or len(match[1]) > _MAX or len(match[1]) % 4:  # Python 3.11 would not mind
        return ()
    try:
        user, _, password = base64.b64decode(match[1], validate=True).partition(b":")
    except binascii.Error:
        return ()
    return user.decode("latin-1"), password.decode("latin-1")  # a user's name may be in any character set
