"""HTTP framing and what servers make of it: where a token may stand in a request, once, and nowhere else."""

import asyncio
import json
import logging
from typing import Any, Final

import pytest

from authmux import PresentedCredential, Principal, asgi, current_principal, wsgi
from authmux.flow import Flow
from tests.conformance.attack import GOOD, MISSING, UNREAD, assert_silent
from tests.conformance.forgeries import claiming, es256
from tests.conformance.scene import FACES, Scene, open_scene
from tests.faces.callers import ASGICaller, Caller, WSGICaller, http_scope
from tests.faces.rows import Outcome, bad
from tests.faces.verifiers import BrokenVerifier

Lines = tuple[str, ...]
ROWS: Final[tuple[tuple[str, Lines, Outcome], ...]] = (
    ("A-125 nothing", (), MISSING),
    ("A-125 empty", ("Authorization: ",), MISSING),
    ("A-125 another scheme", ("Authorization: Basic dTpw",), MISSING),
    ("A-125 a scheme that begins alike", ("Authorization: Bearers {0}",), MISSING),
    ("A-127 scheme alone", ("Authorization: Bearer",), UNREAD),
    ("A-127 scheme and blank", ("Authorization: Bearer ",), UNREAD),
    ("A-128 Bearer", ("Authorization: Bearer {0}",), GOOD),
    ("A-128 bearer", ("Authorization: bearer {0}",), GOOD),
    ("A-128 BEARER", ("Authorization: BEARER {0}",), GOOD),
    ("A-128 BeArEr", ("Authorization: BeArEr {0}",), GOOD),
    ("A-128 several blanks", ("Authorization: Bearer   {0}  ",), GOOD),
    ("A-130 twice the same", ("Authorization: Bearer {0}",) * 2, UNREAD),
    ("A-130 twice, different", ("Authorization: Bearer {0}", "Authorization: Bearer {1}"), UNREAD),
    ("A-130 joined by a comma", ("Authorization: Bearer {0},Bearer {1}",), UNREAD),
    ("A-130 joined by comma and blank", ("Authorization: Bearer {0}, Bearer {1}",), UNREAD),
    ("A-130 in the other case", ("Authorization: Bearer {0}", "AUTHORIZATION: Bearer {0}"), UNREAD),
    ("A-131 Bearer, Basic", ("Authorization: Bearer {0}, Basic dTpw",), UNREAD),
    ("A-131 Basic, Bearer", ("Authorization: Basic dTpw, Bearer {0}",), UNREAD),
    ("A-131 two schemes, no comma", ("Authorization: Bearer {0} Bearer {1}",), UNREAD),
    ("A-131 scheme twice", ("Authorization: Bearer Bearer {0}",), UNREAD),
    ("A-133 folded, unfolded by the server", ("Authorization: Bearer   {0}",), GOOD),
    ("A-133 folded within the token", ("Authorization: Bearer {0} {0}",), UNREAD),
    ("A-134 latin-1", ("Authorization: Bearer {0}\xe9",), UNREAD),
    ("A-134 UTF-8", ("Authorization: Bearer \xc3\xa9{0}",), UNREAD),
    ("A-134 UTF-16", ("Authorization: B\0e\0a\0r\0e\0r\0 \0x\0",), MISSING),
    ("A-134 UTF-16 with its mark", ("Authorization: \xff\xfeB\0e\0",), UNREAD),
    ("A-134 a tab", ("Authorization: Bearer\t{0}",), UNREAD),
    ("A-139 IAP's assertion", ("X-Goog-IAP-JWT-Assertion: {0}",), MISSING),
    ("A-139 with underscores", ("X_Goog_IAP_JWT_Assertion: {0}",), MISSING),
    ("A-139 Amazon's", ("X-Amzn-Oidc-Data: {0}",), MISSING),
    ("A-139 another name of the header", ("Proxy-Authorization: Bearer {0}",), MISSING),
    ("A-139 a cookie", ("Cookie: access_token={0}",), MISSING),
)  # fmt: skip


