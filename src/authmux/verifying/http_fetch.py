"""HTTP behind the `Fetch` port: one connection per document, cut at a deadline and at a size."""

import re
import socket
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from copy import copy
from functools import cache, partial
from ipaddress import ip_network
from threading import Thread
from traceback import clear_frames
from typing import Self, TypeAlias

from urllib3 import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse
from urllib3.util import Url, parse_url

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.errors import ConfigurationError
from authmux.verifying.addresses import Network, may_lead_to
from authmux.verifying.client_token import ClientToken
from authmux.verifying.fetch import Fetched, FetchFailed
from authmux.verifying.http_answer import check_status, check_type, read_body
from authmux.verifying.plain_http import may_be_plain, parse_origins

_LONGEST_DEADLINE = 60.0  # seconds; an issuer that takes longer is down
_LARGEST_BODY = 4 * 1024 * 1024  # bytes (B-52)

_PORTS = {"http": 80, "https": 443}
_URL_TEXT = re.compile(r"[!-\[\]-~]+")  # parsers differ on blanks, controls, backslashes and what is not ASCII
_USUAL_HEADERS = {"user-agent": "authmux", "accept": "application/json, */*;q=0.5"}

# The first that fits: to urllib3 a refused connection is a kind of time-out.
_REASONS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((exceptions.LocationValueError,), "url"),
    ((exceptions.NameResolutionError, socket.gaierror), "dns"),
    ((exceptions.NewConnectionError,), "connect"),
    ((TimeoutError, exceptions.TimeoutError), "timeout"),
    ((ssl.SSLError, exceptions.SSLError), "tls"),
    ((Exception,), "broken"),
)


Resolve: TypeAlias = Callable[[str, int], Sequence[str]]


