"""HTTPFetch against a server that misbehaves: what comes of each fault, in what time and in how much memory."""

import gc
import logging
import os
import socket
import ssl
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authmux.errors import ConfigurationError
from authmux.verifying.fetch import Fetched, FetchFailed
from authmux.verifying.http_fetch import HTTPFetch
from tests.fault_server import (
    Behaviour,
    FaultServer,
    drip,
    drip_body,
    drip_headers,
    early_close,
    endless,
    endless_chunked,
    garbage,
    gzip_bomb,
    head,
    held,
    html,
    huge_body,
    ok,
    raw,
    redirect,
    reset,
    slow,
    status,
    wrong_length,
)

pytestmark = pytest.mark.filterwarnings("error")

KEYS = {"keys": [{"kty": "EC", "kid": "a"}]}
LOOPBACK = ("127.0.0.1", "localhost")
LIMIT = 256 * 1024
MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}
CHUNKED = head(200, {**JSON, "Transfer-Encoding": "chunked"})
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class StoppedClock:
    """Noon, for ever."""

    def time(self) -> float:
        return NOON

    def monotonic(self) -> float:
        return 0.0


HTTP_FETCH = HTTPFetch(clock=StoppedClock())


def join_fetches() -> None:
    """Wait for the threads of abandoned fetches, which were cut and have to end soon, whatever the server does."""
    for thread in threading.enumerate():
        if thread.name == "authmux-fetch":
            thread.join(timeout=2)
            assert not thread.is_alive(), "a fetch is still at work"


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail where a fetch goes on for ever."""
    yield
    join_fetches()


@pytest.fixture(autouse=True, scope="module")
def no_socket_left() -> Iterator[None]:
    """Fail where a fetch leaves its socket to the collector: the ResourceWarning is an error here."""
    yield
    gc.collect()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(ok(KEYS)) as running:
        yield running


def fail(fetch: HTTPFetch, url: str, headers: Mapping[str, str] | None = None) -> FetchFailed:
    """Fetch what cannot be fetched."""
    with pytest.raises(FetchFailed) as caught:
        fetch(url, headers or {})
    return caught.value


def test_a_document_comes_back_with_lower_case_headers(server: FaultServer) -> None:
    """A 200 with JSON is returned as it was sent."""
    server.script(ok(KEYS, {"ETag": '"1"', "Cache-Control": "max-age=60"}))
    fetched = HTTP_FETCH(server.url(), {})
    assert (fetched.status, fetched.body) == (200, b'{"keys": [{"kty": "EC", "kid": "a"}]}')
    assert (fetched.headers["etag"], fetched.headers["cache-control"]) == ('"1"', "max-age=60")


def test_only_these_headers_are_sent(server: FaultServer) -> None:
    """No Authorization, no cookie and no compression goes out unasked."""
    HTTP_FETCH(server.url("/jwks?v=1"), {})
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/jwks?v=1")
    assert request.headers == {
        "host": server.url().split("/")[2],
        "user-agent": "authmux",
        "accept": "application/json, */*;q=0.5",
        "accept-encoding": "identity",
    }


def test_headers_of_the_caller_are_sent_too(server: FaultServer) -> None:
    """The caller may add headers and override the usual ones, but not ask for compression."""
    HTTP_FETCH(server.url(), {"Authorization": "Bearer t", "Accept": "text/plain", "Accept-Encoding": "gzip"})
    headers = server.requests[0].headers
    assert (headers["authorization"], headers["accept"]) == ("Bearer t", "text/plain")
    assert headers["accept-encoding"] == "identity"


def test_proxies_of_the_environment_are_not_used(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY and its kin do not reroute a fetch."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert HTTP_FETCH(server.url(), {}).status == 200


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        pytest.param("file:///etc/passwd", "scheme", id="file"),
        pytest.param("ftp://127.0.0.1/jwks", "scheme", id="ftp"),
        pytest.param("data:application/json,{}", "scheme", id="data"),
        pytest.param("gopher://127.0.0.1/", "scheme", id="gopher"),
        pytest.param("127.0.0.1/jwks", "scheme", id="no scheme"),
        pytest.param("", "url", id="empty"),
        pytest.param("http://issuer.example/jwks", "scheme", id="http off loopback"),
        pytest.param("http://127.0.0.1.example/jwks", "scheme", id="http, looks like loopback"),
        pytest.param("http://localhost.example/jwks", "scheme", id="http, begins like localhost"),
        pytest.param("http://2130706433/jwks", "scheme", id="http, loopback as a number"),
        pytest.param("http://127.1/jwks", "scheme", id="http, loopback in short"),
        pytest.param("http://0.0.0.0/jwks", "scheme", id="http, any address"),
        pytest.param("http://[::2]/jwks", "scheme", id="http, IPv6"),
        pytest.param("http://keycloak:8081/jwks", "scheme", id="http, listed host, other port"),
        pytest.param("https://user:secret@issuer.example/", "url", id="userinfo"),
        pytest.param("https://@issuer.example/", "url", id="empty userinfo"),
        pytest.param("https://issuer.example/#a", "url", id="fragment"),
        pytest.param("https://issuer.example/#", "url", id="empty fragment"),
        pytest.param("https:///jwks", "url", id="no host"),
        pytest.param("https:jwks", "url", id="no authority"),
        pytest.param("https://issuer.example:99999/", "url", id="port out of range"),
        pytest.param("https://issuer.example:x/", "url", id="port not a number"),
        pytest.param("https://[::1/", "url", id="open bracket"),
        pytest.param("https://a..example/", "url", id="empty label"),
        pytest.param("https://issuer.example/ HTTP/1.1\r\nX: y", "url", id="header injection"),
        pytest.param("https://issuer.example\\@127.0.0.1/", "url", id="backslash"),
        pytest.param("https://bücher.example/", "url", id="not ASCII"),
    ],
)
def test_a_url_that_must_not_be_fetched_is_refused(url: str, reason: str) -> None:
    """Only https, and http to loopback and listed origins, is fetched (B-54); nothing odd in the URL (B-56)."""
    assert fail(HTTPFetch(deadline=2.0, allow_http=["http://keycloak:8080"]), url).reason == reason


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_loopback_is_fetched_without_tls(server: FaultServer, host: str) -> None:
    """Development servers on loopback need no certificate (B-54)."""
    assert HTTP_FETCH(server.url(host=host), {}).status == 200


@pytest.mark.parametrize("host", ["127.8.9.10", "[::1]"])
def test_all_of_loopback_may_be_asked(server: FaultServer, host: str) -> None:
    """127.0.0.0/8 and ::1 are loopback too, though nobody listens there (B-54)."""
    assert fail(HTTP_FETCH, server.url(host=host)).reason == "connect"


Resolve = Callable[[Callable[[str], str]], None]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Put a function from name to address in the place of the system's resolver."""
    real = socket.getaddrinfo

    def install(find: Callable[[str], str]) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: real(find(host), *rest, **more))

    return install


