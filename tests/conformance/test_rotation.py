"""Keys that come and go, by a clock that is moved by hand; and for how long they are believed."""

import logging
from threading import Event
from time import sleep
from typing import Final

import pytest

from authmux.verifying.http_fetch import HTTPFetch
from tests.conformance.attack import SIGNATURE
from tests.conformance.forgeries import EC, es256
from tests.conformance.scene import FACES, open_scene, published
from tests.fault_server import held, ok, status
from tests.jose.token_maker import access_token, get_key, mint

OLD, NEW = get_key("ES256 old"), get_key("ES256 new")


@pytest.mark.parametrize("face", FACES)
def test_a_new_key_is_used_at_once(face: str) -> None:
    """A-166: the first token under a key that was just published is good, at the price of one fetch."""
    with open_scene() as scene:
        scene.begin()
        scene.server.script(published(get_key(EC), NEW))
        assert scene.status(mint(NEW), face=face) == 200
        assert scene.fetched == 1
        assert "no-cache" in scene.server.requests[0].headers["cache-control"]


def test_a_key_that_is_removed() -> None:
    """A-169: after the next fetch tokens of a key that is gone are refused, remembered ones too, and no others."""
    with open_scene(published(OLD, get_key(EC), Cache_Control="max-age=0"), published(get_key(EC))) as scene:
        scene.begin()
        known, other = mint(OLD), mint(OLD, access_token(jti="other"))
        assert [scene.status(known, face=face) for face in FACES] == [200, 200]
        scene.pass_time(280)  # `known` is still remembered
        assert scene.fetched == 1
        for face in FACES:
            SIGNATURE.check(scene.send(known, face=face), method="GET", bank={})
            SIGNATURE.check(scene.send(other, face=face), method="GET", bank={})
            assert scene.status(es256(), face=face) == 200


def test_a_full_rotation(caplog: pytest.LogCaptureFixture) -> None:
    """A-170: a set with none of the known keys is taken, and the operator is told."""
    with open_scene(published(OLD), published(NEW)) as scene:
        scene.begin()
        text = mint(OLD)
        assert scene.status(text) == 200
        scene.pass_time(600)
        assert (scene.status(text), scene.status(mint(NEW))) == (401, 200)
        assert "full rotation" in caplog.text


def test_an_answer_that_comes_too_late() -> None:
    """A-172: an answer that was given up, and comes after a newer one, changes nothing (B-39)."""
    gate = Event()
    scripted = [published(OLD), held(gate, published(OLD)), published(NEW)]
    with open_scene(*scripted, fetch=HTTPFetch(deadline=0.2)) as scene:
        scene.begin()
        scene.pass_time(700)
        assert (scene.status(mint(NEW)), scene.outcomes["timeout"]) == (200, 1)
        gate.set()
        sleep(0.05)
        assert scene.keys.health().generation == 2
        assert (scene.status(mint(NEW)), scene.status(mint(OLD))) == (200, 401)


LIVES: Final[dict[str, tuple[dict[str, str], float]]] = {
    "nothing": ({}, 600),
    "max-age 0": ({"Cache-Control": "max-age=0"}, 300),
    "max-age 15": ({"Cache-Control": "public, max-age=15, must-revalidate"}, 300),
    "max-age 900": ({"Cache-Control": "max-age=900"}, 900),
    "max-age 900, quoted": ({"Cache-Control": 'Max-Age="900"'}, 900),
    "a day": ({"Cache-Control": "max-age=86400"}, 3600),
    "two months": ({"Cache-Control": "max-age=5184000"}, 3600),
    "ten digits and more": ({"Cache-Control": "max-age=99999999999999999999"}, 3600),
    "negative": ({"Cache-Control": "max-age=-5"}, 600),
    "garbage": ({"Cache-Control": "max-age=soon, ;;,"}, 600),
    "s-maxage": ({"Cache-Control": "s-maxage=900"}, 600),
    "no-store": ({"Cache-Control": "no-store, max-age=3600"}, 300),
    "no-cache": ({"Cache-Control": "no-cache"}, 300),
    "an Age": ({"Cache-Control": "max-age=900", "Age": "899"}, 900),
    "Expires alone": ({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 600),
}


@pytest.mark.parametrize("name", LIVES)
def test_how_long_keys_are_fresh(name: str) -> None:
    """A-173: whatever the issuer says, keys are asked for again after 300 to 3600 seconds, ahead of time (B-30)."""
    headers, life = LIVES[name]
    with open_scene(ok({"keys": [OLD.public_jwk]}, headers)) as scene:
        scene.begin()
        scene.pass_time(life * 0.8 * 0.9 - 1)
        assert scene.fetched == 0
        scene.pass_time(life * 0.8 * 0.2 + 2)
        assert scene.fetched == 1
        assert scene.status(mint(OLD)) == 200


def test_scheduled_fetches_take_what_caches_have(caplog: pytest.LogCaptureFixture) -> None:
    """B-55: a scheduled fetch asks whether anything changed, and a 304 counts as a success."""
    caplog.set_level(logging.WARNING)
    with open_scene(ok({"keys": [OLD.public_jwk]}, {"ETag": '"1"'}), status(304)) as scene:
        scene.begin()
        scene.pass_time(26 * 3600)
        assert {request.headers["if-none-match"] for request in scene.server.requests} == {'"1"'}
        assert not any("cache-control" in request.headers for request in scene.server.requests)
        now = int(scene.clock.time())
        assert scene.status(mint(OLD, access_token(iat=now, exp=now + 60))) == 200
        assert caplog.text == ""