def send(scene: Scene, lines: Lines, *, face: str, path: str = "/read", caller: Caller | None = None) -> Any:
    """Send header lines in which `{0}` stands for a good token and `{1}` for another."""
    texts = es256(), claiming(jti="another")
    pairs = [line.format(*texts).partition(": ") for line in lines]
    headers = [(name, value.encode("latin-1")) for name, _, value in pairs]
    return (caller or scene.caller(face))(path, headers), texts[0]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("lines", "outcome"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_framing(known: Scene, lines: Lines, outcome: Outcome, face: str, caplog: pytest.LogCaptureFixture) -> None:
    """B-02: one credential, in one place, in one spelling; without any the challenge has no error."""
    caplog.set_level(logging.DEBUG)
    answer, text = send(known, lines, face=face)
    outcome.check(answer, method="GET", bank={})
    assert_silent(text, answer, caplog.text)
    assert known.fetched == 0


@pytest.mark.parametrize("face", FACES)
def test_tokens_in_queries_and_forms(known: Scene, face: str, caplog: pytest.LogCaptureFixture) -> None:
    """A-136, B-01: what is in a query or a form is no credential, with a header or without one, and is not shown."""
    caplog.set_level(logging.DEBUG)
    with_header = ("Authorization: Bearer {0}",)
    for path in (f"/read?access_token={es256()}", f"/read?token={es256()}&x=1"):
        answer, text = send(known, with_header, face=face, path=path)
        GOOD.check(answer, method="GET", bank={})
        assert_silent(text, answer, caplog.text)
        MISSING.check(send(known, (), face=face, path=path)[0], method="GET", bank={})
    form = f"access_token={es256()}".encode()
    MISSING.check(known.caller(face)("/read", (), method="POST", body=form), method="POST", bank={})


@pytest.mark.parametrize("face", FACES)
def test_two_places(known: Scene, face: str) -> None:
    """A-137: a token in `Authorization` and a key in X-API-Key are two credentials, where both are places for them."""
    caller = guarded(face, known, api_key_header="X-API-Key")
    UNREAD.check(
        send(known, ("Authorization: Bearer {0}", "X-API-Key: k"), face=face, caller=caller)[0], method="GET", bank={}
    )
    lines = ("Authorization: Bearer {0}", "X-API-Key: {0}")
    UNREAD.check(send(known, lines, face=face, caller=caller)[0], method="GET", bank={})
    GOOD.check(
        send(known, ("Authorization: Bearer {0}", "X-API-Key: "), face=face, caller=caller)[0], method="GET", bank={}
    )


def guarded(face: str, scene: Scene, **options: Any) -> Caller:
    """Return a caller of an application all of whose endpoints say who calls, behind a middleware with options."""

    def who() -> bytes:
        return json.dumps({"who": f"principal {current_principal().id} by jwt token-1 -"}).encode()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = who() if scope["path"] != "/nobody" else b"{}"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
        body = who() if environ["PATH_INFO"] != "/nobody" else b"{}"
        start_response("200 OK", [("Content-Type", "application/json")])
        return [body]

    if face == "asgi":
        return ASGICaller(asgi.AuthMiddleware(app, authenticator=scene.authenticator, **options))
    return WSGICaller(wsgi.AuthMiddleware(wsgi_app, authenticator=scene.authenticator, **options))


@pytest.mark.parametrize("face", FACES)
def test_preflights(known: Scene, face: str) -> None:
    """A-140: a CORS preflight passes without a credential and as nobody; anything less than one does not."""
    caller = guarded(face, known, required=True)
    whole = [("Origin", b"https://app.example"), ("Access-Control-Request-Method", b"GET")]
    assert caller("/nobody", whole, method="OPTIONS").status == 200
    assert caller("/nobody", whole[:1], method="OPTIONS").status == 401
    assert caller("/nobody", whole, method="GET").status == 401
    strict = guarded(face, known, required=True, preflights=False)
    assert strict("/nobody", whole, method="OPTIONS").status == 401


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "path",
    [
        "//nobody",
        "/nobody/",
        "/NOBODY",
        "/nobody;x",
        "/x/../nobody",
        "/%6eobody",
        "/nobody%2f",
        "/./nobody",
        "/nobody\0",
    ],
)
def test_paths_that_look_public(known: Scene, path: str, face: str) -> None:
    """A-142: a path is public to the letter, as the router sees it, and no spelling that some layer may tidy up."""
    caller = guarded(face, known, required=True, public=["/nobody"])
    assert caller("/nobody").status == 200
    assert caller(path).status == 401


def test_a_mounted_application(known: Scene) -> None:
    """A-142: below a root path the rule is about what is left of the path, as the router sees it."""
    plain = asgi.AuthMiddleware(_nothing, authenticator=known.authenticator, required=True, public=["/nobody"])
    assert _below(plain, "/api", "/api/nobody") == 200
    assert _below(plain, "/api", "/apinobody") == 401
    assert _below(plain, "", "/api/nobody") == 401


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _below(app: Any, root: str, path: str) -> int:
    sent: list[dict[str, Any]] = []

    async def keep(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({**http_scope(path), "root_path": root}, None, keep))
    status: int = sent[0]["status"]
    return status


# Hooks with bugs, and what is written into headers


class Nobody(BrokenVerifier):
    """A verifier that forgets to refuse."""

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        yield from ()
        return None  # type: ignore[return-value]  # that is its bug


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("verifier", [BrokenVerifier(), Nobody()], ids=["raises", "forgets"])
def test_a_hook_with_a_bug(verifier: BrokenVerifier, face: str) -> None:
    """A-145: an error in a verifier of the application's own is the server's 500, and never a way in."""
    with open_scene() as scene:
        scene.guard(scene.verifier, verifier)
        with pytest.raises((RuntimeError, TypeError)):
            scene.send("bug_1", face=face, door="/open")
        assert scene.status(es256(), face=face) == 200


SPLITTERS: Final = ('x"\r\nSet-Cookie: a=b', "x\r\nX: y", "x\ny", 'a", error="x', "a\\", "\x7f", "é")


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("text", SPLITTERS, ids=ascii)
def test_no_header_is_split(known: Scene, text: str, face: str) -> None:
    """A-146: whatever a token says of scopes, ids or times, no answer has a header for it that was not there before."""
    token = claiming(scope=f"reports:write {text}", jti=text, sub=text, aud=text, iss=known.verifier.issuer)
    answer = known.send(token, face=face)
    bad("audience").check(answer, method="GET", bank={})
    granted = known.send(claiming(scope=["reports:other", text], jti=text), face=face)
    assert granted.status == 403
    for each in (answer, granted):
        assert all(value.isascii() and value.isprintable() for _, value in each.headers)
        assert text not in "".join(value for _, value in each.headers)
    assert granted.header("www-authenticate") == (
        'Bearer realm="api", error="insufficient_scope", scope="reports:read"'
    )