@pytest.mark.parametrize("listed", ["http://keycloak:{port}", "HTTP://Keycloak:{port}"])
def test_a_listed_origin_is_fetched_without_tls(server: FaultServer, resolve: Resolve, listed: str) -> None:
    """An origin in `allow_http` is asked by its name (B-54)."""
    resolve(lambda host: {"keycloak": "127.0.0.1"}[host])
    origin = listed.format(port=server.url("").rpartition(":")[2])
    assert HTTPFetch(allow_http=[origin])(server.url(host="keycloak"), {}).status == 200
    assert server.requests[0].headers["host"].startswith("keycloak:")


def test_the_port_of_a_listed_origin_may_be_left_out(resolve: Resolve) -> None:
    """`http://keycloak` lists `http://keycloak:80/jwks` too (B-54): what fails is the name, not the scheme."""

    def refuse(host: str) -> str:
        raise socket.gaierror(socket.EAI_NONAME, host)

    resolve(refuse)
    assert fail(HTTPFetch(allow_http=["http://keycloak"]), "http://keycloak:80/jwks").reason == "dns"


def refused_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_a_refused_connection_is_a_failure() -> None:
    """Nobody listening is `connect`, not a time-out."""
    assert fail(HTTP_FETCH, f"http://127.0.0.1:{refused_port()}/").reason == "connect"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"connect_timeout": 0}, id="no time to connect"),
        pytest.param({"deadline": -1}, id="negative deadline"),
        pytest.param({"deadline": float("nan")}, id="deadline that is no number"),
        pytest.param({"deadline": 61}, id="deadline too long"),
        pytest.param({"max_body": 0}, id="no body"),
        pytest.param({"max_body": 4 * MIB + 1}, id="body too large"),
        pytest.param({"ca_bundle": "/nonexistent.pem"}, id="no bundle"),
        pytest.param({"ca_bundle": __file__}, id="bundle without certificates"),
        pytest.param({"allow_http": "http://keycloak"}, id="a string for a collection"),
        pytest.param({"allow_http": ["keycloak:8080"]}, id="origin without scheme"),
        pytest.param({"allow_http": ["https://keycloak"]}, id="origin with https"),
        pytest.param({"allow_http": ["http://keycloak/realms"]}, id="origin with path"),
        pytest.param({"allow_http": ["http://u@keycloak"]}, id="origin with userinfo"),
        pytest.param({"allow_http": ["http://keycloak:x"]}, id="origin with a bad port"),
    ],
)
def test_a_bad_option_is_refused_at_construction(options: dict[str, Any]) -> None:
    """The constructor says what to change."""
    with pytest.raises(ConfigurationError):
        HTTPFetch(**options)


