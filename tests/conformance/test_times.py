"""Time: exp, nbf and iat, at the very second, and clocks that jump."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.conformance.attack import EARLY, EXPIRED, GOOD, MALFORMED, Attack
from tests.conformance.conftest import Strike
from tests.conformance.forgeries import claiming, es256_over, without
from tests.conformance.scene import FACES, open_scene
from tests.faces.rows import Outcome
from tests.jose.token_maker import NOW, good_payload

NO_TIMES: tuple[object, ...] = ("1", True, [], {}, None, 0, -1, float("nan"))
NO_NUMBERS: tuple[object, ...] = (True, False, [], {}, [NOW + 60], str(NOW + 60), "")
PRECISE = {"leeway": 0}


def ends() -> Iterator[Attack]:
    yield Attack(id="A-080 missing", token=partial(without, "exp"), outcome=MALFORMED)
    yield Attack(id="A-080 missing, compatible", token=partial(without, "exp", typ="JWT"), outcome=MALFORMED)
    yield Attack(id="A-080 null", token=partial(claiming, exp=None), outcome=MALFORMED)
    for other in NO_NUMBERS:
        yield Attack(id=f"A-082 exp {other!r}", token=partial(claiming, exp=other), outcome=MALFORMED)
    for exp in (0, -1, -0.5, float("-inf")):
        yield Attack(id=f"A-083 exp {exp}", token=partial(claiming, exp=exp), outcome=MALFORMED)
    for name, late in {"in ms": NOW * 1000, "1e12": 10**12, "a year too late": 253_402_300_800, "1e300": 1e300}.items():
        yield Attack(id=f"A-085 exp {name}", token=partial(claiming, exp=late), outcome=MALFORMED)
    yield Attack(id="A-085 exp of 401 digits", token=partial(claiming, exp=10**400), outcome=MALFORMED)
    yield Attack(id="A-085 exp in the last second of 9999", token=partial(claiming, exp=253_402_300_799), outcome=GOOD)
    yield Attack(id="A-086 exp with a fraction", token=partial(claiming, exp=NOW + 60.5), outcome=GOOD)
    yield Attack(id="A-086 exp as 1.8e9", token=partial(_written, b'"exp": 1.80001e9'), outcome=GOOD)
    at: tuple[tuple[float, Outcome], ...] = ((0, EXPIRED), (0.5, GOOD), (-1, EXPIRED), (1, GOOD))
    for seconds, outcome in at:
        token = partial(claiming, exp=NOW + seconds, iat=NOW - 60)
        yield Attack(id=f"A-088 exp {seconds:+}, leeway 0", token=token, outcome=outcome, options=PRECISE)
    token = partial(claiming, exp=NOW - 30, iat=NOW - 60)
    yield Attack(id="A-088 exp and the leeway over", token=token, outcome=EXPIRED)
    yield Attack(id="A-088 exp within the leeway", token=partial(claiming, exp=NOW - 29, iat=NOW - 60), outcome=GOOD)


def _written(exp: bytes) -> str:
    return es256_over(good_payload().replace(b'"exp": %d' % (NOW + 3600), exp))


def beginnings() -> Iterator[Attack]:
    yield Attack(id="A-089 nbf in the leeway", token=partial(claiming, nbf=NOW + 30), outcome=GOOD)
    yield Attack(id="A-089 nbf beyond it", token=partial(claiming, nbf=NOW + 31), outcome=EARLY)
    yield Attack(id="A-089 nbf in the past", token=partial(claiming, nbf=1), outcome=GOOD)
    for nbf in NO_TIMES:
        yield Attack(id=f"A-089 nbf {nbf!r}", token=partial(claiming, nbf=nbf), outcome=MALFORMED)
    yield Attack(id="A-091 iat in the leeway", token=partial(claiming, iat=NOW + 30), outcome=GOOD)
    yield Attack(id="A-091 iat beyond it", token=partial(claiming, iat=NOW + 31), outcome=EARLY)
    yield Attack(id="A-092 iat after exp", token=partial(claiming, exp=NOW + 10, iat=NOW + 11), outcome=EARLY)
    for iat in NO_TIMES:
        yield Attack(id=f"A-092 iat {iat!r}", token=partial(claiming, iat=iat), outcome=MALFORMED)


ATTACKS = (*ends(), *beginnings())


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.id)
def test_times(attack: Attack, face: str, strike: Strike) -> None:
    """B-23: a token is good from its first second to its last, by numbers that are moments."""
    strike(attack, face)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("leeway", [0, 30])
def test_a_token_that_expires_in_memory(face: str, leeway: int) -> None:
    """A-094: a remembered token is refused at the second at which it expires, and not before."""
    with open_scene(leeway=leeway) as scene:
        scene.begin()
        text = claiming(exp=NOW + 100)
        assert scene.status(text, face=face) == 200
        scene.clock.advance(99 + leeway)
        assert scene.status(text, face=face) == 200
        scene.clock.advance(1)
        EXPIRED.check(scene.send(text, face=face), method="GET", bank={})
        assert scene.fetched == 0


@pytest.mark.parametrize("face", FACES)
def test_the_wall_clock_jumps(face: str) -> None:
    """A-095: verdicts follow the wall clock, to and fro; keys and cool-downs go by the monotonic one."""
    with open_scene() as scene:
        scene.begin()
        short, early = claiming(exp=NOW + 100), claiming(iat=NOW, nbf=NOW)
        assert {scene.status(text, face=face) for text in (short, early)} == {200}
        scene.clock.set_wall(NOW + 3600)
        EXPIRED.check(scene.send(short, face=face), method="GET", bank={})
        scene.clock.set_wall(NOW - 3600)
        EARLY.check(scene.send(early, face=face), method="GET", bank={})
        scene.clock.set_wall(NOW)
        assert {scene.status(text, face=face) for text in (short, early)} == {200}
        assert scene.fetched == 0
        scene.clock.set_wall(NOW + 10 * 365 * 86_400)
        scene.pass_time(700)
        assert scene.fetched == 1
