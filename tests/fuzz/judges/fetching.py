"""What an issuer's server sends: an answer is a document or a failure, and never sends a fetch somewhere else."""

import math
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError

from authmux.errors import ConfigurationError, InvalidCredential, Unavailable
from authmux.testing.manual_clock import ManualClock
from authmux.verifying.discovery import discover_jwks_uri, metadata_urls
from authmux.verifying.fetch import Fetched, FetchFailed
from authmux.verifying.http_answer import check_status, check_type
from authmux.verifying.http_fetch import _parse_target
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.loopback import is_loopback
from authmux.verifying.refresh_plan import MAX_RETRY_AFTER, MAX_TTL
from authmux.verifying.remote_keys import RemoteKeys
from tests.fuzz.judges.outcome import Accepted, Refused, outcome
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW
from tests.verifying.hand_scheduler import HandScheduler
from tests.verifying.jwt_door import JWKS_URI
from tests.verifying.scripted_fetch import ScriptedFetch

_LOCAL_ISSUER = "http://127.0.0.1:8000"


def judge_metadata(data: bytes) -> None:
    """B-54, B-57: metadata leads to an address that TLS protects, or to loopback from loopback, or nowhere."""
    for issuer in (ISSUER, _LOCAL_ISSUER):
        fetch = ScriptedFetch(Fetched(200, {}, data.replace(ISSUER.encode(), issuer.encode())))
        found = outcome(lambda issuer=issuer, fetch=fetch: discover_jwks_uri(issuer, fetch), FetchFailed)  # type: ignore[misc]
        assert len(fetch.requests) == 1
        if isinstance(found, Accepted):
            assert "%" not in urlsplit(found.value).netloc
            _judge_target(found.value, may_be_plain=issuer == _LOCAL_ISSUER)


def judge_url(data: bytes) -> None:
    """B-54: the standard library, which checks a URL, and urllib3, which follows it, take it apart in one way."""
    url = data.decode("utf-8", "surrogateescape")
    _judge_target(url, may_be_plain=True)
    made = outcome(lambda: JWTVerifier(issuer=url, audience=AUDIENCE, fetch=ScriptedFetch()), ConfigurationError)
    if isinstance(made, Accepted):
        assert urlsplit(url).scheme in ("https", "http")
        assert 1 <= len(metadata_urls(url)) <= 3


def _judge_target(url: str, *, may_be_plain: bool) -> None:
    taken = outcome(lambda: _parse_target(url), FetchFailed, LocationParseError)
    if isinstance(taken, Refused):
        return
    target, parts = taken.value, urlsplit(url)
    if "%" in parts.netloc:  # urllib3 decodes it; metadata may not say it, and what is configured is believed
        assert may_be_plain
        return
    host = (target.host or "").strip("[]")
    assert target.scheme == parts.scheme
    assert host.lower() == parts.hostname
    assert target.port == (parts.port if parts.port is not None else {"http": 80, "https": 443}[parts.scheme])
    assert target.scheme == "https" or may_be_plain
    assert is_loopback(host) == is_loopback(parts.hostname)


def _headers(lines: list[bytes]) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def judge_answer_headers(data: bytes) -> None:
    """B-53, B-55: whatever the headers say, the answer counts, or it is a failure with a wait that is a number."""
    first, *lines = data.split(b"\n")
    status, headers = int.from_bytes(first[:2]) % 600, _headers(lines)
    checked = outcome(lambda: check_status(status, headers, now=NOW), FetchFailed)
    assert isinstance(checked, Refused) == (status != 200)
    if isinstance(checked, Refused):
        assert isinstance(checked.error, FetchFailed)
        wait = checked.error.retry_after
        assert wait is None or (wait >= 0 and not math.isnan(wait))
        assert wait is None or status in (429, 503)
    outcome(lambda: check_type(headers, asked="idp.example"), FetchFailed)


def judge_key_answer(data: bytes) -> None:
    """B-30…B-38: whatever comes as a key set, the keys are known or they are not, and the next fetch is not far."""
    lines, _, body = data.partition(b"\n\n")
    status, *rest = lines.split(b"\n")
    headers = _headers(rest)
    failed = outcome(lambda: check_status(int.from_bytes(status[:2]) % 600, headers, now=NOW), FetchFailed)
    answer = failed.error if isinstance(failed, Refused) else Fetched(200, headers, body)
    clock = ManualClock(NOW)
    hands = HandScheduler(clock)
    keys = RemoteKeys(ISSUER, jwks_uri=JWKS_URI, fetch=ScriptedFetch(answer), clock=clock, scheduler=hands)
    found = outcome(lambda: hands.run(keys.find("EdDSA", "EdDSA")), InvalidCredential, Unavailable)
    if isinstance(found, Accepted):
        assert found.value.kid == "EdDSA"
    if isinstance(found, Refused) and isinstance(found.error, Unavailable):
        assert keys.usable() is None
        assert 1 <= found.error.retry_after <= 30
    assert 0 < hands.next_due <= max(MAX_TTL, MAX_RETRY_AFTER)
