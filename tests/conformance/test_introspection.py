"""What an introspection endpoint says of a token, and what it must not be believed."""

from typing import Final

import pytest

from authmux.verifying.introspect import HTTPIntrospect
from authmux.verifying.introspection import IntrospectionVerifier
from tests.conformance import attack as outcomes
from tests.conformance.attack import EXPIRED, MALFORMED, assert_silent
from tests.conformance.forgeries import es256
from tests.conformance.scene import FACES, Scene, http_fetch, open_scene
from tests.faces.rows import DOWN, Outcome, bad
from tests.fault_server import Behaviour, html, huge_body, ok, redirect, reset, status
from tests.jose.token_maker import AUDIENCE, ISSUER, NOW, access_token

ACTIVE: Final[dict[str, object]] = {
    "active": True, "iss": ISSUER, "aud": AUDIENCE, "sub": "subject-1", "client_id": "c", "scope": "reports:read",
    "jti": "token-1", "exp": NOW + 60, "token_type": "Bearer",
}  # fmt: skip
OPAQUE: Final = "opaque-0123456789abcdefghijklmnop"
INACTIVE: Final = bad("revoked")
SAID: Final[dict[str, tuple[dict[str, object], Outcome]]] = {
    "A-196 active is a text": ({"active": "true"}, INACTIVE),
    "A-196 active is 1": ({"active": 1}, INACTIVE),
    "A-196 active is a list": ({"active": [True]}, INACTIVE),
    "A-196 active is null": ({"active": None}, INACTIVE),
    "A-196 active is false": ({"active": False}, INACTIVE),
    "A-196 expired": ({"exp": NOW - 31}, EXPIRED),
    "A-196 exp is a text": ({"exp": str(NOW + 60)}, MALFORMED),
    "A-196 another issuer": ({"iss": "https://evil.example"}, outcomes.ISSUER),
    "A-196 another audience": ({"aud": "https://other.example.com"}, outcomes.AUDIENCE),
    "A-196 no audience": ({"aud": None}, outcomes.AUDIENCE),
    "A-196 bound to a key": ({"cnf": {"jkt": "x"}}, outcomes.TYPE),
}


def ask(scene: Scene) -> None:
    """Have opaque tokens asked about at the scene's server."""
    introspect = HTTPIntrospect(
        scene.server.url("/introspect"), client_id="api", client_secret="s3cret", fetch=http_fetch()
    )
    scene.guard(IntrospectionVerifier(introspect, issuer=ISSUER, audience=AUDIENCE, clock=scene.clock))


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_a_token(name: str, face: str, caplog: pytest.LogCaptureFixture) -> None:
    """A-196: `active` is true or the token is not, and time, issuer and audience are judged here as well."""
    caplog.set_level("DEBUG")
    changes, outcome = SAID[name]
    with open_scene(ok({**ACTIVE, **changes})) as scene:
        ask(scene)
        answer = scene.send(OPAQUE, face=face)
        outcome.check(answer, method="GET", bank={})
        assert_silent(OPAQUE, answer, caplog.text)
        assert "s3cret" not in caplog.text
        assert [(each.method, OPAQUE.encode() in each.body) for each in scene.server.requests] == [("POST", True)]


@pytest.mark.parametrize("face", FACES)
def test_what_is_said_of_a_good_token(face: str) -> None:
    """A-196: with everything in order the token is good, for 30 seconds at the price of one question."""
    with open_scene(ok(ACTIVE), ok({"active": False})) as scene:
        ask(scene)
        assert [scene.status(OPAQUE, face=face) for _ in range(5)] == [200] * 5
        assert scene.fetched == 1
        scene.clock.advance(30)
        INACTIVE.check(scene.send(OPAQUE, face=face), method="GET", bank={})


SILENT: Final[dict[str, Behaviour]] = {
    "500": status(500),
    "401": status(401),
    "302": redirect("/elsewhere"),
    "a page": html(),
    "reset": reset(),
    "a megabyte": huge_body(1024 * 1024),
    "null": ok(None),
    "active twice": status(200, {"Content-Type": "application/json"}, b'{"active":false,"active":true}'),
    "a token": status(200, {"Content-Type": "application/token-introspection+jwt"}, b"a.b.c"),
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", SILENT)
def test_nobody_can_say(name: str, face: str) -> None:
    """A-196: where the endpoint does not answer as it must, the token was not checked: 503, one question, no second."""
    with open_scene(SILENT[name]) as scene:
        ask(scene)
        DOWN.check(scene.send(OPAQUE, face=face), method="GET", bank={})
        assert [each.path for each in scene.server.requests] == ["/introspect"]


@pytest.mark.parametrize("face", FACES)
def test_jwts_are_not_asked_about(face: str) -> None:
    """B-03: a JWT of an unknown issuer goes to no introspection endpoint, nor does a JWE."""
    with open_scene(ok(ACTIVE)) as scene:
        ask(scene)
        for text in (es256(), "a.b.c", "a.b.c.d.e"):
            MALFORMED.check(scene.send(text, face=face), method="GET", bank={})
        assert scene.fetched == 0
        assert access_token()["iss"] == ISSUER