def resolve_name(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, as the system knows them."""
    return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class HTTPFetch:
    """Fetch over HTTPS, once and as asked: no redirect, no retry, no kept connection, no proxy from the environment.

    Arguments:
        connect_timeout: seconds for TCP, per address, and again for the TLS handshake (B-50).
        deadline: seconds for everything, name resolution and body included, by the wall clock; at most 60 (B-50).
        max_body: bytes of body; at most 4 MiB (B-52). Compression is not asked for, and refused where it comes anyway.
        ca_bundle: a PEM file of the only authorities to trust; None trusts the system's.
        token_file: a file with a bearer token that is sent to trusted origins, over TLS only: Kubernetes' API server
            tells its keys to who is known there. By default nobody is told who asks (B-54).
        allow_http: origins, as `http://keycloak:8080`, that may be asked without TLS; loopback always may (B-54).
        trusted: origins that may be anywhere; every other one must be at global addresses, and at the usual port or
            that of a trusted one (B-56). None trusts them all: for addresses that were configured, and not learnt from
            somebody.
        allow_private: networks, as `10.2.0.0/16`, that other origins may be in as well.
        resolve: tells the addresses of such an origin's host, which are checked before one of them is connected to.
        clock: what the date in a Retry-After header is compared with.

    Raises `ConfigurationError` for a number out of range, an unreadable bundle or token, or what is not an http origin.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 2.0,
        deadline: float = 5.0,
        max_body: int = 256 * 1024,
        ca_bundle: str | None = None,
        token_file: str | None = None,
        allow_http: Collection[str] = (),
        trusted: Collection[str] | None = None,
        allow_private: Collection[str] = (),
        resolve: Resolve = resolve_name,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        for name, value in (("connect_timeout", connect_timeout), ("deadline", deadline)):
            if not 0 < value <= _LONGEST_DEADLINE:
                raise ConfigurationError(f"{name} must be above 0 and at most {_LONGEST_DEADLINE} s, not {value!r}")
        if not 0 < max_body <= _LARGEST_BODY:
            raise ConfigurationError(f"max_body must be above 0 and at most {_LARGEST_BODY} bytes, not {max_body!r}")
        self._connect_timeout = min(connect_timeout, deadline)
        self._deadline = deadline
        self._max_body = max_body
        self._tls = _make_tls_context(ca_bundle)
        self._token = None if token_file is None else ClientToken(token_file)
        self._allow_http = parse_origins(allow_http)
        self._trusted = None if trusted is None else frozenset(map(_parse_trusted, trusted))
        self._allow_private = _parse_networks(allow_private)
        self._resolve = resolve
        self._clock = clock

    @property
    def is_held(self) -> bool:
        """Return whether it was said which origins to trust."""
        return self._trusted is not None

    def held_to(
        self, *, trusted: Collection[str], allow_private: Collection[str], allow_http: Collection[str] = ()
    ) -> Self:
        """Return the same with other origins to trust, and networks to allow; see the arguments of the class.

        What `allow_http` lists comes to what may be asked without TLS already.
        """
        held = copy(self)
        held._trusted = frozenset(map(_parse_trusted, trusted))  # noqa: SLF001  # its own
        held._allow_private = _parse_networks(allow_private)  # noqa: SLF001
        held._allow_http |= parse_origins(allow_http)  # noqa: SLF001
        return held

    def __call__(self, url: str, headers: Mapping[str, str], /, *, form: bytes | None = None) -> Fetched:
        """Return a 200, or a 304 where `headers` held If-None-Match (B-55); raise `FetchFailed` for everything else.

        Arguments:
            url: an absolute one.
            headers: to send, besides the usual ones.
            form: what to post, as `application/x-www-form-urlencoded`; None gets.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        if form is not None:
            lower["content-type"] = "application/x-www-form-urlencoded"
        try:
            return self._fetch(_parse_target(url), lower, form)
        except FetchFailed:
            raise
        except Exception as error:  # all of it: the caller's back-off knows no other failure (B-37)
            raise FetchFailed(next(reason for kinds, reason in _REASONS if isinstance(error, kinds))) from error

    def _fetch(self, target: Url, headers: Mapping[str, str], form: bytes | None) -> Fetched:
        """Exchange in a thread of its own, and abandon it at the deadline (B-50).

        urllib3's time-outs start anew with every dripped byte, and nothing interrupts a name resolution.
        """
        outcome: Future[Fetched] = Future()
        line: Future[socket.socket] = Future()  # settled once there is something to cut
        work = partial(self._exchange, line, target=target, headers=headers, form=form)
        Thread(target=_settle, args=(outcome, work), name="authmux-fetch", daemon=True).start()
        try:
            return outcome.result(timeout=self._deadline)
        finally:
            if not line.cancel():  # else nothing is connected yet, and `_connect` tries no other address
                line.add_done_callback(_cut)

    def _make_connection(self, target: Url, address: str | None) -> HTTPConnection:
        """Choose TLS or, for loopback and the listed origins only, none (B-54); names are checked, not addresses."""
        host = (target.host or "").strip("[]")
        if target.scheme == "https":
            return HTTPSConnection(
                address or host,
                target.port,
                timeout=self._connect_timeout,
                ssl_context=self._tls,
                server_hostname=host,
            )
        if may_be_plain(host, target.port, self._allow_http):
            return HTTPConnection(address or host, target.port, timeout=self._connect_timeout)
        raise FetchFailed("scheme")

    def _choose_addresses(self, target: Url) -> Sequence[str | None]:
        """Return the addresses to connect to, or None for a trusted name, whichever it has (B-56).

        The name is resolved once, so that no second answer can lead elsewhere than the one that was looked at.
        """
        if self._trusted is None or _origin_of(target) in self._trusted:
            return [None]
        port = target.port or 0
        if port not in {_PORTS[target.scheme or ""], *(trusted_port for _, _, trusted_port in self._trusted)}:
            raise FetchFailed("port")
        addresses = self._resolve((target.host or "").strip("[]"), port)
        if not addresses or not all(may_lead_to(each, self._allow_private) for each in addresses):
            raise FetchFailed("address")
        return addresses

    def _connect(self, line: Future[socket.socket], target: Url) -> HTTPConnection:
        """Connect to the first address that answers: a host may have one of IPv6 that leads nowhere from here.

        Whoever chose the host may have given it hundreds: once nobody waits, no other is tried (B-50).
        """
        *others, last = self._choose_addresses(target)
        for address in others:
            with suppress(exceptions.HTTPError, OSError):
                return self._open(target, address)
            if line.cancelled():
                raise FetchFailed("timeout")
        return self._open(target, last)

    def _open(self, target: Url, address: str | None) -> HTTPConnection:
        connection = self._make_connection(target, address)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def _exchange(
        self, line: Future[socket.socket], *, target: Url, headers: Mapping[str, str], form: bytes | None
    ) -> Fetched:
        with closing(self._connect(line, target)) as connection:
            connection.timeout = self._deadline
            if not line.set_running_or_notify_cancel():
                raise FetchFailed("timeout")
            line.set_result(connection.sock)
            asked = _USUAL_HEADERS | self._own_headers(target) | dict(headers)
            asked |= {"accept-encoding": "identity", "host": target.netloc or ""}
            method = "GET" if form is None else "POST"
            connection.request(method, target.request_uri, form, headers=asked, preload_content=False)
            with closing(connection.getresponse()) as response:
                return self._receive(response, target=target, is_conditional="if-none-match" in headers)

    def _own_headers(self, target: Url) -> dict[str, str]:
        """Return what shows who asks: to nobody who was learnt from somebody, and to nobody without TLS (B-54)."""
        is_trusted = self._trusted is None or _origin_of(target) in self._trusted
        return self._token.headers() if self._token and is_trusted and target.scheme == "https" else {}

    def _receive(self, response: HTTPResponse, *, target: Url, is_conditional: bool) -> Fetched:
        headers = {name.lower(): value.strip() for name, value in response.headers.itermerged()}
        if response.status == 304 and is_conditional:
            return Fetched(status=304, headers=headers, body=b"")
        check_status(response.status, headers, now=self._clock.time())
        check_type(headers, asked=f"{target.host}{target.path or '/'}")
        return Fetched(status=200, headers=headers, body=read_body(response, limit=self._max_body))


@cache  # it holds nothing but its options; the system's certificate authorities take 20 ms to load
def usual_fetch() -> HTTPFetch:
    """Return the fetch of whoever says nothing of his own."""
    return HTTPFetch()


def _settle(outcome: Future[Fetched], work: Callable[[], Fetched]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:  # the caller's, who waits in another thread
        clear_frames(error.__traceback__)  # they hold what was read and, after two lengths, a socket urllib3 forgot
        outcome.set_exception(error)


def _cut(line: Future[socket.socket]) -> None:
    """End whatever still waits on the socket; what was read until then is no answer."""
    with suppress(OSError):  # closed already
        # SSLSocket's own shutdown takes the TLS away under its reader, who then reads ciphertext as text.
        socket.socket.shutdown(line.result(), socket.SHUT_RDWR)


def _make_tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """Verify certificates and host names, from TLS 1.2 on (B-54)."""
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise ConfigurationError(f"ca_bundle {ca_bundle!r} is not a readable PEM file of certificates") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _parse_target(url: str) -> Url:
    """Split a URL and fill in its port; refuse other schemes, userinfo and fragments (B-54, B-56)."""
    if not _URL_TEXT.fullmatch(url):
        raise FetchFailed("url")
    target = parse_url(url)
    if target.scheme not in _PORTS:
        raise FetchFailed("scheme")
    # parse_url forgets an empty userinfo, and decodes a host that others who look at it leave as it is.
    if not target.host or "#" in url or {"@", "%"} & set(re.split("[/?]", url)[2]):
        raise FetchFailed("url")
    return target._replace(port=_PORTS[target.scheme] if target.port is None else target.port)


def _origin_of(target: Url) -> tuple[str | None, str | None, int | None]:
    return target.scheme, target.host, target.port


def _parse_trusted(url: str) -> tuple[str | None, str | None, int | None]:
    try:
        return _origin_of(_parse_target(url))
    except (FetchFailed, exceptions.LocationParseError):
        raise ConfigurationError(f"{url!r} is no address that can be asked") from None


def _parse_networks(texts: Collection[str]) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(each) for each in texts)
    except ValueError as error:
        raise ConfigurationError(f"allow_private takes networks such as '10.2.0.0/16': {error}") from None