@pytest.mark.parametrize(
    ("behaviour", "reason", "code"),
    [
        pytest.param(status(500), "status_500", 500, id="500"),
        pytest.param(status(404, {"Content-Type": "text/html"}, b"<p>no"), "status_404", 404, id="404 with a page"),
        pytest.param(status(201), "status_201", 201, id="201"),
        pytest.param(status(204), "status_204", 204, id="204"),
        pytest.param(status(206, JSON, b"{}"), "status_206", 206, id="206"),
        pytest.param(status(304), "status_304", 304, id="304 unasked"),
        pytest.param(redirect("http://127.0.0.1/"), "redirect", 302, id="302"),
        pytest.param(redirect("file:///etc/passwd", code=301), "redirect", 301, id="301"),
        pytest.param(redirect("/", code=308), "redirect", 308, id="308"),
        pytest.param(html(), "html", 200, id="captive portal"),
        pytest.param(status(200, {"Content-Type": "Text/HTML"}, b"{}"), "html", 200, id="html in capitals"),
        pytest.param(huge_body(LIMIT + 1), "too_large", 200, id="a byte too long"),
        pytest.param(huge_body(60 * MIB), "too_large", 200, id="60 MiB"),
        pytest.param(endless_chunked(), "too_large", 200, id="endless chunks"),
        pytest.param(endless(head(200, JSON), b" " * 4096), "too_large", 200, id="endless body"),
        pytest.param(gzip_bomb(64 * MIB), "encoding", 200, id="gzip bomb"),
        pytest.param(status(200, {**JSON, "Content-Encoding": "br, gzip"}), "encoding", 200, id="two encodings"),
        pytest.param(wrong_length(KEYS), "broken", None, id="body a byte short"),
        pytest.param(early_close(), "broken", None, id="closed without a word"),
        pytest.param(reset(), "broken", None, id="reset"),
        pytest.param(garbage(), "broken", None, id="not HTTP"),
        pytest.param(raw(CHUNKED + b"5\r\n{}"), "broken", None, id="chunk cut short"),
        pytest.param(raw(CHUNKED + b"2\r\n{}\r\n"), "broken", None, id="last chunk missing"),
        pytest.param(raw(CHUNKED + b"zz\r\n{}\r\n"), "broken", None, id="chunk size not a number"),
        pytest.param(raw(CHUNKED + b"1" * 70_000), "broken", None, id="chunk size endless"),
        pytest.param(raw(b"HTTP/1.1 abc OK\r\n\r\n"), "broken", None, id="status not a number"),
        pytest.param(raw(b"HTTP/9.9 200 OK\r\n\r\n"), "broken", None, id="HTTP/9.9"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101), "broken", None, id="too many headers"),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000), "broken", None, id="header too long"),
        pytest.param(
            raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
            "broken",
            None,
            id="two lengths",
        ),
    ],
)
def test_a_faulty_answer_is_a_failure(behaviour: Behaviour, reason: str, code: int | None, server: FaultServer) -> None:
    """Each fault has its reason, after one request and no retry (B-51, B-52, B-53, B-55)."""
    server.script(behaviour)
    failed = fail(HTTP_FETCH, server.url())
    assert (failed.reason, failed.status) == (reason, code)
    assert len(server.requests) == 1
    gc.collect()  # a socket left to it would be an error here


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        pytest.param("http://127.0.0.1:1/", {"X": "a\r\nY: b"}, id="header injection"),
        pytest.param("http://127.0.0.1:1/", {"X": "\u20ac"}, id="header not Latin-1"),
        pytest.param("http://127.0.0.1:1/", {"X": None}, id="header of no type"),
        pytest.param(None, {}, id="URL of no type"),
    ],
)
def test_nonsense_of_the_caller_is_a_failure_too(url: Any, headers: Any) -> None:
    """Nothing but FetchFailed comes out, for a back-off hangs on it (B-37)."""
    fail(HTTP_FETCH, url, headers)


