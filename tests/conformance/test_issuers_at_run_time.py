"""Issuers that are found at run time: a resolver that is wrong, slow or flooded lets nobody in, and holds nobody up."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from threading import Event

import pytest

from authmux.verifying.issuer_resolver import IssuerResolver
from authmux.verifying.jwt import JWTVerifier
from authmux.verifying.verifier import IssuerVerifier
from tests.conformance import attack as outcomes
from tests.conformance.forgeries import EC, attacker, claiming
from tests.conformance.scene import FACES, Scene, bearer, open_scene
from tests.faces.rows import DOWN
from tests.fault_server import Behaviour, drip_body, held, slow, status
from tests.jose.token_maker import AUDIENCE, ISSUER, access_token, get_key, mint
from tests.verifying.scripted_fetch import ScriptedFetch, keys_of


def other_issuer(number: int = 0) -> JWTVerifier:
    """Return the verifier of an issuer of its own, whose key is the one on P-256."""
    name = f"https://t{number}.example"
    return JWTVerifier(
        issuer=name, audience=AUDIENCE, jwks_uri=f"{name}/keys", fetch=ScriptedFetch(keys_of(get_key(EC)))
    )


def from_issuer(number: int, **claims: object) -> str:
    return claiming(iss=f"https://t{number}.example", **claims)


@pytest.mark.parametrize("face", FACES)
def test_an_issuer_that_is_resolved(face: str) -> None:
    """B-20: a resolver is asked once for an issuer it knows, and once a minute for one it does not."""
    known, asks = other_issuer(), []

    def resolve(issuer: str) -> IssuerVerifier | None:
        asks.append(issuer)
        return known if issuer in known.issuers else None

    with open_scene() as scene:
        scene.guard(scene.verifier, IssuerResolver(resolve, clock=scene.clock))
        forged = mint(attacker(EC), access_token(iss=scene.server.url("/evil")))
        for _ in range(3):
            assert scene.status(from_issuer(0), face=face) == 200
            outcomes.ISSUER.check(scene.send(forged, face=face), method="GET", bank={})
            assert scene.status(claiming(), face=face) == 200
        assert asks == ["https://t0.example", scene.server.url("/evil")]
        assert scene.fetched == 1  # for the keys of the issuer that was configured


@pytest.mark.parametrize("face", FACES)
def test_a_resolver_that_mixes_tenants_up(face: str, caplog: pytest.LogCaptureFixture) -> None:
    """A-190: a verifier of another issuer than was asked for lets nobody in, whoever signed the token."""
    with open_scene() as scene:
        scene.guard(IssuerResolver(lambda _: other_issuer(1), clock=scene.clock))
        DOWN.check(scene.send(from_issuer(0), face=face), method="GET", bank={})
        assert "another issuer" in caplog.text
        assert scene.fetched == 0


@pytest.mark.parametrize("face", FACES)
def test_a_resolver_that_raises(face: str, caplog: pytest.LogCaptureFixture) -> None:
    """A-190: an error of a resolver lets nobody in and is not remembered; the answer is 503, and the log says why."""
    faults = [RuntimeError("a database is away")]

    def resolve(_: str) -> IssuerVerifier:
        if faults:
            raise faults.pop()
        return other_issuer()

    with open_scene() as scene:
        scene.guard(IssuerResolver(resolve, clock=scene.clock))
        DOWN.check(scene.send(from_issuer(0), face=face), method="GET", bank={})
        assert "a database is away" in caplog.text
        assert scene.status(from_issuer(0), face=face) == 200


def test_a_resolver_that_hangs() -> None:
    """A-190: while a resolver hangs for one issuer, tokens of all others are verified."""
    gate = Event()

    def resolve(issuer: str) -> IssuerVerifier | None:
        if issuer == "https://t0.example":
            assert gate.wait(20)
        return other_issuer(1) if issuer == "https://t1.example" else None

    with open_scene() as scene:
        scene.guard(scene.verifier, IssuerResolver(resolve, clock=scene.clock))

        async def come() -> list[int]:
            def send(text: str) -> asyncio.Task[int]:
                return asyncio.create_task(_status(scene, text))

            hanging = send(from_issuer(0))
            others = [await send(text) for text in (from_issuer(1), claiming(), from_issuer(2))]
            assert not hanging.done()
            gate.set()
            return [*others, await hanging]

        assert asyncio.run(asyncio.wait_for(come(), 20)) == [200, 200, 401, 401]


def test_a_resolver_that_hangs_on_wsgi() -> None:
    """A-190: while a resolver hangs, a server with a few threads goes on: four wait, the others are told 503."""
    gate = Event()

    def resolve(_: str) -> IssuerVerifier | None:
        assert gate.wait(60)
        return None

    with open_scene() as scene, ThreadPoolExecutor(6) as threads:
        scene.guard(scene.verifier, IssuerResolver(resolve, clock=scene.clock, timeout=30))
        try:
            hanging = [threads.submit(scene.send, from_issuer(0), face="wsgi") for _ in range(24)]
            good = [threads.submit(scene.status, claiming(), face="wsgi") for _ in range(24)]
            assert {each.result(20) for each in good} == {200}
            over = list(islice(as_completed(hanging, timeout=20), 20))
            assert sum(each.done() for each in hanging) == 20
            for answer in (each.result() for each in over):
                DOWN.check(answer, method="GET", bank={})
                assert int(answer.header("retry-after") or 0) > 0
        finally:
            gate.set()


async def _status(scene: Scene, text: str) -> int:
    answer = await scene.asgi.call("/read", bearer(text))
    return answer.status


@pytest.mark.parametrize("face", FACES)
def test_a_flood_of_issuers(face: str) -> None:
    """A-190: made-up issuers ask the resolver ten times a second at most, and known issuers are not held up (B-20)."""
    asks: list[str] = []
    with open_scene() as scene:
        scene.guard(scene.verifier, IssuerResolver(asks.append, clock=scene.clock))
        got = [scene.status(from_issuer(number), face=face) for number in range(100)]
        assert (got.count(401), got.count(503), len(asks)) == (10, 90, 10)
        assert scene.status(claiming(), face=face) == 200
        scene.clock.advance(1)
        assert scene.status(from_issuer(99), face=face) == 401


def test_memory_of_issuers_is_bounded() -> None:
    """A-190: of ever more issuers only so many verifiers are held, and the resolver is asked again for the others."""
    asks: list[str] = []

    def resolve(issuer: str) -> IssuerVerifier:
        asks.append(issuer)
        return other_issuer(int(issuer.removeprefix("https://t").removesuffix(".example")))

    with open_scene() as scene:
        scene.guard(IssuerResolver(resolve, remember=5, clock=scene.clock))
        for number in [*range(20), 19, 0]:
            scene.clock.advance(1)
            assert scene.status(from_issuer(number), face="wsgi") == 200
        assert asks == [f"https://t{number}.example" for number in [*range(20), 0]]


@pytest.mark.parametrize(
    "behaviour", [slow(10, status(500)), held(Event(), status(500)), drip_body({})], ids=["slow", "silent", "drip"]
)
def test_a_bad_issuer_harms_no_other(behaviour: Behaviour) -> None:
    """B-20: while the keys of one issuer hang, tokens of another one are good without delay."""
    with open_scene(behaviour, issuer="https://t9.example") as bad, open_scene() as good:
        good.guard(good.verifier, bad.verifier)

        async def come() -> float:
            hanging = asyncio.create_task(_status(good, from_issuer(9)))
            await asyncio.sleep(0.01)
            begun = time.monotonic()
            assert await _status(good, claiming(iss=ISSUER)) == 200
            took = time.monotonic() - begun
            hanging.cancel()
            await asyncio.wait([hanging])
            return took

        assert asyncio.run(come()) < 1
