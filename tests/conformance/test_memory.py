"""What is remembered: a verdict from memory is the one that the token would get now."""

import asyncio
from collections.abc import Mapping
from typing import Final

import pytest

from authmux.verifying.jwt import JWTVerifier
from tests.conformance import attack as outcomes
from tests.conformance.attack import GOOD, SIGNATURE
from tests.conformance.forgeries import EC, attacker, claiming, es256, signed_as
from tests.conformance.scene import FACES, bearer, open_scene, published
from tests.conformance.work import count_steps
from tests.faces.rows import lacking
from tests.faces.site import Minted
from tests.jose.token_maker import ISSUER, NOW, get_key, jwk, mint
from tests.verifying.jwt_door import CountingVerifier

KEY: Final = get_key(EC)


@pytest.mark.parametrize("face", FACES)
def test_a_remembered_verdict_holds_at_every_door(face: str) -> None:
    """A-193: a token that was good at one door is judged anew by what a stricter one asks."""
    with open_scene() as scene:
        scene.begin()
        text = es256()
        stricter = lacking("reports:write reports:audit", granted=["reports:read"], proved="it")
        for _ in range(2):
            GOOD.check(scene.send(text, face=face), method="GET", bank={})
            stricter.check(scene.send(text, face=face, door="/write"), method="GET", bank={"it": Minted("", "token-1")})
        scene.guard(
            JWTVerifier(issuer=ISSUER, audience="https://stricter.example.com", keys=scene.keys, clock=scene.clock)
        )
        outcomes.AUDIENCE.check(scene.send(text, face=face), method="GET", bank={})
        assert scene.fetched == 0


CHANGES: Final[dict[str, list[Mapping[str, object]]]] = {
    "the key is gone": [jwk(get_key("ES256 second"))],
    "the kid names another key": [jwk(get_key("ES256 second"), kid=EC)],
    "the kid names two keys": [jwk(KEY), jwk(get_key("ES256 second"), kid=EC)],
    "the key is for encryption now": [jwk(KEY, use="enc"), jwk(get_key("ES256 second"))],
    "the key has another name": [jwk(KEY, kid="renamed")],
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", CHANGES)
def test_a_remembered_verdict_falls_with_its_key(name: str, face: str) -> None:
    """B-61: a token that is remembered is refused as soon as the issuer no longer publishes its key for it."""
    with open_scene(published(KEY, Cache_Control="max-age=0"), published(*CHANGES[name])) as scene:
        scene.begin()
        text = es256()
        assert scene.status(text, face=face) == 200
        scene.pass_time(280)  # the set is another, and the verdict still remembered
        assert scene.fetched == 1
        SIGNATURE.check(scene.send(text, face=face), method="GET", bank={})


def test_memory_is_bounded() -> None:
    """A-194: of any number of tokens as many verdicts are held as was said, those that came last."""
    with open_scene() as scene:
        scene.begin()
        counting = CountingVerifier(scene.verifier)
        scene.guard(counting, remember=50)
        texts = [claiming(jti=f"t{number}") for number in range(300)]
        assert {scene.status(text, face="wsgi") for text in texts} == {200}
        assert counting.judged == 300
        assert {scene.status(text, face="wsgi") for text in texts[-50:]} == {200}
        assert counting.judged == 300
        assert scene.status(texts[0], face="wsgi") == 200
        assert counting.judged == 301


@pytest.mark.parametrize("face", FACES)
def test_refusals_are_not_remembered(face: str) -> None:
    """B-62: a token that was refused is judged every time, so that nobody can fill the memory with junk."""
    with open_scene() as scene:
        scene.begin()
        counting = CountingVerifier(scene.verifier)
        scene.guard(counting)
        early = claiming(nbf=NOW + 60)
        assert [scene.status(early, face=face) for _ in range(3)] == [401] * 3
        assert counting.judged == 3
        scene.clock.advance(60)
        assert scene.status(early, face=face) == 200


def test_one_token_at_once() -> None:
    """B-63: requests that bring the same new token at once are judged each for itself, with one outcome."""
    with open_scene() as scene:
        scene.begin()
        text = es256()

        async def come() -> list[int]:
            requests = [scene.asgi.call("/read", bearer(text)) for _ in range(50)]
            return [answer.status for answer in await asyncio.gather(*requests)]

        assert asyncio.run(come()) == [200] * 50
        assert scene.fetched == 0


def test_the_other_half_of_a_signature() -> None:
    """B-60: a second signature that verifies too is another token to the memory, and no way around it."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    with open_scene() as scene:
        scene.begin()
        counting = CountingVerifier(scene.verifier)
        scene.guard(counting)
        text = es256()
        twin = signed_as(text, lambda both: both[:32] + (order - int.from_bytes(both[32:])).to_bytes(32))
        assert [scene.status(each) for each in (text, twin, text, twin)] == [200] * 4
        assert counting.judged == 2


def test_work_tells_nothing_of_secrets() -> None:
    """A-211: how much is done for a refusal depends on which rule refused, and not on how near a forgery came."""
    with open_scene() as scene:
        scene.begin()
        text = es256()
        near = [
            signed_as(text, lambda whole: whole[:63] + bytes([whole[63] ^ 1])),
            signed_as(text, lambda _: bytes(63) + b"\1"),
        ]
        far = mint(attacker(EC), kid=EC)
        for each in (*near, far):
            scene.judge(each)
        assert len({count_steps(lambda: scene.judge(each)) for each in (*near, far)}) == 1  # noqa: B023