def test_the_cause_is_chained(server: FaultServer) -> None:
    """An operator's traceback shows what happened below."""
    server.script(early_close())
    assert isinstance(fail(HTTP_FETCH, server.url()).__cause__, ConnectionError)


@pytest.mark.parametrize("name", ["If-None-Match", "if-none-match", "IF-NONE-MATCH"])
def test_not_modified_is_an_answer_where_it_was_asked_for(server: FaultServer, name: str) -> None:
    """A 304 after If-None-Match keeps its headers and has no body (B-55)."""
    server.script(status(304, {"ETag": '"1"', "Cache-Control": "max-age=60"}))
    fetched = HTTP_FETCH(server.url(), {name: '"1"'})
    assert (fetched.status, fetched.body, fetched.headers["cache-control"]) == (304, b"", "max-age=60")


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the machine's clock show another time than Greenwich."""
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("tokyo")
@pytest.mark.parametrize(
    ("code", "text", "seconds"),
    [
        pytest.param(429, "7", 7.0, id="429"),
        pytest.param(503, " 0 ", 0.0, id="503"),
        pytest.param(503, "9" * 5000, float("inf"), id="astronomic"),
        pytest.param(503, "Sun, 01 Mar 2026 12:01:30 GMT", 90.0, id="date"),
        pytest.param(503, "Sun Mar  1 12:01:30 2026", 90.0, id="date of asctime"),
        pytest.param(503, "Sun, 01 Mar 2026 11:00:00 GMT", 0.0, id="date gone by"),
        pytest.param(503, "-5", None, id="negative"),
        pytest.param(503, "soon", None, id="word"),
        pytest.param(503, "", None, id="empty"),
        pytest.param(503, "\xb2", None, id="superscript"),
        pytest.param(503, "Sun, 99 Mar 2026 12:00:00 GMT", None, id="day 99"),
        pytest.param(500, "7", None, id="500 may not ask"),
    ],
)
def test_retry_after_is_read_and_bounded(server: FaultServer, code: int, text: str, seconds: float | None) -> None:
    """429 and 503 may ask for a wait, which the refresh plan caps (B-37)."""
    server.script(status(code, {"Retry-After": text}))
    failed = fail(HTTP_FETCH, server.url())
    assert (failed.status, failed.retry_after) == (code, seconds)


