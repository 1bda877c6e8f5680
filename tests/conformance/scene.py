"""A scene: an issuer behind a scripted server, an API that takes its tokens, and a clock that is moved by hand."""

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from time import monotonic, sleep
from typing import Any, Final

from authmux import Authenticator, AuthError, PresentedCredential
from authmux.flow import run
from authmux.testing.manual_clock import ManualClock
from authmux.testing.signing_key import SigningKey
from authmux.verifying.fetch import Fetch
from authmux.verifying.http_fetch import HTTPFetch
from authmux.verifying.issuer_resolver import IssuerResolver
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.remote_keys import RemoteKeys
from authmux.verifying.verifier import IssuerVerifier, Verifier
from tests.conformance.timekeeper import HandTimekeeper
from tests.faces.applications import plain_asgi, plain_wsgi
from tests.faces.callers import Answer, ASGICaller, Caller, Headers, WSGICaller
from tests.fault_server import Behaviour, FaultServer, ok
from tests.jose.token_maker import AUDIENCE, ISSUER, get_key

FACES: Final = ("asgi", "wsgi")
KIDS: Final = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA")
KEYS: Final = "/keys"
DOOR: Final = "/read"  # asks for a scope that every good token of the tests has


@cache
def http_fetch() -> HTTPFetch:
    """Return the one fetch of this process: making one loads the machine's root certificates, which takes 23 ms."""
    return HTTPFetch()


def document(*keys: SigningKey | Mapping[str, object]) -> dict[str, object]:
    """Return a JWK set."""
    return {"keys": [key.public_jwk if isinstance(key, SigningKey) else key for key in keys]}


def published(*keys: SigningKey | Mapping[str, object], **headers: str) -> Behaviour:
    """Answer with a key set; underscores in header names stand for hyphens."""
    return ok(document(*keys), {name.replace("_", "-"): value for name, value in headers.items()})


def all_kinds() -> Behaviour:
    """Answer with a key of every kind."""
    return published(*map(get_key, KIDS))


class Scene:
    """One issuer and one API.

    Arguments:
        server: where the issuer is.
        issuer: its name.
        jwks_uri: where its keys are; None to find that out.
        fetch: how documents are fetched.
        options: for the `JWTVerifier`.
    """

    def __init__(self, server: FaultServer, *, issuer: str, jwks_uri: str | None, fetch: Fetch, **options: Any) -> None:
        self.server = server
        self.clock = ManualClock()
        self.timekeeper = HandTimekeeper(self.clock)
        self.keys = RemoteKeys(issuer, jwks_uri=jwks_uri, fetch=fetch, clock=self.clock, scheduler=self.timekeeper)
        options = {"audience": AUDIENCE, **options}
        self.verifier = JWTVerifier(issuer=issuer, keys=self.keys, jwks_uri=jwks_uri, clock=self.clock, **options)
        self.guard(self.verifier)

    def guard(self, *verifiers: Verifier | IssuerVerifier | IssuerResolver, remember: int = 4096) -> None:
        """Have the API guarded by these verifiers from now on, with nothing in memory."""
        self.authenticator = Authenticator(*verifiers, remember=remember, clock=self.clock)
        self.asgi = ASGICaller(plain_asgi(self.authenticator))
        self._callers: dict[str, Caller] = {"asgi": self.asgi, "wsgi": WSGICaller(plain_wsgi(self.authenticator))}

    @property
    def fetched(self) -> int:
        """Return how many requests have reached the server."""
        return len(self.server.requests)

    @property
    def outcomes(self) -> Mapping[str, int]:
        """Return how many fetches ended how."""
        return self.keys.health().fetches

    def caller(self, face: str) -> Caller:
        """Return what sends requests by a face."""
        return self._callers[face]

    def send(self, text: str, *, face: str = "asgi", door: str = DOOR) -> Answer:
        """Send a request with a token."""
        return self._callers[face](door, bearer(text))

    def status(self, text: str, *, face: str = "asgi") -> int:
        """Send a request with a token, and return the answer's status."""
        return self.send(text, face=face).status

    def judge(self, text: str) -> None:
        """Verify a token, without a request around it, for those who count the work."""
        with suppress(AuthError):
            run(self.authenticator.verify(PresentedCredential(text)))

    def begin(self) -> None:
        """Have the keys fetched, and forget that they were."""
        self.keys.preload()
        self.timekeeper.settle()
        assert self.keys.usable() is not None
        self.server.requests.clear()

    def wait_for_request(self) -> None:
        """Return once a request has reached the server."""
        deadline = monotonic() + 10
        while not self.server.requests:
            assert monotonic() < deadline, "no request came"
            sleep(0.002)

    def pass_time(self, seconds: float, *, waiting: bool = True) -> None:
        """Let time pass, with all that comes due."""
        self.timekeeper.pass_time(seconds, waiting=waiting)


@contextmanager
def open_scene(
    *behaviours: Behaviour,
    issuer: str | Callable[[FaultServer], str] = ISSUER,
    at: str | None = KEYS,
    fetch: Fetch | None = None,
    fetch_for: Callable[[FaultServer], Fetch] | None = None,
    tls: ssl.SSLContext | None = None,
    **options: Any,
) -> Iterator[Scene]:
    """Open a scene whose issuer answers so, one behaviour a request, the last for ever; by default with its keys.

    Arguments:
        issuer: its name, or how to make it of the server that it is at.
        at: the path of its keys; None to find that out from its metadata.
        fetch, fetch_for: how documents are fetched, or how to make that for the server.
        tls: what the server speaks TLS with.
    """
    with FaultServer(*behaviours or [all_kinds()], tls=tls) as server:
        name = issuer if isinstance(issuer, str) else issuer(server)
        jwks_uri = None if at is None else server.url(at)
        fetch = fetch or (fetch_for(server) if fetch_for else http_fetch())
        scene = Scene(server, issuer=name, jwks_uri=jwks_uri, fetch=fetch, **options)
        yield scene
    scene.timekeeper.settle()  # what the server still held ends with it


def bearer(text: str) -> Headers:
    """Return the headers of a request with a token."""
    return [("Authorization", b"Bearer " + text.encode())]


def statuses(answers: Sequence[Answer]) -> set[int]:
    """Return which statuses there are among answers."""
    return {answer.status for answer in answers}
