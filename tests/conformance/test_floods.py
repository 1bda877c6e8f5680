"""Made-up kids and bad signatures by the thousand: a fetch now and then, and nobody else notices."""

import asyncio
import json
from collections.abc import Iterator
from itertools import count

import pytest

from authmux.verifying.absent_kids import AbsentKids
from tests.conformance.forgeries import EC, attacker, es256, signed_as
from tests.conformance.scene import FACES, Scene, bearer, open_scene, published
from tests.jose.token_maker import access_token, encode, get_key, good_payload, mint

OLD, NEW = get_key("ES256 old"), get_key("ES256 new")


def bogus() -> Iterator[str]:
    """Return tokens that are good but for a made-up kid, and that nobody signed."""
    payload, signature = encode(good_payload()), encode(bytes(range(64)))
    for number in count():
        header = encode(json.dumps({"alg": "ES256", "kid": f"made-up-{number}", "typ": "at+jwt"}).encode())
        yield f"{header}.{payload}.{signature}"


@pytest.mark.parametrize("face", FACES)
def test_a_thousand_made_up_kids(face: str) -> None:
    """A-167: 1000 made-up kids within five seconds cost one fetch, and known keys serve as before."""
    tokens = bogus()
    with open_scene() as scene:
        scene.begin()
        for _ in range(1000):
            assert scene.status(next(tokens), face=face) == 401
            scene.clock.advance(0.005)
        assert scene.fetched == 1
        assert scene.status(es256(), face=face) == 200


def test_one_made_up_kid() -> None:
    """B-35: a kid that the issuer was asked for in vain is asked for once a minute, however often it comes."""
    with open_scene() as scene:
        scene.begin()
        text = next(bogus())
        for _ in range(59):
            assert scene.status(text) == 401
            scene.clock.advance(1)
        assert scene.fetched == 1
        scene.clock.advance(2)
        assert (scene.status(text), scene.fetched) == (401, 2)


def test_the_memory_of_absent_kids_is_bounded() -> None:
    """B-35: of any number of kids that are not there the last 512 are remembered, for a minute each."""
    absent = AbsentKids()
    for number in range(600):
        absent.note(f"k{number}", now=0)
    known = [number for number in range(600) if absent.knows(f"k{number}", now=59)]
    assert known == list(range(600 - 512, 600))
    assert not any(absent.knows(f"k{number}", now=60) for number in range(600))


def test_rotation_under_a_flood() -> None:
    """A-167: under 200 made-up kids a second a key that is published is used within 30, at two fetches a minute."""
    tokens, live_after = bogus(), None
    with open_scene() as scene:
        scene.begin()
        _flood(scene, tokens, seconds=2)
        scene.server.script(published(get_key(EC), NEW))
        for second in range(60):
            _flood(scene, tokens, seconds=1)
            if live_after is None and scene.status(mint(NEW, access_token(jti=f"t{second}"))) == 200:
                live_after = second + 1
        assert live_after is not None
        assert live_after <= 30
        assert scene.fetched <= 3  # of 62 seconds
        scene.pass_time(600)
        assert scene.fetched <= 4  # the scheduled one has come, flood or not


def _flood(scene: Scene, tokens: Iterator[str], *, seconds: int) -> None:
    async def come() -> None:
        for _ in range(200):
            answer = await scene.asgi.call("/read", bearer(next(tokens)))
            assert answer.status == 401

    for _ in range(seconds):
        asyncio.run(come())
        scene.pass_time(1)


@pytest.mark.parametrize("face", FACES)
def test_bad_signatures_a_thousand_times(face: str) -> None:
    """A-179: a bad signature under a known kid fetches nothing, a thousand times (B-36)."""
    text = mint(attacker(EC), kid=EC)
    with open_scene() as scene:
        scene.begin()
        for number in range(1000):
            forged = signed_as(text, lambda signature: signature[:-2] + number.to_bytes(2)) if number < 10 else text  # noqa: B023
            assert scene.status(forged, face=face) == 401
            scene.clock.advance(0.03)
        assert scene.fetched == 0
