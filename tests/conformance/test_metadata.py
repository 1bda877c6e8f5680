"""Discovery: whoever speaks for another issuer is not believed, and who is away is asked later."""

import logging
from collections.abc import Callable
from typing import Final

import pytest

from tests.conformance.forgeries import EC
from tests.conformance.scene import FACES, Scene, open_scene, published
from tests.faces.rows import DOWN
from tests.fault_server import Behaviour, FaultServer, html, ok, reset, status
from tests.jose.token_maker import access_token, get_key, mint

PLACES: Final = (
    "/.well-known/oauth-authorization-server/tenant",
    "/.well-known/openid-configuration/tenant",
    "/tenant/.well-known/openid-configuration",
)
KEY: Final = get_key(EC)


def tenant(server: FaultServer) -> str:
    return server.url("/tenant")


def metadata(scene: Scene, **changes: object) -> dict[str, object]:
    """Return what the issuer says of itself."""
    return {"issuer": scene.verifier.issuer, "jwks_uri": scene.server.url("/keys"), **changes}


def token(scene: Scene, **claims: object) -> str:
    return mint(KEY, access_token(iss=scene.verifier.issuer, **claims))


def asked(scene: Scene) -> list[str]:
    return [request.path for request in scene.server.requests]


LIARS: Final[dict[str, Callable[[str], object]]] = {
    "slash": lambda name: name + "/",
    "case": str.upper,
    "https": lambda name: name.replace("http:", "https:"),
    "another": lambda _: "https://evil.example",
    "another tenant": lambda name: name.replace("tenant", "other"),
    "host by name": lambda name: name.replace("127.0.0.1", "localhost"),
    "a list": lambda name: [name],
    "nothing": lambda _: None,
    "empty": lambda _: "",
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", LIARS)
def test_metadata_of_another_issuer(name: str, face: str, caplog: pytest.LogCaptureFixture) -> None:
    """A-181: metadata that does not name the issuer to the byte makes it unusable: 503, an alarm, and no keys asked."""
    with open_scene(issuer=tenant, at=None) as scene:
        scene.server.script(published(KEY), path="/keys")
        scene.server.script(ok(metadata(scene, issuer=LIARS[name](scene.verifier.issuer))))
        DOWN.check(scene.send(token(scene), face=face), method="GET", bank={})
        assert asked(scene) == [PLACES[0]]
        assert "metadata_of_another_issuer" in caplog.text
        assert scene.verifier.issuer in caplog.text


SCHEMES: Final = ("file:///etc/passwd", "ftp://127.0.0.1/keys", "data:application/json,{}", "gopher://127.0.0.1/", "")


@pytest.mark.parametrize("jwks_uri", [*SCHEMES, "http://idp.example/keys", "//idp.example/keys", "keys", None, 1, []])
def test_addresses_that_are_none(jwks_uri: object) -> None:
    """A-182: metadata leads to https only, or for an issuer on loopback to loopback, and to no other scheme (B-54)."""
    with open_scene(issuer=tenant, at=None) as scene:
        scene.server.script(ok(metadata(scene, jwks_uri=jwks_uri)))
        DOWN.check(scene.send(token(scene)), method="GET", bank={})
        assert asked(scene) == [PLACES[0]]
        assert {*scene.outcomes} <= {"metadata_scheme", "metadata_without_jwks_uri"}


@pytest.mark.parametrize("code", [404, 400, 403, 410])
@pytest.mark.parametrize("place", range(3))
def test_the_places_of_metadata(place: int, code: int) -> None:
    """A-187: metadata is looked for at three places in their order, and a 4xx leads to the next (B-57)."""
    with open_scene(status(code), issuer=tenant, at=None) as scene:
        scene.server.script(ok(metadata(scene)), path=PLACES[place])
        scene.server.script(published(KEY), path="/keys")
        assert scene.status(token(scene)) == 200
        assert asked(scene) == [*PLACES[: place + 1], "/keys"]


AWAY: Final[dict[str, Behaviour]] = {
    "500": status(500),
    "503": status(503, {"Retry-After": "3"}),
    "429": status(429),
    "a page": html(),
    "reset": reset(),
}
FAULTS: Final[dict[str, Behaviour]] = {
    **AWAY,
    "not JSON": status(200, {"Content-Type": "application/json"}, b"{'issuer': 1}"),
    "an empty object": ok({}),
    "deep": status(200, {"Content-Type": "application/json"}, b'{"x":' * 5000),
}


@pytest.mark.parametrize("name", FAULTS)
def test_metadata_that_fails(name: str) -> None:
    """B-57: whoever does not answer is asked again later, and nobody is asked in his place."""
    with open_scene(FAULTS[name], issuer=tenant, at=None) as scene:
        DOWN.check(scene.send(token(scene)), method="GET", bank={})
        assert asked(scene) == [PLACES[0]]
        scene.server.script(ok(metadata(scene)), path=PLACES[0])
        scene.server.script(published(KEY), path="/keys")
        scene.pass_time(4)
        assert scene.status(token(scene)) == 200


@pytest.mark.parametrize("name", FAULTS)
def test_metadata_that_fails_later(name: str) -> None:
    """A-188: where metadata fails while keys are known, tokens are good as before.

    The address that was known is asked on, unless there is metadata, and it no longer speaks for the issuer.
    """
    with open_scene(issuer=tenant, at=None) as scene:
        scene.server.script(ok(metadata(scene)), path=PLACES[0])
        scene.server.script(published(KEY, Cache_Control="max-age=3600"), path="/keys")
        assert scene.status(token(scene)) == 200
        scene.server.script(FAULTS[name], path=PLACES[0])
        scene.pass_time(23.5 * 3600)
        now = int(scene.clock.time())
        assert [scene.status(token(scene, iat=now, exp=now + 60), face=face) for face in FACES] == [200, 200]
        assert asked(scene).count(PLACES[0]) == 1
        scene.pass_time(5400)  # an address is believed for a day
        later = token(scene, iat=now + 5400, exp=now + 9000)
        failed_at = asked(scene).index(PLACES[0], 1)
        assert ("/keys" in asked(scene)[failed_at:]) == (name in AWAY)
        assert scene.status(later) == 200


def test_no_metadata_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """B-74: what an issuer writes in its metadata does not reach the log."""
    caplog.set_level(logging.DEBUG)
    with open_scene(issuer=tenant, at=None) as scene:
        scene.server.script(ok(metadata(scene, jwks_uri="ftp://x\r\nforged: line", issuer_note="forged")))
        assert scene.status(token(scene)) == 503
    assert "forged" not in caplog.text
