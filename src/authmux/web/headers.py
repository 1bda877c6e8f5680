"""Find the credential in a request's headers: none, exactly one, or a refusal (RFC 6750 §2.1, B-02, K-80).

Every face hands in the same thing: what the server delivered under a header's name, several values joined by commas,
as WSGI servers join them. So two headers, and one header with a comma, are the same thing everywhere.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from authmux.credential import MAX_TEXT, Location, PresentedCredential
from authmux.errors import ConfigurationError, Fault, InvalidCredential, MalformedCredential
from authmux.web.basic import read_basic

_OURS: Final = rb"(?:[Bb][Ee][Aa][Rr][Ee][Rr]|[Aa][Pp][Ii]-?[Kk][Ee][Yy]|[Tt][Oo][Kk][Ee][Nn])"
_TCHAR: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_TOKEN68: Final = rb"([A-Za-z0-9._~+/-]+=*)"

_CREDENTIAL: Final = re.compile(_OURS + rb" +" + _TOKEN68)
_BARE: Final = re.compile(_TOKEN68)
_OUR_SCHEME: Final = re.compile(_OURS + rb"(?!" + _TCHAR + rb")")
_SCHEME: Final = re.compile(_TCHAR)
_OURS_AFTER_COMMA: Final = re.compile(rb",[ \t]*" + _OURS + rb"(?:[ \t,]|\Z)")
_HEADER_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_OWS: Final = b" \t"
_OFFER: Final = b"bearer."
_MAX_VALUE: Final = MAX_TEXT + 64  # bytes: the longest token, a scheme and the blanks between


@dataclass(frozen=True, slots=True, kw_only=True)
class Locations:
    """Where a credential may stand, besides `Authorization` with a scheme of ours.

    Arguments:
        api_key_header: a header of its own, such as "X-API-Key"; off by default (K-80).
        basic: tells which text is a key or a personal access token, that may stand in `Authorization: Basic`; None
            where that is off.

    Raises:
        ConfigurationError: that is not a header that could be used.
    """

    api_key_header: str | None = None
    basic: Callable[[str], bool] | None = None

    def __post_init__(self) -> None:
        header = self.api_key_header
        if header is not None and (not _HEADER_NAME.fullmatch(header) or header.lower() == "authorization"):
            raise ConfigurationError(f"api_key_header {header!r}: write the name of a header, such as 'X-API-Key'")

    def find(
        self, authorization: bytes | None, api_key: bytes | None = None, offered: bytes | None = None
    ) -> PresentedCredential | None:
        """Return the one credential that was sent, or None where none of ours was.

        Arguments:
            authorization: the value of `Authorization`, or None.
            api_key: the value of the header of `api_key_header`, or None.
            offered: what a WebSocket offers as its subprotocols, where a credential may be among them.

        Raises:
            MalformedCredential: it cannot be read, or there are two.
            InvalidCredential: it is longer than any token may be.
        """
        found = None if authorization is None else self._read_authorization(authorization)
        if api_key is not None and self.api_key_header is not None:
            found = _the_one(found, read_bare(api_key))
        if offered is not None:
            found = _the_one(found, read_offered(offered))
        return found

    def known(self) -> frozenset[Location]:
        """Return where a credential may stand."""
        switched = {Location.BASIC: self.basic is not None, Location.HEADER: self.api_key_header is not None}
        return frozenset(each for each in Location if switched.get(each, True))

    def _read_authorization(self, value: bytes) -> PresentedCredential | None:
        found = read_authorization(value)
        return read_basic(value, self.basic) if found is None and self.basic is not None else found


def read_authorization(value: bytes) -> PresentedCredential | None:
    """Return the credential in an `Authorization` value; None where it is empty or of a scheme that is not ours."""
    value = value.strip(_OWS)
    if len(value) <= _MAX_VALUE:
        match = _CREDENTIAL.fullmatch(value)
        if match is not None:
            return PresentedCredential(match[1].decode("ascii"))
    _refuse_if_ours(value)
    return None


def read_bare(value: bytes, location: Location = Location.HEADER) -> PresentedCredential | None:
    """Return the credential in a value that holds nothing else; None where it is empty."""
    value = value.strip(_OWS)
    if not value:
        return None
    _limit(value)
    if not _BARE.fullmatch(value):
        raise MalformedCredential("header_grammar")
    return PresentedCredential(value.decode("ascii"), location)


def read_offered(value: bytes) -> PresentedCredential | None:
    """Return the credential among the subprotocols that a WebSocket offers, `bearer.<token>`; None without one."""
    found = None
    for offer in value.split(b","):
        if is_credential_offer(offer):
            bare = read_bare(offer.strip(_OWS)[len(_OFFER) :], Location.SUBPROTOCOL)
            if bare is None:
                raise MalformedCredential("header_grammar")
            found = _the_one(found, bare)
    return found


def is_credential_offer(offer: bytes) -> bool:
    """Return whether a subprotocol is none, but a credential."""
    return offer.strip(_OWS).startswith(_OFFER)


def _the_one(first: PresentedCredential | None, second: PresentedCredential | None) -> PresentedCredential | None:
    if first is not None and second is not None:
        raise MalformedCredential("two_credentials")
    return first or second


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
