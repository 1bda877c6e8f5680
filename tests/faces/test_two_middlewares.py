"""Several middlewares in one stack, and requests that an application makes of its own (design, "Faces")."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from authmux import Authenticator, asgi, find_principal, wsgi
from tests.faces.callers import Headers, environ_of, http_scope
from tests.faces.verifiers import ANN, BOB, NOBODY, UserVerifier

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes of a request what the inner application is to see."""


def call_asgi(outer: Authenticator, inner: Authenticator, change: Change, headers: Headers, **options: Any) -> str:
    """Return whom an application behind two middlewares sees, with something between them."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        principal = find_principal()
        seen.append(principal.id if principal else "nobody")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    behind = asgi.AuthMiddleware(app, authenticator=inner, **options)

    async def between(scope: Any, receive: Any, send: Any) -> None:
        await behind(change(scope), receive, send)

    async def nothing(*_: Any) -> Any:
        return {"type": "http.request"}

    asyncio.run(asgi.AuthMiddleware(between, authenticator=outer)(http_scope("/", headers), nothing, nothing))
    return seen[0] if seen else "refused"


def call_wsgi(outer: Authenticator, inner: Authenticator, change: Change, headers: Headers, **options: Any) -> str:
    """Return the same on the other protocol."""
    seen: list[str] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        principal = find_principal()
        seen.append(principal.id if principal else "nobody")
        start_response("200 OK", [])
        return []

    behind = wsgi.AuthMiddleware(app, authenticator=inner, **options)

    def between(environ: Any, start_response: Any) -> Any:
        return behind(change(environ), start_response)

    wsgi.AuthMiddleware(between, authenticator=outer)(environ_of("/", headers), lambda *_: None)
    return seen[0] if seen else "refused"


CALLS = {"asgi": call_asgi, "wsgi": call_wsgi}
each_protocol = pytest.mark.parametrize("protocol", CALLS)


def as_it_is(request: dict[str, Any]) -> dict[str, Any]:
    """Hand a request on."""
    return request


def with_header(name: str, value: str) -> Change:
    """Return a change that adds a header, as a middleware for request ids does."""

    def change(request: dict[str, Any]) -> dict[str, Any]:
        if "headers" in request:
            request["headers"] = [*request["headers"], (name.lower().encode(), value.encode())]
        else:
            request[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return request

    return change


def elsewhere(request: dict[str, Any]) -> dict[str, Any]:
    """Return a copy for another path, as a batch makes them."""
    return dict(request) | {"path": "/elsewhere", "PATH_INFO": "/elsewhere"}


def bare(request: dict[str, Any]) -> dict[str, Any]:
    """Return a copy without the headers that came, as for a part of a batch that has its own."""
    if "headers" in request:
        return dict(request) | {"headers": []}
    return {name: value for name, value in request.items() if not name.startswith("HTTP_")}


def appended(request: dict[str, Any]) -> dict[str, Any]:
    """Return a copy whose headers are the very list of the request, with one added."""
    copy = dict(request)
    if "headers" in copy:
        copy["headers"].append((b"authorization", BOB[0][1]))
    else:
        copy["HTTP_AUTHORIZATION"] = BOB[0][1].decode()
    return copy


SAME: dict[str, Change] = {
    "as-it-is": as_it_is,
    "request-id": with_header("X-Request-Id", "1"),
    "elsewhere": elsewhere,
}


@each_protocol
@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_same_authenticator_verifies_once(protocol: str, change: Change) -> None:
    """A second middleware with the same authenticator finds the visit, though the credential is gone."""
    verifier = UserVerifier()
    authenticator = Authenticator(verifier)
    assert CALLS[protocol](authenticator, authenticator, change, ANN, required=True) == "ann"
    assert verifier.asked == 1


@each_protocol
@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_other_authenticator_verifies_itself(protocol: str, change: Change) -> None:
    """A second middleware with another authenticator is handed the credential, and believes it or not itself."""
    outer, inner = UserVerifier(), UserVerifier()
    assert CALLS[protocol](Authenticator(outer), Authenticator(inner), change, ANN, required=True) == "ann"
    assert (outer.asked, inner.asked) == (1, 1)


class Nobody(UserVerifier):
    """Knows no credential."""

    def recognises(self, text: str) -> bool:
        return False


@each_protocol
def test_other_authenticator_does_not_believe(protocol: str) -> None:
    """What the outer middleware believed counts for nothing where the inner one does not know it."""
    assert CALLS[protocol](Authenticator(UserVerifier()), Authenticator(Nobody()), as_it_is, ANN) == "refused"


@each_protocol
@pytest.mark.parametrize("is_same", [True, False], ids=["same", "other"])
def test_nobody_stays_nobody(protocol: str, *, is_same: bool) -> None:
    """Without a credential nothing is handed on."""
    outer = Authenticator(UserVerifier())
    inner = outer if is_same else Authenticator(UserVerifier())
    assert CALLS[protocol](outer, inner, as_it_is, NOBODY) == "nobody"
    assert CALLS[protocol](outer, inner, as_it_is, NOBODY, required=True) == "refused"


OTHERS: dict[str, Change] = {
    "another-authorization": with_header("Authorization", "Bearer user_bob"),
    "appended-in-place": appended,
    "in-a-copy": lambda request: with_header("Authorization", "Bearer user_bob")(elsewhere(request)),
    "with-headers-of-its-own": lambda request: with_header("Authorization", "Bearer user_bob")(bare(request)),
}


@each_protocol
@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("is_same", [True, False], ids=["same", "other"])
def test_another_credential_is_another_request(protocol: str, change: Change, *, is_same: bool) -> None:
    """A request that the application makes with another's credential is that other's, never the caller's."""
    outer = Authenticator(UserVerifier())
    inner = outer if is_same else Authenticator(UserVerifier())
    assert CALLS[protocol](outer, inner, change, ANN) == "bob"


@each_protocol
def test_bad_credential_is_not_the_callers(protocol: str) -> None:
    """A bad credential in such a request is refused, however good the caller's was."""
    authenticator = Authenticator(UserVerifier())
    change = with_header("Authorization", "Bearer nonsense")
    assert CALLS[protocol](authenticator, authenticator, change, ANN) == "refused"


@each_protocol
def test_key_in_its_own_header_is_another_credential(protocol: str) -> None:
    """A credential that was added in another place of ours makes it another request too."""
    authenticator = Authenticator(UserVerifier())
    change = with_header("X-API-Key", "user_bob")
    assert CALLS[protocol](authenticator, authenticator, change, ANN, api_key_header="X-API-Key") == "bob"


@each_protocol
@pytest.mark.parametrize("is_same", [True, False], ids=["same", "other"])
def test_request_without_the_headers_that_came(protocol: str, *, is_same: bool) -> None:
    """A request with none of the caller's headers is not the caller's."""
    outer = Authenticator(UserVerifier())
    inner = outer if is_same else Authenticator(UserVerifier())
    headers = (*ANN, ("Accept", b"*/*"))
    assert CALLS[protocol](outer, inner, bare, headers) == "nobody"


def test_headers_that_are_lists() -> None:
    """Some servers hand pairs over as lists, which cannot be put into a set."""

    def change(request: dict[str, Any]) -> dict[str, Any]:
        return request | {"headers": [list(each) for each in request["headers"]]}

    authenticator = Authenticator(UserVerifier())
    assert call_asgi(authenticator, authenticator, change, ANN) == "ann"
