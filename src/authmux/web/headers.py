"""Find the credential in a request's headers: none, exactly one, or a refusal (RFC 6750 §2.1, B-02, K-80).

Every face hands in the same thing: what the server delivered under a header's name, several values joined by commas,
as WSGI servers join them. So two headers, and one header with a comma, are the same thing everywhere.
"""

import re
from dataclasses import dataclass
from typing import Final

from authmux.credential import MAX_TEXT, PresentedCredential
from authmux.errors import ConfigurationError, Fault, InvalidCredential, MalformedCredential

_OURS: Final = rb"(?:[Bb][Ee][Aa][Rr][Ee][Rr]|[Aa][Pp][Ii]-?[Kk][Ee][Yy]|[Tt][Oo][Kk][Ee][Nn])"
_TCHAR: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_TOKEN68: Final = rb"([A-Za-z0-9._~+/-]+=*)"

_CREDENTIAL: Final = re.compile(_OURS + rb" +" + _TOKEN68)
_BARE: Final = re.compile(_TOKEN68)
_OUR_SCHEME: Final = re.compile(_OURS + rb"(?!" + _TCHAR + rb")")
_SCHEME: Final = re.compile(_TCHAR)
_OURS_AFTER_COMMA: Final = re.compile(rb",[ \t]*" + _OURS + rb"(?:[ \t]|$)")
_HEADER_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_OWS: Final = b" \t"
_MAX_VALUE: Final = MAX_TEXT + 64  # bytes: the longest token, a scheme and the blanks between


@dataclass(frozen=True, slots=True, kw_only=True)
class Locations:
    """Where a credential may stand.

    Arguments:
        api_key_header: a header of its own beside `Authorization`, such as "X-API-Key"; off by default (K-80).

    Raises:
        ConfigurationError: that is not a header that could be used.
    """

    api_key_header: str | None = None

    def __post_init__(self) -> None:
        header = self.api_key_header
        if header is not None and (not _HEADER_NAME.fullmatch(header) or header.lower() == "authorization"):
            raise ConfigurationError(f"api_key_header {header!r}: write the name of a header, such as 'X-API-Key'")

    def find(self, authorization: bytes | None, api_key: bytes | None) -> PresentedCredential | None:
        """Return the one credential that was sent, or None where none of ours was.

        Arguments:
            authorization: the value of `Authorization`, or None.
            api_key: the value of the header of `api_key_header`, or None.

        Raises:
            MalformedCredential: it cannot be read, or there are two.
            InvalidCredential: it is longer than any token may be.
        """
        found = None if authorization is None else read_authorization(authorization)
        if api_key is None or self.api_key_header is None:
            return found
        bare = read_bare(api_key)
        if found is not None and bare is not None:
            raise MalformedCredential("two_credentials")
        return found or bare


def read_authorization(value: bytes) -> PresentedCredential | None:
    """Return the credential in an `Authorization` value; None where it is empty or of a scheme that is not ours."""
    value = value.strip(_OWS)
    if len(value) <= _MAX_VALUE:
        match = _CREDENTIAL.fullmatch(value)
        if match is not None:
            return PresentedCredential(match[1].decode("ascii"))
    _refuse_if_ours(value)
    return None


def read_bare(value: bytes) -> PresentedCredential | None:
    """Return the credential in a header that holds nothing else; None where it is empty."""
    value = value.strip(_OWS)
    if not value:
        return None
    _limit(value)
    if not _BARE.fullmatch(value):
        raise MalformedCredential("header_grammar")
    return PresentedCredential(value.decode("ascii"), "header")


def _refuse_if_ours(value: bytes) -> None:
    """Refuse what was meant for us and cannot be read; what is empty or foreign is none of ours.

    The order is B-02's: the scheme, whose text is never logged, for it may be somebody's secret; the size; the
    grammar `scheme 1*SP token68`.
    """
    if _OUR_SCHEME.match(value):
        _limit(value)
        raise MalformedCredential("header_grammar")
    if value and not _SCHEME.match(value):
        raise MalformedCredential("header_grammar")
    if _OURS_AFTER_COMMA.search(value):
        raise MalformedCredential("two_credentials")


def _limit(value: bytes) -> None:
    if len(value) > _MAX_VALUE:  # before anything reads it: uvicorn with httptools delivers 2 MB
        raise InvalidCredential(Fault.MALFORMED, "token_too_long")
