"""What an HTTP answer must be to count as a document: its status, its type, its size."""

import logging
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from urllib3.response import HTTPResponse

from authmux.verifying.fetch import FetchFailed

_log = logging.getLogger("authmux.fetch")

_PIECE = 16 * 1024  # bytes


def check_status(status: int, headers: Mapping[str, str], *, now: float) -> None:
    """Refuse everything but 200, redirects under their own name (B-53, B-55)."""
    if 300 <= status < 400 and status != 304:
        raise FetchFailed("redirect", status=status)
    if status != 200:
        wait = _parse_retry_after(headers.get("retry-after", ""), now=now) if status in (429, 503) else None
        raise FetchFailed(f"status_{status}", status=status, retry_after=wait)


def _parse_retry_after(text: str, *, now: float) -> float | None:
    """Read seconds or an HTTP-date, never below 0; None is neither (RFC 9110 §10.2.3)."""
    try:
        # An HTTP-date is in GMT, even where its obsolete asctime form does not say so (RFC 9110 §5.6.7).
        seconds = float(text) if text.isdigit() else parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return max(seconds, 0.0)


def check_type(headers: Mapping[str, str], *, asked: str) -> None:
    """Refuse a compressed body (B-52) and HTML, as of a captive portal; warn of what is not JSON or text (B-55)."""
    if headers.get("content-encoding", "").lower() not in ("", "identity"):
        raise FetchFailed("encoding", status=200)
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "text/html":
        raise FetchFailed("html", status=200)
    if media_type not in ("application/json", "text/plain") and not media_type.endswith(("+json", "+jwt")):
        _log.warning("%s answered with media type %r instead of JSON", asked, media_type)


def read_body(response: HTTPResponse, *, limit: int) -> bytes:
    """Read piece by piece, at most one byte past the limit (B-52)."""
    body = bytearray()
    while piece := response.read1(min(_PIECE, limit + 1 - len(body)), decode_content=False):
        body += piece
        if len(body) > limit:
            raise FetchFailed("too_large", status=200)
    return bytes(body)
