"""What a server may change before the application sees it: rows of the truth table that only sockets can send.

A-130…A-137 of the attack list, and sizes. `in_process` is off: what the application is handed is not what is sent.
"""

from typing import Final

from tests.faces.rows import (
    CLIENT,
    KEY,
    MISSING,
    NOBODY,
    UNREADABLE,
    Outcome,
    Row,
    bad,
)
from tests.faces.site import Bank, Minted
from tests.faces.truth_table import GRANIAN, GUNICORN, HTTPTOOLS, LONE_CR, LONG_WHY, answered

SIZES: Final[Bank] = {
    "long16": Minted("x" * 16_384),
    "long64": Minted("x" * 65_536),
    "long200": Minted("x" * 200_000),
    "long2000": Minted("x" * 2_000_000),
}
"""Texts of these many bytes; 16 384 is the longest that authmux reads."""

_BEARER: Final = "Authorization: Bearer "
_ALL_STRICT: Final = answered(400, *HTTPTOOLS, *GRANIAN, *GUNICORN)
_FOLDED: Final = "A folded line (RFC 9112 §5.2) may be refused or unfolded; unfolded, it is read as one value"
_NO_LONE_LF: Final = answered(400, *HTTPTOOLS, *GUNICORN, "waitress")
_LONE_LF: Final = "A lone line feed may end a line (RFC 9112 §2.2), and what follows is another header"
_NO_LONE_CR: Final = answered(400, "h11", *HTTPTOOLS, "hypercorn", *GRANIAN, *GUNICORN, "waitress")
_UNDERSCORE: Final = (
    "Behind granian names with underscores are kept, and in a WSGI environ `X_API_Key` and `X-API-Key` are one name, "
    "of which the last counts"
)
_UNROUTED: Final[dict[str, Outcome]] = dict.fromkeys(("asgi-h11", "asgi-gunicorn-asgi"), NOBODY) | answered(
    404, "starlette-h11", "fastapi-h11", "hypercorn"
)
_ABSOLUTE: Final = (
    "The server hands the whole URL on as the path, which no router knows; the plain application here has no router"
)

NAMES: Final = (
    Row(id="name-in-capitals", sent=("AUTHORIZATION: Bearer {key.text}",), outcome=KEY, in_process=False),
    Row(id="name-in-small-letters", sent=("authorization: Bearer {key.text}",), outcome=KEY, in_process=False),
    Row(id="name-in-any-letters", sent=("aUTHoRiZATion: Bearer {key.text}",), outcome=KEY, in_process=False),
    Row(
        id="names-in-other-letters",
        sent=("authorization: Bearer {key.text}", "AUTHORIZATION: Bearer {pat.text}"),
        outcome=UNREADABLE,
        in_process=False,
    ),
    Row(
        id="blank-before-colon",
        sent=("Authorization : Bearer {key.text}",),
        outcome=MISSING,
        servers=_NO_LONE_CR,
        why="A blank before the colon is refused (RFC 9112 §5.1); for werkzeug it belongs to the name",
        in_process=False,
    ),
    *(
        Row(
            id=name,
            sent=sent,
            outcome=outcome,
            servers={"granian-wsgi": there},
            why=_UNDERSCORE,
            in_process=False,
        )
        for name, sent, outcome, there in (
            ("underscores", ("X_API_Key: {key.text}",), MISSING, KEY),
            ("underscore-and-hyphen", ("X-API_Key: {key.text}",), MISSING, KEY),
            ("underscores-last", ("X-API-Key: {key.text}", "X_API_Key: {client.text}"), KEY, CLIENT),
            ("underscores-beside-bearer", (_BEARER + "{key.text}", "X_API_Key: x"), KEY, UNREADABLE),
        )
    ),
    Row(
        id="underscores-first",
        sent=("X_API_Key: {client.text}", "X-API-Key: {key.text}"),
        outcome=KEY,
        in_process=False,
    ),
    Row(id="author-ization", sent=("Author_ization: Bearer {key.text}",), outcome=MISSING, in_process=False),
    Row(id="http-authorization", sent=("HTTP_AUTHORIZATION: Bearer {key.text}",), outcome=MISSING, in_process=False),
    Row(id="http-x-api-key", sent=("HTTP_X_API_KEY: {key.text}",), outcome=MISSING, in_process=False),
)

LINES: Final = (
    *(
        Row(id=name, sent=sent, outcome=outcome, servers=servers, why=why, in_process=False)
        for name, sent, outcome, servers, why in (
            ("folded-before", ("Authorization: Bearer\r\n {key.text}",), KEY, _ALL_STRICT, _FOLDED),
            ("folded-within", (_BEARER + "{key.text}\r\n {key.text}",), UNREADABLE, _ALL_STRICT, _FOLDED),
            ("folded-after", (_BEARER + "{key.text}\r\n ",), KEY, _ALL_STRICT, _FOLDED),
            ("bare-lf", (_BEARER + "{key.text}\nX: y",), KEY, _NO_LONE_LF, _LONE_LF),
            ("bare-lf-before", ("X: y\n" + _BEARER + "{key.text}",), KEY, _NO_LONE_LF, _LONE_LF),
            ("bare-cr-before", ("X: y\r" + _BEARER + "{key.text}",), KEY, _NO_LONE_CR, LONE_CR),
        )
    ),
    Row(id="trailing-blanks", sent=(_BEARER + "{key.text}   ",), outcome=KEY, in_process=False),
)

TARGETS: Final = (
    Row(
        id="query-beside-header",
        sent=(_BEARER + "{key.text}",),
        door="/any?access_token={client.text}",
        outcome=KEY,
        in_process=False,
    ),
    Row(
        id="absolute-form",
        sent=(_BEARER + "{key.text}",),
        door="http://testserver/any",
        outcome=KEY,
        servers=_UNROUTED | dict.fromkeys(("asgi-h11", "asgi-gunicorn-asgi"), KEY),
        why=_ABSOLUTE,
        in_process=False,
    ),
    Row(
        id="absolute-form-without",
        door="http://testserver/any",
        outcome=MISSING,
        servers=_UNROUTED,
        why=_ABSOLUTE,
        in_process=False,
    ),
)

_LIMITS: Final = {
    "long16": answered(431, *GUNICORN),
    "long64": answered(431, *GUNICORN, "hypercorn", "werkzeug"),
    "long200": answered(431, *GUNICORN, "hypercorn", "werkzeug") | answered(400, "h11"),
    "long2000": answered(431, *GUNICORN, "hypercorn", "werkzeug", *GRANIAN, "waitress") | answered(400, "h11"),
}

LONG: Final = tuple(
    Row(
        id=f"{place}-{size}",
        sent=(line % size,),
        outcome=bad("malformed"),
        servers=_LIMITS[size],
        why=LONG_WHY,
        in_process=False,
    )
    for place, line in (("bearer", _BEARER + "{%s.text}"), ("x-api-key", "X-API-Key: {%s.text}"))
    for size in SIZES
)

QUIRKS: Final = (*NAMES, *LINES, *TARGETS, *LONG)
