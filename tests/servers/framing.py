"""Whole connections, byte by byte: several requests on one, bodies that nobody has read, HTTP/1.0."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.faces.callers import SocketCaller
from tests.faces.site import Bank
from tests.faces.truth_table import GRANIAN, GUNICORN, HTTPTOOLS
from tests.servers.verdict import verdict_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What is sent over one connection, and the verdicts that come back, in order.

    Arguments:
        sent: with `{key.text}` as in the truth table; lines end as they stand.
        after_continue: the body, which is sent once the server asks for it.
        verdicts: behind every server that is not named in `servers`.
        servers: the verdicts behind a server that is different.
        why: why it is.
    """

    id: str
    sent: str
    verdicts: tuple[str, ...]
    after_continue: str | None = None
    servers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    why: str = ""

    def run(self, caller: SocketCaller, bank: Bank) -> tuple[str, ...]:
        """Send it, and return the verdicts."""
        request = self.sent.format_map(bank).encode("latin-1")
        if self.after_continue is None:
            return tuple(map(verdict_of, caller.exchange(request)))
        return (verdict_of(caller.ask_first(request, self.after_continue.encode("latin-1"))),)

    def expected(self, kind: str) -> tuple[str, ...]:
        """Return the verdicts behind a server."""
        return self.servers.get(kind, self.verdicts)


def _get(*lines: str, version: str = "1.1") -> str:
    return "\r\n".join((f"GET /any HTTP/{version}", "Host: testserver", *lines, "", ""))


def _post(*lines: str, body: str) -> str:
    return "\r\n".join(("POST /any HTTP/1.1", "Host: testserver", *lines, "", body))


def _chunked(*chunks: str, trailer: str = "") -> str:
    return "".join(f"{len(each):x}\r\n{each}\r\n" for each in chunks) + f"0\r\n{trailer}\r\n"


_KEY: Final = "Authorization: Bearer {key.text}"
_CLIENT: Final = "Authorization: Bearer {client.text}"
_BAD: Final = "Authorization: Bearer garbage"
_LAST: Final = "Connection: close"
_SMUGGLED: Final = "GET /any HTTP/1.1\r\nHost: testserver\r\nAuthorization: Bearer user\r\n\r\n"
_LENGTH: Final = f"Content-Length: {len(_SMUGGLED)}"
_CHUNKED: Final = "Transfer-Encoding: chunked"

_ONE_EACH: Final = ("gunicorn-sync", "werkzeug")
_CLOSES: Final = "The server hangs up after every answer"
_400: Final = ("400 server",)
_TRAILERS: Final = (
    "Behind httptools a trailer that comes with the head is among the headers, where nobody can tell them apart; "
    "gunicorn's asgi worker refuses trailers"
)

SINGLE: Final = (
    Exchange(id="http-1.0", sent=_get(_KEY, version="1.0"), verdicts=("200 anonymous",)),
    Exchange(id="http-1.0-without", sent=_get(version="1.0"), verdicts=("401 missing_credential",)),
    Exchange(id="no-blank-after-colon", sent=_get(_KEY.replace(": ", ":", 1), _LAST), verdicts=("200 anonymous",)),
    Exchange(
        id="credential-in-trailer",
        sent=_post(_CHUNKED, _LAST, body=_chunked("x", trailer=_KEY + "\r\n")),
        verdicts=("401 missing_credential",),
        servers=dict.fromkeys(HTTPTOOLS, ("200 anonymous",)) | {"gunicorn-asgi": _400},
        why=_TRAILERS,
    ),
    Exchange(
        id="credential-in-head-and-trailer",
        sent=_post(_CHUNKED, _LAST, _KEY, body=_chunked("x", trailer=_CLIENT + "\r\n")),
        verdicts=("200 anonymous",),
        servers=dict.fromkeys(HTTPTOOLS, ("400 invalid_request",)) | {"gunicorn-asgi": _400},
        why=_TRAILERS,
    ),
    Exchange(
        id="expect-refused",
        sent=_post("Expect: 100-continue", _BAD, _LENGTH, _LAST, body=""),
        after_continue=_SMUGGLED,
        verdicts=("401 invalid_token",),
    ),
    Exchange(
        id="expect-accepted",
        sent=_post("Expect: 100-continue", _KEY, _LENGTH, _LAST, body=""),
        after_continue=_SMUGGLED,
        verdicts=("200 anonymous",),
    ),
)
"""One request on a connection."""

SEVERAL: Final = tuple(
    Exchange(id=name, sent=sent, verdicts=verdicts, servers=dict.fromkeys(_ONE_EACH, verdicts[:1]), why=_CLOSES)
    for name, sent, verdicts in (
        ("refused-then-accepted", _get(_BAD) + _get(_KEY, _LAST), ("401 invalid_token", "200 anonymous")),
        ("accepted-then-without", _get(_KEY) + _get(_LAST), ("200 anonymous", "401 missing_credential")),
        (
            "callers-in-turn",
            _get(_KEY) + _get(_CLIENT) + _get(_KEY, _LAST),
            ("200 anonymous", "200 client", "200 anonymous"),
        ),
        (
            "body-unread",
            _post(_LENGTH, body=_SMUGGLED) + _get(_KEY, _LAST),
            ("401 missing_credential", "200 anonymous"),
        ),
        (
            "chunks-unread",
            _post(_CHUNKED, body=_chunked(_SMUGGLED)) + _get(_KEY, _LAST),
            ("401 missing_credential", "200 anonymous"),
        ),
    )
)
"""Several requests on a connection, sent at once; the bodies that nobody reads look like requests."""

_TWO_LENGTHS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys((*HTTPTOOLS, *GUNICORN), _400),
    **dict.fromkeys((*GRANIAN, "werkzeug"), ("401 missing_credential",)),
}
TWO_LENGTHS: Final = Exchange(
    id="length-and-chunks",
    sent=_post(_CHUNKED, _LENGTH, body=_chunked("x")) + _get(_KEY, _LAST),
    verdicts=("401 missing_credential", "200 anonymous"),
    servers=_TWO_LENGTHS,
    why="A request with both lengths may be refused, or answered and the connection closed (RFC 9112 §6.1)",
)

EXCHANGES: Final = (*SINGLE, *SEVERAL, TWO_LENGTHS)
