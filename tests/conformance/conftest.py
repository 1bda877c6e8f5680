"""What the attack tables share: a scene with known keys, and how an attack is made and judged."""

import logging
from collections.abc import Callable, Iterator

import pytest

from authmux.visit import current_visit
from tests.conformance.attack import Attack, assert_silent
from tests.conformance.scene import Scene, open_scene
from tests.conformance.work import count_steps

Strike = Callable[[Attack, str], None]


@pytest.fixture(autouse=True)
def no_visit() -> None:
    """Begin without a visit, so that what one test leaves behind is not another's failure."""
    current_visit.set(None)


@pytest.fixture(scope="session")
def known() -> Iterator[Scene]:
    """Give a scene whose keys are known."""
    with open_scene() as scene:
        scene.begin()
        yield scene


@pytest.fixture
def strike(known: Scene, caplog: pytest.LogCaptureFixture) -> Strike:
    """Give a way to make an attack, and to judge the answer, the requests that left, and what is shown."""
    caplog.set_level(logging.DEBUG)

    def make(attack: Attack, face: str) -> None:
        if not attack.needs_its_own_scene:
            _judge(attack, face, known, caplog)
            return
        with open_scene(**attack.options) as scene:
            scene.begin()
            _judge(attack, face, scene, caplog)

    return make


def _judge(attack: Attack, face: str, scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    text, before = attack.token(), scene.fetched
    answer = scene.send(text, face=face, door=attack.door)
    attack.outcome.check(answer, method="GET", bank={})
    assert scene.fetched - before == attack.fetches
    assert_silent(text, answer, caplog.text)
    if attack.work is not None:
        assert count_steps(lambda: scene.judge(text)) <= attack.work
