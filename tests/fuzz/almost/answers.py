"""HTTP answers that are almost right."""

from hypothesis import strategies as st

from tests.fuzz.almost.keys import key_sets
from tests.fuzz.almost.mutation import joined, mostly, mutated, texts

_statuses = st.sampled_from([200, 200, 304, 301, 400, 404, 429, 429, 500, 503, 503, 0, 99]).map(
    lambda status: status.to_bytes(2)
)
_seconds = texts(
    "0", "1", "300", "-1", "1.5", "1e9", "9" * 400, "\xb2", "\u0663", "inf", "nan", " 5", "5 ", "", "0x1", "1_0",
    "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    "Wed, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359", "Sun, 06 Nov 1994 08:49:37 +99999", "Sun,",
    "Sun, 99 Nov 1994 08:49:37 GMT", "6 Nov 99999999999999 08:49:37", "1 Jan 1 1:1:1 1", ", : :", "Nov Nov Nov Nov Nov",
)  # fmt: skip
_directives = mutated(
    st.lists(
        texts("max-age=15", 'max-age="600"', "max-age=-1", "max-age=99999999999", "no-store", "no-cache", "private")
        | texts("MAX-AGE=1", "max-age=", "s-maxage=9", "max-age=1;", "max-age = 9", "x-max-age=5", "max-age=\u0663"),
        max_size=3,
    ).map(b", ".join)
)  # fmt: skip
_lines = mutated(
    joined(b": ", st.just(b"Retry-After"), mutated(_seconds))
    | joined(b": ", st.just(b"Cache-Control"), _directives)
    | joined(b": ", texts("Age", "ETag", "Expires", "Location", "Content-Length"), mutated(_seconds))
    | texts(
        "Content-Type: text/html",
        "Content-Type: application/jwk-set+json; charset=x",
        "Content-Type: ;;",
        "Content-Type",
    )
    | texts("Content-Encoding: gzip", "Content-Encoding: Identity", "Content-Encoding: ", ": x", "")
)
_heads = st.builds(lambda *lines: b"\n".join(lines), _statuses, st.lists(_lines, max_size=3).map(b"\n".join))
heads = mutated(_heads)
"""A status in two bytes, and header lines."""

key_answers = mostly(joined(b"\n\n", _heads, key_sets), mutated(_heads))

_status_lines = mutated(
    texts("HTTP/1.1 200 OK", "HTTP/1.0 200", "HTTP/1.1 304 x", "HTTP/1.1 429 x", "HTTP/1.1 301 x", "HTTP/1.1 100 x")
)
_framing = texts(
    "Content-Length: 2", "Content-Length: -1", "Content-Length: 2, 2", "Content-Length: 99999999999999999999",
    "Transfer-Encoding: chunked", "Transfer-Encoding: x", "Connection: close", "Content-Encoding: br", " folded: x",
)  # fmt: skip
_bodies = mutated(
    texts(
        "{}",
        "2\r\n{}\r\n0\r\n\r\n",
        "2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n",
        "FFFFFFFFFFFFFFFF\r\n",
        "-2\r\n{}\r\n",
        "x" * 2049,
        "",
    )
)


def _answer(status: bytes, lines: list[bytes], body: bytes) -> bytes:
    return b"\r\n".join([status, *lines]) + b"\r\n\r\n" + body


raw = mutated(st.builds(_answer, _status_lines, st.lists(_lines | mutated(_framing), max_size=4), _bodies))
"""Answers as they go over the wire."""
