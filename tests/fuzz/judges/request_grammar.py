"""Where a credential stands in a request, read character by character from the grammar (RFC 6750 §2.1, RFC 9110 §11).

It knows no regular expression, and is slow: what it says of a value, `web/headers.py` must say as well.
"""

from authmux.credential import MAX_TEXT

TCHAR = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
TOKEN68 = frozenset(b"-._~+/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
SCHEMES = (b"bearer", b"apikey", b"api-key", b"token")
LIMIT = MAX_TEXT + 64

NOTHING, UNREADABLE, TOO_LONG = "nothing", "unreadable", "too long"


def read_authorization(value: bytes) -> bytes | str:
    """Return the token in an `Authorization` value, or why there is none."""
    value = _without_blanks(value)
    scheme, rest = _split_scheme(value)
    if scheme.lower() in SCHEMES:
        token = rest.lstrip(b" ")
        if len(value) > LIMIT:
            return TOO_LONG
        return token if token != rest and is_token68(token) else UNREADABLE
    if value and not scheme:
        return UNREADABLE
    return UNREADABLE if any(map(_begins_with_ours, value.split(b",")[1:])) else NOTHING


def read_bare(value: bytes) -> bytes | str:
    """Return the token in a header that holds nothing else, or why there is none."""
    value = _without_blanks(value)
    if not value:
        return NOTHING
    if len(value) > LIMIT:
        return TOO_LONG
    return value if is_token68(value) else UNREADABLE


def read_basic(value: bytes, marks: tuple[bytes, ...]) -> bytes | str:
    """Return the half of a Basic credential that is ours, as its mark shows, or why there is none (K-80)."""
    if len(value) > 4 * 1024:
        return NOTHING
    parts = value.split(b",")
    ours = [half for part in parts for half in _halves(part) if any(half[: len(mark)] == mark for mark in marks)]
    if not ours:
        return NOTHING
    return ours[0] if len(ours) == len(parts) == 1 else UNREADABLE


def _halves(part: bytes) -> list[bytes]:
    scheme, rest = _split_scheme(_without_blanks(part))
    encoded = rest.lstrip(b" ")
    if scheme.lower() != b"basic" or encoded == rest or not 0 < len(encoded) <= 1024:
        return []
    decoded = _decode_base64(encoded)
    return [] if decoded is None else decoded.split(b":", 1)


def read_offers(value: bytes) -> bytes | str:
    """Return the token among the subprotocols that a WebSocket offers, or why there is none."""
    offers = [_without_blanks(offer) for offer in value.split(b",")]
    found: bytes | str = NOTHING
    for offer in offers:
        if offer[:7] != b"bearer.":
            continue
        token = read_bare(offer[7:])
        if token == TOO_LONG:
            return TOO_LONG
        if token in (NOTHING, UNREADABLE) or found != NOTHING:
            return UNREADABLE
        found = token
    return found


def _decode_base64(text: bytes) -> bytes | None:
    """Return the bytes of padded base64, or None."""
    digits = text.rstrip(b"=")
    padding = len(text) - len(digits)
    if len(text) % 4 or padding > 2 or any(digit not in _BASE64 for digit in digits):
        return None
    bits = "".join(f"{_BASE64.index(digit):06b}" for digit in digits)
    return bytes(int(bits[begin : begin + 8], 2) for begin in range(0, len(bits) - 7, 8))


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def is_token68(text: bytes) -> bool:
    """Return whether a text is a token68."""
    body = text.rstrip(b"=")
    return bool(body) and all(byte in TOKEN68 for byte in body)


def _without_blanks(value: bytes) -> bytes:
    begin, end = 0, len(value)
    while begin < end and value[begin] in b" \t":
        begin += 1
    while begin < end and value[end - 1] in b" \t":
        end -= 1
    return value[begin:end]


def _split_scheme(value: bytes) -> tuple[bytes, bytes]:
    length = 0
    while length < len(value) and value[length] in TCHAR:
        length += 1
    return value[:length], value[length:]


def _begins_with_ours(part: bytes) -> bool:
    """Return whether a part behind a comma is a second credential: our scheme, and a blank or nothing behind it."""
    part = part.lstrip(b" \t")
    return any(part.lower() == each or part.lower()[: len(each) + 1] in (each + b" ", each + b"\t") for each in SCHEMES)
