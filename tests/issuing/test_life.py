"""Whatever is done to credentials, in whatever order: none works that must not, and none fails that must not."""

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from tests.issuing.house import BY, DAY
from tests.issuing.life import FEW, LIVES, OVERLAPS, OWNERS, VERBS, Life
from tests.issuing.mirror import MONTH


class LifeOnSQLite(Life):
    """The same on a file."""

    kind = "sqlite"


EXHAUSTIVE = {"deadline": None, "suppress_health_check": list(HealthCheck), "stateful_step_count": 30}
TestLife = Life.TestCase
TestLife.settings = settings(max_examples=100, **EXHAUSTIVE)  # type: ignore[arg-type]  # of several types
TestLifeOnSQLite = LifeOnSQLite.TestCase
TestLifeOnSQLite.settings = settings(max_examples=10, **EXHAUSTIVE)  # type: ignore[arg-type]  # of several types


def live_on(life: Life, dice: random.Random) -> None:
    """Let anything happen, each thing as likely as the others; Hypothesis prefers to repeat itself."""
    number, owner, by = dice.randrange(FEW), dice.choice(OWNERS), dice.choice([None, None, None, BY, *OWNERS])
    happening: list[Callable[[], object]] = [
        lambda: life.use(number, [(dice.choice(VERBS), dice.choice([None, BY])) for _ in range(dice.randrange(1, 6))]),
        lambda: life.use(number, [(dice.choice(VERBS), by)]),
        lambda: life.use_with(number, dice.randrange(FEW), dice.choice(VERBS)),
        lambda: life.roll(number, by, dice.choice(OVERLAPS)),
        lambda: life.roll_itself(number, dice.randrange(9)),
        lambda: life.edit(number, by, dice.choice([None, 60.0, DAY, 60 * DAY])),
        lambda: life.revoke_all(owner, by, dice.random() < 0.2),
        lambda: life.pass_time(dice.choice([1.0, 60.0, 3599.0, DAY, DAY, MONTH])),
        life.pass_to_the_next_deadline,
        life.look_away,
        life.purge,
    ]
    if life.is_room():
        happening += [lambda: life.issue(by, owner, dice.choice(LIVES), dice.random() < 0.5)] * 2
        happening += [lambda: life.issue_with(number)] * 2 if life.mirrors else []
    if not life.mirrors:
        life.issue(None, owner, None, True)
    dice.choice(happening)()


@pytest.mark.parametrize("seed", range(20))
def test_lives(seed: int) -> None:
    """Over thousands of things that happen to a few credentials, each text is worth what it must be (K-30…K-42)."""
    dice = random.Random(seed)
    for _ in range(4):
        life = Life()
        life.begin(dice.choice(OWNERS))
        for _ in range(60):
            live_on(life, dice)
            life.every_record_says_what_it_must()
            life.every_text_is_worth_what_it_must_be()
            life.what_was_revoked_stays_so()
        life.tenants_never_cross()
        life.teardown()
