"""Read a compact JWS strictly: one spelling of a token, and a header that may only say what is understood.

Nothing is believed yet: the claims count once the signature over `signing_input` was verified.
"""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from authmux.credential import MAX_TEXT
from authmux.errors import Fault, InvalidCredential
from authmux.jose.strict_json import NotStrict, parse_object

MAX_HEADER: Final = 4_096  # bytes, decoded: x5c chains live there (B-04)
MAX_KID: Final = 256
HEADER_DEPTH: Final = 4
CERTIFICATES: Final = ("x5t", "x5t#S256")  # thumbprints that must agree where a key has them too (B-12)
CLAIMS_DEPTH: Final = 16

_REFUSED: Final = frozenset({"crit", "b64", "zip", "enc", "cty", "epk", "p2s", "p2c"})  # B-07
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})

_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
# The last character of a segment may only have bits that are used (B-05): one byte string, one spelling.
_LAST: Final = {0: None, 2: frozenset(b"AQgw"), 3: frozenset(b"AEIMQUYcgkosw048")}


@dataclass(frozen=True, slots=True)
class Header:
    """The parameters that are understood; the others were ignored, or refused (B-07)."""

    alg: str
    kid: str | None
    typ: str | None
    certificates: Mapping[str, object]


@dataclass(slots=True)  # not frozen: one is made for every new token, and a frozen one takes 0.6 µs longer
class CompactToken:
    """The parts of a JWS in compact form (RFC 7515 §3.1); nothing is verified yet."""

    header: Header
    claims: dict[str, Any] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def parse_compact(text: str) -> CompactToken:
    """Read a token of three segments.

    Raises:
        InvalidCredential: it breaks one of B-04…B-07; the reason says which.
    """
    if len(text) > MAX_TEXT:
        raise _malformed("token_too_long")
    if not text.isascii():
        raise _malformed("base64")
    segments = text.encode("ascii").split(b".")
    if len(segments) != 3:
        raise _malformed("jws_segments")
    header = parse_header(segments[0])
    claims = _parse_json(decode_segment(segments[1]), max_depth=CLAIMS_DEPTH)
    return CompactToken(header, claims, b".".join(segments[:2]), decode_segment(segments[2]))


@lru_cache(maxsize=256)  # the tokens of one key share one header; refusals are not kept
def parse_header(segment: bytes) -> Header:
    """Read a header; refuse what would change how the token is read (B-07, B-12).

    Raises:
        InvalidCredential: it says something that is refused, or says it in a way that could be read otherwise.
    """
    text = decode_segment(segment)
    if len(text) > MAX_HEADER:
        raise _malformed("header_too_long")
    header = _parse_json(text, max_depth=HEADER_DEPTH)
    if not _REFUSED.isdisjoint(header):
        raise _malformed("header_parameter")
    jwk = header.get("jwk")
    if jwk is not None and (type(jwk) is not dict or not PRIVATE_MEMBERS.isdisjoint(jwk)):
        raise _malformed("header_jwk")
    certificates = {name: header[name] for name in CERTIFICATES if header.get(name) is not None}
    return Header(_read_alg(header), _read_kid(header), _read_typ(header), certificates)


def decode_segment(segment: bytes) -> bytes:
    """Return the bytes of unpadded base64url, in its one canonical spelling (B-05).

    Raises:
        InvalidCredential: it is empty, has another character, a length that cannot be, or unused bits that are set.
    """
    rest = len(segment) % 4
    last = _LAST.get(rest, frozenset())
    if not segment or (last is not None and segment[-1] not in last):
        raise _malformed("base64")
    # "+", "/" and "=" are deleted on the way, so that a text with one of them comes out too short.
    plain = segment.translate(_URL_SAFE, b"+/=")
    if len(plain) != len(segment):
        raise _malformed("base64")
    try:
        return binascii.a2b_base64(plain + b"=="[: -rest % 4], strict_mode=True)
    except binascii.Error:
        raise _malformed("base64") from None


def _read_alg(header: dict[str, Any]) -> str:
    alg = header.get("alg")
    if type(alg) is not str:
        raise _malformed("alg")
    return alg


def _read_kid(header: dict[str, Any]) -> str | None:
    kid = header.get("kid")
    if "kid" in header and (type(kid) is not str or not 1 <= len(kid.encode()) <= MAX_KID or not kid.isprintable()):
        raise _malformed("kid")
    return kid


def _read_typ(header: dict[str, Any]) -> str | None:
    if "typ" not in header:
        return None
    typ = header["typ"]
    if type(typ) is not str:
        raise InvalidCredential(Fault.TYPE, "typ")
    return media_type(typ)


def _parse_json(text: bytes, *, max_depth: int) -> dict[str, Any]:
    try:
        return parse_object(text, max_depth=max_depth)
    except NotStrict as error:
        raise _malformed(str(error)) from None


def media_type(typ: str) -> str:
    """Return a `typ` as it is compared: without `application/`, ASCII letters in lower case (RFC 7515 §4.1.9)."""
    lowered = typ.lower() if typ.isascii() else typ
    return lowered.removeprefix("application/")


def _malformed(reason: str) -> InvalidCredential:
    return InvalidCredential(Fault.MALFORMED, reason)