@pytest.mark.parametrize(
    ("media_type", "warnings_logged"),
    [
        pytest.param("application/json; charset=utf-8", 0, id="json"),
        pytest.param("application/jwk-set+json", 0, id="+json"),
        pytest.param("text/plain", 0, id="text"),
        pytest.param("application/octet-stream", 1, id="bytes"),
        pytest.param("", 1, id="none"),
    ],
)
def test_an_odd_media_type_is_taken_with_a_warning(
    server: FaultServer, caplog: pytest.LogCaptureFixture, media_type: str, warnings_logged: int
) -> None:
    """Only HTML is refused by its type (B-55); the log names no query."""
    server.script(ok(KEYS, {"Content-Type": media_type}))
    with caplog.at_level(logging.WARNING, logger="authmux.fetch"):
        assert HTTP_FETCH(server.url("/jwks?secret=1"), {}).status == 200
    assert [record.name for record in caplog.records] == ["authmux.fetch"] * warnings_logged
    assert "secret" not in caplog.text


def test_a_body_of_just_the_limit_is_taken(server: FaultServer) -> None:
    """The limit is the largest body that passes (B-52)."""
    server.script(huge_body(1000))
    assert len(HTTPFetch(max_body=1000)(server.url(), {}).body) == 1000
    assert fail(HTTPFetch(max_body=999), server.url()).reason == "too_large"


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(huge_body(60 * MIB), id="60 MiB"),
        pytest.param(endless_chunked(), id="endless chunks"),
        pytest.param(endless(CHUNKED + b"ffffffff\r\n", b" " * 4096), id="one chunk of 4 GiB"),
        pytest.param(gzip_bomb(64 * MIB), id="gzip bomb"),
    ],
)
def test_a_large_body_costs_little(server: FaultServer, behaviour: Behaviour) -> None:
    """What is past the limit is neither read, but for the kernel's buffers, nor kept in memory (A-154)."""
    server.script(behaviour)
    tracemalloc.start()
    try:
        fail(HTTP_FETCH, server.url())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MIB
    assert server.bytes_sent < 16 * MIB


DRAGGING = {
    "nothing": slow(20, ok(KEYS)),
    "status line": drip(b"HTTP/1.1 200 OK\r\n", pause=0.2),
    "headers": drip_headers(pause=0.05),
    "body": drip_body(KEYS, pause=0.2),
    "body without a length": drip(head(200, JSON) + b" " * 2000, pause=0.005),
    "chunks": drip(CHUNKED + b"1\r\n \r\n" * 200, pause=0.005),
    "continue for ever": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "trailers for ever": endless(CHUNKED + b"0\r\n", b"X: y\r\n"),
}


def assert_cut(url: str, *, ca_bundle: str | None = None) -> None:
    """Fetch, and be back soon after the deadline (machines are noisy) with a time-out."""
    deadline = 0.3
    fetch = HTTPFetch(deadline=deadline, ca_bundle=ca_bundle)
    start = time.monotonic()
    assert fail(fetch, url).reason == "timeout"
    assert deadline * 0.9 <= time.monotonic() - start < deadline + 2


@pytest.mark.parametrize("behaviour", DRAGGING.values(), ids=DRAGGING)
def test_the_deadline_holds_against_a_dragging_server(server: FaultServer, behaviour: Behaviour) -> None:
    """The deadline is wall-clock time for everything (B-50, A-151, A-152)."""
    server.script(behaviour)
    assert_cut(server.url())
    join_fetches()


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(slow(20, early_close()), id="silent"),
        pytest.param(drip(b"\x16\x03\x03\x40\x00" + b"\0" * 200, pause=0.05), id="dripped"),
    ],
)
def test_the_deadline_holds_in_a_tls_handshake(behaviour: Behaviour) -> None:
    """A handshake that drags is cut too (B-50)."""
    with FaultServer(behaviour, mute=True) as server:
        assert_cut(server.url(scheme="https"))
        join_fetches()


