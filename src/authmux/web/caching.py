"""Keep shared caches from giving one caller's answer to another; RFC 9111 §3.5 protects `Authorization` only (K-82)."""

from typing import TypeAlias

Headers: TypeAlias = list[tuple[bytes, bytes]]

_PRIVATE = (b"private", b"no-store")


def kept_apart(headers: Headers, *, header: bytes, is_private: bool) -> Headers:
    """Return a response's headers with `Vary`, and `Cache-Control: private` where a caller was known by the header.

    Arguments:
        headers: of the response; a directive of the application's own stays beside ours.
        header: the one that credentials may stand in, in lower case.
        is_private: whether the request brought one in it.
    """
    vary = b",".join(value for name, value in headers if name.lower() == b"vary").lower()
    if header not in (each.strip() for each in vary.split(b",")) and vary.strip() != b"*":
        headers = [*headers, (b"vary", header)]
    if not is_private:
        return headers
    cache = b",".join(value for name, value in headers if name.lower() == b"cache-control").lower()
    if any(directive.strip() in _PRIVATE for directive in cache.split(b",")):
        return headers
    return [*headers, (b"cache-control", b"private")]
