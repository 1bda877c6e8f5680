"""Where a credential may stand is the same on every face, and two of them are one too many (K-80)."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from tests.faces.applications import ASGI_FACES, WSGI_FACES
from tests.faces.callers import Answer, ASGICaller, Headers, WSGICaller
from tests.faces.own_keys import OwnKeys

KEYS = OwnKeys()
KEY = KEYS.key("reports:read")
PAT = KEYS.pat("ann", "reports:read")
BAD = KEYS.key("reports:read")[:-3] + "xyz"
ANYWHERE = {"api_key_header": "X-API-Key", "basic": True}
CROSS_SITE = ("Sec-Fetch-Site", b"cross-site")

Ask = Callable[..., Answer]


def bearer(text: str) -> tuple[str, bytes]:
    """Return the usual header."""
    return "Authorization", f"Bearer {text}".encode()


def basic(text: str) -> tuple[str, bytes]:
    """Return a header with a user and a password."""
    return "Authorization", b"Basic " + base64.b64encode(text.encode())


def header(text: str) -> tuple[str, bytes]:
    """Return the header for keys."""
    return "X-API-Key", text.encode()


@pytest.fixture(params=[*ASGI_FACES, *WSGI_FACES])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Give a way to ask an application on each face."""
    face = request.param

    def ask(path: str, *headers: tuple[str, bytes], options: Any = None) -> Answer:
        apps, caller = (ASGI_FACES, ASGICaller) if face in ASGI_FACES else (WSGI_FACES, WSGICaller)
        app = apps[face](KEYS.authenticator(), **(ANYWHERE if options is None else options))
        answer: Answer = caller(app)(path, headers)
        return answer

    return ask


ACCEPTED: dict[str, Headers] = {
    "bearer": [bearer(KEY)],
    "header": [header(KEY)],
    "header-with-a-pat": [header(PAT)],
    "user": [basic(f"{KEY}:")],
    "password": [basic(f"ann:{PAT}")],
    "header-beside-a-foreign-basic": [header(KEY), basic("ann:secret")],
    "header-beside-a-foreign-scheme": [header(KEY), ("Authorization", b"Digest realm=x")],
    "basic-from-the-same-site": [basic(f"{KEY}:"), ("Sec-Fetch-Site", b"same-origin")],
    "bearer-from-another-site": [bearer(KEY), CROSS_SITE],
    "header-from-another-site": [header(KEY), CROSS_SITE],
}


@pytest.mark.parametrize("headers", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(ask: Ask, headers: Headers) -> None:
    """One good credential in an enabled place opens the door."""
    assert ask("/read", *headers).status == 200


REFUSED: dict[str, tuple[Headers, int, str]] = {
    "two-the-same": ([bearer(KEY), header(KEY)], 400, "invalid_request"),
    "two": ([bearer(KEY), header(PAT)], 400, "invalid_request"),
    "basic-and-header": ([basic(f"{KEY}:"), header(KEY)], 400, "invalid_request"),
    "basic-and-bearer": ([basic(f"{KEY}:"), bearer(KEY)], 400, "invalid_request"),
    "two-basics": ([basic(f"{KEY}:"), basic(f"{KEY}:")], 400, "invalid_request"),
    "both-halves": ([basic(f"{KEY}:{PAT}")], 400, "invalid_request"),
    "two-headers": ([header(KEY), header(KEY)], 400, "invalid_request"),
    "good-and-bad": ([bearer(KEY), header(BAD)], 400, "invalid_request"),
    "bad-header": ([header(BAD)], 401, "invalid_token"),
    "bad-basic": ([basic(f"{BAD}:")], 401, "invalid_token"),
    "foreign-basic": ([basic("ann:secret")], 401, "missing_credential"),
    "basic-from-another-site": ([basic(f"{KEY}:"), CROSS_SITE], 403, "credential_not_allowed"),
    "bad-basic-from-another-site": ([basic(f"{BAD}:"), CROSS_SITE], 403, "credential_not_allowed"),
    "query": ([], 401, "missing_credential"),
}


@pytest.mark.parametrize(("headers", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_refused(ask: Ask, headers: Headers, status: int, code: str) -> None:
    """Anything else does not, with the same answer on every face; a query string is never a credential (A-136)."""
    answer = ask(f"/read?access_token={KEY}&api_key={KEY}", *headers)
    assert answer.status == status
    assert f'"code": "{code}"'.encode() in answer.body


@pytest.mark.parametrize("headers", [[header(KEY)], [basic(f"{KEY}:")]], ids=["header", "basic"])
def test_off_by_default(ask: Ask, headers: Headers) -> None:
    """Where a place was not enabled, what stands there is none of ours."""
    assert ask("/read", *headers, options={}).status == 401
    assert ask("/open", *headers, options={}).status == 200


def test_refused_from_another_site_where_nothing_is_asked(ask: Ask) -> None:
    """Cross-site Basic is refused before anybody looks whether it is good, on open doors too."""
    good, bad = (ask("/open", basic(f"{text}:"), CROSS_SITE) for text in (KEY, BAD))
    assert good.status == 403
    assert good.refusal() == bad.refusal()


@pytest.mark.parametrize(
    ("headers", "vary", "control"),
    [([header(KEY)], "x-api-key", "private"), ([bearer(KEY)], "x-api-key", None), ([], "x-api-key", None)],
    ids=["header", "bearer", "nobody"],
)
def test_caches_are_told(ask: Ask, headers: Headers, vary: str, control: str | None) -> None:
    """Every answer varies by the header, and one to a caller known by it is private (K-82)."""
    answer = ask("/open", *headers)
    assert (answer.header("vary"), answer.header("cache-control")) == (vary, control)


def test_caches_are_told_nothing(ask: Ask) -> None:
    """Without a header of its own there is nothing to say."""
    answer = ask("/open", bearer(KEY), options={})
    assert (answer.header("vary"), answer.header("cache-control")) == (None, None)