def test_the_deadline_holds_in_the_resolver(server: FaultServer, resolve: Resolve) -> None:
    """Nothing interrupts getaddrinfo, so it is abandoned; once it returns, nothing is asked any more (B-50)."""
    gate = threading.Event()
    resolve(lambda host: host if gate.wait(20) else "")
    assert_cut(server.url())
    gate.set()
    join_fetches()
    assert server.requests == []


def test_a_slow_answer_within_the_deadline_is_taken(server: FaultServer) -> None:
    """The first byte may take longer than the connect time-out."""
    server.script(slow(0.3, ok(KEYS)))
    assert HTTPFetch(connect_timeout=0.1)(server.url(), {}).status == 200


def test_fetches_do_not_wait_for_each_other(server: FaultServer) -> None:
    """One HTTPFetch serves all issuers: one that hangs stalls no other."""
    gate = threading.Event()
    server.script(held(gate, ok(KEYS)), path="/slow")
    outcome: list[Fetched] = []
    waiting = threading.Thread(target=lambda: outcome.append(HTTP_FETCH(server.url("/slow"), {})))
    waiting.start()
    assert HTTP_FETCH(server.url("/fast"), {}).status == 200
    assert outcome == []
    gate.set()
    waiting.join()
    assert outcome[0].status == 200


def test_no_descriptor_is_left_open(server: FaultServer) -> None:
    """Every way out of a fetch closes its socket."""
    fetch = HTTPFetch(deadline=0.2)
    faults = (ok(KEYS), status(500), html(), endless_chunked(), reset(), garbage(), wrong_length(KEYS), drip_headers())
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else pytest.skip("needs /proc")
    for fault in faults:
        server.script(fault)
        with suppress(FetchFailed):
            fetch(server.url(), {})
    join_fetches()
    server.__exit__()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before - 1  # the server's own listener


PIECES = [b"HTTP/1.1 200 OK", b"HTTP/1.1 100 Continue", b"\r\n", b"\n", b": ", b" ", b"5", b"-1", b"0", b"{}", b"\0"]
PIECES += [b"Content-Length: ", b"Transfer-Encoding: chunked", b"Content-Type: text/plain", b"Content-Encoding: "]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=20).map(b"".join), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_but_fetch_failed_escapes(server: FaultServer, data: bytes, is_headed: bool) -> None:
    """Whatever bytes come, there is a document or a FetchFailed."""
    server.script(raw((b"HTTP/1.1 200 OK\r\n" if is_headed else b"") + data))
    with suppress(FetchFailed):
        assert HTTP_FETCH(server.url(), {}).status == 200


@given(st.text(alphabet="SunMar0123456789:,+-. GMT\xb2", max_size=40))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_retry_after_says_it_is_a_bounded_wait_or_none(server: FaultServer, text: str) -> None:
    """An odd Retry-After never hides the status it came with (B-37)."""
    server.script(status(503, {"Retry-After": text}))
    failed = fail(HTTP_FETCH, server.url())
    assert failed.reason == "status_503"
    assert failed.retry_after is None or failed.retry_after >= 0


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authmux test authority")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self._certificate = (
            self._begin(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.bundle = str(self._write("authority.pem", self._certificate.public_bytes(serialization.Encoding.PEM)))

    def serve(self, *, hosts: Sequence[str] = LOOPBACK, age: timedelta = timedelta()) -> ssl.SSLContext:
        """Return a server's context whose certificate is for these hosts, and so much older than one of today."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host) for host in hosts]
        issuer_key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            self._begin(x509.Name([]), key, age=age)
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(issuer_key_id, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return self._make_context(key, certificate)

    def serve_self_signed(self) -> ssl.SSLContext:
        """Return a server's context that shows the authority's own certificate, valid for no host."""
        return self._make_context(self._key, self._certificate)

    def _begin(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, age: timedelta = timedelta()
    ) -> x509.CertificateBuilder:
        start = datetime.now(UTC) - timedelta(hours=1) - age
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )

    def _make_context(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> ssl.SSLContext:
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain = self._write("server.pem", private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def _write(self, name: str, data: bytes) -> Path:
        (self._folder / name).write_bytes(data)
        return self._folder / name


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def only_tls_1_1(authority: Authority) -> ssl.SSLContext:
    """Return the context of a server that time forgot."""
    context = authority.serve()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_bundle_is_trusted(authority: Authority, host: str) -> None:
    """A certificate of an authority in the bundle is good for the hosts it names (B-54)."""
    with FaultServer(ok(KEYS), tls=authority.serve()) as server:
        assert HTTPFetch(ca_bundle=authority.bundle)(server.url(host=host), {}).status == 200


@pytest.mark.parametrize(
    "make_context",
    [
        pytest.param(lambda authority: authority.serve(age=timedelta(days=30)), id="expired"),
        pytest.param(lambda authority: authority.serve(age=timedelta(days=-30)), id="not yet valid"),
        pytest.param(lambda authority: authority.serve(hosts=["issuer.example"]), id="wrong host"),
        pytest.param(lambda authority: authority.serve(hosts=["localhost"]), id="name instead of address"),
        pytest.param(Authority.serve_self_signed, id="self-signed, though trusted: no host"),
        pytest.param(only_tls_1_1, id="TLS 1.1"),
    ],
)
def test_a_bad_certificate_is_a_failure(
    authority: Authority, make_context: Callable[[Authority], ssl.SSLContext]
) -> None:
    """No request is sent to a server that does not prove itself (B-54, A-157)."""
    with FaultServer(ok(KEYS), tls=make_context(authority)) as server:
        assert fail(HTTPFetch(ca_bundle=authority.bundle), server.url()).reason == "tls"
        assert server.requests == []


def test_a_server_without_tls_is_a_failure() -> None:
    """Plain HTTP where TLS is due is not talked to (B-54)."""
    with FaultServer(status(400), mute=True) as server:
        assert fail(HTTP_FETCH, server.url(scheme="https")).reason == "tls"


@pytest.mark.parametrize("make_context", [Authority.serve, Authority.serve_self_signed], ids=["unknown", "self-signed"])
def test_an_authority_that_is_not_trusted_is_a_failure(
    authority: Authority, make_context: Callable[[Authority], ssl.SSLContext]
) -> None:
    """Without a bundle the system's authorities decide (B-54)."""
    with FaultServer(ok(KEYS), tls=make_context(authority)) as server:
        assert fail(HTTP_FETCH, server.url()).reason == "tls"


@pytest.mark.parametrize("behaviour", DRAGGING.values(), ids=DRAGGING)
def test_the_deadline_holds_over_tls(authority: Authority, behaviour: Behaviour) -> None:
    """Cutting TLS ends the fetch, and what was read so far passes for no document (B-50)."""
    with FaultServer(behaviour, tls=authority.serve()) as server:
        assert_cut(server.url(), ca_bundle=authority.bundle)
        join_fetches()


def test_addresses_after_the_deadline() -> None:
    """B-50: of a host with many addresses that lead nowhere none is tried once nobody waits, and the thread ends."""
    with socket.socket() as hole:  # its one place is taken: who connects waits
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        port = hole.getsockname()[1]
        with ExitStack() as taken:
            for _ in range(3):
                place = taken.enter_context(socket.socket())
                place.setblocking(False)
                with suppress(BlockingIOError):
                    place.connect(("127.0.0.1", port))
            before = set(threading.enumerate())
            fetch = HTTPFetch(
                connect_timeout=0.2,
                deadline=0.3,
                trusted=[f"https://127.0.0.1:{port}"],
                allow_private=["127.0.0.0/8"],
                resolve=lambda host, port: ["127.0.0.1"] * 100,
            )
            with pytest.raises(FetchFailed, match="timeout"):
                fetch(f"https://idp.example:{port}/jwks", {})
            for left in set(threading.enumerate()) - before:
                left.join(5)
                assert not left.is_alive()
